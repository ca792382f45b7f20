//! The headers of safetensors files, as untrusted input.
//!
//! The format: a length (u64, little endian), so many bytes of JSON, then the data. The `safetensors`
//! crate takes the whole file and headers of 100 MB; here only the header is read, as a stream, and
//! what is wrong is said with the tensor's name.
//! <https://github.com/huggingface/safetensors#format>

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};

use super::error::{ModelError, shown_text};

/// Real ones have a few hundred KiB; those of LoRA files may carry statistics and a thumbnail.
const MAX_HEADER_BYTES: u64 = 8 << 20;
/// SDXL in one file has 2,515.
const MAX_TENSORS: usize = 20_000;
const MAX_NAME_BYTES: usize = 512;
const MAX_DIMENSIONS: usize = 8;

/// What the format can hold, with the width of a value in bits.
const DTYPES: &[(&str, u64)] = &[
    ("F16", 16),
    ("F32", 32),
    ("BF16", 16),
    ("F64", 64),
    ("F8_E4M3", 8),
    ("F8_E5M2", 8),
    ("F8_E8M0", 8),
    ("F6_E2M3", 6),
    ("F6_E3M2", 6),
    ("F4", 4),
    ("C64", 64),
    ("BOOL", 8),
    ("I8", 8),
    ("U8", 8),
    ("I16", 16),
    ("U16", 16),
    ("I32", 32),
    ("U32", 32),
    ("I64", 64),
    ("U64", 64),
];

/// What a file says of one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TensorInfo {
    /// Its name: untrusted text.
    pub name: String,
    /// How its values are stored, in the format's spelling.
    pub dtype: &'static str,
    /// Its dimensions.
    pub shape: Vec<u64>,
    begin: u64,
    end: u64,
}

impl TensorInfo {
    /// Size of its data.
    pub fn size_bytes(&self) -> u64 {
        self.end - self.begin
    }
}

/// Reads the header of a file and checks all of it: the data are where it says, without gaps,
/// overlaps and leftovers. Ordered by position.
///
/// # Errors
/// If the file cannot be read or breaks a rule of the format.
pub(super) fn read_header(path: &Path) -> Result<Vec<TensorInfo>, ModelError> {
    let unreadable = |source| ModelError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    };
    let wrong = |reason: String| ModelError::malformed(path, reason);
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(wrong("not a file".to_owned()));
    }
    let file_bytes = metadata.len();
    let mut file = File::open(path).map_err(unreadable)?;
    let mut length = [0; 8];
    if file_bytes < 8 {
        return Err(wrong(format!(
            "{file_bytes} bytes are too few for a safetensors file"
        )));
    }
    file.read_exact(&mut length).map_err(unreadable)?;
    let header_bytes = u64::from_le_bytes(length);
    let rest = file_bytes - 8;
    if header_bytes > rest {
        return Err(wrong(format!(
            "not a safetensors file, or cut short: its header should have {header_bytes} bytes, \
             and {rest} follow"
        )));
    }
    if header_bytes > MAX_HEADER_BYTES {
        return Err(wrong(format!(
            "its header has {header_bytes} bytes; up to {MAX_HEADER_BYTES} are read"
        )));
    }
    let mut tensors = parse(file.take(header_bytes)).map_err(|reason| {
        // An error of serde_json quotes names of the file.
        wrong(format!("the header is wrong: {}", shown_text(&reason)))
    })?;
    check(&mut tensors, rest - header_bytes).map_err(wrong)?;
    Ok(tensors)
}

fn parse(header: impl std::io::Read) -> Result<Vec<TensorInfo>, String> {
    let mut deserializer = serde_json::Deserializer::from_reader(BufReader::new(header));
    // Headers are one line: its number says nothing.
    let said = |error: serde_json::Error| {
        let said = error.to_string();
        let end = said.rfind(" at line 1 ").unwrap_or(said.len());
        said[..end].to_owned()
    };
    let tensors = deserializer.deserialize_map(Tensors).map_err(said)?;
    deserializer.end().map_err(said)?;
    Ok(tensors)
}

/// The JSON object: names of tensors, and `__metadata__`.
struct Tensors;

#[derive(Deserialize)]
struct RawTensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

impl<'de> Visitor<'de> for Tensors {
    type Value = Vec<TensorInfo>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut tensors = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if name.len() > MAX_NAME_BYTES {
                return Err(A::Error::custom("a tensor's name is longer than 512 bytes"));
            }
            if tensors.len() == MAX_TENSORS {
                return Err(A::Error::custom(format!(
                    "it has more than {MAX_TENSORS} tensors"
                )));
            }
            let raw: RawTensor = map.next_value()?;
            tensors.push(raw.checked(name).map_err(A::Error::custom)?);
        }
        Ok(tensors)
    }
}

impl RawTensor {
    /// The rules that concern one tensor alone.
    fn checked(self, name: String) -> Result<TensorInfo, String> {
        let Some(&(dtype, bits)) = DTYPES.iter().find(|(known, _)| *known == self.dtype) else {
            return Err(format!("{name} has the unknown dtype {}", self.dtype));
        };
        if self.shape.len() > MAX_DIMENSIONS {
            return Err(format!("{name} has {} dimensions", self.shape.len()));
        }
        let (begin, end) = self.data_offsets;
        if begin > end {
            return Err(format!("{name} ends before it begins"));
        }
        let size_bytes = self
            .shape
            .iter()
            .try_fold(u128::from(bits), |product, &length| {
                product.checked_mul(u128::from(length))
            })
            .filter(|bits| bits % 8 == 0)
            .map(|bits| bits / 8);
        if size_bytes != Some(u128::from(end - begin)) {
            let shape: Vec<_> = self.shape.iter().map(u64::to_string).collect();
            return Err(format!(
                "{name} is {dtype} [{}] and claims {} bytes",
                shape.join(", "),
                end - begin
            ));
        }
        Ok(TensorInfo {
            name,
            dtype,
            shape: self.shape,
            begin,
            end,
        })
    }
}

/// The rules that concern the tensors together.
fn check(tensors: &mut [TensorInfo], data_bytes: u64) -> Result<(), String> {
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(name) = tensors.windows(2).find_map(|pair| match pair {
        [a, b] if a.name == b.name => Some(&a.name),
        _ => None,
    }) {
        return Err(format!("two tensors are called {}", shown_text(name)));
    }
    tensors.sort_by_key(|tensor| (tensor.begin, tensor.end));
    let mut expected = 0;
    let mut before = "the header";
    for tensor in &*tensors {
        let name = shown_text(&tensor.name);
        if tensor.begin < expected {
            return Err(format!("{name} overlaps {}", shown_text(before)));
        }
        if tensor.begin > expected {
            return Err(format!(
                "{} bytes before {name} belong to no tensor",
                tensor.begin - expected
            ));
        }
        expected = tensor.end;
        before = &tensor.name;
    }
    if expected > data_bytes {
        return Err(format!(
            "cut short: its tensors have {expected} bytes, and {data_bytes} are there"
        ));
    }
    if expected < data_bytes {
        return Err(format!(
            "{} bytes at the end belong to no tensor",
            data_bytes - expected
        ));
    }
    Ok(())
}
