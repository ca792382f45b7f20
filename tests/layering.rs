//! The arrows between modules point down, crates are seen where they belong, and no test file is
//! forgotten.

use std::fs;
use std::path::{Path, PathBuf};

/// Who may import whom: a module, and the modules below it that it uses.
const ARROWS: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("address", &[]),
    ("atomic", &[]),
    ("sanitize", &[]),
    ("panics", &[]),
    ("secrets", &[]),
    ("jail", &[]),
    ("nesting", &[]),
    ("safetensors", &["sanitize"]),
    ("picture", &["protocol", "panics"]),
    ("granted", &["protocol"]),
    (
        "kernel",
        &[
            "protocol", "address", "granted", "jail", "nesting", "panics", "tool",
        ],
    ),
    (
        "safety",
        &["protocol", "atomic", "panics", "nesting", "secrets"],
    ),
    ("tool", &["protocol", "atomic", "panics", "secrets"]),
    ("session", &["protocol"]),
    ("store", &["protocol", "tool", "atomic", "panics"]),
    ("models", &["protocol", "atomic", "safetensors"]),
    ("config", &["protocol", "atomic"]),
    ("diffusion", &["protocol", "panics", "safetensors"]),
    ("web", &["address", "panics"]),
    ("files", &["protocol", "granted", "atomic", "panics"]),
    (
        "runtime",
        &[
            "protocol", "session", "kernel", "store", "picture", "safety", "executor", "builtin",
            "tool", "panics",
        ],
    ),
    ("executor", &["protocol", "kernel"]),
    (
        "generator",
        &["protocol", "diffusion", "models", "picture", "atomic"],
    ),
    (
        "builtin",
        &[
            "protocol",
            "atomic",
            "tool",
            "executor",
            "files",
            "generator",
            "kernel",
            "models",
            "picture",
            "store",
            "web",
        ],
    ),
    (
        "mcp",
        &["protocol", "sanitize", "tool", "builtin", "picture"],
    ),
    (
        "measure",
        &["protocol", "kernel", "tool", "store", "builtin"],
    ),
    (
        "error",
        &[
            "kernel",
            "store",
            "config",
            "picture",
            "executor",
            "safety",
            "models",
            "diffusion",
            "generator",
            "tool",
            "mcp",
        ],
    ),
    (
        "doctor",
        &[
            "protocol",
            "kernel",
            "config",
            "store",
            "jail",
            "safety",
            "diffusion",
            "models",
        ],
    ),
    (
        "tui",
        &[
            "protocol", "session", "kernel", "store", "runtime", "config", "picture", "sanitize",
            "atomic", "error", "doctor", "panics", "safety", "builtin", "tool",
        ],
    ),
    (
        "headless",
        &[
            "protocol", "kernel", "executor", "error", "sanitize", "store", "config", "tui",
            "safety",
        ],
    ),
    (
        "cli",
        &[
            "protocol",
            "kernel",
            "executor",
            "headless",
            "error",
            "store",
            "config",
            "tui",
            "runtime",
            "session",
            "doctor",
            "picture",
            "sanitize",
            "panics",
            "safety",
            "models",
            "generator",
            "builtin",
            "files",
            "tool",
            "web",
            "mcp",
        ],
    ),
];

