//! Models that the tests make: small, well-formed or broken in one place.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde_json::json;

use super::catalogue::{Folder, FolderKind};
use super::examine::read_header;
use super::family::Family;
use super::*;

/// The bytes of a safetensors file with such a header and so much data.
pub(super) fn safetensors_bytes(header: &str, data_bytes: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.resize(bytes.len() + data_bytes, 7);
    bytes
}

/// A well-formed file of f16 tensors with these names and shapes.
pub(super) fn weights(tensors: &[(&str, &[u64])]) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut end = 0;
    for (name, shape) in tensors {
        let begin = end;
        end += shape.iter().product::<u64>() * 2;
        let entry = json!({ "dtype": "F16", "shape": shape, "data_offsets": [begin, end] });
        header.insert((*name).to_owned(), entry);
    }
    let header = serde_json::Value::Object(header).to_string();
    safetensors_bytes(&header, end as usize)
}

/// A small folder in the diffusers layout.
pub(super) fn diffusers_files(unet: &serde_json::Value) -> Vec<(&'static str, Vec<u8>)> {
    let index = json!({
        "_class_name": "StableDiffusionPipeline",
        "scheduler": ["diffusers", "DDIMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "safety_checker": [null, null],
    });
    let text_encoder = json!({ "hidden_act": "quick_gelu", "model_type": "clip_text_model" });
    let bytes = |value: &serde_json::Value| value.to_string().into_bytes();
    let weights = || weights(&[("a.weight", &[4, 4]), ("a.bias", &[4])]);
    vec![
        ("model_index.json", bytes(&index)),
        ("scheduler/scheduler_config.json", b"{}".to_vec()),
        ("text_encoder/config.json", bytes(&text_encoder)),
        ("text_encoder/model.safetensors", weights()),
        ("tokenizer/vocab.json", b"{}".to_vec()),
        ("tokenizer/merges.txt", b"#version\n".to_vec()),
        ("unet/config.json", bytes(unet)),
        ("unet/diffusion_pytorch_model.safetensors", weights()),
        (
            "vae/config.json",
            bytes(&json!({ "block_out_channels": [8, 8, 8, 8] })),
        ),
        ("vae/diffusion_pytorch_model.safetensors", weights()),
    ]
}

pub(super) fn sd1_unet() -> serde_json::Value {
    json!({ "_class_name": "UNet2DConditionModel", "in_channels": 4, "sample_size": 64 })
}

fn write_files(folder: &Path, files: &[(&'static str, Vec<u8>)]) {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, bytes).expect("written");
    }
}

struct Place {
    temp: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let temp = tempfile::tempdir().expect("a folder");
        fs::create_dir(temp.path().join("models")).expect("made");
        Self { temp }
    }

    fn models(&self) -> PathBuf {
        self.temp.path().join("models")
    }

    fn diffusers(&self, name: &str, unet: &serde_json::Value) -> PathBuf {
        let folder = self.models().join(name);
        write_files(&folder, &diffusers_files(unet));
        folder
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.models().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, bytes).expect("written");
        path
    }

    fn catalogue(&self) -> Catalogue {
        Catalogue::of_folders(vec![Folder {
            path: self.models(),
            kind: FolderKind::User,
        }])
    }

    fn find(&self, name: &str) -> Model {
        self.catalogue().find(name).expect("a model")
    }
}

