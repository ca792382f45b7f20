//! What works here and what does not, with what to do about it.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use crate::config::{Config, Folders};
use crate::diffusion::{ComputeDevice, DiffusionError, Probe};
use crate::jail::{self, WallState};
use crate::kernel::{self, ExecuteMode, ExecuteRequest, Kernel, find_program};
use crate::models::Catalogue;
use crate::protocol::{DeviceKind, Language, Status};
use crate::safety::Judge;
use crate::store;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What it belongs to.
    pub section: &'static str,
    /// What was looked at.
    pub name: String,
    /// How it is.
    pub grade: Grade,
    /// What was seen, and what to try.
    pub detail: String,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grade {
    /// As it should be.
    Good,
    /// There, with something missing.
    Degraded,
    /// Not there, and companion can do without.
    Absent,
    /// Not there, and needed.
    Broken,
}

impl Grade {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Degraded => "degraded",
            Self::Absent => "absent",
            Self::Broken => "broken",
        }
    }
}

impl Finding {
    /// A finding.
    pub fn new(
        section: &'static str,
        name: impl Into<String>,
        grade: Grade,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            section,
            name: name.into(),
            grade,
            detail: detail.into(),
        }
    }
}

/// Looks at versions, kernels, walls, devices of pictures and folders. The terminal is the UI's to
/// look at.
pub(crate) fn examine(folders: &Folders, config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::new(
        "versions",
        "companion",
        Grade::Good,
        format!(
            "{} on {} {}",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH
        ),
    )];
    for spec in &kernel::LANGUAGES {
        findings.push(examine_kernel(spec, config));
    }
    findings.extend(walls());
    findings.extend(DeviceKind::ALL.iter().copied().map(examine_device));
    findings.push(examine_default_model(folders, config));
    findings.extend(folders.all().map(|(name, path)| examine_folder(name, path)));
    findings.push(examine_history(folders));
    findings.push(match folders.config_file() {
        file if file.exists() => Finding::new(
            "folders",
            "config.toml",
            Grade::Good,
            file.display().to_string(),
        ),
        file => Finding::new(
            "folders",
            "config.toml",
            Grade::Good,
            format!(
                "none; defaults hold (companion print config > {})",
                file.display()
            ),
        ),
    });
    findings.push(match Judge::load(&folders.policy_file()) {
        Ok(judge) => Finding::new("folders", "policy.toml", Grade::Good, judge.summary()),
        Err(error) => Finding::new("folders", "policy.toml", Grade::Broken, error.to_string()),
    });
    findings
}

/// Starts a kernel and runs a cell in it.
fn examine_kernel(spec: &kernel::KernelSpec, config: &Config) -> Finding {
    let section = "kernels";
    let broken =
        |detail: String| Finding::new(section, spec.language.title(), Grade::Broken, detail);
    let limits = config.limits();
    let started = Instant::now();
    let kernel = find_program().and_then(|program| {
        let mut kernel = Kernel::new(spec.language, program, &limits)?;
        kernel.start()?;
        Ok(kernel)
    });
    let mut kernel = match kernel {
        Ok(kernel) => kernel,
        Err(error) => return broken(error.to_string()),
    };
    let up = started.elapsed();
    let (source, answer) = match spec.language {
        Language::Python | Language::JavaScript => ("40 + 2", Some("42")),
        // It has no results: its answer is the exit code.
        Language::Shell => ("test $((40 + 2)) -eq 42", None),
    };
    let request = ExecuteRequest {
        source: source.to_owned(),
        mode: ExecuteMode::Cell { execution_count: 1 },
        fuel: None,
        cpu_time: None,
    };
    let started = Instant::now();
    let finished = kernel.execute(request, &limits, &mut |_| {});
    let round_trip = started.elapsed();
    match (finished.status, finished.result.as_deref()) {
        (Status::Ok, result) if result == answer => Finding::new(
            section,
            spec.language.title(),
            Grade::Good,
            format!(
                "{}; up in {:.0} ms, a cell there and back in {:.1} ms",
                spec.implementation,
                up.as_secs_f64() * 1e3,
                round_trip.as_secs_f64() * 1e3
            ),
        ),
        (status, result) => broken(format!("{source} gave {result:?}, {status:?}")),
    }
}

