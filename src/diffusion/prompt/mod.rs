//! What a prompt says beside words: weights, breaks, and more of them than the text encoder sees at once.
//!
//! The syntax is that of AUTOMATIC1111's web UI, whose users' prompts are written for it: `(word)` weighs 1.1,
//! `(word:1.2)` what it says, `[word]` 1/1.1, brackets within brackets multiply, a backslash takes a bracket's
//! meaning away, and BREAK begins a new chunk. A chunk is what the encoder sees at once: 75 tokens between the
//! two that begin and end it. A prompt of one chunk without any syntax gives the ids that diffusers gives.
//!
//! Invariants: no recursion, and no text makes the time grow with its square: brackets deeper than
//! [`MAX_NESTING`] are letters.
//!
//! Absent on purpose: prompt editing (`[from:to:when]`), `AND` and `<lora:…>`.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use regex::Regex;

use super::tokenizer::{ClipTokenizer, MODEL_MAX_LENGTH};

/// A longer prompt is refused.
pub const MAX_PROMPT_BYTES: usize = 65_536;

/// As many chunks are encoded; each costs a pass of the text encoder and 77 states in every cross-attention.
pub const MAX_CHUNKS: usize = 32;

/// Brackets within brackets.
pub const MAX_NESTING: usize = 64;

/// The tokens of a chunk between the two at its ends.
const CHUNK_LENGTH: usize = MODEL_MAX_LENGTH - 2;

/// How far back a chunk that is full looks for a comma to end at (the web UI's `comma_padding_backtrack`).
const COMMA_BACKTRACK: usize = 20;

/// Of a round bracket without a number; a square one is its inverse.
const BRACKET_WEIGHT: f64 = 1.1;

/// Beyond that a weight does nothing but overflow.
const MAX_WEIGHT: f64 = 100.0;

static BREAK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\s*\bBREAK\b\s*").expect("the pattern is constant"));

/// What the text encoder sees at once: 77 ids, and how much each counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// The beginning, up to 75 tokens, the end, and the pad token up to 77.
    pub ids: Vec<u32>,
    /// What each token's state is multiplied by. Whoever does that has to keep the mean of the states, as the web
    /// UI does; 1 where there is no weight.
    pub weights: Vec<f32>,
}

impl Chunk {
    /// No words.
    pub fn empty(tokenizer: &ClipTokenizer) -> Self {
        Self::new(tokenizer, &[])
    }

    fn new(tokenizer: &ClipTokenizer, tokens: &[(u32, f32)]) -> Self {
        let mut chunk = Self {
            ids: vec![tokenizer.bos()],
            weights: vec![1.0],
        };
        chunk.ids.extend(tokens.iter().map(|(id, _)| *id));
        chunk
            .weights
            .extend(tokens.iter().map(|(_, weight)| *weight));
        chunk.ids.push(tokenizer.eos());
        chunk.ids.resize(MODEL_MAX_LENGTH, tokenizer.pad());
        chunk.weights.resize(MODEL_MAX_LENGTH, 1.0);
        chunk
    }

    /// Whether any token counts more or less than the others.
    pub fn is_weighted(&self) -> bool {
        self.weights
            .iter()
            .any(|weight| (weight - 1.0).abs() > f32::EPSILON)
    }
}

/// Why a prompt is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    /// Too many letters.
    #[error("the prompt has {actual} bytes; {MAX_PROMPT_BYTES} are the most")]
    Bytes {
        /// How many it has.
        actual: usize,
    },
    /// Too many tokens, or BREAKs.
    #[error("the prompt has {actual} chunks of 75 tokens; {MAX_CHUNKS} are the most")]
    Chunks {
        /// How many it has.
        actual: usize,
    },
}

/// A part of a prompt.
#[derive(Clone, Debug, PartialEq)]
pub enum Fragment {
    /// Words of one weight.
    Text(String, f64),
    /// The next word begins a chunk.
    Break,
}

/// The chunks of a prompt; there is at least one.
///
/// # Errors
///
/// A prompt that is too long.
pub fn chunks(tokenizer: &ClipTokenizer, prompt: &str) -> Result<Vec<Chunk>, PromptError> {
    if prompt.len() > MAX_PROMPT_BYTES {
        return Err(PromptError::Bytes {
            actual: prompt.len(),
        });
    }
    let comma = tokenizer.encode(",").first().copied();
    let mut chunks: Vec<Vec<(u32, f32)>> = Vec::new();
    let mut chunk: Vec<(u32, f32)> = Vec::new();
    let mut last_comma = None;
    for fragment in parse(prompt) {
        let Fragment::Text(text, weight) = fragment else {
            chunks.push(std::mem::take(&mut chunk));
            last_comma = None;
            continue;
        };
        for id in tokenizer.encode(&text) {
            let is_full = chunk.len() == CHUNK_LENGTH;
            if Some(id) == comma {
                last_comma = Some(chunk.len());
            } else if is_full
                && let Some(at) = last_comma.filter(|at| chunk.len() - at <= COMMA_BACKTRACK)
            {
                let rest = chunk.split_off((at + 1).min(chunk.len()));
                chunks.push(std::mem::replace(&mut chunk, rest));
                last_comma = None;
            }
            if chunk.len() == CHUNK_LENGTH {
                chunks.push(std::mem::take(&mut chunk));
                last_comma = None;
            }
            chunk.push((id, weight as f32));
        }
    }
    if !chunk.is_empty() || chunks.is_empty() {
        chunks.push(chunk);
    }
    if chunks.len() > MAX_CHUNKS {
        return Err(PromptError::Chunks {
            actual: chunks.len(),
        });
    }
    Ok(chunks
        .iter()
        .map(|tokens| Chunk::new(tokenizer, tokens))
        .collect())
}

