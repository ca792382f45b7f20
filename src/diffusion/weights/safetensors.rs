//! The safetensors format: eight bytes of length, a JSON header, the numbers.
//!
//! The header is checked whole before it is used: its length against the file's, each tensor's
//! place against its shape, and the places against each other. A hostile file costs at most
//! [`MAX_HEADER`] bytes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as MapEntry;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::super::error::DiffusionError;
use super::{LazyTensor, MAX_RANK, StateDict, StoredType, WeightFile};

/// The header of all of SDXL in one file has 0.3 MB; LoRA files carry some MB of tags.
const MAX_HEADER: u64 = 16 << 20;

/// All of SDXL in one file has 2,516 tensors.
const MAX_TENSORS: usize = 65_536;

/// Opens a safetensors file and checks its header.
///
/// # Errors
/// If it can't be read, or its header promises what the file does not hold.
pub(crate) fn open_safetensors(path: &Path) -> Result<StateDict, DiffusionError> {
    let malformed = |reason: String| DiffusionError::malformed(path, reason);
    let file = WeightFile::open(path)?;
    let start = file.read(0, 8)?;
    let header_length = start
        .first_chunk::<8>()
        .map(|bytes| u64::from_le_bytes(*bytes))
        .expect("eight bytes were read");
    if header_length > MAX_HEADER || header_length.saturating_add(8) > file.length() {
        return Err(malformed(format!(
            "its header would have {header_length} bytes in a file of {}",
            file.length()
        )));
    }
    let json = file.read(8, header_length as usize)?;
    let header: Header =
        serde_json::from_slice(&json).map_err(|error| malformed(format!("header: {error}")))?;
    drop(json);
    check_overlap(&header).map_err(malformed)?;
    let data_start = 8 + header_length;
    let data_length = file.length() - data_start;
    let mut dict = StateDict::default();
    for (name, entry) in header.0 {
        let tensor = tensor(&file, data_start, data_length, &entry)
            .map_err(|reason| malformed(format!("{name}: {reason}")))?;
        dict.insert(name, tensor);
    }
    Ok(dict)
}

/// Holds one tensor's place against its shape and against the file.
fn tensor(
    file: &Arc<WeightFile>,
    data_start: u64,
    data_length: u64,
    entry: &Entry,
) -> Result<LazyTensor, String> {
    let stored =
        stored_type(&entry.dtype).ok_or_else(|| format!("unknown type {:?}", entry.dtype))?;
    if entry.shape.len() > MAX_RANK {
        return Err(format!("it has {} dimensions", entry.shape.len()));
    }
    let size = entry
        .shape
        .iter()
        .try_fold(stored.size() as u64, |size, extent| {
            size.checked_mul(*extent)
        })
        .ok_or_else(|| format!("its shape {:?} has no size", entry.shape))?;
    let [begin, end] = entry.data_offsets;
    if begin > end || end > data_length {
        return Err(format!(
            "it would lie at {begin}..{end} of {data_length} bytes"
        ));
    }
    if end - begin != size {
        return Err(format!(
            "its shape {:?} needs {size} bytes, and it has {}",
            entry.shape,
            end - begin
        ));
    }
    let shape = entry.shape.iter().map(|extent| *extent as usize).collect();
    Ok(LazyTensor::in_file(
        file.clone(),
        data_start + begin,
        stored,
        shape,
    ))
}

fn stored_type(name: &str) -> Option<StoredType> {
    Some(match name {
        "F64" => StoredType::F64,
        "F32" => StoredType::F32,
        "F16" => StoredType::F16,
        "BF16" => StoredType::Bf16,
        "I64" => StoredType::I64,
        "U64" => StoredType::Other(8),
        "I32" | "U32" => StoredType::Other(4),
        "I16" | "U16" => StoredType::Other(2),
        "I8" | "U8" | "BOOL" | "F8_E4M3" | "F8_E5M2" => StoredType::Other(1),
        _ => return None,
    })
}

