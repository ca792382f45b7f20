//! CLIP's byte-pair encoding: text to ids, equal to transformers' `CLIPTokenizer` without ftfy.
//!
//! Written out here rather than taken from the `tokenizers` crate: that one equals the fast tokenizer, which
//! neither drops control characters nor sets CJK characters apart; what it would add to this file's own steps is
//! the loop over the merges, for nineteen more crates.
//!
//! Invariants: a file is never read past 32 MB; time grows with the text and not with its square, but for
//! one word, whose letters are merged in at most [`MAX_WORD`].

mod files;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use regex::Regex;
use unicode_normalization::UnicodeNormalization;

use files::Files;

/// How many ids the text encoder sees at once, the two at the ends included.
pub const MODEL_MAX_LENGTH: usize = 77;

/// A longer word is encoded in pieces of that many bytes. No language has one, and 77 ids hold less.
const MAX_WORD: usize = 4096;

const BOS: &str = "<|startoftext|>";
const EOS: &str = "<|endoftext|>";
const END_OF_WORD: &str = "</w>";

/// What `CLIPTokenizer` splits text into.
const PATTERN: &str =
    r"(?i)<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+";

/// A vocabulary with its merges.
#[derive(Debug)]
pub struct ClipTokenizer {
    /// Tokens of the vocabulary, and what merges make on their way to them.
    symbols: Symbols,
    /// Two neighbours lead to their rank and to what they become.
    merges: HashMap<(u32, u32), (u32, u32)>,
    /// Each byte, within and at the end of a word.
    bytes: Vec<[u32; 2]>,
    /// Texts that are one token wherever they stand, the longest first.
    special: Vec<(String, u32)>,
    bos: u32,
    eos: u32,
    pad: u32,
    pattern: Regex,
    control: Regex,
}

/// Strings by number, with the vocabulary's id where there is one.
#[derive(Debug, Default)]
struct Symbols {
    numbers: HashMap<String, u32>,
    ids: Vec<Option<u32>>,
}

impl Symbols {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.ids.len() as u32;
        self.numbers.insert(text.to_owned(), number);
        self.ids.push(None);
        number
    }

    fn id(&self, number: u32) -> Option<u32> {
        self.ids.get(number as usize).copied().flatten()
    }
}

/// Why a folder has no tokenizer.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// A file can't be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file is not what its name says.
    #[error("{} is malformed: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Neither form is there.
    #[error("{} has neither merges.txt nor tokenizer.json", .folder.display())]
    Missing {
        /// The folder.
        folder: PathBuf,
    },
}

impl ClipTokenizer {
    /// Reads `vocab.json` and `merges.txt`, or else `tokenizer.json`, or else `merges.txt` alone, whose
    /// vocabulary is then counted as CLIP's is; and the special tokens of `special_tokens_map.json` and
    /// `tokenizer_config.json` where they are.
    ///
    /// # Errors
    ///
    /// Files that are missing, unreadable or of another kind of tokenizer.
    pub fn from_folder(folder: &Path) -> Result<Self, TokenizerError> {
        let (files, source) = Files::read(folder)?;
        Self::new(files).map_err(|reason| TokenizerError::Malformed {
            path: source,
            reason,
        })
    }

    /// As [`Self::from_folder`], filled up with `pad`, whatever the folder says: one vocabulary serves
    /// encoders that are filled up in different ways.
    ///
    /// # Errors
    ///
    /// As [`Self::from_folder`].
    pub fn from_vocabulary(folder: &Path, pad: &str) -> Result<Self, TokenizerError> {
        let (mut files, source) = Files::read(folder)?;
        files.special.entry(pad.to_owned()).or_insert(None);
        files.pad = Some(pad.to_owned());
        Self::new(files).map_err(|reason| TokenizerError::Malformed {
            path: source,
            reason,
        })
    }

    fn new(files: Files) -> Result<Self, String> {
        let mut symbols = Symbols::default();
        for (token, id) in &files.vocab {
            let number = symbols.number(token);
            symbols.ids[number as usize] = Some(*id);
        }
        let find = |token: &str| files.vocab.get(token).copied();
        let bos = find(BOS).ok_or_else(|| format!("it has no {BOS}"))?;
        let eos = find(EOS).ok_or_else(|| format!("it has no {EOS}"))?;
        let mut merges = HashMap::with_capacity(files.merges.len());
        for (rank, (first, second)) in (0u32..).zip(&files.merges) {
            let pair = (symbols.number(first), symbols.number(second));
            let merged = symbols.number(&format!("{first}{second}"));
            // of a merge that is there twice transformers keeps the later rank
            merges.insert(pair, (rank, merged));
        }
        let bytes = (0..=u8::MAX)
            .map(|byte| {
                let character = byte_character(byte).to_string();
                [
                    symbols.number(&character),
                    symbols.number(&format!("{character}{END_OF_WORD}")),
                ]
            })
            .collect();
        let pad = files.pad.as_deref().and_then(find).unwrap_or(eos);
        let mut special: Vec<(String, u32)> = files
            .special
            .iter()
            .filter(|(token, _)| !token.is_empty())
            .filter_map(|(token, id)| Some((token.clone(), id.or_else(|| find(token))?)))
            .chain([(BOS.to_owned(), bos), (EOS.to_owned(), eos)])
            .collect();
        special.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        special.dedup_by(|(a, _), (b, _)| a == b);
        Ok(Self {
            symbols,
            merges,
            bytes,
            special,
            bos,
            eos,
            pad,
            pattern: Regex::new(PATTERN).expect("the pattern is constant"),
            control: Regex::new(r"[\p{C}\x{FFFD}]").expect("the pattern is constant"),
        })
    }

