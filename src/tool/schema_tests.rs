//! The official suite, our own table of arguments, and schemas that mean harm.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::hostile::SchemaError;
use super::schema::{Schema, options};

/// Groups of the suite whose schemas a tool may not have, by file: how many, and why. Their tests
/// are run by the validator alone, as it is configured here, with the suite's remotes beside it. No
/// group is skipped.
const REFUSED: &[(&str, usize, &str)] = &[
    ("anchor", 3, "an $id within the schema"),
    ("defs", 1, "refers to the meta-schema"),
    (
        "dynamicRef",
        16,
        "an $id within the schema, or another document",
    ),
    (
        "ref",
        15,
        "an $id within the schema, an absolute reference, the meta-schema",
    ),
    ("refRemote", 15, "another document"),
    ("unevaluatedItems", 1, "an $id within the schema"),
    ("unevaluatedProperties", 1, "an $id within the schema"),
    ("vocabulary", 2, "a meta-schema of its own"),
];

fn suite() -> Value {
    let packed = include_bytes!("../../tests/golden/json-schema/draft2020-12.json.gz");
    let mut text = String::new();
    let mut unpacked = flate2::read::GzDecoder::new(packed.as_slice());
    unpacked.read_to_string(&mut text).expect("it was packed");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn the_official_suite_passes() {
    let suite = suite();
    let mut remotes = jsonschema::Registry::new();
    for (address, schema) in suite["remotes"].as_object().expect("a map") {
        remotes = remotes
            .add(address.as_str(), schema.clone())
            .expect("an address");
    }
    let remotes = remotes.prepare().expect("sound");
    let (mut wrong, mut run, mut refused) = (Vec::new(), 0, BTreeMap::new());
    for (file, groups) in suite["tests"].as_object().expect("a map") {
        for group in groups.as_array().expect("a list") {
            let about = group["description"].as_str().expect("text");
            let compiled = Schema::compile(&group["schema"]);
            if let Err(error) = &compiled {
                let is_policy = matches!(error, SchemaError::Reference { .. })
                    || error.to_string().contains("Unknown meta-schema");
                assert!(is_policy, "{file}: {about}: {error}");
                *refused.entry(file.as_str()).or_insert(0_usize) += 1;
            }
            let alone = options()
                .with_registry(&remotes)
                .build(&group["schema"])
                .unwrap_or_else(|error| panic!("{file}: {about}: {error}"));
            for test in group["tests"].as_array().expect("a list") {
                let expected = test["valid"] == true;
                let data = &test["data"];
                let ours = compiled
                    .as_ref()
                    .ok()
                    .map(|schema| schema.validate(data.clone()));
                let ours = ours.is_none_or(|result| result.is_ok() == expected);
                run += 1;
                if !ours || alone.is_valid(data) != expected {
                    wrong.push(format!("{file}: {about}: {}", test["description"]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(run, 1257);
    let expected = REFUSED.iter().map(|(file, groups, _)| (*file, *groups));
    assert_eq!(refused, expected.collect());
}

#[test]
fn our_table_of_arguments_holds() {
    let text = include_str!("../../tests/golden/json-schema/arguments.json");
    let table: Value = serde_json::from_str(text).expect("JSON");
    let mut cases = 0;
    for group in table.as_array().expect("a list") {
        let schema = Schema::compile(&group["schema"]).expect("sound");
        for case in group["cases"].as_array().expect("a list") {
            cases += 1;
            let (arguments, expected) = (&case[0], &case[1]);
            let result = match schema.validate(arguments.clone()) {
                Ok(value) if value == *arguments => json!("fits"),
                Ok(value) => json!({ "becomes": value }),
                Err(violations) => violations
                    .iter()
                    .map(|violation| format!("{} {violation}", violation.keyword))
                    .collect(),
            };
            assert_eq!(&result, expected, "{}: {arguments}", group["about"]);
        }
    }
    assert!(cases >= 100, "{cases} cases");
}

/// A schema of `levels` definitions, each made of the next by `make`.
fn chained(levels: usize, make: impl Fn(Value) -> Value) -> Value {
    let next = |level: usize| json!({ "$ref": format!("#/$defs/s{}", level + 1) });
    let mut defs: serde_json::Map<String, Value> = (0..levels)
        .map(|level| (format!("s{level}"), make(next(level))))
        .collect();
    defs.insert(format!("s{levels}"), json!({ "type": "string" }));
    json!({ "$ref": "#/$defs/s0", "$defs": defs })
}

fn nested(levels: usize, make: impl Fn(Value) -> Value) -> Value {
    (0..levels).fold(json!({}), |inner, _| make(inner))
}

/// Runs something that has to end within a second, on a stack as small as that of any thread.
fn within_a_second<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let started = Instant::now();
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    let result = thread
        .spawn(work)
        .expect("a thread")
        .join()
        .expect("no panic");
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
    result
}

#[test]
fn hostile_schemas_are_refused_within_a_second() {
    let two = |next: Value| json!({ "allOf": [next.clone(), next] });
    let any = |next: Value| json!({ "anyOf": [next.clone(), next.clone(), next] });
    let schemas = [
        (
            "remote",
            json!({ "$ref": "https://example.org/schema.json" }),
        ),
        ("file", json!({ "$ref": "file:///etc/passwd" })),
        (
            "relative",
            json!({ "properties": { "a": { "$ref": "other.json" } } }),
        ),
        (
            "id",
            json!({ "properties": { "a": { "$id": "http://x/", "$ref": "y" } } }),
        ),
        ("meta", json!({ "$schema": "http://example.org/meta" })),
        ("nowhere", json!({ "$ref": "#/$defs/none" })),
        ("itself", json!({ "$ref": "#" })),
        (
            "two",
            json!({ "$ref": "#/$defs/a", "$defs": {
            "a": { "$ref": "#/$defs/b" }, "b": { "allOf": [{ "$ref": "#/$defs/a" }] } } }),
        ),
        (
            "anchor",
            json!({ "$anchor": "here", "not": { "$ref": "#here" } }),
        ),
        (
            "dynamic",
            json!({ "$dynamicAnchor": "here", "if": { "$dynamicRef": "#here" } }),
        ),
        (
            "unknown keyword",
            json!({ "$ref": "#/x/y", "x": { "y": { "$ref": "#/x/y" } } }),
        ),
        ("allOf", chained(30, two)),
        ("anyOf", chained(30, any)),
        (
            "deep allOf",
            nested(2000, |inner| json!({ "allOf": [inner] })),
        ),
        ("chain", chained(3000, |next| next)),
        ("huge", json!({ "enum": (0..200_000).collect::<Vec<_>>() })),
        ("regex", json!({ "pattern": "^(?=a)(a+)+$" })),
        ("back reference", json!({ "pattern": r"(a*)*\1" })),
        (
            "repetition",
            json!({ "pattern": "((a{1000}){1000}){1000}" }),
        ),
        (
            "regex key",
            json!({ "patternProperties": { "(?<!a)b": {} } }),
        ),
        ("long paths", {
            let names = (0..10_000).map(|number| (format!("{number:x}"), json!({})));
            let inner: serde_json::Map<_, _> = names.collect();
            json!({ "properties": { "k".repeat(60_000): { "properties": inner } } })
        }),
        ("long paths of nothing", {
            let inner: Vec<_> = (0..50_000).map(|_| json!(true)).collect();
            json!({ "properties": { "k".repeat(60_000): { "anyOf": inner } } })
        }),
        ("no schema", json!({ "type": "strnig" })),
        (
            "unevaluated",
            chained(
                30,
                |next| json!({ "allOf": [next], "unevaluatedProperties": false }),
            ),
        ),
    ];
    for (name, schema) in schemas {
        // Deep values are freed by recursion: not on the small stack.
        let schema = std::sync::Arc::new(schema);
        let lent = schema.clone();
        let result = within_a_second(move || Schema::compile(&lent).map(drop));
        assert!(result.is_err(), "{name}");
    }
}

#[test]
fn what_grows_with_the_arguments_is_bounded_as_they_come() {
    // Each level of the arguments is looked at twice as often as the one above.
    let branch = json!({ "properties": { "a": { "$ref": "#" } } });
    let tree = json!({ "anyOf": [branch, { "type": "string" }, branch] });
    let patterns = json!({ "pattern": "^(a+)+$" });
    within_a_second(move || {
        let schema = Schema::compile(&tree).expect("it ends");
        let deep = (0..40).fold(json!(1), |inner, _| json!({ "a": inner }));
        let violations = schema.validate(deep).expect_err("too deep");
        assert_eq!(violations[0].keyword, "maxDepth");
        let some = (0..4).fold(json!({}), |inner, _| json!({ "a": inner }));
        assert!(schema.validate(some).is_ok());
        // Linear, whatever the text.
        let schema = Schema::compile(&patterns).expect("linear");
        assert!(
            schema
                .validate(json!(format!("{}b", "a".repeat(100_000))))
                .is_err()
        );
        let schema = Schema::compile(&json!({})).expect("sound");
        let deep = (0..500).fold(json!(1), |inner, _| json!([inner]));
        assert!(schema.validate(deep).is_err());
    });
}

#[test]
fn a_stack_holds_the_deepest_that_is_let_through() {
    let mut list = chained(14, |next| json!({ "allOf": [next] }));
    list["$defs"]["s14"] = json!({ "items": { "$ref": "#" } });
    let result = within_a_second(move || {
        let schema = Schema::compile(&list).expect("few enough");
        let plain = Schema::compile(&json!({ "items": { "$ref": "#" } })).expect("a list");
        for depth in [8, 60, 90] {
            let deep = || (0..depth).fold(json!([]), |inner, _| json!([inner]));
            // Let through or not, it ends.
            let _ = schema.validate(deep());
            assert!(plain.validate(deep()).is_ok(), "{depth}");
        }
        schema.validate(json!([[[]]])).is_ok()
    });
    assert!(result);
}

#[test]
fn definitions_that_are_shared_are_no_harm() {
    let shared = |next: Value| json!({ "properties": { "x": next.clone(), "y": next } });
    within_a_second(move || {
        let schema = Schema::compile(&chained(30, shared)).expect("a value has one x");
        assert!(schema.validate(json!({ "x": { "y": {} } })).is_ok());
        assert!(schema.validate(json!({})).is_ok());
    });
}
