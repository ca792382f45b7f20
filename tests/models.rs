//! The models folder from the shell: what is printed, where it goes, with which exit code.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;

use serde_json::{Value, json};

use crate::home::Home;

/// A well-formed safetensors file of one tensor.
fn weights() -> Vec<u8> {
    let header = r#"{"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend([0; 8]);
    bytes
}

/// A small model in the diffusers layout.
fn model_files() -> Vec<(&'static str, Vec<u8>)> {
    let index = json!({
        "_class_name": "StableDiffusionPipeline",
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
    });
    let unet = json!({ "_class_name": "UNet2DConditionModel", "in_channels": 4 });
    let encoder = json!({ "hidden_act": "quick_gelu" });
    vec![
        ("model_index.json", index.to_string().into_bytes()),
        ("text_encoder/config.json", encoder.to_string().into_bytes()),
        ("text_encoder/model.safetensors", weights()),
        ("tokenizer/tokenizer.json", b"{}".to_vec()),
        ("unet/config.json", unet.to_string().into_bytes()),
        ("unet/diffusion_pytorch_model.safetensors", weights()),
    ]
}

fn write_model(folder: &Path) {
    for (name, bytes) in model_files() {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, bytes).expect("written");
    }
}

#[test]
fn a_model_is_imported_told_and_verified() {
    let home = Home::new();
    let original = home.path("original/thing");
    write_model(&original);
    fs::write(
        original.join("companion.toml"),
        "[defaults]\nsize = \"64x32\"\nsteps = 9\n",
    )
    .expect("written");
    let path = original.to_string_lossy().into_owned();
    let said = home.out(&["models", "import", &path, "--name", "me/mine"], 0);
    assert!(said.starts_with("me/mine: SD 1.x, "), "{said}");
    let listed = home.out(&["models", "list"], 0);
    let line = listed.lines().find(|line| line.starts_with("me/mine"));
    let line = line.unwrap_or_else(|| panic!("{listed}"));
    for word in ["SD 1.x", "f16", "64×32, 9 steps", "yours"] {
        assert!(line.contains(word), "{line}");
    }
    let told = home.out(&["models", "info", "mine", "--json"], 0);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["name"], "me/mine");
    assert_eq!(told["defaults"]["num_inference_steps"], 9);
    assert_eq!(told["sha256"].as_str().map(str::len), Some(64));
    assert_eq!(told["problems"], json!([]));
    let verified = home.out(&["models", "verify", "mine"], 0);
    assert!(verified.contains("all 7 files are whole"), "{verified}");
    let again = home.err(&["models", "import", &path, "--name", "me/mine"], 2);
    assert!(
        again.contains("there is a model \"me/mine\" already"),
        "{again}"
    );
    let inside = home.path("data/models/me/mine");
    fs::remove_file(inside.join("unet/config.json")).expect("removed");
    fs::write(
        inside.join("text_encoder/model.safetensors"),
        u64::MAX.to_le_bytes(),
    )
    .expect("written");
    let verified = home.out(&["models", "verify", "mine"], 1);
    assert!(verified.contains("missing  unet/config.json"), "{verified}");
    assert!(
        verified.contains("broken   text_encoder/model.safetensors"),
        "{verified}"
    );
    assert!(verified.contains("2 files are wrong"), "{verified}");
    let listed = home.out(&["models", "list"], 0);
    assert!(listed.contains("broken"), "{listed}");
}

#[test]
fn a_folder_of_the_configuration_is_looked_at() {
    let home = Home::new();
    write_model(&home.path("elsewhere/deep/lantern"));
    fs::create_dir(home.path("config")).expect("made");
    let config = format!("models_dir = {:?}\n", home.path("elsewhere"));
    fs::write(home.path("config/config.toml"), config).expect("written");
    let told = home.out(&["models", "info", "lantern"], 0);
    assert!(told.starts_with("deep/lantern\n"), "{told}");
    let error = home.err(&["models", "info", "lantren"], 2);
    assert!(error.contains("did you mean deep/lantern?"), "{error}");
    fs::write(home.path("config/config.toml"), "models_dir = \"here\"\n").expect("written");
    let error = home.err(&["models", "list"], 2);
    assert!(error.contains("models_dir can't be \"here\""), "{error}");
}

