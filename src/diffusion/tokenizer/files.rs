//! The files of a tokenizer, in either form.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{BOS, END_OF_WORD, EOS, TokenizerError, byte_character};

/// SDXL's `tokenizer.json` has 2.2 MB.
const MAX_FILE: u64 = 32 << 20;

/// Transformers reads so many merges (49,152 tokens less 256 bytes in two forms and two special ones).
const MAX_MERGES: usize = 48_894;

/// What a folder says in whichever files it has.
#[derive(Default)]
pub(super) struct Files {
    /// Tokens with their ids.
    pub vocab: HashMap<String, u32>,
    /// The lowest rank first.
    pub merges: Vec<(String, String)>,
    /// Texts that are one token wherever they stand.
    pub special: HashMap<String, Option<u32>>,
    /// The token that fills up.
    pub pad: Option<String>,
}

impl Files {
    /// Reads what is there, and tells the file that the vocabulary is from.
    pub fn read(folder: &Path) -> Result<(Self, PathBuf), TokenizerError> {
        let mut files = Self::default();
        let (vocab, merges, json) = (
            folder.join("vocab.json"),
            folder.join("merges.txt"),
            folder.join("tokenizer.json"),
        );
        let source = if vocab.is_file() && merges.is_file() {
            files.vocab = parse(&vocab)?;
            files.merges = read_merges(&merges)?;
            vocab
        } else if json.is_file() {
            read_tokenizer_json(&json, &mut files)?;
            json
        } else if merges.is_file() {
            files.merges = read_merges(&merges)?;
            files.vocab = vocabulary_of(&files.merges);
            merges
        } else {
            return Err(TokenizerError::Missing {
                folder: folder.to_owned(),
            });
        };
        for name in ["tokenizer_config.json", "special_tokens_map.json"] {
            let path = folder.join(name);
            if path.is_file() {
                read_special_tokens(&parse(&path)?, &mut files);
            }
        }
        Ok((files, source))
    }
}

fn read(path: &Path) -> Result<String, TokenizerError> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE).read_to_string(&mut text))
        .map_err(|source| TokenizerError::Read {
            path: path.to_owned(),
            source,
        })?;
    Ok(text)
}

fn parse<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, TokenizerError> {
    serde_json::from_str(&read(path)?).map_err(|error| TokenizerError::Malformed {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

/// The first line is a version.
fn read_merges(path: &Path) -> Result<Vec<(String, String)>, TokenizerError> {
    let text = read(path)?;
    text.trim()
        .lines()
        .skip(1)
        .take(MAX_MERGES)
        .map(|line| split_merge(path, line))
        .collect()
}

/// The tokens in the order of their ids, as CLIP's `SimpleTokenizer` counts them: bytes, bytes at
/// the end of a word, what the merges make, and the two special ones.
fn vocabulary_of(merges: &[(String, String)]) -> HashMap<String, u32> {
    let mut bytes: Vec<char> = (0..=u8::MAX).map(byte_character).collect();
    bytes.sort_unstable();
    let alone = bytes.iter().map(char::to_string);
    let last = bytes.iter().map(|byte| format!("{byte}{END_OF_WORD}"));
    let merged = merges
        .iter()
        .map(|(first, second)| format!("{first}{second}"));
    let special = [BOS, EOS].map(str::to_owned);
    alone
        .chain(last)
        .chain(merged)
        .chain(special)
        .zip(0..)
        .collect()
}

fn split_merge(path: &Path, line: &str) -> Result<(String, String), TokenizerError> {
    let mut words = line.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(first), Some(second), None) => Ok((first.to_owned(), second.to_owned())),
        _ => Err(TokenizerError::Malformed {
            path: path.to_owned(),
            reason: format!(
                "{:?} is no merge of two",
                line.chars().take(80).collect::<String>()
            ),
        }),
    }
}

#[derive(Deserialize)]
struct TokenizerJson {
    model: ModelJson,
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
}

#[derive(Deserialize)]
struct ModelJson {
    #[serde(default)]
    end_of_word_suffix: Option<String>,
    vocab: HashMap<String, u32>,
    merges: Vec<MergeJson>,
}

/// Older files have `"a b"`, newer ones `["a", "b"]`.
#[derive(Deserialize)]
#[serde(untagged)]
enum MergeJson {
    Line(String),
    Pair(String, String),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct AddedToken {
    id: u32,
    content: String,
}

fn read_tokenizer_json(path: &Path, files: &mut Files) -> Result<(), TokenizerError> {
    let malformed = |reason: &str| TokenizerError::Malformed {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let json: TokenizerJson = parse(path)?;
    if json.model.end_of_word_suffix.as_deref() != Some(END_OF_WORD) {
        return Err(malformed(
            "it is no tokenizer of CLIP: its words do not end in </w>",
        ));
    }
    files.vocab = json.model.vocab;
    for merge in json.model.merges {
        files.merges.push(match merge {
            MergeJson::Line(line) => split_merge(path, &line)?,
            MergeJson::Pair(first, second) => (first, second),
            MergeJson::Other(_) => return Err(malformed("a merge is no pair")),
        });
    }
    for added in json.added_tokens {
        files.vocab.entry(added.content.clone()).or_insert(added.id);
        files.special.insert(added.content, Some(added.id));
    }
    Ok(())
}

/// Special tokens stand in either file, as text or with their properties.
fn read_special_tokens(json: &Value, files: &mut Files) {
    let content = |value: &Value| -> Option<String> {
        value
            .as_str()
            .or_else(|| value.get("content")?.as_str())
            .map(str::to_owned)
    };
    for key in ["bos_token", "eos_token", "unk_token", "pad_token"] {
        let Some(token) = json.get(key).and_then(content) else {
            continue;
        };
        if key == "pad_token" {
            files.pad = Some(token.clone());
        }
        files.special.entry(token).or_insert(None);
    }
    for (id, added) in json
        .get("added_tokens_decoder")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if let (Some(token), Ok(id)) = (content(added), id.parse()) {
            files.vocab.entry(token.clone()).or_insert(id);
            files.special.insert(token, Some(id));
        }
    }
}