/// What keeps code in, told as it was found.
fn walls() -> Vec<Finding> {
    let kept = |name: &str, detail: &str| Finding::new("sandbox", name, Grade::Good, detail);
    let mut findings = vec![
        kept(
            "process",
            "each kernel is a process of its own; its death costs its variables only",
        ),
        kept(
            "time, memory, output",
            "bounded for every cell: companion run --help, /set",
        ),
        kept(
            "environment, descriptors",
            "cleared and closed in the worker",
        ),
        kept(
            "files, network",
            "closed by the interpreters, which are built without them, and by the jail",
        ),
    ];
    match find_program() {
        Ok(program) => findings.extend(jail::examine(&program).into_iter().map(examine_wall)),
        Err(error) => findings.push(Finding::new(
            "jail",
            "walls",
            Grade::Broken,
            error.to_string(),
        )),
    }
    findings
}

fn examine_wall(state: WallState) -> Finding {
    let wall = state.wall;
    let (grade, detail) = match state.missing {
        None => (Grade::Good, wall.purpose().to_owned()),
        Some(reason) if jail::required(wall) => (
            Grade::Broken,
            format!(
                "missing: {reason}; {}; until then code runs only where less is accepted in so \
                 many words",
                wall.advice()
            ),
        ),
        Some(reason) => (
            Grade::Absent,
            format!("missing: {reason}; {}", wall.advice()),
        ),
    };
    Finding::new("jail", wall.name(), grade, detail)
}

/// Whether pictures can be computed on a device; the processor is enough.
fn examine_device(kind: DeviceKind) -> Finding {
    let (grade, detail) = match ComputeDevice::open(kind, Probe::ChildProcess) {
        Ok(device) if device.is_software() => (
            Grade::Degraded,
            "computes, but its driver is software: slower than cpu, and used only when asked for \
             by name"
                .to_owned(),
        ),
        Ok(_) => (Grade::Good, "computes".to_owned()),
        // Which device it is stands before the line.
        Err(DiffusionError::Device { reason, .. }) => (Grade::Absent, reason),
        Err(error) => (Grade::Absent, error.to_string()),
    };
    Finding::new("pictures", kind.name(), grade, detail)
}

fn examine_default_model(folders: &Folders, config: &Config) -> Finding {
    let catalogue = Catalogue::new(&folders.data, config.models_dir.as_deref());
    let (grade, detail) = match catalogue.default_model() {
        Some(model) => (Grade::Good, model.name),
        None => (
            Grade::Absent,
            "none; companion models pull or import brings one".to_owned(),
        ),
    };
    Finding::new("pictures", "model", grade, detail)
}

/// Whether a folder can be written, without creating it.
fn examine_folder(name: &str, path: &Path) -> Finding {
    let shown = path.display();
    let nearest = path.ancestors().find(|folder| folder.exists());
    let (grade, detail) = match nearest {
        Some(folder) if !folder.is_dir() => (
            Grade::Broken,
            format!("{shown}: {} is not a folder", folder.display()),
        ),
        Some(folder) => match rustix::fs::access(folder, rustix::fs::Access::WRITE_OK) {
            Ok(()) if folder == path => (Grade::Good, shown.to_string()),
            Ok(()) => (
                Grade::Good,
                format!("{shown} (created when something is kept)"),
            ),
            Err(error) => (
                Grade::Degraded,
                format!(
                    "{shown}: {} can't be written: {error}; try --{name}-dir DIR",
                    folder.display()
                ),
            ),
        },
        None => (Grade::Broken, format!("{shown} leads nowhere")),
    };
    Finding::new("folders", name, grade, detail)
}

fn examine_history(folders: &Folders) -> Finding {
    let store = store::open(&folders.data);
    let (grade, mut detail) = match store.history_since(0) {
        Ok(entries) => (Grade::Good, format!("{} entries", entries.len())),
        Err(error) => (Grade::Degraded, format!("{error}; {}", error.hint())),
    };
    for warning in store.take_warnings() {
        let _ = write!(detail, "; {warning}");
    }
    Finding::new("folders", "history", grade, detail)
}

/// The findings as text, by section.
pub(crate) fn render(findings: &[Finding], colours: bool) -> String {
    let mut text = String::new();
    let width = findings
        .iter()
        .map(|finding| finding.name.chars().count())
        .max()
        .unwrap_or(0);
    let mut section = "";
    for finding in findings {
        if finding.section != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}{}", finding.section);
            section = finding.section;
        }
        let (mark, colour) = match finding.grade {
            Grade::Good => ("✓", 32),
            Grade::Degraded => ("~", 33),
            Grade::Absent => ("·", 33),
            Grade::Broken => ("✗", 31),
        };
        let mark = if colours {
            format!("\x1b[{colour}m{mark}\x1b[m")
        } else {
            mark.to_owned()
        };
        let _ = writeln!(text, "  {mark} {:width$}  {}", finding.name, finding.detail);
    }
    text
}
