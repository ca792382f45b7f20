//! What an expression is worth, where it is constant.

use oxc_ast::ast::{Argument, Expression};

/// Longest string that is put together here.
const MAX_FOLDED: usize = 64 << 10;

/// A string that is written out.
pub(super) fn literal(expr: &Expression<'_>) -> Option<String> {
    match expr.get_inner_expression() {
        Expression::StringLiteral(text) => Some(text.value.to_string()),
        Expression::TemplateLiteral(text) if text.expressions.is_empty() => {
            let cooked = text.quasis.first()?.value.cooked.as_ref()?;
            Some(cooked.to_string())
        }
        _ => None,
    }
}

/// A constant string, also one that is put together.
pub(super) fn fold(expr: &Expression<'_>) -> Option<String> {
    let folded = match expr.get_inner_expression() {
        Expression::BinaryExpression(it) if it.operator.as_str() == "+" => {
            let mut parts = vec![fold(&it.right)?];
            let mut left = it.left.get_inner_expression();
            while let Expression::BinaryExpression(inner) = left
                && inner.operator.as_str() == "+"
            {
                parts.push(fold(&inner.right)?);
                left = inner.left.get_inner_expression();
            }
            parts.push(fold(left)?);
            parts.reverse();
            parts.concat()
        }
        Expression::TemplateLiteral(text) => {
            let mut folded = String::new();
            for (at, quasi) in text.quasis.iter().enumerate() {
                folded.push_str(quasi.value.cooked.as_ref()?);
                if let Some(inner) = text.expressions.get(at) {
                    folded.push_str(&fold(inner)?);
                }
            }
            folded
        }
        Expression::CallExpression(call) => {
            let Expression::StaticMemberExpression(member) = call.callee.get_inner_expression()
            else {
                return None;
            };
            let argument = call
                .arguments
                .first()
                .and_then(Argument::as_expression)
                .and_then(fold);
            match (
                member.property.name.as_str(),
                member.object.get_inner_expression(),
            ) {
                ("join", Expression::ArrayExpression(list)) => {
                    let parts: Option<Vec<String>> = list
                        .elements
                        .iter()
                        .map(|element| element.as_expression().and_then(fold))
                        .collect();
                    parts?.join(&argument?)
                }
                ("concat", object) => fold(object)? + &argument?,
                _ => return None,
            }
        }
        other => literal(other)?,
    };
    (folded.len() <= MAX_FOLDED).then_some(folded)
}

/// A constant number.
pub(super) fn number(expr: &Expression<'_>) -> Option<f64> {
    match expr.get_inner_expression() {
        Expression::NumericLiteral(literal) => Some(literal.value),
        Expression::UnaryExpression(it) if it.operator.as_str() == "-" => {
            number(&it.argument).map(|number| -number)
        }
        Expression::BinaryExpression(it) => {
            let (left, right) = (number(&it.left)?, number(&it.right)?);
            match it.operator.as_str() {
                "+" => Some(left + right),
                "-" => Some(left - right),
                "*" => Some(left * right),
                "/" => Some(left / right),
                "**" => Some(left.powf(right)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A constant big integer, as near as floats come.
pub(super) fn big(expr: &Expression<'_>) -> Option<f64> {
    match expr.get_inner_expression() {
        Expression::BigIntLiteral(literal) => literal.value.as_str().parse().ok(),
        Expression::BinaryExpression(it) => {
            let (left, right) = (big(&it.left)?, big(&it.right)?);
            match it.operator.as_str() {
                "+" => Some(left + right),
                "-" => Some(left - right),
                "*" => Some(left * right),
                "**" => Some(left.powf(right)),
                _ => None,
            }
        }
        _ => None,
    }
}
