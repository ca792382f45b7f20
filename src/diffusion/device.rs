//! Which devices there are, and whether they compute.
//!
//! A driver can be half installed in more ways than an API can tell: a library without a device,
//! a device without headers, a compiler that aborts. So a device is believed when a small
//! computation has come out right on it, in a process of its own where that can be had
//! ([`answer_probe_if_asked`]), and there only. The child says which device of the kind it was, so
//! that nobody looks twice.
//!
//! A Vulkan driver that is software (llvmpipe) is slower than our own loops: it is taken when
//! Vulkan is asked for by name and there is no other, and never chosen.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use burn_dispatch::{Dispatch, DispatchDevice};
use burn_flex::FlexDevice;
use burn_tensor::backend::Backend;
use burn_tensor::{DType, TensorData};

use super::error::DiffusionError;
use super::tensor::{Device, Tensor};
use crate::protocol::DeviceKind;

/// Asks the child process for a kind of device, and which of its [`candidates`] it may try.
const PROBE_VARIABLE: &str = "COMPANION_PROBE_DEVICE";

/// How a line begins in which a child names the candidate that has computed.
const COMPUTES: &str = "computes ";

/// How a line begins in which a child says why none has.
const REFUSES: &str = "refuses ";

/// A first run may compile kernels; a driver that hangs must not hang us.
const PROBE_PATIENCE: Duration = Duration::from_mins(1);

/// Longest reason that is told, in characters.
const REASON_TOLD: usize = 200;

impl DeviceKind {
    /// Whether this build has its backend.
    pub const fn is_built_in(self) -> bool {
        match self {
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Vulkan => cfg!(feature = "vulkan"),
            Self::Cpu => true,
        }
    }

    /// What to try when it does not compute.
    const fn advice(self) -> &'static str {
        match self {
            Self::Cuda => {
                "it takes NVIDIA's driver, and libnvrtc and the headers of the CUDA toolkit; \
                 nvidia-smi shows what the driver sees"
            }
            Self::Vulkan => {
                "it takes a Vulkan driver (Debian: mesa-vulkan-drivers and libvulkan1); \
                 vulkaninfo --summary shows what there is"
            }
            Self::Cpu => "",
        }
    }
}

/// A device that has computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComputeDevice {
    kind: DeviceKind,
    device: Device,
    dtype: DType,
}

impl ComputeDevice {
    /// The processor, which needs no probe.
    pub const fn cpu() -> Self {
        Self {
            kind: DeviceKind::Cpu,
            device: DispatchDevice::Flex(FlexDevice),
            dtype: DType::F32,
        }
    }

    /// The device of a kind, if it computes.
    ///
    /// # Errors
    /// With what the probe said, and what to try.
    pub fn open(kind: DeviceKind, probe: Probe) -> Result<Self, DiffusionError> {
        Self::first_of(kind, &candidates(kind), probe)
    }

