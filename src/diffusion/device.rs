//! Which devices there are, and whether they compute.
//!
//! A driver can be half installed in more ways than an API can tell: a library without a device,
//! a device without headers, a compiler that aborts. So a device is believed when a small product
//! of matrices has come out right on it, in a process of its own where that can be had
//! ([`answer_probe_if_asked`]), and there only.

use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use burn_dispatch::{Dispatch, DispatchDevice};
use burn_flex::FlexDevice;
use burn_tensor::{DType, TensorData};

use super::error::DiffusionError;
use super::tensor::{Device, Tensor};
use crate::protocol::DeviceKind;

/// Asks the child process for one device.
const PROBE_VARIABLE: &str = "COMPANION_PROBE_DEVICE";

/// What a child says when the device has computed.
const PROBE_ANSWER: &str = "computes";

/// A first run may compile kernels; a driver that hangs must not hang us.
const PROBE_PATIENCE: Duration = Duration::from_mins(1);

impl DeviceKind {
    /// Whether this build has its backend.
    pub const fn is_built_in(self) -> bool {
        match self {
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Vulkan => cfg!(feature = "vulkan"),
            Self::Cpu => true,
        }
    }
}

/// A device that has computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComputeDevice {
    kind: DeviceKind,
    device: Device,
}

impl ComputeDevice {
    /// The processor, which needs no probe.
    pub const fn cpu() -> Self {
        Self {
            kind: DeviceKind::Cpu,
            device: DispatchDevice::Flex(FlexDevice),
        }
    }

    /// The device of a kind, if it computes.
    ///
    /// # Errors
    /// With what the probe said.
    pub fn open(kind: DeviceKind, probe: Probe) -> Result<Self, DiffusionError> {
        let refuse = |reason: String| DiffusionError::Device {
            device: kind.to_string(),
            reason,
        };
        let device = handle(kind).ok_or_else(|| {
            refuse(format!(
                "this build has no such backend: build it with --features {kind}"
            ))
        })?;
        if kind != DeviceKind::Cpu {
            match probe {
                Probe::ChildProcess => ask_child(kind).map_err(refuse)?,
                Probe::InProcess => compute(&device).map_err(refuse)?,
            }
        }
        Ok(Self { kind, device })
    }

    /// The best device that computes, and why the better ones do not.
    pub fn best(probe: Probe) -> (Self, Vec<DiffusionError>) {
        let mut refused = Vec::new();
        for kind in DeviceKind::ALL
            .iter()
            .copied()
            .filter(|kind| kind.is_built_in())
        {
            match Self::open(kind, probe) {
                Ok(device) => return (device, refused),
                Err(error) => refused.push(error),
            }
        }
        (Self::cpu(), refused)
    }

    /// Its kind.
    pub const fn kind(&self) -> DeviceKind {
        self.kind
    }

    /// What burn calls it.
    pub(crate) const fn device(&self) -> &Device {
        &self.device
    }

    /// The type that networks compute in: halves where the device has them and they pay.
    pub(crate) fn dtype(&self) -> DType {
        let halves = self.kind != DeviceKind::Cpu
            && <Dispatch as burn_tensor::backend::Backend>::supports_dtype(
                &self.device,
                DType::F16,
            );
        if halves { DType::F16 } else { DType::F32 }
    }
}

/// Where a device is tried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// In this program, started once more: its `main` must call [`answer_probe_if_asked`] first.
    ChildProcess,
    /// Here: a driver that aborts takes us with it.
    InProcess,
}

/// In a child process of a probe: computes, answers and does not return.
pub fn answer_probe_if_asked() {
    let Ok(name) = std::env::var(PROBE_VARIABLE) else {
        return;
    };
    let device = name.parse().ok().and_then(handle);
    let code = match device.map(|device| compute(&device)) {
        Some(Ok(())) => {
            use std::io::Write;
            let told = writeln!(std::io::stdout(), "{PROBE_ANSWER}");
            i32::from(told.is_err())
        }
        Some(Err(_)) | None => 1,
    };
    std::process::exit(code);
}

fn handle(kind: DeviceKind) -> Option<Device> {
    match kind {
        DeviceKind::Cpu => Some(DispatchDevice::Flex(FlexDevice)),
        #[cfg(feature = "cuda")]
        DeviceKind::Cuda => Some(DispatchDevice::Cuda(burn_cuda::CudaDevice::new(0))),
        #[cfg(feature = "vulkan")]
        DeviceKind::Vulkan => Some(DispatchDevice::Vulkan(burn_wgpu::WgpuDevice::DefaultDevice)),
        #[cfg(not(all(feature = "cuda", feature = "vulkan")))]
        _ => None,
    }
}

/// Multiplies two small matrices and looks at the result.
fn compute(device: &Device) -> Result<(), String> {
    crate::panics::contain(|| {
        let numbers: Vec<f32> = (0..256_u16).map(|index| f32::from(index % 7)).collect();
        let data = TensorData::new(numbers.clone(), [16, 16]);
        let x = Tensor::<2>::from_data(data, (device, DType::F32));
        let product = x.clone().matmul(x).sum().try_into_data();
        let product = product.map_err(|error| error.to_string())?;
        let product = product.convert::<f32>().into_vec::<f32>();
        let actual = product.ok().and_then(|numbers| numbers.first().copied());
        let column = |k: usize| (0..16).map(|row| numbers[row * 16 + k]).sum::<f32>();
        let row = |k: usize| numbers[k * 16..][..16].iter().sum::<f32>();
        let expected: f32 = (0..16).map(|k| column(k) * row(k)).sum();
        match actual {
            Some(actual) if (actual - expected).abs() < 1e-2 * expected => Ok(()),
            other => Err(format!("it computes wrongly: {other:?} for {expected}")),
        }
    })
    .unwrap_or_else(Err)
}

fn ask_child(kind: DeviceKind) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut child = Command::new(program)
        .env(PROBE_VARIABLE, kind.name())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("the probe did not start: {error}"))?;
    let started = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < PROBE_PATIENCE => {
                thread::sleep(Duration::from_millis(20));
            }
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err("its driver did not answer in time".to_owned());
            }
            Err(error) => return Err(error.to_string()),
        }
    };
    let mut answer = String::new();
    if let Some(stdout) = child.stdout.take() {
        // What a driver prints beside the answer is not ours to bound, but to bound our reading.
        let _ = stdout.take(1 << 16).read_to_string(&mut answer);
    }
    if status.success() && answer.lines().any(|line| line == PROBE_ANSWER) {
        Ok(())
    } else {
        Err(format!(
            "its driver or its compiler is not there or not whole ({status})"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_computes_and_what_is_not_built_in_says_so() {
        let cpu = ComputeDevice::open(DeviceKind::Cpu, Probe::InProcess).expect("always there");
        assert_eq!(cpu, ComputeDevice::cpu());
        assert_eq!(compute(cpu.device()), Ok(()));
        for &kind in DeviceKind::ALL {
            assert_eq!(kind.name().parse::<DeviceKind>().expect("its name"), kind);
            if !kind.is_built_in() {
                let error = ComputeDevice::open(kind, Probe::InProcess).expect_err("not built in");
                assert!(error.to_string().contains("--features"), "{error}");
            }
        }
    }
}
