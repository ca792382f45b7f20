//! Pictures with the texts that each program writes, made here.

use std::io::Write as _;
use std::time::{Duration, Instant};

use image::RgbImage;
use serde_json::json;

use super::*;
use crate::picture::{decode, probe};

/// A PNG of one pixel with these chunks before its pixels.
fn png_with(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    png::Encoder::new(&mut bytes, 1, 1)
        .write_header()
        .expect("a header")
        .write_image_data(&[0])
        .expect("a pixel");
    let mut made = bytes[..33].to_vec();
    for (kind, data) in chunks {
        made.extend((data.len() as u32).to_be_bytes());
        made.extend_from_slice(*kind);
        made.extend(data);
        made.extend([0; 4]);
    }
    made.extend(&bytes[33..]);
    made
}

fn text(keyword: &str, text: &str) -> Vec<u8> {
    png_with(&[(
        b"tEXt",
        [keyword.as_bytes(), b"\0", text.as_bytes()].concat(),
    )])
}

fn recipe_of(keyword: &str, said: &str) -> Recipe {
    PictureMetadata::read(&text(keyword, said))
        .recipe
        .expect("a recipe")
}

fn made(request: &ImageRequest) -> Vec<u8> {
    let made = Made {
        request,
        model: "icons-64",
        model_hash: Some("0123456789abcdef"),
        device: "cpu",
        duration: Duration::from_millis(1500),
    };
    encode_png(&RgbImage::new(8, 4), &made).expect("encoded")
}

fn request() -> ImageRequest {
    ImageRequest {
        prompt: "a red apple, (shiny:1.2)\nsecond line".to_owned(),
        negative_prompt: Some("text: \"no\"".to_owned()),
        style: Some("sticker".to_owned()),
        size: Some((8, 4)),
        num_inference_steps: Some(20),
        guidance_scale: Some(7.5),
        seed: Some(u64::MAX),
        scheduler: Some(SchedulerName::DpmPp2m),
        sigmas: Some(Sigmas::Karras),
        clip_skip: Some(1),
        strength: Some(0.5),
        init: Some("/home/me/secret/apple.png".into()),
        ..ImageRequest::default()
    }
}

#[test]
fn what_we_write_is_read_by_us_and_by_readers_of_a1111() {
    let png = made(&request());
    let info = probe(&png).expect("a picture");
    assert_eq!((info.width, info.height), (8, 4));
    decode(&png).expect("pixels");
    let metadata = PictureMetadata::read(&png);
    assert_eq!(metadata.problems, [""; 0]);
    let ours = metadata.recipe.expect("ours");
    assert_eq!(ours.made_by, Program::Companion);
    assert_eq!((ours.seed, ours.duration_ms), (Some(u64::MAX), Some(1500)));
    assert!(
        ours.others
            .contains(&("init".to_owned(), "apple.png".to_owned()))
    );
    assert!(
        !String::from_utf8_lossy(&png).contains("secret"),
        "folders stay at home"
    );
    let (_, parameters) = metadata
        .texts
        .iter()
        .find(|(key, _)| key == "parameters")
        .expect("told");
    assert_eq!(
        parameters,
        &format!(
            "a red apple, (shiny:1.2)\nsecond line\nNegative prompt: text: \"no\"\nSteps: 20, \
             Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 18446744073709551615, \
             Size: 8x4, Model hash: 0123456789, Model: icons-64, Clip skip: 2, Denoising strength: \
             0.5, RNG: CPU, Version: companion {}",
            env!("CARGO_PKG_VERSION")
        )
    );
    let theirs = a1111::parse(parameters).expect("readable");
    assert_eq!(theirs.prompt, ours.prompt);
    assert_eq!(theirs.negative_prompt, ours.negative_prompt);
    {
        let (one, other) = (&ours, &theirs);
        assert_eq!((one.scheduler, one.sigmas), (other.scheduler, other.sigmas));
        assert_eq!((one.seed, one.size), (other.seed, other.size));
        assert_eq!(
            (one.clip_skip, one.generator),
            (other.clip_skip, other.generator)
        );
    }
    let again = ours.to_request();
    assert_eq!(
        (again.seed, again.scheduler),
        (request().seed, request().scheduler)
    );
}

#[test]
fn words_beyond_latin_survive() {
    let request = ImageRequest {
        prompt: "ein Ärgernis, 赤いリンゴ \0".to_owned(),
        ..ImageRequest::default()
    };
    let texts = PictureMetadata::read(&made(&request)).texts;
    assert!(
        texts[0].1.starts_with("ein Ärgernis, 赤いリンゴ"),
        "{texts:?}"
    );
    let latin = ImageRequest {
        prompt: "Ärger".to_owned(),
        ..ImageRequest::default()
    };
    assert!(
        PictureMetadata::read(&made(&latin)).texts[0]
            .1
            .starts_with("Ärger")
    );
}

