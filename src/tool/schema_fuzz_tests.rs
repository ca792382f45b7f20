//! Schemas that nobody would write: each is refused or answers soon, on a small stack.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::schema::Schema;

/// Xorshift: the same numbers on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// Definitions that schemas refer to.
const DEFINITIONS: usize = 6;
const IN_PLACE: &[&str] = &["allOf", "anyOf", "oneOf"];
const ONE: &[&str] = &[
    "not",
    "if",
    "then",
    "else",
    "items",
    "contains",
    "additionalProperties",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
];
const BY_NAME: &[&str] = &["properties", "dependentSchemas", "patternProperties"];
const NAMES: &[&str] = &["a", "b", "c"];

fn schema(numbers: &mut Numbers, depth: usize) -> Value {
    let reference = format!("#/$defs/{}", numbers.below(DEFINITIONS));
    let mut schema = Map::new();
    if depth == 0 {
        let leaves = [
            json!(true),
            json!({ "type": "string" }),
            json!({ "$ref": reference }),
        ];
        return leaves[numbers.below(leaves.len())].clone();
    }
    for _ in 0..=numbers.below(3) {
        let some = |numbers: &mut Numbers| 1 + numbers.below(3);
        let (key, value) = match numbers.below(6) {
            0 => {
                let list = (0..some(numbers)).map(|_| self::schema(numbers, depth - 1));
                let list: Vec<Value> = list.collect();
                (numbers.of(IN_PLACE), Value::from(list))
            }
            1 | 2 => (numbers.of(ONE), self::schema(numbers, depth - 1)),
            3 => {
                let mut fields = Map::new();
                for _ in 0..some(numbers) {
                    let name = numbers.of(NAMES).to_owned();
                    fields.insert(name, self::schema(numbers, depth - 1));
                }
                (numbers.of(BY_NAME), Value::from(fields))
            }
            4 => ("$dynamicRef", json!("#d")),
            _ => ("$ref", json!(reference)),
        };
        schema.insert(key.to_owned(), value);
    }
    Value::from(schema)
}

fn value(numbers: &mut Numbers, depth: usize) -> Value {
    if depth == 0 {
        return json!("x");
    }
    let mut fields = Map::new();
    for _ in 0..=numbers.below(2) {
        fields.insert(numbers.of(NAMES).to_owned(), value(numbers, depth - 1));
    }
    if numbers.below(3) == 0 {
        fields.into_iter().map(|(_, field)| field).collect()
    } else {
        Value::from(fields)
    }
}

#[test]
fn schemas_that_nobody_would_write_are_refused_or_answer_soon() {
    let work = || {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        let mut used = 0;
        for _ in 0..2000 {
            let mut definitions = Map::new();
            for number in 0..DEFINITIONS {
                let depth = 1 + numbers.below(2);
                definitions.insert(number.to_string(), schema(&mut numbers, depth));
            }
            if let Some(first) = definitions["0"].as_object_mut() {
                first.insert("$dynamicAnchor".to_owned(), json!("d"));
            }
            let mut document = schema(&mut numbers, 3);
            document["$defs"] = Value::from(definitions);
            let started = Instant::now();
            if let Ok(schema) = Schema::compile(&document) {
                used += 1;
                for depth in [1, 3, 7] {
                    let _ = schema.validate(value(&mut numbers, depth));
                }
            }
            let took = started.elapsed();
            assert!(took < Duration::from_secs(1), "{took:?}: {document}");
        }
        assert!(used > 100, "{used} were sound");
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    let thread = thread.spawn(work).expect("a thread");
    thread.join().expect("no panic");
}
