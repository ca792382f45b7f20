//! The programs that people would use instead.

use std::path::PathBuf;
use std::process::Command;

use super::figures::print_note;

/// Another interpreter.
pub struct Peer {
    /// Its binary. Not a script of a version manager in front of it, which would be measured too.
    pub program: PathBuf,
}

impl Peer {
    fn find(name: &str, flags: &[&str], asks: &str) -> Option<Self> {
        let wanted = std::env::var_os(name.to_ascii_uppercase()).unwrap_or_else(|| name.into());
        let said = Command::new(wanted).args(flags).arg(asks).output().ok();
        let Some(said) = said.filter(|said| said.status.success()) else {
            print_note(&format!("no {name} here: absolute figures only"));
            return None;
        };
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let (path, version) = said.trim().split_once('\n')?;
        print_note(&format!("peer: {path}, {version}"));
        Some(Self {
            program: path.into(),
        })
    }
}

/// `$PYTHON3`, or the python3 of the `PATH`.
pub fn python() -> Option<Peer> {
    let asks = "import sys; print(sys.executable); print(sys.version.split()[0])";
    Peer::find("python3", &["-I", "-S", "-c"], asks)
}

/// `$NODE`, or the node of the `PATH`.
pub fn node() -> Option<Peer> {
    Peer::find(
        "node",
        &["-e"],
        "console.log(process.execPath + '\\n' + process.version)",
    )
}