#[test]
fn a1111() {
    let recipe = recipe_of(
        "parameters",
        "masterpiece, a cat: sitting, <lora:x:0.8>\nNegative prompt: dog, \nblurry\nSteps: 30, \
         Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 123456, Size: 512x768, Model hash: \
         6ce0161689, Model: v1-5-pruned, Clip skip: 2, ENSD: 31337, Lora hashes: \"x: 01, y: 02\", \
         Hashes: {\"a\": \"1, 2\"}, Version: v1.6.0",
    );
    assert_eq!(recipe.made_by, Program::A1111);
    assert_eq!(recipe.prompt, "masterpiece, a cat: sitting, <lora:x:0.8>");
    assert_eq!(recipe.negative_prompt.as_deref(), Some("dog, \nblurry"));
    assert_eq!(recipe.scheduler, Some(SchedulerName::DpmPp2m));
    assert_eq!(recipe.sigmas, Some(Sigmas::Karras));
    assert_eq!(
        (recipe.num_inference_steps, recipe.seed),
        (Some(30), Some(123_456))
    );
    assert_eq!((recipe.size, recipe.clip_skip), (Some((512, 768)), Some(1)));
    assert_eq!(recipe.version.as_deref(), Some("v1.6.0"));
    let others: Vec<_> = recipe
        .others
        .iter()
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(others, ["31337", "x: 01, y: 02", "{\"a\":\"1, 2\"}"]);
    let bare = recipe_of("parameters", "just: words, and: more");
    assert_eq!(bare.prompt, "just: words, and: more");
    let only_settings = recipe_of("parameters", "Steps: 5, Seed: 1");
    assert_eq!(
        (only_settings.prompt.as_str(), only_settings.seed),
        ("", Some(1))
    );
}

fn comfy_graph() -> serde_json::Value {
    json!({
        "3": { "class_type": "KSampler", "inputs": { "seed": 42, "steps": 20, "cfg": 8.0,
               "sampler_name": "euler_ancestral", "scheduler": "karras", "denoise": 1.0,
               "model": ["10", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0] } },
        "4": { "class_type": "CheckpointLoaderSimple", "inputs": { "ckpt_name": "sd15.safetensors" } },
        "5": { "class_type": "EmptyLatentImage", "inputs": { "width": 512, "height": 640, "batch_size": 1 } },
        "6": { "class_type": "CLIPTextEncode", "inputs": { "text": ["11", 0], "clip": ["4", 1] } },
        "7": { "class_type": "CLIPTextEncode", "inputs": { "text": "blurry", "clip": ["4", 1] } },
        "8": { "class_type": "VAEDecode", "inputs": { "samples": ["3", 0], "vae": ["4", 2] } },
        "9": { "class_type": "SaveImage", "inputs": { "images": ["8", 0] } },
        "10": { "class_type": "LoraLoader", "inputs": { "lora_name": "x.safetensors",
                "strength_model": 0.5, "model": ["4", 0], "clip": ["4", 1] } },
        "11": { "class_type": "PrimitiveString", "inputs": { "value": "a glass \"bottle\"" } },
    })
}

#[test]
fn comfy_ui() {
    let text = comfy_graph()
        .to_string()
        .replace("\"batch_size\":1", "\"is_changed\":NaN");
    let recipe = recipe_of("prompt", &text);
    assert_eq!(recipe.made_by, Program::ComfyUi);
    assert_eq!(recipe.prompt, "a glass \"bottle\"");
    assert_eq!(recipe.negative_prompt.as_deref(), Some("blurry"));
    assert_eq!(
        (recipe.seed, recipe.num_inference_steps),
        (Some(42), Some(20))
    );
    assert_eq!(recipe.scheduler, Some(SchedulerName::EulerAncestral));
    assert_eq!(
        (recipe.sigmas, recipe.size),
        (Some(Sigmas::Karras), Some((512, 640)))
    );
    assert_eq!(recipe.model.as_deref(), Some("sd15.safetensors"));
    assert_eq!(
        recipe.others,
        [("LoRA".to_owned(), "x.safetensors at 0.5".to_owned())]
    );
    assert_eq!(recipe.strength, None);
    let custom = json!({
        "1": { "class_type": "SamplerCustomAdvanced", "inputs": { "noise": ["2", 0], "guider": ["3", 0],
               "sampler": ["4", 0], "sigmas": ["5", 0], "latent_image": ["6", 0] } },
        "2": { "class_type": "RandomNoise", "inputs": { "noise_seed": 7 } },
        "3": { "class_type": "BasicGuider", "inputs": { "model": ["8", 0], "conditioning": ["7", 0] } },
        "4": { "class_type": "KSamplerSelect", "inputs": { "sampler_name": "euler" } },
        "5": { "class_type": "BasicScheduler", "inputs": { "scheduler": "simple", "steps": 4, "denoise": 0.7, "model": ["8", 0] } },
        "6": { "class_type": "EmptySD3LatentImage", "inputs": { "width": 1024, "height": 1024 } },
        "7": { "class_type": "CLIPTextEncode", "inputs": { "text": "a fox" } },
        "8": { "class_type": "UNETLoader", "inputs": { "unet_name": "flux.safetensors" } },
    });
    let recipe = recipe_of("prompt", &custom.to_string());
    assert_eq!((recipe.prompt.as_str(), recipe.seed), ("a fox", Some(7)));
    assert_eq!(
        (recipe.num_inference_steps, recipe.strength),
        (Some(4), Some(0.7))
    );
    assert_eq!(recipe.sampler.as_deref(), Some("euler, simple"));
    assert_eq!(recipe.model.as_deref(), Some("flux.safetensors"));
}