    /// The best device that computes, and why the better ones do not.
    pub fn best(probe: Probe) -> (Self, Vec<DiffusionError>) {
        let mut refused = Vec::new();
        let better = DeviceKind::ALL.iter().copied();
        for kind in better.filter(|kind| kind.is_built_in() && *kind != DeviceKind::Cpu) {
            let mut hardware = candidates(kind);
            hardware.retain(|device| !is_software(device));
            match Self::first_of(kind, &hardware, probe) {
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

    /// Whether the processor plays the device.
    pub fn is_software(&self) -> bool {
        is_software(&self.device)
    }

    /// What burn calls it.
    pub(crate) const fn device(&self) -> &Device {
        &self.device
    }

    /// The type that networks compute in: halves where the device has them and they pay.
    pub(crate) const fn dtype(&self) -> DType {
        self.dtype
    }

    /// The same device, computing in another type.
    #[cfg(all(test, feature = "vulkan"))]
    pub(crate) fn with_dtype(&self, dtype: DType) -> Self {
        Self {
            dtype,
            ..self.clone()
        }
    }

    fn first_of(
        kind: DeviceKind,
        candidates: &[Device],
        probe: Probe,
    ) -> Result<Self, DiffusionError> {
        let refuse = |reason: String| DiffusionError::Device {
            device: kind.to_string(),
            reason,
        };
        if !kind.is_built_in() {
            return Err(refuse(format!(
                "this build has no such backend: build it with --features {kind}"
            )));
        }
        if kind == DeviceKind::Cpu {
            return Ok(Self::cpu());
        }
        let found = match probe {
            Probe::ChildProcess => std::env::current_exe()
                .map_err(|error| error.to_string())
                .and_then(|program| {
                    let child = Command::new(program);
                    ask(child, kind, candidates.len(), PROBE_PATIENCE)
                }),
            Probe::InProcess => first_that_computes(candidates),
        };
        let opened = found.and_then(|index| {
            let device = candidates.get(index).ok_or("the probe answered nonsense")?;
            // It sets up the device, and burn panics where that fails.
            let dtype = crate::panics::contain(|| dtype(device))?;
            Ok((device.clone(), dtype))
        });
        match opened {
            Ok((device, dtype)) => Ok(Self {
                kind,
                device,
                dtype,
            }),
            Err(reason) => Err(refuse(format!("{reason}; {}", kind.advice()))),
        }
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
    use std::io::Write;

    let Ok(asked) = std::env::var(PROBE_VARIABLE) else {
        return;
    };
    let answer = match computes_as_asked(&asked) {
        Ok(index) => format!("{COMPUTES}{index}"),
        Err(reason) => format!("{REFUSES}{}", reason.lines().next().unwrap_or_default()),
    };
    // On a line of its own, whatever a driver has printed.
    let told = writeln!(std::io::stdout(), "\n{answer}");
    std::process::exit(i32::from(told.is_err()));
}

/// The first candidate that computes, in this process, which is the probe's own.
fn computes_as_asked(asked: &str) -> Result<usize, String> {
    /// burn's panics are in threads of its own: who waits for them is told less than they say.
    static FIRST_PANIC: Mutex<Option<String>> = Mutex::new(None);

    let (name, count) = asked.split_once(' ').ok_or("no such probe")?;
    let kind: DeviceKind = name.parse().map_err(|_| "no such device")?;
    let count: usize = count.parse().map_err(|_| "no such probe")?;
    std::panic::set_hook(Box::new(|panic| {
        if let Ok(mut first) = FIRST_PANIC.lock() {
            first.get_or_insert_with(|| crate::panics::message(panic.payload()));
        }
    }));
    let mut candidates = candidates(kind);
    candidates.truncate(count);
    first_that_computes(&candidates).map_err(|reason| {
        let first = FIRST_PANIC.lock().ok().and_then(|mut first| first.take());
        first.unwrap_or(reason)
    })
}

/// The devices of a kind in the order in which they are tried, software last.
fn candidates(kind: DeviceKind) -> Vec<Device> {
    match kind {
        DeviceKind::Cpu => vec![DispatchDevice::Flex(FlexDevice)],
        #[cfg(feature = "cuda")]
        DeviceKind::Cuda => vec![DispatchDevice::Cuda(burn_cuda::CudaDevice::new(0))],
        #[cfg(feature = "vulkan")]
        DeviceKind::Vulkan => {
            use burn_wgpu::WgpuDevice;
            // Not `DefaultDevice`: it does not tell whether it is software.
            [
                WgpuDevice::DiscreteGpu(0),
                WgpuDevice::IntegratedGpu(0),
                WgpuDevice::VirtualGpu(0),
                WgpuDevice::Cpu,
            ]
            .map(DispatchDevice::Vulkan)
            .to_vec()
        }
        #[cfg(not(all(feature = "cuda", feature = "vulkan")))]
        _ => Vec::new(),
    }
}

/// Whether the processor plays a GPU.
fn is_software(device: &Device) -> bool {
    match device {
        #[cfg(feature = "vulkan")]
        DispatchDevice::Vulkan(burn_wgpu::WgpuDevice::Cpu) => true,
        _ => false,
    }
}

/// Halves where the device has them and they pay: software computes them one by one.
fn dtype(device: &Device) -> DType {
    if !is_software(device) && <Dispatch as Backend>::supports_dtype(device, DType::F16) {
        DType::F16
    } else {
        DType::F32
    }
}

/// The index of the first device that computes.
fn first_that_computes(candidates: &[Device]) -> Result<usize, String> {
    let mut refused = None;
    for (index, device) in candidates.iter().enumerate() {
        match compute(device) {
            Ok(()) => return Ok(index),
            Err(reason) => {
                refused.get_or_insert(reason);
            }
        }
    }
    Err(refused.unwrap_or_else(|| "there is none".to_owned()))
}

/// Squares some numbers and looks at each: a kernel is compiled and run. No product of matrices,
/// which burn tunes first: on a driver that is software, for more than ten seconds.
fn compute(device: &Device) -> Result<(), String> {
    crate::panics::contain(|| {
        let numbers: Vec<f32> = (0..256_u16).map(f32::from).collect();
        let expected: Vec<f32> = numbers.iter().map(|number| number * number).collect();
        let data = TensorData::new(numbers, [16, 16]);
        let x = Tensor::<2>::from_data(data, (device, DType::F32));
        let squares = (x.clone() * x).try_into_data();
        let squares = squares.map_err(|error| error.to_string())?;
        match squares.convert::<f32>().into_vec::<f32>() {
            Ok(actual) if actual == expected => Ok(()),
            Ok(_) => Err("it computes wrongly".to_owned()),
            Err(error) => Err(format!("its answer can't be read: {error:?}")),
        }
    })
    .unwrap_or_else(Err)
}

/// Has a child process try the first `count` candidates of a kind.
fn ask(
    mut child: Command,
    kind: DeviceKind,
    count: usize,
    patience: Duration,
) -> Result<usize, String> {
    let mut child = child
        .env(PROBE_VARIABLE, format!("{} {count}", kind.name()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("the probe did not start: {error}"))?;
    let started = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < patience => thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("its driver did not answer in {patience:?}"));
            }
            Err(error) => return Err(error.to_string()),
        }
    };
    let mut said = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        // What a driver prints beside the answer is not ours to bound, but to bound our reading.
        let _ = stdout.take(1 << 16).read_to_end(&mut said);
    }
    let said = String::from_utf8_lossy(&said);
    let line = |start: &str| said.lines().find_map(|line| line.strip_prefix(start));
    if !status.success() {
        return Err(format!("its driver or its compiler broke down ({status})"));
    }
    if let Some(index) = line(COMPUTES).and_then(|index| index.parse().ok()) {
        return Ok(index);
    }
    let reason = line(REFUSES).unwrap_or("the probe gave no answer");
    let printable = reason.chars().filter(|letter| !letter.is_control());
    Err(printable.take(REASON_TOLD).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This program as a probe: [`a_probe_that_is_not_asked_goes_on`] answers and does not return.
    fn probe() -> Command {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "--nocapture"]);
        // The name of the test below: the crate's own name is no part of it.
        let module = module_path!().split_once("::").expect("inside a crate").1;
        command.arg(format!("{module}::a_probe_that_is_not_asked_goes_on"));
        command
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn ask_in_vain(child: Command, kind: DeviceKind, patience: Duration) -> String {
        let count = candidates(kind).len();
        ask(child, kind, count, patience).expect_err("no such device")
    }