fn check_overlap(header: &Header) -> Result<(), String> {
    let mut places: Vec<(u64, u64, &str)> = header
        .0
        .iter()
        .map(|(name, entry)| (entry.data_offsets[0], entry.data_offsets[1], name.as_str()))
        .collect();
    places.sort_unstable();
    for pair in places.windows(2) {
        if let [(_, end, first), (begin, _, second)] = pair
            && begin < end
        {
            return Err(format!("{first} and {second} overlap"));
        }
    }
    Ok(())
}

/// The header's tensors, without its metadata.
struct Header(BTreeMap<String, Entry>);

#[derive(serde::Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

/// Reads tensor by tensor, so that metadata and duplicates never pile up.
struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        use serde::de::Error;
        let mut tensors = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let entry = map.next_value::<Entry>()?;
            match tensors.entry(name) {
                MapEntry::Occupied(twice) => {
                    return Err(A::Error::custom(format!("{} is there twice", twice.key())));
                }
                MapEntry::Vacant(free) => free.insert(entry),
            };
            if tensors.len() > MAX_TENSORS {
                return Err(A::Error::custom(format!("more than {MAX_TENSORS} tensors")));
            }
        }
        Ok(Header(tensors))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::path::PathBuf;

    /// A file in the folder of the system for such, removed in the end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str, header: &[u8], length: u64, data: &[u8]) -> Self {
            let path = std::env::temp_dir().join(format!(
                "companion-{}-{name}.safetensors",
                std::process::id()
            ));
            let mut file = std::fs::File::create(&path).expect("a file");
            file.write_all(&length.to_le_bytes()).expect("written");
            file.write_all(header).expect("written");
            file.write_all(data).expect("written");
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn open(name: &str, header: &str, data: usize) -> Result<StateDict, String> {
        let file = Scratch::new(name, header.as_bytes(), header.len() as u64, &vec![0; data]);
        open_safetensors(&file.0).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_are_read_whatever_their_width() {
        let header = r#"{"__metadata__":{"format":"pt"},
            "half":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},
            "brain":{"dtype":"BF16","shape":[1,1],"data_offsets":[4,6]},
            "empty":{"dtype":"F32","shape":[0,4],"data_offsets":[6,6]}}"#;
        let data = [0x00, 0x3c, 0x00, 0xc0, 0x80, 0x3f];
        let file = Scratch::new("widths", header.as_bytes(), header.len() as u64, &data);
        let dict = open_safetensors(&file.0).expect("well formed");
        let read = |name: &str| dict.get(name).expect("there").read().expect("read");
        assert_eq!(read("half"), [1.0, -2.0]);
        assert_eq!(read("brain"), [1.0]);
        assert_eq!(read("empty"), [0.0_f32; 0]);
        assert_eq!(dict.parameters(), 3);
    }

    #[test]
    fn a_header_that_lies_is_an_error() {
        let long = Scratch::new("long", b"{}", u64::MAX, b"");
        let error = open_safetensors(&long.0)
            .err()
            .expect("refused")
            .to_string();
        assert!(error.contains("header would have"), "{error}");
        let cases = [
            (
                "past",
                r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
                "would lie",
            ),
            (
                "short",
                r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,8]}}"#,
                "needs 16",
            ),
            (
                "reverse",
                r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}"#,
                "would lie",
            ),
            (
                "huge",
                r#"{"a":{"dtype":"F32","shape":[9223372036854775808,2],"data_offsets":[0,8]}}"#,
                "has no size",
            ),
            (
                "sign",
                r#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}"#,
                "header",
            ),
            (
                "overlap",
                r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
                    "b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
                "a and b overlap",
            ),
            (
                "twice",
                r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
                    "a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
                "there twice",
            ),
            (
                "type",
                r#"{"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}}"#,
                "unknown type",
            ),
            ("list", "[]", "header"),
        ];
        for (name, header, expected) in cases {
            let error = open(name, header, 8).err().expect("refused");
            assert!(error.contains(expected), "{name}: {error}");
        }
        let empty = Scratch::new("empty", b"", 0, b"");
        assert!(open_safetensors(&empty.0).is_err());
    }
}