#[test]
fn comfy_ui_as_drawn() {
    let workflow = json!({
        "nodes": [
            { "id": 3, "type": "KSampler", "widgets_values": [9, "randomize", 12, 5.5, "dpmpp_2m", "karras", 1],
              "inputs": [{ "name": "positive", "link": 1 }, { "name": "negative", "link": 2 },
                         { "name": "model", "link": 3 }, { "name": "latent_image", "link": null }] },
            { "id": 6, "type": "CLIPTextEncode", "widgets_values": ["a pear"], "inputs": [] },
            { "id": 7, "type": "CLIPTextEncode", "widgets_values": ["text"], "inputs": [] },
            { "id": 4, "type": "CheckpointLoaderSimple", "widgets_values": ["m.ckpt"] },
        ],
        "links": [[1, 6, 0, 3, 1, "CONDITIONING"], [2, 7, 0, 3, 2, "CONDITIONING"], [3, 4, 0, 3, 0, "MODEL"]],
    });
    let recipe = recipe_of("workflow", &workflow.to_string());
    assert_eq!((recipe.prompt.as_str(), recipe.seed), ("a pear", Some(9)));
    assert_eq!(
        (recipe.guidance_scale, recipe.num_inference_steps),
        (Some(5.5), Some(12))
    );
    assert_eq!(recipe.model.as_deref(), Some("m.ckpt"));
}

#[test]
fn graphs_that_bite_their_tail_end() {
    let circle = json!({
        "1": { "class_type": "KSampler", "inputs": { "seed": ["2", 0], "positive": ["2", 0] } },
        "2": { "class_type": "CLIPTextEncode", "inputs": { "text": ["2", 0], "x": ["1", 0] } },
    });
    assert_eq!(recipe_of("prompt", &circle.to_string()).prompt, "");
    for said in [
        "{}",
        "[]",
        "null",
        "{\"1\": 2}",
        "x",
        "{\"1\":{\"class_type\":[]}}",
        "NaN",
    ] {
        assert_eq!(
            PictureMetadata::read(&text("prompt", said)).recipe,
            None,
            "{said}"
        );
        assert_eq!(
            PictureMetadata::read(&text("workflow", said)).recipe,
            None,
            "{said}"
        );
        for keyword in ["invokeai_metadata", "sd-metadata", "Dream", "companion"] {
            assert_eq!(
                PictureMetadata::read(&text(keyword, said)).recipe,
                None,
                "{keyword} {said}"
            );
        }
    }
}

