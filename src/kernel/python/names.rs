//! Completion. Looks into dictionaries and the classes of the method resolution order; runs none
//! of the user's code: no getter, no `__getattr__`, no `__eq__` of a key.

use std::collections::BTreeMap;

use rustpython_vm::builtins::{PyDict, PyDictRef, PyModule, PyStr, PyType};
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, VirtualMachine};

use crate::protocol::{Completion, Completions};

/// More than anyone scrolls through.
const MAX_ITEMS: usize = 200;
/// `keyword.kwlist` and the soft ones.
const KEYWORDS: [&str; 39] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "case", "class",
    "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if",
    "import", "in", "is", "lambda", "match", "nonlocal", "not", "or", "pass", "raise", "return",
    "try", "type", "while", "with", "yield", "_",
];
/// Modules that do something when they are imported.
const LOUD: [&str; 4] = ["this", "antigravity", "__hello__", "__phello__"];

/// Names with their values.
type Entries = Vec<(String, PyObjectRef)>;
/// Candidates by name, with their kinds.
type Found = BTreeMap<String, String>;

/// Names that fit at `cursor`.
pub(super) fn complete(
    vm: &VirtualMachine,
    main: &PyDictRef,
    source: &str,
    cursor: usize,
) -> Completions {
    let nothing = Completions {
        start: cursor,
        end: cursor,
        items: Vec::new(),
    };
    let Some(before) = source.get(..cursor) else {
        return nothing;
    };
    let line = before.rsplit('\n').next().unwrap_or_default();
    let Some((word, found)) = candidates(vm, main, line) else {
        return nothing;
    };
    let mut items: Vec<_> = found
        .into_iter()
        .filter(|(name, _)| name.starts_with(word))
        .filter(|(name, _)| word.starts_with('_') || !name.starts_with('_'))
        .map(|(text, kind)| Completion { text, kind })
        .collect();
    items.truncate(MAX_ITEMS);
    Completions {
        start: cursor - word.len(),
        end: cursor,
        items,
    }
}

/// The word that the line ends in, and what it could become.
fn candidates<'a>(
    vm: &VirtualMachine,
    main: &PyDictRef,
    line: &'a str,
) -> Option<(&'a str, Found)> {
    let word = trailing(line, is_name_char);
    match place(line) {
        Place::Comment => return None,
        Place::String { start } => {
            let (key, path) = (line.get(start + 1..)?, line.get(..start)?);
            let path = trailing(path.strip_suffix('[')?, is_path_char);
            let dict = resolve(vm, main, path)?.downcast::<PyDict>().ok()?;
            let quote = line.get(start..=start)?;
            return Some((key, keys(vm, &dict, quote)));
        }
        Place::Code => {}
    }
    let statement = line.trim_start();
    if let Some(rest) = statement.strip_prefix("from ") {
        return match rest.split_once(" import ") {
            Some((module, _)) => Some((word, members_of_module(vm, module.trim())?)),
            None => Some((word, modules(vm, trailing(rest, is_path_char), word))),
        };
    }
    if let Some(rest) = statement.strip_prefix("import ") {
        return Some((word, modules(vm, trailing(rest, is_path_char), word)));
    }
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let rest = line.get(..line.len() - word.len())?;
    if let Some(rest) = rest.strip_suffix('.') {
        let object = if rest.ends_with(['"', '\'']) {
            vm.ctx.empty_str.to_owned().into()
        } else {
            resolve(vm, main, trailing(rest, is_path_char))?
        };
        return Some((word, attributes(vm, &object)));
    }
    if word.is_empty() {
        return None;
    }
    let mut found: Found = KEYWORDS
        .iter()
        .map(|&keyword| (keyword.to_owned(), "keyword".to_owned()))
        .collect();
    for namespace in [&vm.builtins.dict(), main] {
        add(vm, &mut found, entries(vm, namespace));
    }
    Some((word, found))
}

/// What the end of a line is inside of.
enum Place {
    Code,
    /// A string whose quote is at byte `start`.
    String {
        start: usize,
    },
    Comment,
}

