//! Ids against transformers' slow `CLIPTokenizer`, without ftfy: `golden.json`, and more in `host.json`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::*;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn model() -> PathBuf {
    root().join("models/icons-64/tokenizer")
}

fn golden(name: &str) -> Value {
    let text = fs::read_to_string(root().join("tests/golden/diffusion").join(name))
        .expect("golden numbers");
    serde_json::from_str(&text.replace("-Infinity", "null")).expect("JSON")
}

/// The text with the ids at its ends, as the references have it.
fn ids(tokenizer: &ClipTokenizer, text: &str) -> Value {
    let mut ids = vec![tokenizer.bos()];
    ids.extend(tokenizer.encode(text));
    ids.push(tokenizer.eos());
    json!(ids)
}

fn assert_cases(tokenizer: &ClipTokenizer, cases: &Value) {
    let cases = cases.as_object().expect("an object");
    assert!(!cases.is_empty());
    for (text, theirs) in cases {
        assert_eq!(&ids(tokenizer, text), theirs, "{text:?}");
    }
}

/// A folder that is removed in the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("companion-tokenizer-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("written");
    }

    fn copy(&self, name: &str) {
        fs::copy(model().join(name), self.0.join(name)).expect("copied");
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn every_golden_text_has_the_same_ids() {
    let tokenizer = ClipTokenizer::from_folder(&model()).expect("a tokenizer");
    assert_cases(&tokenizer, &golden("golden.json")["tokenizer_cases"]);
    assert_cases(&tokenizer, &golden("host.json")["tokenizer"]["icons"]);
    assert_eq!(
        (tokenizer.bos(), tokenizer.eos(), tokenizer.pad()),
        (3712, 3713, 3713)
    );
}

#[test]
fn merges_alone_are_counted_as_clip_counts_them() {
    let folder = root().join("models/clip-vocabulary");
    for (name, pad, id) in [("clip", EOS, 49_407), ("open_clip", "!", 0)] {
        let tokenizer = ClipTokenizer::from_vocabulary(&folder, pad).expect("a tokenizer");
        let own = (tokenizer.bos(), tokenizer.eos(), tokenizer.pad());
        assert_eq!(own, (49_406, 49_407, id));
        assert_cases(&tokenizer, &golden("pipelines/tokens.json")[name]);
    }
}

#[test]
fn a_pad_token_that_is_a_character_is_one_wherever_it_stands() {
    let folder = Scratch::new("pad");
    folder.copy("vocab.json");
    folder.copy("merges.txt");
    folder.write(
        "special_tokens_map.json",
        r#"{"pad_token": "!", "unk_token": {"content": "<|endoftext|>"}}"#,
    );
    let tokenizer = ClipTokenizer::from_folder(&folder.0).expect("a tokenizer");
    assert_eq!(tokenizer.pad(), 0);
    assert_cases(
        &tokenizer,
        &golden("host.json")["tokenizer"]["pad_exclamation"],
    );
}

#[test]
fn both_forms_of_tokenizer_json_give_the_same_ids() {
    let merges = fs::read_to_string(model().join("merges.txt")).expect("merges");
    let lines: Vec<&str> = merges.trim().lines().skip(1).collect();
    let pairs: Vec<Vec<&str>> = lines.iter().map(|line| line.split(' ').collect()).collect();
    let vocab: Value =
        serde_json::from_slice(&fs::read(model().join("vocab.json")).expect("vocab"))
            .expect("JSON");
    for (name, merges) in [("lines", json!(lines)), ("pairs", json!(pairs))] {
        let folder = Scratch::new(name);
        let model =
            json!({"type": "BPE", "end_of_word_suffix": "</w>", "vocab": vocab, "merges": merges});
        let tokens = json!([{"id": 3712, "content": "<|startoftext|>"}, {"id": 3713, "content": "<|endoftext|>"}]);
        folder.write(
            "tokenizer.json",
            &json!({"model": model, "added_tokens": tokens}).to_string(),
        );
        let tokenizer = ClipTokenizer::from_folder(&folder.0).expect("a tokenizer");
        assert_cases(&tokenizer, &golden("host.json")["tokenizer"]["icons"]);
    }
}

#[test]
fn what_is_no_tokenizer_is_an_error_that_names_it() {
    let cases = [
        ("none", vec![], "neither"),
        (
            "vocab",
            vec![("vocab.json", "[]"), ("merges.txt", "#version")],
            "vocab.json is malformed",
        ),
        (
            "empty",
            vec![("vocab.json", "{}"), ("merges.txt", "#version")],
            "<|startoftext|>",
        ),
        (
            "merges",
            vec![("vocab.json", "{}"), ("merges.txt", "#version\na b c")],
            "no merge of two",
        ),
        (
            "other",
            vec![(
                "tokenizer.json",
                r#"{"model": {"vocab": {}, "merges": []}}"#,
            )],
            "</w>",
        ),
        (
            "pair",
            vec![(
                "tokenizer.json",
                r#"{"model": {"end_of_word_suffix": "</w>", "vocab": {}, "merges": [7]}}"#,
            )],
            "no pair",
        ),
    ];
    for (name, files, expected) in cases {
        let folder = Scratch::new(name);
        for (file, text) in files {
            folder.write(file, text);
        }
        let error = ClipTokenizer::from_folder(&folder.0)
            .expect_err(name)
            .to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn hostile_text_takes_no_long_time() {
    let tokenizer = ClipTokenizer::from_folder(&model()).expect("a tokenizer");
    let start = std::time::Instant::now();
    for text in [
        "x".repeat(200_000),
        "<|endoftext|".repeat(10_000),
        "\u{301}\u{200d}a\u{fffd}".repeat(30_000),
    ] {
        tokenizer.encode(&text);
    }
    let word: String = (0..50_000u32)
        .map(|i| char::from(b'a' + (i.wrapping_mul(2_654_435_761) >> 24) as u8 % 26))
        .collect();
    tokenizer.encode(&word);
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}