#[test]
fn invoke_ai() {
    let new = json!({
        "app_version": "4.2.9", "positive_prompt": "a barn", "negative_prompt": "", "width": 1024,
        "height": 768, "seed": 11, "cfg_scale": 7.5, "steps": 30, "scheduler": "dpmpp_2m_k",
        "model": { "name": "Juggernaut XL", "hash": "blake3:abcdef", "base": "sdxl" },
        "loras": [{ "model": { "name": "fine" }, "weight": 0.75 }],
    });
    let recipe = recipe_of("invokeai_metadata", &new.to_string());
    assert_eq!(
        (recipe.made_by, recipe.prompt.as_str()),
        (Program::InvokeAi, "a barn")
    );
    assert_eq!(recipe.negative_prompt, None);
    assert_eq!(recipe.sigmas, Some(Sigmas::Karras));
    assert_eq!(recipe.model_hash.as_deref(), Some("abcdef"));
    assert_eq!(recipe.others[0].1, "fine at 0.75");
    let old = json!({
        "model": "stable diffusion", "model_weights": "sd-1.5", "model_hash": "cc6c", "app_id": "invoke-ai/InvokeAI",
        "app_version": "2.3.0", "image": { "prompt": [{ "prompt": "a boat [people, text] at sea", "weight": 1.0 }],
        "steps": 50, "cfg_scale": 7.5, "seed": 3, "sampler": "k_euler_a", "width": 512, "height": 512 },
    });
    let recipe = recipe_of("sd-metadata", &old.to_string());
    assert_eq!(recipe.prompt, "a boat  at sea");
    assert_eq!(recipe.negative_prompt.as_deref(), Some("people, text"));
    assert_eq!(recipe.scheduler, Some(SchedulerName::EulerAncestral));
    let recipe = recipe_of(
        "Dream",
        "\"a \"big\" dog\" -s 50 -S 1234 -W512 -H512 -C7.5 -A k_lms",
    );
    assert_eq!(recipe.prompt, "a \"big\" dog");
    assert_eq!((recipe.seed, recipe.size), (Some(1234), Some((512, 512))));
    assert_eq!(recipe.scheduler, Some(SchedulerName::Lms));
}

#[test]
fn bombs_and_broken_chunks_are_left_out() {
    let packed = |size: usize| {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![b'a'; size]).expect("packed");
        encoder.finish().expect("packed")
    };
    let ztxt = |data: &[u8]| [b"parameters\0\0", data].concat();
    let itxt = |data: &[u8]| [b"parameters\0\x01\0\0\0", data].concat();
    let bomb = packed(200 << 20);
    let start = Instant::now();
    for chunk in [(b"zTXt", ztxt(&bomb)), (b"iTXt", itxt(&bomb))] {
        let metadata = PictureMetadata::read(&png_with(&[chunk]));
        assert_eq!((metadata.recipe, metadata.texts.len()), (None, 0));
        assert_eq!(metadata.problems, ["a text of more than 4 MiB is left out"]);
    }
    assert!(start.elapsed() < Duration::from_secs(2));
    let good = packed(10);
    for chunk in [(b"zTXt", ztxt(&good)), (b"iTXt", itxt(&good))] {
        assert_eq!(
            PictureMetadata::read(&png_with(&[chunk])).texts[0].1,
            "a".repeat(10)
        );
    }
    let broken: [(&[u8; 4], &[u8]); 7] = [
        (b"tEXt", b"no zero"),
        (b"tEXt", b"\0no keyword"),
        (b"zTXt", b"k\0"),
        (b"zTXt", b"k\0\0garbage"),
        (b"iTXt", b"k\0\x01"),
        (b"iTXt", b"k\0\0\0no end"),
        (b"iTXt", b"k\0\x01\0\0\0garbage"),
    ];
    for (kind, data) in broken {
        let metadata = PictureMetadata::read(&png_with(&[(kind, data.to_vec())]));
        assert_eq!(
            (metadata.texts.len(), metadata.problems.len()),
            (0, 1),
            "{data:?}"
        );
    }
    let many: Vec<_> = (0..100).map(|_| (b"tEXt", b"k\0v".to_vec())).collect();
    assert_eq!(PictureMetadata::read(&png_with(&many)).texts.len(), 64);
    let large: Vec<_> = (0..4)
        .map(|_| (b"tEXt", [&b"k\0"[..], &vec![b'x'; 3 << 20]].concat()))
        .collect();
    assert_eq!(PictureMetadata::read(&png_with(&large)).texts.len(), 2);
}

#[test]
fn flipped_and_cut_bytes_never_panic() {
    let png = made(&request());
    for at in 0..png.len() {
        let mut bytes = png.clone();
        bytes[at] ^= 0xff;
        let _ = PictureMetadata::read(&bytes);
        let _ = PictureMetadata::read(&png[..at]);
    }
    assert_eq!(
        PictureMetadata::read(b"\xff\xd8\xff, a JPEG"),
        PictureMetadata::default()
    );
}

#[test]
fn rows_are_for_people() {
    let rows = PictureMetadata::read(&made(&request()))
        .recipe
        .expect("ours")
        .rows();
    let row = |name: &str| {
        rows.iter()
            .find(|(key, _)| key == name)
            .map(|(_, text)| text.as_str())
    };
    assert_eq!(row("model"), Some("icons-64 (0123456789)"));
    assert_eq!(row("scheduler"), Some("dpmpp_2m, karras"));
    assert_eq!(row("took"), Some("1.5 s"));
    assert_eq!(row("style"), Some("sticker"));
}
