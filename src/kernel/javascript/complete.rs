//! What stands before the caret, for completion.

/// A path of names and the beginning of the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    /// `a.b.` of `a.b.c`; a string literal is `'`.
    pub chain: Vec<String>,
    /// `c`, as far as it is typed.
    pub prefix: String,
    /// Where `c` begins, in bytes.
    pub start: usize,
}

/// The path before the caret; `None` where names don't fit: after a call, an index, a number.
pub(super) fn subject(source: &str, cursor: usize) -> Option<Subject> {
    let before = source.get(..source.floor_char_boundary(cursor))?;
    let (mut rest, prefix) = split_name(before);
    let start = rest.len();
    let mut chain = Vec::new();
    while let Some(object) = rest.strip_suffix('.') {
        let object = object.strip_suffix('?').unwrap_or(object).trim_end();
        if object.ends_with(['\'', '"', '`']) {
            chain.push("'".to_owned());
            rest = "";
            break;
        }
        let (left, name) = split_name(object);
        if name.is_empty() || name.starts_with(|char: char| char.is_ascii_digit()) {
            return None;
        }
        chain.push(name.to_owned());
        rest = left;
    }
    if prefix.starts_with(|char: char| char.is_ascii_digit()) || rest.ends_with(['#', '@']) {
        return None;
    }
    chain.reverse();
    Some(Subject {
        chain,
        prefix: prefix.to_owned(),
        start,
    })
}

fn split_name(text: &str) -> (&str, &str) {
    let name = text
        .rfind(|char: char| !(char.is_alphanumeric() || matches!(char, '_' | '$')))
        .map_or(0, |at| {
            at + text[at..].chars().next().map_or(1, char::len_utf8)
        });
    text.split_at(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: Option<(&[&str], &str)>) {
        let found = subject(source, source.len());
        let found = found.as_ref().map(|subject| {
            (
                subject.chain.iter().map(String::as_str).collect(),
                subject.prefix.as_str(),
            )
        });
        let expected = expected.map(|(chain, prefix)| (chain.to_vec(), prefix));
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn paths_are_read_backwards() {
        check("", Some((&[], "")));
        check("con", Some((&[], "con")));
        check("x = a.b.c", Some((&["a", "b"], "c")));
        check("a?.b", Some((&["a"], "b")));
        check("f(a.", Some((&["a"], "")));
        check("'text'.to", Some((&["'"], "to")));
        check("größe.x", Some((&["größe"], "x")));
        check("f().", None);
        check("a[0].", None);
        check("1.", None);
        check("12", None);
        check("this.#x", None);
    }
}
