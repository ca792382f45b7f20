//! The tiny model's networks and whole runs on a Vulkan device, against diffusers' numbers.
//!
//! Any driver will do; `docs/pictures.md` names the one that is software. Without one the test says that
//! it was skipped, and fails where `COMPANION_TEST_VULKAN=1` says that there must be one.

use super::super::device::Probe;
use super::super::golden_tests::{Golden, MODULE, largest_difference};
use super::super::model::unet::UNetConditions;
use super::super::tensor::to_host;
use super::golden_tests::{PICTURE, Run, icons, load_onto, request};
use super::*;
use crate::protocol::DeviceKind;
use burn_dispatch::Dispatch;
use burn_tensor::backend::Backend;

/// Says that a Vulkan device must be there.
const MUST_BE: &str = "COMPANION_TEST_VULKAN";

/// How far from diffusers a device may be that computes in one type.
struct Tolerance {
    dtype: DType,
    /// Of a module's largest number.
    module: f32,
    /// Of a value between 0 and 1 after a guided run.
    picture: f32,
}

/// On llvmpipe f32 reaches 3e-6 and a picture 0.001/255; f16 8e-3 and 7/255.
const TOLERANCES: [Tolerance; 2] = [
    Tolerance {
        dtype: DType::F32,
        module: MODULE,
        picture: PICTURE,
    },
    // Eleven bits of mantissa, through some fifty layers and ten steps.
    Tolerance {
        dtype: DType::F16,
        module: 2e-2,
        picture: 16.0 / 255.0,
    },
];

#[expect(
    clippy::print_stderr,
    reason = "of a test: a silent pass would be a lie"
)]
fn tell(what: &str) {
    eprintln!("vulkan: {what}");
}

#[test]
fn vulkan_gives_the_pictures_of_diffusers() {
    let device = match ComputeDevice::open(DeviceKind::Vulkan, Probe::InProcess) {
        Ok(device) => device,
        Err(error) if std::env::var_os(MUST_BE).is_some_and(|value| value == "1") => {
            panic!("{MUST_BE}=1, and {error}");
        }
        Err(error) => return tell(&format!("SKIPPED, nothing was tested: {error}")),
    };
    tell(&format!("on {:?}", device.device()));
    let golden = Golden::open("icons-64");
    for tolerance in &TOLERANCES {
        let supports = <Dispatch as Backend>::supports_dtype(device.device(), tolerance.dtype);
        if supports {
            check(&golden, &device.with_dtype(tolerance.dtype), tolerance);
        } else {
            tell(&format!("SKIPPED {:?}, which it has not", tolerance.dtype));
        }
    }
}

fn check(golden: &Golden, device: &ComputeDevice, tolerance: &Tolerance) {
    let dtype = tolerance.dtype;
    let pipeline = load_onto(golden, device);
    let components = &pipeline.components;
    let check = |name: &str, actual: Vec<f32>| {
        let expected = golden.read(name);
        let magnitude = expected
            .iter()
            .fold(1.0, |most: f32, next| most.max(next.abs()));
        let worst = largest_difference(&actual, &expected) / magnitude;
        tell(&format!("{dtype:?} {name}: {worst:.1e}"));
        assert!(worst <= tolerance.module, "{dtype:?} {name}: {worst}");
    };

    let text = components.text_encoders[0]
        .forward(&[golden.tokens("tokens.p0")])
        .expect("tokens");
    let states = to_host(text.last_hidden_state, "test").expect("numbers");
    check("text.last_hidden_state.p0", states);

    let conditions = UNetConditions {
        encoder_hidden_states: golden.tensor_on(
            "text.last_hidden_state.p0",
            device.device(),
            dtype,
        ),
        added: None,
        timestep_cond: None,
    };
    let latent = golden.tensor_on("unet.latent", device.device(), dtype);
    let out = components.unet.forward(latent, 500.0, &conditions);
    check("unet.out.p0", to_host(out, "test").expect("numbers"));

    let latent = golden.tensor_on("vae.decode.latent", device.device(), components.vae.dtype);
    let out = components.vae.model.decode(latent);
    check("vae.decode.image", to_host(out, "test").expect("numbers"));

    let prompts = icons(golden, &pipeline);
    let run = Run {
        golden,
        pipeline: &pipeline,
        prompts: &prompts,
    };
    for (name, scheduler) in [
        ("ddim", SchedulerName::Ddim),
        ("euler", SchedulerName::Euler),
    ] {
        let worst = run.difference(name, &request(scheduler, None, 10));
        assert!(worst <= tolerance.picture, "{dtype:?} {name}: {worst}");
    }
}