    #[test]
    fn a_probe_that_is_not_asked_goes_on() {
        answer_probe_if_asked();
    }

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

    #[test]
    fn a_child_process_tries_a_device_and_names_it() {
        assert_eq!(ask(probe(), DeviceKind::Cpu, 1, PROBE_PATIENCE), Ok(0));
        for &kind in DeviceKind::ALL.iter().filter(|kind| !kind.is_built_in()) {
            let reason = ask_in_vain(probe(), kind, PROBE_PATIENCE);
            assert_eq!(reason, "there is none");
        }
    }

    #[test]
    fn whatever_a_child_does_its_parent_goes_on() {
        let patience = Duration::from_millis(300);
        for (script, expected) in [
            ("kill -ABRT $$", "broke down (signal: 6"),
            ("exec sleep 600", "did not answer in 300ms"),
            ("exec yes", "did not answer in 300ms"),
            ("exit 3", "broke down (exit status: 3)"),
            ("echo; echo computes everything", "no answer"),
            ("printf 'refuses \\033[2Jnothing\\n'", "[2Jnothing"),
        ] {
            let reason = ask_in_vain(shell(script), DeviceKind::Cpu, patience);
            assert!(reason.contains(expected), "{script}: {reason}");
            assert!(!reason.contains('\x1b'), "{script}: {reason}");
        }
        let missing = Command::new("/nonexistent");
        let reason = ask_in_vain(missing, DeviceKind::Cpu, patience);
        assert!(reason.contains("did not start"), "{reason}");
    }

