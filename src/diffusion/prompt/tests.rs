//! The web UI's own examples, chunks by hand, and hostile text.

use std::path::Path;

use super::*;
use crate::diffusion::rng::NoiseRng;
use crate::protocol::NoiseGenerator;

fn tokenizer() -> ClipTokenizer {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/icons-64/tokenizer");
    ClipTokenizer::from_folder(&folder).expect("a tokenizer")
}

fn assert_parsed(prompt: &str, expected: &[(&str, f64)]) {
    let fragments = parse(prompt);
    assert_eq!(fragments.len(), expected.len(), "{prompt}: {fragments:?}");
    for (fragment, (text, weight)) in fragments.iter().zip(expected) {
        match fragment {
            Fragment::Break => assert_eq!(*text, "BREAK", "{prompt}"),
            Fragment::Text(ours, w) => assert!(
                ours == text && (w - weight).abs() < 1e-9,
                "{prompt}: {fragments:?}"
            ),
        }
    }
}

#[test]
fn brackets_weigh_as_in_the_web_ui() {
    // the examples of its `parse_prompt_attention`
    assert_parsed("normal text", &[("normal text", 1.0)]);
    assert_parsed(
        "an (important) word",
        &[("an ", 1.0), ("important", 1.1), (" word", 1.0)],
    );
    assert_parsed("(unbalanced", &[("unbalanced", 1.1)]);
    assert_parsed(r"\(literal\]", &[("(literal]", 1.0)]);
    assert_parsed("(unnecessary)(parens)", &[("unnecessaryparens", 1.1)]);
    assert_parsed(
        "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
        &[
            ("a ", 1.0),
            ("house", 1.573),
            (" ", 1.1),
            ("on", 1.0),
            (" a ", 1.1),
            ("hill", 0.55),
            (", sun, ", 1.1),
            ("sky", 1.4641),
            (".", 1.1),
        ],
    );
    assert_parsed(
        "a: b:1.2) ] (c : -.5 )",
        &[("a: b:1.2) ] ", 1.0), ("c ", -0.5)],
    );
    assert_parsed(
        "(a:1.2.3) (b:inf)",
        &[("a:1.2.3", 1.1), (" ", 1.0), ("b:inf", 1.1)],
    );
    assert_parsed("(((a:99):99):99)", &[("a", 100.0)]);
    assert_parsed(r"\\ \x", &[(r"\ x", 1.0)]);
    assert_parsed(
        "cat BREAK (dog BREAK\nbird) BREAKS",
        &[
            ("cat", 1.0),
            ("BREAK", 1.0),
            ("", 1.0),
            ("dog", 1.1),
            ("BREAK", 1.0),
            ("bird", 1.1),
            (" BREAKS", 1.0),
        ],
    );
    assert_parsed("", &[]);
}

#[test]
fn a_plain_prompt_is_what_diffusers_makes_of_it() {
    let tokenizer = tokenizer();
    for prompt in ["", "a red apple", "An icon of a yellow taxi, car!"] {
        let chunks = chunks(&tokenizer, prompt).expect("short");
        assert_eq!(chunks.len(), 1);
        let mut padded = vec![tokenizer.bos()];
        padded.extend(tokenizer.encode(prompt));
        padded.resize(77, tokenizer.eos());
        assert_eq!(chunks[0].ids, padded);
        assert!(!chunks[0].is_weighted());
    }
}

#[test]
fn a_long_prompt_is_cut_at_a_comma_where_one_is_near() {
    let tokenizer = tokenizer();
    let count = |prompt: &str| tokenizer.encode(prompt).len();
    assert_eq!(count("a"), 1);
    let near = format!("{}, {}", "a ".repeat(64), "a ".repeat(20));
    let far = format!("{}, {}", "a ".repeat(40), "a ".repeat(50));
    let words = |chunk: &Chunk| {
        chunk
            .ids
            .iter()
            .position(|id| *id == tokenizer.eos())
            .expect("an end")
            - 1
    };
    let lengths = |prompt: &str| {
        chunks(&tokenizer, prompt)
            .expect("short")
            .iter()
            .map(words)
            .collect::<Vec<_>>()
    };
    assert_eq!(lengths(&near), [65, 20]);
    assert_eq!(lengths(&far), [75, 16]);
    assert_eq!(lengths(&"a ".repeat(75)), [75]);
    assert_eq!(lengths(&format!("{}, a", "a ".repeat(75))), [75, 2]);
    assert_eq!(lengths("a a BREAK a BREAK"), [2, 1]);
    assert_eq!(lengths("BREAK a"), [0, 1]);
    for chunk in chunks(&tokenizer, &near).expect("short") {
        assert_eq!((chunk.ids.len(), chunk.weights.len()), (77, 77));
        assert_eq!(chunk.ids[0], tokenizer.bos());
    }
}

#[test]
fn weights_stand_where_their_tokens_do() {
    let tokenizer = tokenizer();
    let chunk = &chunks(&tokenizer, "a (a:1.5) [a]").expect("short")[0];
    assert_eq!(
        chunk.weights[..5],
        [1.0, 1.0, 1.5, (1.0 / 1.1f64) as f32, 1.0]
    );
    assert!(chunk.is_weighted());
}

#[test]
fn too_long_a_prompt_is_refused() {
    let tokenizer = tokenizer();
    let chunked = chunks(&tokenizer, &"BREAK ".repeat(100));
    assert!(matches!(chunked, Err(PromptError::Chunks { .. })));
    let long = chunks(&tokenizer, &"a".repeat(MAX_PROMPT_BYTES + 1));
    assert_eq!(
        long,
        Err(PromptError::Bytes {
            actual: MAX_PROMPT_BYTES + 1
        })
    );
}

#[test]
fn no_text_makes_it_fail() {
    const PIECES: &[&str] = &[
        "(", ")", "[", "]", ":", "1.2", ":1.2)", "\\", "BREAK", " ", ",", "a", "é", "🍎", "-", ".",
        "\u{301}", "\0",
    ];
    let tokenizer = tokenizer();
    let mut rng = NoiseRng::new(NoiseGenerator::TorchCuda, 3);
    for round in 0..400 {
        let prompt: String = rng
            .randn(round % 200)
            .iter()
            .map(|value| PIECES[(value.abs() * 1000.0) as usize % PIECES.len()])
            .collect();
        if let Ok(chunks) = chunks(&tokenizer, &prompt) {
            assert!(!chunks.is_empty());
            assert!(
                chunks
                    .iter()
                    .all(|chunk| chunk.ids.len() == 77 && chunk.weights.len() == 77)
            );
            assert!(
                chunks
                    .iter()
                    .flat_map(|chunk| &chunk.weights)
                    .all(|weight| weight.is_finite())
            );
        }
    }
    let start = std::time::Instant::now();
    for piece in ["(a", "(a:1", "[", "a)", "\\(", ":", "BREAK"] {
        let _ = chunks(&tokenizer, &piece.repeat(MAX_PROMPT_BYTES / piece.len()));
    }
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}
