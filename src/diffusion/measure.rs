//! How long the networks of a published family take on a device, and how much memory, without
//! their weights.
//!
//! For `examples/bench_diffusion.rs`, and for the factors of the memory forecast: random numbers
//! take as much as trained ones.

use std::time::{Duration, Instant};

use burn_tensor::Distribution;

use super::config::Published;
use super::device::ComputeDevice;
use super::error::DiffusionError;
use super::model::autoencoder_kl::AutoencoderKl;
use super::model::clip::ClipTextModel;
use super::model::unet::{UNet2DConditionModel, UNetConditions};
use super::tensor::{Tensor, to_host};
use super::weights::Loader;

/// How long something took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// On the clock.
    pub wall: Duration,
    /// Of all cores together, where the system tells; steadier on a busy machine.
    pub cpu: Duration,
}

/// How long each network took.
#[derive(Clone, Copy, Debug)]
pub struct Measurement {
    /// All text encoders, one prompt of 77 tokens.
    pub text_encoders: Cost,
    /// One step of the UNet, one picture without guidance: the best of the repetitions.
    pub unet_step: Cost,
    /// Decoding one picture.
    pub vae_decode: Cost,
    /// Building all networks, with drawing the weights.
    pub building: Cost,
    /// What the first UNet step took beside the weights, in bytes, where the system tells.
    pub unet_memory: Option<u64>,
    /// What the decoding took beside the weights, in bytes, where the system tells.
    pub vae_memory: Option<u64>,
}

/// A stop watch.
struct Watch {
    started: Instant,
    cpu: Duration,
}

impl Watch {
    fn start() -> Self {
        Self {
            started: Instant::now(),
            cpu: cpu_time().unwrap_or_default(),
        }
    }

    fn stop(&self) -> Cost {
        Cost {
            wall: self.started.elapsed(),
            cpu: cpu_time().unwrap_or_default().saturating_sub(self.cpu),
        }
    }
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.wall += other.wall;
        self.cpu += other.cpu;
    }
}

/// What this process has used, in user and in kernel mode.
fn cpu_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name before it may have spaces and brackets of its own.
    let (_, numbers) = stat.rsplit_once(')')?;
    let mut ticks = numbers.split_whitespace().skip(11).map(str::parse::<u64>);
    let ticks = ticks.next()?.ok()? + ticks.next()?.ok()?;
    // A tick is 10 ms on every Linux (USER_HZ).
    Some(Duration::from_millis(10 * ticks))
}

/// The memory of this process, from one moment on.
pub(super) struct Gauge {
    /// What was resident at first, in bytes.
    before: u64,
}

impl Gauge {
    /// Where the system forgets its peak when told to: on Linux.
    pub(super) fn start() -> Option<Self> {
        std::fs::write("/proc/self/clear_refs", "5").ok()?;
        status("VmRSS:").map(|before| Self { before })
    }

    /// The most that there has been since, above what there was, in bytes.
    pub(super) fn stop(self) -> Option<u64> {
        Some(status("VmHWM:")?.saturating_sub(self.before))
    }
}

/// A number of `/proc/self/status`, in bytes.
fn status(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

/// Builds a family's networks with random weights, and times each on pictures of `side` pixels.
///
/// # Errors
/// If the device fails.
pub fn measure(
    family: Published,
    device: &ComputeDevice,
    side: u32,
    repetitions: u32,
) -> Result<Measurement, DiffusionError> {
    let (burn, dtype) = (device.device(), device.dtype());
    let latent = side as usize / 8;
    let mut building = Cost::default();
    let mut texts = Cost::default();
    for config in family.text_encoders() {
        let watch = Watch::start();
        let loader = Loader::random(burn, dtype);
        let model = ClipTextModel::new(&config, &loader.root(), burn);
        building += watch.stop();
        let ids = vec![(0..77).map(|index| index * 600).collect()];
        let (time, ()) = best(repetitions, || {
            to_host(model.forward(&ids)?.pooled, "the text encoder").map(drop)
        })?;
        texts += time;
    }

    let watch = Watch::start();
    let config = family.unet(4);
    let loader = Loader::random(burn, dtype);
    let unet = UNet2DConditionModel::new(&config, &loader.root(), burn, dtype);
    building += watch.stop();
    let options = || (burn, dtype);
    let normal = Distribution::Normal(0.0, 1.0);
    let sample = Tensor::<4>::random([1, 4, latent, latent], normal, options());
    let width = config.cross_attention_dim;
    let conditions = UNetConditions {
        encoder_hidden_states: Tensor::random([1, 77, width], normal, options()),
        added: config.added.map(|added| {
            let pooled = added.projection_input_dim - 6 * added.time_embed_dim;
            (
                Tensor::random([1, pooled], normal, options()),
                vec![1024.0; 6],
            )
        }),
        timestep_cond: None,
    };
    let gauge = Gauge::start();
    let (unet_step, latents) = best(repetitions, || {
        let out = unet.forward(sample.clone(), 500.0, &conditions);
        to_host(out.clone(), "the UNet").map(|_| out)
    })?;
    let unet_memory = gauge.and_then(Gauge::stop);
    drop(unet);

    let watch = Watch::start();
    let loader = Loader::random(burn, burn_tensor::DType::F32);
    let vae = AutoencoderKl::new(&family.vae(), &loader.root());
    building += watch.stop();
    let latents = super::tensor::as_f32(latents);
    let gauge = Gauge::start();
    let (vae_decode, ()) = best(1, || {
        to_host(vae.decode(latents.clone()), "the VAE's decoder").map(drop)
    })?;
    Ok(Measurement {
        text_encoders: texts,
        unet_step,
        vae_decode,
        building,
        unet_memory,
        vae_memory: gauge.and_then(Gauge::stop),
    })
}

fn best<T>(
    repetitions: u32,
    mut work: impl FnMut() -> Result<T, DiffusionError>,
) -> Result<(Cost, T), DiffusionError> {
    let mut best: Option<(Cost, T)> = None;
    for _ in 0..repetitions.max(1) {
        let watch = Watch::start();
        let result = work()?;
        let time = watch.stop();
        if best
            .as_ref()
            .is_none_or(|(fastest, _)| time.wall < fastest.wall)
        {
            best = Some((time, result));
        }
    }
    Ok(best.expect("at least one repetition"))
}
