//! Against what torch wrote (`tests/golden/make_ckpt.py`), and against files that lie.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use super::*;
use crate::diffusion::rng::NoiseRng;
use crate::diffusion::weights::open_file;
use crate::protocol::NoiseGenerator;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/diffusion/ckpt")
        .join(name)
}

/// A file that is removed in the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path =
            std::env::temp_dir().join(format!("companion-ckpt-{}-{name}.ckpt", std::process::id()));
        fs::write(&path, bytes).expect("written");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn tensors_are_those_that_torch_saved() {
    let theirs = open_file(&golden("model.safetensors")).expect("the reference");
    for name in ["model.ckpt", "bare.ckpt"] {
        let ours = open_file(&golden(name)).expect("a checkpoint");
        for (name, tensor) in theirs.iter() {
            let read = ours.get(name).unwrap_or_else(|| panic!("no {name}"));
            assert_eq!(read.shape(), tensor.shape(), "{name}");
            let bits = |tensor: &LazyTensor| -> Vec<u32> {
                tensor
                    .read()
                    .expect("read")
                    .into_iter()
                    .map(f32::to_bits)
                    .collect()
            };
            assert_eq!(bits(read), bits(tensor), "{name}");
        }
        let extra: Vec<&str> = ours
            .iter()
            .map(|(name, _)| name)
            .filter(|name| theirs.get(name).is_none())
            .collect();
        assert!(extra.is_empty() || extra == ["position_ids"], "{extra:?}");
    }
}

#[test]
fn a_call_in_the_pickle_is_a_note() {
    let dict = open_ckpt(&golden("evil.ckpt")).expect("it is read");
    assert_eq!(dict.iter().count(), 0);
    assert!(!Path::new("EXECUTED").exists());
}

#[test]
fn what_is_no_checkpoint_is_an_error() {
    for (name, bytes, expected) in [
        ("empty", &b""[..], "no zip file"),
        (
            "legacy",
            b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.",
            "no zip file",
        ),
        ("end", b"PK\x05\x06", "cut off"),
        (
            "members",
            b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\x03\0\0\0\0\0\0",
            "too long",
        ),
    ] {
        let file = Scratch::new(name, bytes);
        let error = open_ckpt(&file.0).err().expect("refused").to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn pickles_that_lie_are_errors() {
    for (pickle, expected) in [
        (&b"\x80\x02"[..], "too early"),
        (b"}.", ""),
        (b".", "empty"),
        (b"X\xff\xff\xff\xffa.", "too early"),
        (b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.", "too early"),
        (b"h\x07.", "recalled"),
        (b"t.", "mark"),
        (b"\x87.", "empty"),
        (b"i__main__\nx\n.", "is not torch's"),
        (b"]q\0h\0a.", "no dictionary"),
    ] {
        match pickle::tensors(pickle) {
            Ok(notes) => assert!(expected.is_empty() && notes.is_empty()),
            Err(error) => assert!(
                !expected.is_empty() && error.contains(expected),
                "{pickle:?}: {error}"
            ),
        }
    }
    // a deep one neither recurses nor grows
    let start = Instant::now();
    let deep = [&b")"[..], &b"\x85".repeat(3_000_000), b"."].concat();
    assert!(
        pickle::tensors(&deep)
            .expect_err("deep")
            .contains("too large")
    );
    assert!(start.elapsed().as_secs() < 5);
}

#[test]
fn a_broken_file_never_panics_and_never_grows() {
    let bytes = fs::read(golden("model.ckpt")).expect("the file");
    let mut rng = NoiseRng::new(NoiseGenerator::TorchCuda, 11);
    for round in 0..1500 {
        let mut broken = bytes.clone();
        for pair in rng.randn(2 * (1 + round % 4)).as_chunks::<2>().0 {
            let place = (pair[0].abs() * 1e6) as usize % broken.len();
            broken[place] = (pair[1].abs() * 1e5) as u32 as u8;
        }
        if round % 5 == 0 {
            broken.truncate(broken.len() - round % broken.len());
        }
        let file = Scratch::new("fuzz", &broken);
        let Ok(dict) = open_ckpt(&file.0) else {
            continue;
        };
        for (_, tensor) in dict.iter() {
            if let Ok(numbers) = tensor.read() {
                assert_eq!(numbers.len(), tensor.shape().iter().product::<usize>());
                assert!(numbers.len() <= broken.len());
            }
        }
    }
}