    /// The id that begins a text.
    pub fn bos(&self) -> u32 {
        self.bos
    }

    /// The id that ends a text.
    pub fn eos(&self) -> u32 {
        self.eos
    }

    /// The id that fills a text up to [`MODEL_MAX_LENGTH`].
    pub fn pad(&self) -> u32 {
        self.pad
    }

    /// The ids of a text, without those that begin and end it.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let found = self
                .special
                .iter()
                .filter_map(|(token, id)| Some((rest.find(token.as_str())?, token.len(), *id)))
                .min_by_key(|(at, length, _)| (*at, usize::MAX - length));
            let Some((at, length, id)) = found else {
                self.encode_words(rest, &mut ids);
                break;
            };
            let (before, from) = rest.split_at(at);
            self.encode_words(before, &mut ids);
            ids.push(id);
            rest = from.get(length..).unwrap_or_default();
        }
        ids
    }

    /// Text without special tokens.
    fn encode_words(&self, text: &str, ids: &mut Vec<u32>) {
        let text = self.cleaned(text);
        for word in self.pattern.find_iter(&text).map(|found| found.as_str()) {
            match word {
                BOS => ids.push(self.bos),
                EOS => ids.push(self.eos),
                _ => self.encode_word(word, ids),
            }
        }
    }

    /// Transformers' `BasicTokenizer`: no control characters, CJK characters apart, NFC, single spaces, lower case.
    fn cleaned(&self, text: &str) -> String {
        let mut apart = String::with_capacity(text.len());
        for character in text.chars() {
            let is_space = matches!(character, '\t' | '\n' | '\r');
            if is_space {
                apart.push(' ');
            } else if is_cjk(character) {
                apart.extend([' ', character, ' ']);
            } else if character.is_ascii_graphic() || !self.is_control(character) {
                apart.push(character);
            }
        }
        let composed: String = apart.nfc().collect();
        let words: Vec<String> = composed.split_whitespace().map(str::to_lowercase).collect();
        words.join(" ")
    }

    fn is_control(&self, character: char) -> bool {
        self.control.is_match(character.encode_utf8(&mut [0; 4]))
    }

    /// One word: its bytes, merged pair by pair, the lowest rank first.
    fn encode_word(&self, word: &str, ids: &mut Vec<u32>) {
        for piece in word.as_bytes().chunks(MAX_WORD) {
            let mut parts: Vec<u32> = piece
                .iter()
                .map(|byte| self.bytes[usize::from(*byte)][0])
                .collect();
            if let (Some(last), Some(byte)) = (parts.last_mut(), piece.last()) {
                *last = self.bytes[usize::from(*byte)][1];
            }
            self.merge(&mut parts);
            // what is not in the vocabulary is `unk_token`, which is the end of text in every CLIP
            ids.extend(
                parts
                    .into_iter()
                    .map(|part| self.symbols.id(part).unwrap_or(self.eos)),
            );
        }
    }

    fn merge(&self, parts: &mut Vec<u32>) {
        const NONE: (u32, u32) = (u32::MAX, 0);
        let look_up =
            |first: u32, second: u32| self.merges.get(&(first, second)).copied().unwrap_or(NONE);
        let mut pairs: Vec<(u32, u32)> = parts
            .windows(2)
            .map(|pair| look_up(pair[0], pair[1]))
            .collect();
        while let Some((rank, merged)) = pairs.iter().copied().min().filter(|pair| *pair != NONE) {
            // every place of the best pair at once, from the left
            let mut out: Vec<u32> = Vec::with_capacity(parts.len());
            let mut at = 0;
            while at < parts.len() {
                if pairs.get(at).is_some_and(|pair| pair.0 == rank) {
                    out.push(merged);
                    at += 2;
                } else {
                    out.push(parts[at]);
                    at += 1;
                }
            }
            *parts = out;
            pairs = parts
                .windows(2)
                .map(|pair| look_up(pair[0], pair[1]))
                .collect();
        }
    }
}

/// GPT-2's `bytes_to_unicode`: printable Latin-1 stands for itself, the other bytes for what follows 255.
fn byte_character(byte: u8) -> char {
    let is_printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    if is_printable(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|other| !is_printable(*other)).count() as u32;
    char::from_u32(256 + before).expect("below the surrogates")
}

/// The blocks that transformers' `_is_chinese_char` names.
fn is_cjk(character: char) -> bool {
    matches!(u32::from(character),
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x2_0000..=0x2_A6DF | 0x2_A700..=0x2_B73F | 0x2_B740..=0x2_B81F
        | 0x2_B820..=0x2_CEAF | 0xF900..=0xFAFF | 0x2_F800..=0x2_FA1F)
}