#[test]
fn a_style_is_tried_on_a_prompt() {
    let home = Home::new();
    let said = home.out(&["models", "styles", "pixel-art", "a fox"], 0);
    assert!(said.contains("pixel art of a fox"), "{said}");
    assert!(home.out(&["models", "styles"], 0).contains("watercolor"));
    let error = home.err(&["models", "styles", "cubism"], 2);
    assert!(error.contains("there are 3d-render, anime"), "{error}");
    fs::create_dir(home.path("config")).expect("made");
    let own = "[cubism]\nprompt = \"{prompt}, cubist\"\n";
    fs::write(home.path("config/styles.toml"), own).expect("written");
    assert!(
        home.out(&["models", "styles", "cubism", "a fox"], 0)
            .contains("a fox, cubist")
    );
}

/// A hub that has one repository.
fn hub() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(stream.try_clone().expect("a handle")).lines();
            let first = lines.next().and_then(Result::ok).unwrap_or_default();
            lines.map_while(Result::ok).find(String::is_empty);
            let path = first.split(' ').nth(1).unwrap_or_default();
            let files = model_files();
            let body = if path == "/api/models/some/thing/revision/main?blobs=true" {
                let siblings: Vec<_> = files
                    .iter()
                    .map(|(name, bytes)| json!({ "rfilename": name, "size": bytes.len() }))
                    .chain([json!({ "rfilename": "../../evil\u{1b}[2J" })])
                    .collect();
                Some(json!({ "siblings": siblings }).to_string().into_bytes())
            } else {
                let name = path.strip_prefix("/some/thing/resolve/main/");
                let file = files.into_iter().find(|(known, _)| Some(*known) == name);
                file.map(|(_, bytes)| bytes)
            };
            let status = if body.is_some() {
                "200 OK"
            } else {
                "404 Not Found"
            };
            let body = body.unwrap_or_default();
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
            let _ = stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes());
            let _ = stream.write_all(&body);
        }
    });
    url
}

#[test]
fn a_model_is_pulled_from_the_hub_of_the_configuration() {
    let home = Home::new();
    fs::create_dir(home.path("config")).expect("made");
    let config = format!("[hub]\nurl = {:?}\n", hub());
    fs::write(home.path("config/config.toml"), config).expect("written");
    let output = home.run(&["models", "pull", "some/thing"], 0);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("some/thing: 6 files, "), "{err}");
    assert!(
        err.contains("1 of its files have names that are refused"),
        "{err}"
    );
    assert!(err.contains("  unet/config.json, "), "{err}");
    assert!(!err.contains('\u{1b}'), "{err:?}");
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.starts_with("some/thing is there, in "), "{out}");
    let verified = home.out(&["models", "verify", "thing"], 0);
    assert!(
        verified.contains("all 6 files are as they came from the hub"),
        "{verified}"
    );
    let index = home.path("data/models/some/thing/unet/config.json");
    fs::write(&index, "{\"other\": 1}").expect("written");
    let verified = home.out(&["models", "verify", "thing"], 1);
    assert!(
        verified.contains("changed since it came from the hub"),
        "{verified}"
    );
    let error = home.err(&["models", "pull", "no/such"], 1);
    assert!(
        error.contains("404: there is no such repository"),
        "{error}"
    );
    let error = home.err(&["models", "pull", "../up"], 2);
    assert!(error.contains("OWNER/NAME"), "{error}");
}

/// A PNG with such a text.
fn png(keyword: &str, text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
    encoder
        .add_itxt_chunk(keyword.to_owned(), text.to_owned())
        .expect("a text");
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&[0, 255]).expect("pixels");
    writer.finish().expect("an end");
    bytes
}

#[test]
fn a_picture_tells_how_it_was_made() {
    let home = Home::new();
    let parameters = "a cat\u{1b}[2J\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, Seed: 7, \
                      Size: 2x1, Model: sd15";
    let path = home.path("a.png");
    fs::write(&path, png("parameters", parameters)).expect("written");
    let path = path.to_string_lossy().into_owned();
    let said = home.out(&["show", "--info", &path], 0);
    assert!(said.contains("a.png: PNG 2×1, "), "{said}");
    for row in [
        "made by    A1111",
        "negative   dog",
        "scheduler  euler_a (Euler a)",
        "seed       7",
    ] {
        assert!(said.contains(&format!("\n  {row}\n")), "{row}: {said}");
    }
    assert!(!said.contains('\u{1b}'), "{said:?}");
    let told = home.out(&["show", "--info", "--json", &path], 0);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["recipe"]["request"]["seed"], 7);
    assert_eq!(told["recipe"]["model"], "sd15");
    let other = home.path("b.png");
    fs::write(&other, png("Comment", "hello")).expect("written");
    let other = other.to_string_lossy().into_owned();
    assert!(
        home.out(&["show", "--info", &other], 0)
            .contains("Comment  hello")
    );
    let missing = home.err(&["show", "--info", "/no/such.png", &other], 2);
    assert!(missing.contains("no such file"), "{missing}");
}
