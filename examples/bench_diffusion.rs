//! Times the networks of Stable Diffusion with random weights of full size:
//! `cargo run --release --example bench_diffusion -- sd1 --device cpu --size 512`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(
    clippy::cast_precision_loss,
    reason = "bytes as gigabytes of three digits"
)]
use companion::diffusion::measure::{Cost, measure};
use companion::diffusion::{ComputeDevice, Probe, Published};
use companion::protocol::DeviceKind;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    companion::diffusion::answer_probe_if_asked();
    let mut arguments = std::env::args().skip(1);
    let mut families = Vec::new();
    let (mut device, mut side, mut repetitions) = (DeviceKind::Cpu, None, 2);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--device" => device = value()?.parse()?,
            "--size" => side = Some(value()?.parse()?),
            "--repetitions" => repetitions = value()?.parse()?,
            name => {
                let family = Published::ALL
                    .into_iter()
                    .find(|family| family.name() == name);
                families.push(family.ok_or("usage: bench_diffusion [sd1|sd2|sdxl].. [--device cpu|cuda|vulkan] [--size N] [--repetitions N]")?);
            }
        }
    }
    if families.is_empty() {
        families = vec![Published::Sd1, Published::Sdxl];
    }
    let device = ComputeDevice::open(device, Probe::ChildProcess)?;
    println!(
        "| family | size | text encoders | UNet step | VAE decode | building | beside the weights: step | decode | peak |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for family in families {
        let side = side.unwrap_or(family.side());
        let times = measure(family, &device, side, repetitions)?;
        println!(
            "| {} | {side} | {} | {} | {} | {} | {} | {} | {} |",
            family.name(),
            seconds(times.text_encoders),
            seconds(times.unet_step),
            seconds(times.vae_decode),
            seconds(times.building),
            gigabytes(times.unet_memory),
            gigabytes(times.vae_memory),
            peak_memory().unwrap_or_else(|| "?".to_owned()),
        );
    }
    Ok(())
}

/// On the clock, and of all cores together.
fn seconds(cost: Cost) -> String {
    let [wall, cpu] = [cost.wall, cost.cpu].map(|time| time.as_secs_f64());
    format!("{wall:.2} s ({cpu:.2})")
}

fn gigabytes(bytes: Option<u64>) -> String {
    bytes.map_or("?".to_owned(), |bytes| {
        format!("{:.2} GB", bytes as f64 / 1e9)
    })
}

/// Of this process, since its VAE was built.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(format!("{:.2} GB", kibibytes * 1024.0 / 1e9))
}
