//! One text for values that mean the same: for keys of the cache, and for answers about one call.

use std::fmt::Write as _;

use serde_json::{Number, Value};

/// A value as JSON with sorted keys, without spaces, and with one way to write each number: `1.0`
/// and `1` are one, as JSON Schema has it.
pub(super) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Number(number) => write_number(number, text),
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            // The map may keep the order of its making, if any crate wants it so.
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (at, (name, field)) in fields.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                push(text, format_args!("{}:", Value::from(name.as_str())));
                write(field, text);
            }
            text.push('}');
        }
        Value::Null | Value::Bool(_) | Value::String(_) => push(text, format_args!("{value}")),
    }
}

fn write_number(number: &Number, text: &mut String) {
    match whole(number) {
        Some(whole) => push(text, format_args!("{whole}")),
        None => push(text, format_args!("{number}")),
    }
}

/// A whole number that is written as a float: `1.0`.
pub(super) fn whole(number: &Number) -> Option<i64> {
    /// 2⁵³: beyond, not every whole number is a float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = number.as_f64().filter(|_| number.is_f64())?;
    (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i64)
}

fn push(text: &mut String, piece: std::fmt::Arguments<'_>) {
    text.write_fmt(piece).expect("a string takes all text");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_is_the_same_text() {
        for (text, expected) in [
            (r#"{"b":1,"a":[2.0,1e2,-0.0]}"#, r#"{"a":[2,100,0],"b":1}"#),
            (
                r#"{"a":{"z":null,"é":"\u0041\n"}}"#,
                r#"{"a":{"z":null,"é":"A\n"}}"#,
            ),
            ("1.5", "1.5"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9007199254740992.0", "-9007199254740992"),
            ("1e300", "1e+300"),
            ("\"1\"", "\"1\""),
        ] {
            let value = serde_json::from_str(text).expect("JSON");
            assert_eq!(canonical(&value), expected, "{text}");
        }
    }
}