fn place(line: &str) -> Place {
    let mut open: Option<(usize, char)> = None;
    let mut escaped = false;
    for (index, c) in line.char_indices() {
        match open {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some((_, quote)) if c == quote => open = None,
            None if c == '#' => return Place::Comment,
            None if matches!(c, '"' | '\'') => open = Some((index, c)),
            _ => {}
        }
    }
    open.map_or(Place::Code, |(start, _)| Place::String { start })
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_path_char(c: char) -> bool {
    is_name_char(c) || c == '.'
}

/// The longest end of `text` that is made of such characters.
fn trailing(text: &str, is_part: fn(char) -> bool) -> &str {
    text.rfind(|c| !is_part(c))
        .and_then(|index| {
            let width = text.get(index..)?.chars().next()?.len_utf8();
            text.get(index + width..)
        })
        .unwrap_or(text)
}

/// `a.b.c`, as far as dictionaries tell.
fn resolve(vm: &VirtualMachine, main: &PyDictRef, path: &str) -> Option<PyObjectRef> {
    let mut names = path.split('.');
    let first = names.next()?;
    let object = get(vm, main, first).or_else(|| get(vm, &vm.builtins.dict(), first))?;
    names.try_fold(object, |object, name| attribute(vm, &object, name))
}

/// A dictionary's value, by comparing the keys that are plain strings.
fn get(vm: &VirtualMachine, dict: &PyDictRef, name: &str) -> Option<PyObjectRef> {
    entries(vm, dict)
        .into_iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}

/// The entries of a dictionary whose keys are strings; none of a subclass, which may have code.
fn entries(vm: &VirtualMachine, dict: &Py<PyDict>) -> Entries {
    if !dict.class().is(vm.ctx.types.dict_type) {
        return Vec::new();
    }
    dict.items_vec()
        .into_iter()
        .filter_map(|(key, value)| {
            let key = key.downcast_ref_if_exact::<PyStr>(vm)?.to_str()?.to_owned();
            Some((key, value))
        })
        .collect()
}

/// An attribute, if finding it runs no code.
fn attribute(vm: &VirtualMachine, object: &PyObject, name: &str) -> Option<PyObjectRef> {
    let (own, of_class) = namespaces(vm, object);
    let find = |entries: Entries| {
        entries
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    };
    let inherited = find(of_class);
    if let Some(value) = &inherited
        && kind(vm, value) == "property"
    {
        return None;
    }
    let value = find(own).or(inherited)?;
    (kind(vm, &value) != "property").then_some(value)
}

/// An object's own attributes, and those of its class. A class has the attributes of its bases
/// as its own.
fn namespaces(vm: &VirtualMachine, object: &PyObject) -> (Entries, Entries) {
    let of_type = |class: &Py<PyType>| {
        class
            .get_attributes(&vm.ctx)
            .into_iter()
            .map(|(name, value)| (name.as_str().to_owned(), value))
            .collect()
    };
    if let Some(class) = object.downcast_ref::<PyType>() {
        return (of_type(class), Entries::new());
    }
    if let Some(module) = object.downcast_ref::<PyModule>() {
        return (entries(vm, &module.dict()), Entries::new());
    }
    let own = object.dict().map(|dict| entries(vm, &dict));
    (own.unwrap_or_default(), of_type(object.class()))
}

fn attributes(vm: &VirtualMachine, object: &PyObject) -> Found {
    let (own, of_class) = namespaces(vm, object);
    let mut found = Found::new();
    add(vm, &mut found, of_class);
    add(vm, &mut found, own);
    found
}

/// Adds what can be written as a name; the last to have it wins.
fn add(vm: &VirtualMachine, found: &mut Found, entries: Entries) {
    for (name, value) in entries {
        if !name.is_empty() && name.chars().all(is_name_char) {
            found.insert(name, kind(vm, &value));
        }
    }
}

/// The keys of a dictionary that can be written between quotes as they are.
fn keys(vm: &VirtualMachine, dict: &Py<PyDict>, quote: &str) -> Found {
    entries(vm, dict)
        .into_iter()
        .filter(|(key, _)| {
            !key.contains(|c: char| c.is_control() || matches!(c, '"' | '\'' | '\\'))
        })
        .map(|(key, value)| (format!("{key}{quote}]"), kind(vm, &value)))
        .collect()
}

/// What a value is, in a word.
fn kind(vm: &VirtualMachine, value: &PyObject) -> String {
    if value.fast_isinstance(vm.ctx.types.type_type) {
        return "class".to_owned();
    }
    let class = value.class().name().to_string();
    match class.as_str() {
        "function"
        | "builtin_function_or_method"
        | "method"
        | "method_descriptor"
        | "wrapper_descriptor"
        | "staticmethod"
        | "classmethod"
        | "classmethod_descriptor" => "function".to_owned(),
        "property" | "getset_descriptor" | "member_descriptor" | "cached_property" => {
            "property".to_owned()
        }
        _ => class,
    }
}

/// The modules that fit `path`, of which `word` is the last name.
fn modules(vm: &VirtualMachine, path: &str, word: &str) -> Found {
    let package = path.strip_suffix(word).unwrap_or_default();
    let imported = imported(vm);
    let names = imported.iter().map(|(name, _)| name.as_str());
    let frozen = vm.state.frozen.keys().chain(vm.state.module_defs.keys());
    names
        .chain(frozen.copied())
        .filter_map(|name| name.strip_prefix(package)?.split('.').next())
        .filter(|name| !name.is_empty())
        .map(|name| (name.to_owned(), "module".to_owned()))
        .collect()
}

/// What can be imported from a module. One of the standard library is imported for it.
fn members_of_module(vm: &VirtualMachine, name: &str) -> Option<Found> {
    let find = || {
        let mut modules = imported(vm).into_iter();
        Some(modules.find(|(imported, _)| imported == name)?.1)
    };
    let module = find().or_else(|| {
        let known = vm.state.frozen.contains_key(name) || vm.state.module_defs.contains_key(name);
        if !known || LOUD.contains(&name) {
            return None;
        }
        vm.import(&*vm.ctx.new_utf8_str(name), 0).ok()?;
        find()
    })?;
    let mut found = modules(vm, &format!("{name}."), "");
    found.extend(attributes(vm, &module));
    Some(found)
}

/// `sys.modules`
fn imported(vm: &VirtualMachine) -> Entries {
    vm.sys_module
        .get_attr("modules", vm)
        .ok()
        .and_then(|modules| modules.downcast::<PyDict>().ok())
        .map(|modules| entries(vm, &modules))
        .unwrap_or_default()
}
