//! Tensors of safetensors files.

use std::path::Path;

use super::super::error::DiffusionError;
use super::{LazyTensor, StateDict, StoredType, WeightFile};

/// Opens a safetensors file and checks its header.
///
/// # Errors
/// If it can't be read, or its header promises what the file does not hold.
pub(crate) fn open_safetensors(path: &Path) -> Result<StateDict, DiffusionError> {
    open_with_note(path).map(|(dict, _)| dict)
}

/// As [`open_safetensors`], with the note of a file that companion wrote.
///
/// # Errors
/// As there.
pub(crate) fn open_with_note(path: &Path) -> Result<(StateDict, Option<String>), DiffusionError> {
    let file = WeightFile::open(path)?;
    let header = file.header()?;
    let mut dict = StateDict::default();
    for info in header.tensors {
        let stored = stored_type(info.dtype).ok_or_else(|| {
            DiffusionError::malformed(path, format!("{}: unknown type {}", info.name, info.dtype))
        })?;
        let shape = info.shape.iter().map(|extent| *extent as usize).collect();
        let tensor = LazyTensor::in_file(file.clone(), info.offset, stored, shape);
        dict.insert(info.name, tensor);
    }
    Ok((dict, header.note))
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
        assert!(error.contains("header should have"), "{error}");
        let cases = [
            (
                "past",
                r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
                "cut short",
            ),
            (
                "short",
                r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,8]}}"#,
                "claims 8 bytes",
            ),
            (
                "reverse",
                r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}"#,
                "ends before",
            ),
            (
                "huge",
                r#"{"a":{"dtype":"F32","shape":[9223372036854775808,2],"data_offsets":[0,8]}}"#,
                "claims 8 bytes",
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
                "b overlaps a",
            ),
            (
                "twice",
                r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
                    "a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
                "two tensors are called a",
            ),
            (
                "type",
                r#"{"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}}"#,
                "unknown dtype",
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