/// The fragments of a prompt, neighbours of the same weight joined.
pub fn parse(prompt: &str) -> Vec<Fragment> {
    let mut parser = Parser::default();
    let mut rest = prompt;
    while let Some(character) = rest.chars().next() {
        let length = match character {
            '\\' => parser.escape(rest),
            '(' | '[' => parser.open(character),
            ')' | ']' => parser.close(character),
            ':' => parser.weight(rest),
            _ => {
                let length = rest
                    .find(['\\', '(', ')', '[', ']', ':'])
                    .unwrap_or(rest.len());
                parser.text(rest.get(..length).unwrap_or_default());
                length
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    parser.finish()
}

#[derive(Default)]
struct Parser {
    fragments: Vec<Fragment>,
    /// The fragments at which brackets opened that are open still.
    round: Vec<usize>,
    square: Vec<usize>,
}

impl Parser {
    fn escape(&mut self, rest: &str) -> usize {
        let next = rest
            .chars()
            .nth(1)
            .filter(|next| matches!(next, '(' | ')' | '[' | ']' | '\\'));
        // a lone backslash is dropped
        let Some(next) = next else { return 1 };
        self.fragments.push(Fragment::Text(next.to_string(), 1.0));
        2
    }

    fn open(&mut self, bracket: char) -> usize {
        let stack = if bracket == '(' {
            &mut self.round
        } else {
            &mut self.square
        };
        if stack.len() < MAX_NESTING {
            stack.push(self.fragments.len());
        } else {
            self.text(bracket.encode_utf8(&mut [0; 4]));
        }
        1
    }

    fn close(&mut self, bracket: char) -> usize {
        let (stack, factor) = match bracket {
            ')' => (&mut self.round, BRACKET_WEIGHT),
            _ => (&mut self.square, 1.0 / BRACKET_WEIGHT),
        };
        match stack.pop() {
            Some(from) => self.multiply(from, factor),
            None => self.text(bracket.encode_utf8(&mut [0; 4])),
        }
        1
    }

    /// `:1.2)`, which closes a round bracket; any other colon is a letter.
    fn weight(&mut self, rest: &str) -> usize {
        let found =
            weight_of(rest).and_then(|(factor, length)| Some((self.round.pop()?, factor, length)));
        let Some((from, factor, length)) = found else {
            self.text(":");
            return 1;
        };
        self.multiply(from, factor);
        length
    }

    fn text(&mut self, text: &str) {
        for (i, part) in BREAK.split(text).enumerate() {
            if i > 0 {
                self.fragments.push(Fragment::Break);
            }
            self.fragments.push(Fragment::Text(part.to_owned(), 1.0));
        }
    }

    fn multiply(&mut self, from: usize, factor: f64) {
        for fragment in self.fragments.iter_mut().skip(from) {
            if let Fragment::Text(_, weight) = fragment {
                *weight = (*weight * factor).clamp(-MAX_WEIGHT, MAX_WEIGHT);
            }
        }
    }

    fn finish(mut self) -> Vec<Fragment> {
        for from in std::mem::take(&mut self.round) {
            self.multiply(from, BRACKET_WEIGHT);
        }
        for from in std::mem::take(&mut self.square) {
            self.multiply(from, 1.0 / BRACKET_WEIGHT);
        }
        let mut joined: Vec<Fragment> = Vec::new();
        for fragment in self.fragments {
            match (joined.last_mut(), fragment) {
                (Some(Fragment::Text(before, weight)), Fragment::Text(text, same))
                    if weight.to_bits() == same.to_bits() =>
                {
                    before.push_str(&text);
                }
                (_, fragment) => joined.push(fragment),
            }
        }
        joined
    }
}

/// The number of `: 1.2 )` and how long all of it is.
fn weight_of(rest: &str) -> Option<(f64, usize)> {
    let inside = rest.strip_prefix(':')?.trim_start();
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-');
    let end = inside.find(|c| !is_number(c))?;
    let (number, after) = inside.split_at(end);
    let after = after.trim_start().strip_prefix(')')?;
    Some((number.parse().ok()?, rest.len() - after.len()))
}
