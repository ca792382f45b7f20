//! Names of tools that MCP clients and the models behind them take: letters, digits, `_` and `-`,
//! 64 at most.

use crate::protocol::ToolName;

/// The longest name on the wire: what the large models' interfaces take.
const MAX_BYTES: usize = 64;
/// So much of a hash tells names apart that are alike once they are cut.
const HASH_DIGITS: usize = 10;

/// The name of a tool on the wire. `server/tool` is `server__tool`; a name that can't be told from
/// another one by that, or is too long, ends in a part of its hash. It depends on the name alone:
/// a list that changes never gives a name to another tool.
pub(super) fn wire_name(name: &ToolName) -> String {
    let plain = match name.namespace() {
        None => name.base().to_owned(),
        Some(namespace) => format!("{namespace}__{}", name.base()),
    };
    if is_plain(name) && plain.len() <= MAX_BYTES {
        return plain;
    }
    let safe = |c: char| if is_safe(c) { c } else { '_' };
    let room = MAX_BYTES - HASH_DIGITS - 1;
    let mut wire: String = plain.chars().map(safe).take(room).collect();
    let hash = blake3::hash(name.as_str().as_bytes()).to_hex();
    wire.push('-');
    wire.push_str(hash.get(..HASH_DIGITS).unwrap_or_default());
    wire
}

/// Whether the two underscores between its parts are the only ones in a row.
fn is_plain(name: &ToolName) -> bool {
    let is_part = |part: &str| {
        part.chars().all(is_safe)
            && !part.contains("__")
            && !part.starts_with('_')
            && !part.ends_with('_')
    };
    match name.namespace() {
        // A tool of ours may begin or end as it likes: nothing is beside it.
        None => name.base().chars().all(is_safe) && !name.base().contains("__"),
        Some(namespace) => is_part(namespace) && is_part(name.base()),
    }
}

fn is_safe(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn wire(name: &str) -> String {
        wire_name(&name.parse().expect("a name"))
    }

    #[test]
    fn ordinary_names_are_plain() {
        assert_eq!(wire("run_python"), "run_python");
        assert_eq!(wire("github/list-issues"), "github__list-issues");
        assert_eq!(wire("_private"), "_private");
    }

    #[test]
    fn names_that_are_alike_stay_apart_and_all_are_taken() {
        let long = format!("server/{}", "x".repeat(100));
        let longer = format!("server/{}", "x".repeat(101));
        let names = [
            "a/b", "a__b", "a_/b", "a/_b", "a_b", "a.b", "a/b.c", "a/b_c", "a__b_c", "a/b__c",
            &long, &longer,
        ];
        let all: BTreeSet<String> = names.iter().map(|name| wire(name)).collect();
        assert_eq!(all.len(), names.len(), "{all:?}");
        for name in &all {
            assert!(
                name.len() <= MAX_BYTES && name.chars().all(is_safe),
                "{name}"
            );
        }
    }
}