    #[test]
    fn the_best_device_is_no_software() {
        let mut answers = vec![ComputeDevice::best(Probe::InProcess).0];
        answers.retain(ComputeDevice::is_software);
        assert_eq!(answers, []);
    }

    #[cfg(feature = "vulkan")]
    mod vulkan {
        use super::*;

        /// A folder with a driver whose library does `what` when it is loaded.
        fn driver(what: &str) -> (tempfile::TempDir, Command) {
            let folder = tempfile::tempdir().expect("a folder");
            let [source, library, manifest] =
                ["driver.c", "driver.so", "driver.json"].map(|name| folder.path().join(name));
            let code = format!(
                "#include <stdlib.h>\n#include <unistd.h>\n\
                 __attribute__((constructor)) static void load(void) {{ {what} }}\n"
            );
            std::fs::write(&source, code).expect("written");
            let built = Command::new("cc")
                .args(["-shared", "-fPIC", "-o"])
                .args([&library, &source])
                .status();
            assert!(built.expect("a C compiler").success());
            let text = format!(
                r#"{{"file_format_version": "1.0.0", "ICD": {{"library_path": {library:?}, "api_version": "1.1.0"}}}}"#
            );
            std::fs::write(&manifest, text).expect("written");
            let mut command = probe();
            command.env("VK_ICD_FILENAMES", &manifest);
            (folder, command)
        }

        #[test]
        fn half_installed_drivers_are_survived() {
            let kind = DeviceKind::Vulkan;
            let mut missing = probe();
            missing.env("VK_ICD_FILENAMES", "/nonexistent");
            let reason = ask_in_vain(missing, kind, PROBE_PATIENCE);
            assert!(reason.contains("device"), "{reason}");
            let (_folder, aborts) = driver("abort();");
            let reason = ask_in_vain(aborts, kind, PROBE_PATIENCE);
            assert!(reason.contains("broke down (signal: 6"), "{reason}");
            let (_folder, hangs) = driver("for (;;) sleep(1);");
            let reason = ask_in_vain(hangs, kind, Duration::from_secs(1));
            assert!(reason.contains("did not answer in 1s"), "{reason}");
            let (_folder, empty) = driver("");
            let reason = ask_in_vain(empty, kind, PROBE_PATIENCE);
            assert!(reason.contains("device"), "{reason}");
        }
    }

    #[cfg(feature = "cuda")]
    #[test]
    fn cuda_without_a_driver_is_survived() {
        if !std::path::Path::new("/dev/nvidiactl").exists() {
            let reason = ask_in_vain(probe(), DeviceKind::Cuda, PROBE_PATIENCE);
            assert!(!reason.is_empty());
        }
    }
}