/// Crates, and the modules that may name them.
const CRATES: &[(&str, &[&str])] = &[
    ("ratatui", &["tui"]),
    ("reedline", &["tui"]),
    ("crossterm", &["tui"]),
    ("viuer", &["tui"]),
    ("syntect", &["tui"]),
    ("rquickjs", &["kernel"]),
    ("rustpython_vm", &["kernel"]),
    ("oxc_parser", &["kernel", "safety"]),
    ("oxc_ast_visit", &["kernel", "safety"]),
    ("ruff_python_parser", &["kernel", "safety"]),
    ("brush_parser", &["kernel", "safety"]),
    ("landlock", &["jail"]),
    ("seccompiler", &["jail"]),
    ("sled", &["store"]),
    ("jsonschema", &["tool"]),
    ("schemars", &["builtin", "picture", "tool"]),
    ("moka", &["tool"]),
    ("burn_dispatch", &["diffusion"]),
    ("burn_flex", &["diffusion"]),
    ("burn_tensor", &["diffusion"]),
    ("burn_cuda", &["diffusion"]),
    ("burn_wgpu", &["diffusion"]),
    ("tokio", &["mcp", "runtime"]),
    ("rmcp", &["mcp"]),
    ("axum", &["mcp"]),
    ("rustls", &["mcp"]),
    ("ureq", &["address", "kernel", "models", "web"]),
    ("dom_query", &["web"]),
    ("dom_smoothie", &["web"]),
    ("html5ever", &["web"]),
    ("encoding_rs", &["web"]),
    ("diffy", &["files"]),
    ("similar", &["files"]),
    ("globset", &["files"]),
    ("ignore", &["files"]),
    ("ab_glyph", &["picture"]),
    ("clap", &["cli", "protocol"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the checkout") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The top-level module of each source file, with its code, less line comments.
fn sources() -> Vec<(String, PathBuf, String)> {
    let src = root().join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    files
        .into_iter()
        .filter_map(|path| {
            let inside = path.strip_prefix(&src).expect("below src");
            let first = inside.components().next()?.as_os_str().to_str()?;
            let module = first
                .trim_end_matches(".rs")
                .trim_end_matches("_tests")
                .to_owned();
            if module == "lib" || module == "main" {
                return None;
            }
            let code: String = fs::read_to_string(&path)
                .expect("readable")
                .lines()
                .map(|line| line.split("//").next().unwrap_or_default())
                .collect::<Vec<_>>()
                .join("\n");
            Some((module, inside.to_owned(), code))
        })
        .collect()
}

/// The names that follow `crate::`, also inside `use crate::{a, b::c}`.
fn imported(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let is_whole_word = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if !is_whole_word {
            continue;
        }
        let heads: Vec<&str> = if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            group
                .split(|c| {
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        _ => {}
                    }
                    depth == 0 && c == ','
                })
                .take_while(|part| !part.starts_with('}'))
                .collect()
        } else {
            vec![rest]
        };
        for head in heads {
            let name: String = head
                .trim()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            // Types and macros of the crate's root are nobody's module.
            if name.starts_with(|c: char| c.is_lowercase()) {
                names.push(name);
            }
        }
    }
    names
}

#[test]
fn arrows_point_down() {
    let mut wrong = Vec::new();
    for (module, path, code) in sources() {
        let Some((_, below)) = ARROWS.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{} is in no row of ARROWS", path.display()));
            continue;
        };
        for name in imported(&code) {
            if name != module && !below.contains(&name.as_str()) {
                wrong.push(format!("{} imports crate::{name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_circle() {
    // Every row may only name rows that can be reached without coming back.
    fn reaches(from: &str, to: &str, seen: &mut Vec<String>) -> bool {
        let Some((_, below)) = ARROWS.iter().find(|(name, _)| *name == from) else {
            return false;
        };
        below.iter().any(|next| {
            *next == to
                || (!seen.iter().any(|s| s == next) && {
                    seen.push((*next).to_owned());
                    reaches(next, to, seen)
                })
        })
    }
    for (module, _) in ARROWS {
        assert!(
            !reaches(module, module, &mut Vec::new()),
            "{module} is below itself"
        );
    }
}

#[test]
fn crates_are_seen_where_they_belong() {
    let mut wrong = Vec::new();
    for (module, path, code) in sources() {
        for (name, at_home) in CRATES {
            let is_named = code.match_indices(&format!("{name}::")).any(|(at, _)| {
                !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
            });
            if is_named && !at_home.contains(&module.as_str()) {
                wrong.push(format!("{} names {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_test_file_is_forgotten() {
    let main = fs::read_to_string(root().join("tests/main.rs")).expect("readable");
    for entry in fs::read_dir(root().join("tests")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        if is_rust && name != "main" {
            assert!(
                main.contains(&format!("mod {name};")),
                "tests/{name}.rs is not in main.rs"
            );
        }
    }
}
