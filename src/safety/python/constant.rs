//! What an expression is worth, where it is constant.

use ruff_python_ast::{Expr, InterpolatedStringElement, Number, Operator, UnaryOp};

/// Longest string that is put together here.
const MAX_FOLDED: usize = 64 << 10;

/// A constant string, also one that is put together.
pub(super) fn fold(expr: &Expr) -> Option<String> {
    let folded = match expr {
        Expr::StringLiteral(text) => text.value.to_str().to_owned(),
        Expr::BinOp(operation) if operation.op == Operator::Add => {
            // From the right, in a loop: sums lean to the left.
            let mut parts = vec![fold(&operation.right)?];
            let mut left = &*operation.left;
            while let Expr::BinOp(inner) = left
                && inner.op == Operator::Add
            {
                parts.push(fold(&inner.right)?);
                left = &inner.left;
            }
            parts.push(fold(left)?);
            parts.reverse();
            parts.concat()
        }
        Expr::FString(string) => {
            let mut text = String::new();
            for element in string.value.elements() {
                match element {
                    InterpolatedStringElement::Literal(literal) => text.push_str(&literal.value),
                    InterpolatedStringElement::Interpolation(field) => {
                        text.push_str(&fold(&field.expression)?);
                    }
                }
            }
            // The parts between are plain strings.
            text
        }
        Expr::Subscript(subscript) => {
            let Expr::Slice(slice) = &*subscript.slice else {
                return None;
            };
            let is_reversal = slice.lower.is_none()
                && slice.upper.is_none()
                && slice.step.as_deref().and_then(number) == Some(-1.0);
            let text = fold(&subscript.value)?;
            if !is_reversal {
                return None;
            }
            text.chars().rev().collect()
        }
        Expr::Call(call) => {
            let Expr::Attribute(method) = &*call.func else {
                return None;
            };
            let text = fold(&method.value)?;
            match (method.attr.as_str(), call.arguments.args.first()) {
                ("join", Some(Expr::List(list))) => {
                    let parts: Option<Vec<String>> = list.elts.iter().map(fold).collect();
                    parts?.join(&text)
                }
                ("join", Some(Expr::Tuple(list))) => {
                    let parts: Option<Vec<String>> = list.elts.iter().map(fold).collect();
                    parts?.join(&text)
                }
                ("lower", None) => text.to_lowercase(),
                ("upper", None) => text.to_uppercase(),
                ("strip", None) => text.trim().to_owned(),
                ("replace", Some(from)) => {
                    text.replace(&fold(from)?, &fold(call.arguments.args.get(1)?)?)
                }
                _ => return None,
            }
        }
        _ => return None,
    };
    (folded.len() <= MAX_FOLDED).then_some(folded)
}

/// A constant number; too large ones are infinite.
pub(super) fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(int) => Some(int.as_u64().map_or(f64::INFINITY, precise)),
            Number::Float(float) => Some(*float),
            Number::Complex { .. } => None,
        },
        Expr::UnaryOp(operation) if operation.op == UnaryOp::USub => {
            number(&operation.operand).map(|number| -number)
        }
        Expr::BinOp(operation) => {
            let (left, right) = (number(&operation.left)?, number(&operation.right)?);
            match operation.op {
                Operator::Add => Some(left + right),
                Operator::Sub => Some(left - right),
                Operator::Mult => Some(left * right),
                Operator::Div | Operator::FloorDiv if right != 0.0 => Some(left / right),
                Operator::Pow => Some(left.powf(right)),
                Operator::LShift => Some(left * right.exp2()),
                _ => None,
            }
        }
        Expr::Call(call) => match &*call.func {
            Expr::Name(name) if name.id == "int" => number(call.arguments.args.first()?),
            _ => None,
        },
        _ => None,
    }
}

/// As a float, as near as floats come.
pub(super) fn precise(number: u64) -> f64 {
    let high = u32::try_from(number >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// Whether powers of it are computed to the last digit.
pub(super) fn is_whole(expr: &Expr) -> bool {
    match expr {
        Expr::NumberLiteral(literal) => matches!(literal.value, Number::Int(_)),
        Expr::UnaryOp(operation) => is_whole(&operation.operand),
        Expr::BinOp(operation) => {
            operation.op != Operator::Div && is_whole(&operation.left) && is_whole(&operation.right)
        }
        _ => false,
    }
}

/// How long a written-out sequence is.
pub(super) fn length(expr: &Expr) -> Option<f64> {
    let count = match expr {
        Expr::StringLiteral(text) => text.value.to_str().len(),
        Expr::BytesLiteral(bytes) => bytes.value.iter().map(|part| part.value.len()).sum(),
        Expr::List(list) => list.elts.len(),
        Expr::Tuple(tuple) => tuple.elts.len(),
        _ => return None,
    };
    Some(precise(count as u64))
}

pub(super) fn longest_number(text: &str) -> usize {
    text.split(|c: char| !c.is_ascii_digit())
        .map(str::len)
        .max()
        .unwrap_or_default()
}

/// Whether a format holds a width of nine digits or more.
pub(super) fn has_long_number(text: &str, start: char) -> bool {
    text.match_indices(start).any(|(at, _)| {
        let field = text.get(at + 1..).unwrap_or_default();
        let end = if start == '{' {
            field.find('}').filter(|_| field.contains(':'))
        } else {
            field.find(|c: char| c.is_ascii_alphabetic())
        };
        let Some(end) = end else { return false };
        let field = &field[..end];
        let field = if start == '{' {
            field.split_once(':').map_or("", |(_, spec)| spec)
        } else {
            field
        };
        field.len() < 40 && longest_number(field) > 8
    })
}