#[test]
fn malformed_headers_are_refused_at_once() {
    let tensor = |dtype: &str, shape: &str, begin: u64, end: u64| {
        format!(r#"{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{begin},{end}]}}"#)
    };
    let one = |tensor: String| format!(r#"{{"a":{tensor}}}"#);
    let two = |a: String, b: String| format!(r#"{{"a":{a},"b":{b}}}"#);
    let good = tensor("F32", "[2]", 0, 8);
    let huge = u64::MAX / 2 + 1;
    let mut cases = vec![
        (safetensors_bytes(&one(good.clone()), 7), "cut short"),
        (
            safetensors_bytes(&one(good.clone()), 9),
            "1 bytes at the end",
        ),
        (
            safetensors_bytes(&one(tensor("F32", "[2]", 0, 12)), 12),
            "a is F32 [2] and claims 12",
        ),
        (
            safetensors_bytes(&one(tensor("F32", "[2]", 8, 0)), 8),
            "ends before it begins",
        ),
        (
            safetensors_bytes(&one(tensor("F99", "[2]", 0, 8)), 8),
            "unknown dtype F99",
        ),
        (
            safetensors_bytes(&one(tensor("U8", &format!("[{huge}]"), 0, huge)), 8),
            "cut short",
        ),
        (
            safetensors_bytes(&one(tensor("F32", &format!("[{huge}, {huge}]"), 0, 8)), 8),
            "claims 8 bytes",
        ),
        (
            safetensors_bytes(&two(good.clone(), tensor("F32", "[2]", 4, 12)), 12),
            "b overlaps a",
        ),
        (
            safetensors_bytes(&two(good.clone(), tensor("F32", "[2]", 12, 20)), 20),
            "4 bytes before b belong to no tensor",
        ),
        (
            safetensors_bytes(&format!(r#"{{"a":{good},"a":{good}}}"#), 8),
            "two tensors are called a",
        ),
        (safetensors_bytes("[]", 0), "expected an object of tensors"),
        (safetensors_bytes("{\"a\":", 0), "EOF"),
        (safetensors_bytes("hello", 0), "the header is wrong"),
        (
            safetensors_bytes(&format!("{}1", "[".repeat(100_000)), 0),
            "the header is wrong",
        ),
        (
            safetensors_bytes(&format!("{{\"a\":{}", "[".repeat(100_000)), 0),
            "the header is wrong",
        ),
        (b"1234567".to_vec(), "too few"),
        (Vec::new(), "too few"),
        (
            b"PK\x03\x04, a zip archive".to_vec(),
            "not a safetensors file",
        ),
        (u64::MAX.to_le_bytes().repeat(2), "not a safetensors file"),
        (
            safetensors_bytes(&format!("{{\"{}\":1}}", "n".repeat(1000)), 0),
            "longer than 512",
        ),
    ];
    let many: Vec<_> = (0..20_001)
        .map(|n| format!(r#""{n}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#))
        .collect();
    cases.push((
        safetensors_bytes(&format!("{{{}}}", many.join(",")), 0),
        "more than 20000",
    ));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.safetensors");
    for (bytes, said) in cases {
        fs::write(&path, &bytes).expect("written");
        let start = Instant::now();
        let error = read_header(&path).expect_err(said).to_string();
        assert!(error.contains(said), "{said:?}: {error}");
        assert!(start.elapsed() < Duration::from_secs(1), "{said}");
        assert!(
            error.len() < 1000 && !error.contains(char::is_control),
            "{error}"
        );
    }
    // A header of which a sparse file has enough, and nobody the memory.
    let file = fs::File::create(&path).expect("made");
    std::io::Write::write_all(&mut &file, &(1_u64 << 40).to_le_bytes()).expect("written");
    file.set_len((1 << 40) + 8).expect("sparse");
    let error = read_header(&path).expect_err("too large").to_string();
    assert!(error.contains("up to 8388608 are read"), "{error}");
}

#[test]
fn a_good_header_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.safetensors");
    let header = r#"{"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[2,3],"data_offsets":[4,16]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}   "#;
    fs::write(&path, safetensors_bytes(header, 16)).expect("written");
    let tensors = read_header(&path).expect("well-formed");
    let seen: Vec<_> = tensors
        .iter()
        .map(|tensor| (tensor.name.as_str(), tensor.dtype, tensor.shape.as_slice()))
        .collect();
    assert_eq!(seen, [("a", "F32", &[][..]), ("b", "BF16", &[2, 3][..])]);
}

#[test]
fn models_are_found_by_name_and_told_by_family() {
    let place = Place::new();
    place.diffusers("stabilityai/sd-turbo", &sd1_unet());
    let mut inpaint = sd1_unet();
    inpaint["in_channels"] = json!(9);
    place.diffusers("painter", &inpaint);
    let conv = |channels| {
        (
            "model.diffusion_model.input_blocks.0.0.weight",
            [8, channels, 3, 3],
        )
    };
    let single =
        |conv: &(&str, [u64; 4]), encoder: &str| weights(&[(conv.0, &conv.1), (encoder, &[2, 2])]);
    place.file(
        "a/one.safetensors",
        &single(&conv(4), "cond_stage_model.transformer.x"),
    );
    place.file(
        "a/two.safetensors",
        &single(&conv(9), "cond_stage_model.model.x"),
    );
    let sdxl = weights(&[
        ("conditioner.embedders.0.transformer.x", &[1]),
        ("conditioner.embedders.1.model.x", &[1]),
        (
            "model.diffusion_model.input_blocks.0.0.weight",
            &[4, 4, 3, 3],
        ),
    ]);
    place.file("xl.safetensors", &sdxl);
    let bare = (
        "model.diffusion_model.middle_block.1.attn2.to_k.weight",
        &[4, 1024][..],
    );
    place.file("bare.safetensors", &weights(&[bare]));
    place.file(
        "style.safetensors",
        &weights(&[("lora_unet_x.lora_down.weight", &[2, 2])]),
    );
    place.file("odd.safetensors", &weights(&[("x", &[2])]));
    place.file("broken.safetensors", b"no");
    place.file(".hidden/x.safetensors", b"no");
    place.file("notes.txt", b"no");
    let told = |name: &str| {
        let model = place.find(name);
        (model.family, model.task)
    };
    assert_eq!(told("sd-turbo"), (Family::Sd1, Task::TextToImage));
    assert_eq!(
        told("STABILITYAI/SD-Turbo"),
        (Family::Sd1, Task::TextToImage)
    );
    assert_eq!(told("painter"), (Family::Sd1, Task::Inpaint));
    assert_eq!(told("one"), (Family::Sd1, Task::TextToImage));
    assert_eq!(told("a/two"), (Family::Sd2, Task::Inpaint));
    assert_eq!(told("xl"), (Family::Sdxl, Task::TextToImage));
    assert_eq!(told("bare").0, Family::Sd2);
    assert_eq!(told("style").0, Family::Lora);
    assert_eq!(told("odd"), (Family::Unknown, Task::Unknown));
    assert_eq!(place.find("broken").problems.len(), 1);
    let names: Vec<_> = place
        .catalogue()
        .entries()
        .into_iter()
        .map(|it| it.name)
        .collect();
    let expected = [
        "a/one",
        "a/two",
        "bare",
        "broken",
        "odd",
        "painter",
        "stabilityai/sd-turbo",
        "style",
        "xl",
    ];
    assert_eq!(names, expected);
    let error = place
        .catalogue()
        .find("sd-turb")
        .expect_err("a typo")
        .to_string();
    assert!(
        error.ends_with("did you mean stabilityai/sd-turbo?"),
        "{error}"
    );
    place.file("b/one.safetensors", b"no");
    let error = place
        .catalogue()
        .find("one")
        .expect_err("two of them")
        .to_string();
    assert!(error.contains("a/one or b/one"), "{error}");
}

#[test]
fn defaults_come_from_file_name_and_configs() {
    let place = Place::new();
    let folder = place.diffusers("plain", &sd1_unet());
    let model = place.find("plain");
    assert_eq!(model.defaults.size, Some((512, 512)), "64 × 2³");
    assert_eq!(model.defaults_source, DefaultsSource::Family);
    assert_eq!(model.dtype.as_deref(), Some("f16"));
    assert_eq!(model.tensors, Some((6, 60)));
    fs::write(folder.join("companion.toml"), "[defaults]\nsteps = 7\n").expect("written");
    let defaults = place.find("plain").defaults;
    assert_eq!(
        (defaults.num_inference_steps, defaults.size),
        (Some(7), Some((512, 512)))
    );
    fs::write(folder.join("companion.toml"), "[defaults]\nsteps = \"x\"\n").expect("written");
    let problems = place.find("plain").problems;
    assert!(
        problems.iter().any(|it| it.contains("companion.toml:2")),
        "{problems:?}"
    );
    let mut lcm = sd1_unet();
    lcm["time_cond_proj_dim"] = json!(256);
    place.diffusers("LCM_x", &lcm);
    let model = place.find("LCM_x");
    assert_eq!(model.defaults.guidance_scale, Some(8.0));
    assert_eq!(model.defaults_source, DefaultsSource::Name);
}

fn verify(model: &Model, cache: &Path) -> Vec<Checked> {
    let cancel = AtomicBool::new(false);
    let mut hasher = Hasher::new(cache, &cancel);
    model
        .verify(&mut hasher, &mut |_| {})
        .expect("not cancelled")
}

#[test]
fn verify_names_what_is_missing_and_what_is_broken() {
    let place = Place::new();
    let folder = place.diffusers("m", &sd1_unet());
    let cache = place.temp.path().join("cache");
    let all = verify(&place.find("m"), &cache);
    assert!(
        all.iter().all(|it| it.verdict == Verdict::WellFormed),
        "{all:?}"
    );
    assert_eq!(all.len(), 10);
    fs::remove_file(folder.join("vae/config.json")).expect("removed");
    fs::remove_file(folder.join("unet/diffusion_pytorch_model.safetensors")).expect("removed");
    fs::write(folder.join("text_encoder/config.json"), "{").expect("written");
    let encoder = folder.join("text_encoder/model.safetensors");
    let bytes = fs::read(&encoder).expect("read");
    fs::write(&encoder, &bytes[..bytes.len() - 1]).expect("written");
    let wrong: Vec<_> = verify(&place.find("m"), &cache)
        .into_iter()
        .filter(|it| !it.verdict.is_fine())
        .map(|it| it.file)
        .collect();
    let expected = [
        "weights in unet/",
        "vae/config.json",
        "text_encoder/config.json",
        "text_encoder/model.safetensors",
    ];
    assert_eq!(wrong, expected);
}

#[test]
fn hashes_are_remembered_until_the_file_changes() {
    let place = Place::new();
    let path = place.file("a.safetensors", &weights(&[("x", &[2])]));
    let cancel = AtomicBool::new(false);
    let cache = place.temp.path().join("cache");
    let hash = || {
        let mut read = 0;
        let hash = Hasher::new(&cache, &cancel)
            .model(&place.find("a"), &mut |bytes| read += bytes)
            .expect("hashed");
        (hash, read)
    };
    let (first, read) = hash();
    assert_eq!(first.0.len(), 64);
    assert!(read > 0);
    assert_eq!(hash(), (first.clone(), 0), "remembered");
    fs::write(&path, weights(&[("y", &[3])])).expect("written");
    assert_ne!(hash().0, first);
}

#[test]
fn an_import_is_whole_or_not_there() {
    let place = Place::new();
    let outside = tempfile::tempdir().expect("a folder");
    write_files(&outside.path().join("thing"), &diffusers_files(&sd1_unet()));
    let cancel = AtomicBool::new(false);
    let import = |from: &Path, name: Option<&str>, mode| {
        let (data, cancel) = (place.temp.path(), &cancel);
        Import {
            from,
            name,
            mode,
            data,
            cancel,
        }
        .run()
    };
    let from = outside.path().join("thing");
    let model = import(&from, None, ImportMode::Copy).expect("imported");
    assert_eq!((model.name.as_str(), model.problems.len()), ("thing", 0));
    assert_eq!(place.find("thing").size_bytes, model.size_bytes);
    assert!(matches!(
        import(&from, None, ImportMode::Copy),
        Err(ModelError::Exists { .. })
    ));
    import(&from, Some("me/linked"), ImportMode::Link).expect("linked");
    assert_eq!(place.find("linked").family, Family::Sd1);
    for name in ["../up", "/abs", "a//b", ".hidden", "a/", "", "x\u{1b}"] {
        let error = import(&from, Some(name), ImportMode::Copy);
        assert!(matches!(error, Err(ModelError::BadName { .. })), "{name:?}");
    }
    fs::remove_file(from.join("unet/config.json")).expect("removed");
    let error = import(&from, Some("broken"), ImportMode::Copy).expect_err("broken");
    assert!(
        error.to_string().contains("unet/config.json is missing"),
        "{error}"
    );
    let file = outside.path().join("one.safetensors");
    fs::write(&file, weights(&[("x", &[2])])).expect("written");
    assert_eq!(
        import(&file, None, ImportMode::Copy)
            .expect("imported")
            .name,
        "one"
    );
    cancel.store(true, std::sync::atomic::Ordering::Relaxed);
    let from = place.models().join("thing");
    let error = import(&from, Some("again"), ImportMode::Copy);
    assert!(matches!(error, Err(ModelError::Cancelled)));
    let mut left: Vec<_> = fs::read_dir(place.models())
        .expect("listed")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    left.sort();
    assert_eq!(
        left,
        ["me", "one.safetensors", "thing"],
        "nothing half stays"
    );
}

#[test]
fn a_checkpoint_is_told_by_the_names_in_its_pickle() {
    let place = Place::new();
    // What torch.save makes of one tensor, as far as names go: a stored data.pkl, then the rest.
    let mut pickle = b"\x80\x02}q\x00(".to_vec();
    for name in ["cond_stage_model.transformer.x", "model.diffusion_model.y"] {
        pickle.push(b'X');
        pickle.extend((name.len() as u32).to_le_bytes());
        pickle.extend(name.as_bytes());
    }
    let mut zip = b"PK\x03\x04\x00\x00\x00\x00\x00\x00".to_vec();
    zip.resize(26, 0);
    zip.extend([16, 0, 0, 0]);
    zip.extend(b"archive/data.pkl");
    zip.extend(&pickle);
    zip.extend(b"PK\x07\x08");
    zip.resize(zip.len() + 100, 1);
    place.file("cut.ckpt", &zip);
    zip.extend(b"PK\x05\x06");
    zip.resize(zip.len() + 18, 0);
    place.file("old.ckpt", &zip);
    assert_eq!(place.find("old").family, Family::Sd1);
    assert!(place.find("old").problems.is_empty());
    assert!(place.find("cut").problems[0].contains("cut short"));
    place.file("text.ckpt", b"hello");
    assert!(place.find("text").problems[0].contains("not a PyTorch checkpoint"));
}
