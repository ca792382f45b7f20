//! safetensors files: their headers, as untrusted input, and small files of our own.
//!
//! The format: a length (u64, little endian), so many bytes of JSON, then the data. The `safetensors`
//! crate takes the whole file and headers of 100 MB; here only the header is read, as a stream, and
//! what is wrong is said with the tensor's name. Nothing is believed before it has been held
//! against the file's size.
//! <https://github.com/huggingface/safetensors#format>

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};

use serde::Deserialize;
use serde::de::{Deserializer as _, Error as _, MapAccess, Visitor};

use crate::sanitize::sanitize;

/// Real ones have a few hundred KiB; those of LoRA files may carry statistics and a thumbnail.
const MAX_HEADER_BYTES: u64 = 8 << 20;
/// SDXL in one file has 2,515.
const MAX_TENSORS: usize = 20_000;
const MAX_NAME_BYTES: usize = 512;
const MAX_DIMENSIONS: usize = 8;
/// How much of a name a message quotes, in characters.
const NAME_TOLD: usize = 120;

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

/// Why a header can't be used.
#[derive(Debug)]
pub(crate) enum HeaderError {
    /// The system refuses to read it.
    Io(io::Error),
    /// It breaks a rule of the format, which one is said.
    Malformed(String),
}

/// What a file says of itself.
#[derive(Debug)]
pub(crate) struct Header {
    /// Its tensors, ordered by position.
    pub tensors: Vec<TensorInfo>,
    /// What companion has written about them, if it wrote the file.
    pub note: Option<String>,
}

/// What a file says of one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TensorInfo {
    /// Its name: untrusted text.
    pub name: String,
    /// How its values are stored, in the format's spelling.
    pub dtype: &'static str,
    /// Its dimensions.
    pub shape: Vec<u64>,
    /// Where its data begin in the file.
    pub offset: u64,
    /// Size of its data.
    pub size_bytes: u64,
}

/// Reads the header of a file and checks all of it: the data are where it says, without gaps,
/// overlaps and leftovers.
///
/// # Errors
/// If the file cannot be read or breaks a rule of the format.
pub(crate) fn read_header(mut file: &File) -> Result<Header, HeaderError> {
    let metadata = file.metadata().map_err(HeaderError::Io)?;
    if !metadata.is_file() {
        return Err(HeaderError::Malformed("not a file".to_owned()));
    }
    let file_bytes = metadata.len();
    if file_bytes < 8 {
        return Err(HeaderError::Malformed(format!(
            "{file_bytes} bytes are too few for a safetensors file"
        )));
    }
    let mut length = [0; 8];
    file.seek(SeekFrom::Start(0))
        .and_then(|_| file.read_exact(&mut length))
        .map_err(HeaderError::Io)?;
    let header_bytes = u64::from_le_bytes(length);
    let rest = file_bytes - 8;
    if header_bytes > rest {
        return Err(HeaderError::Malformed(format!(
            "not a safetensors file, or cut short: its header should have {header_bytes} bytes, \
             and {rest} follow"
        )));
    }
    if header_bytes > MAX_HEADER_BYTES {
        return Err(HeaderError::Malformed(format!(
            "its header has {header_bytes} bytes; up to {MAX_HEADER_BYTES} are read"
        )));
    }
    let mut header = parse(file.take(header_bytes)).map_err(|reason| {
        // An error of serde_json quotes names of the file.
        HeaderError::Malformed(format!("the header is wrong: {}", shown(&reason)))
    })?;
    check(&mut header.tensors, rest - header_bytes).map_err(HeaderError::Malformed)?;
    for tensor in &mut header.tensors {
        tensor.offset += 8 + header_bytes;
    }
    Ok(header)
}

/// The bytes of a file with one tensor of f32, and a note that [`read_header`] gives back.
pub(crate) fn file_of(name: &str, shape: &[usize], numbers: &[f32], note: &str) -> Vec<u8> {
    let header = serde_json::json!({
        "__metadata__": { "companion": note },
        name: { "dtype": "F32", "shape": shape, "data_offsets": [0, size_of_val(numbers)] },
    });
    let header = header.to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    bytes
}

fn parse(header: impl Read) -> Result<Header, String> {
    let mut deserializer = serde_json::Deserializer::from_reader(BufReader::new(header));
    // Headers are one line: its number says nothing.
    let said = |error: serde_json::Error| {
        let said = error.to_string();
        let end = said.rfind(" at line 1 ").unwrap_or(said.len());
        said[..end].to_owned()
    };
    let header = deserializer.deserialize_map(Tensors).map_err(said)?;
    deserializer.end().map_err(said)?;
    Ok(header)
}

/// Somebody else's text in a message: one line, and not endless.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(NAME_TOLD).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    sanitize(&shown).replace(['\n', '\t'], " ")
}

/// The JSON object: names of tensors, and `__metadata__`.
struct Tensors;

/// What is read of the metadata; LoRA files have megabytes of it.
#[derive(Deserialize)]
struct Metadata {
    companion: Option<String>,
}

#[derive(Deserialize)]
struct RawTensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

impl<'de> Visitor<'de> for Tensors {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut tensors = Vec::new();
        let mut note = None;
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                note = map.next_value::<Metadata>()?.companion;
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
        Ok(Header { tensors, note })
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
            offset: begin,
            size_bytes: end - begin,
        })
    }
}

/// The rules that concern the tensors together. Offsets are those of the format: from the end of the
/// header.
fn check(tensors: &mut [TensorInfo], data_bytes: u64) -> Result<(), String> {
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(name) = tensors.windows(2).find_map(|pair| match pair {
        [a, b] if a.name == b.name => Some(&a.name),
        _ => None,
    }) {
        return Err(format!("two tensors are called {}", shown(name)));
    }
    tensors.sort_by_key(|tensor| (tensor.offset, tensor.size_bytes));
    let mut expected = 0;
    let mut before = "the header";
    for tensor in &*tensors {
        let name = shown(&tensor.name);
        if tensor.offset < expected {
            return Err(format!("{name} overlaps {}", shown(before)));
        }
        if tensor.offset > expected {
            return Err(format!(
                "{} bytes before {name} belong to no tensor",
                tensor.offset - expected
            ));
        }
        expected = tensor.offset + tensor.size_bytes;
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
