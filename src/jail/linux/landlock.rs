//! Landlock: files, TCP, and what reaches beyond the process, refused by the system.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, Scope,
};

use super::super::{Missing, Wall};

/// The newest rights that this program knows; the system refuses those of them that it knows.
const NEWEST: ABI = ABI::V10;

/// What may be done to what lies below a path, or is at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Files are read, folders listed.
    Read,
    /// As before, and files are executed.
    Execute,
    /// As before, and files are made, changed and removed; no devices.
    Write,
}

impl Reach {
    fn rights(self) -> BitFlags<AccessFs> {
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        match self {
            Self::Read => read,
            Self::Execute => read | AccessFs::Execute,
            Self::Write => {
                let devices = AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev;
                (AccessFs::from_all(NEWEST) & !devices) | read
            }
        }
    }
}

/// Refuses everything that Landlock knows, save below the paths given; a path that does not exist
/// is no exception. Can be called again, and takes more then.
pub(crate) fn restrict(exceptions: &[(&Path, Reach)]) -> Vec<Missing> {
    match try_restrict(exceptions) {
        Ok(LandlockStatus::Available { effective_abi, .. }) => [
            (Wall::LandlockNetwork, ABI::V4),
            (Wall::LandlockScopes, ABI::V6),
        ]
        .into_iter()
        .filter(|(_, since)| effective_abi < *since)
        .map(|(wall, since)| {
            let reason =
                format!("version {effective_abi} of Landlock is older than version {since}");
            Missing::new(wall, reason)
        })
        .collect(),
        Ok(LandlockStatus::NotEnabled) => all_missing("it is not enabled at boot"),
        Ok(LandlockStatus::NotImplemented) => all_missing("this kernel does not have it"),
        Err(error) => all_missing(&error.to_string()),
    }
}

fn all_missing(reason: &str) -> Vec<Missing> {
    [Wall::Landlock, Wall::LandlockNetwork, Wall::LandlockScopes]
        .map(|wall| Missing::new(wall, reason))
        .into()
}

fn try_restrict(exceptions: &[(&Path, Reach)]) -> Result<LandlockStatus, RulesetError> {
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?;
    for (path, reach) in exceptions {
        let Ok(below) = PathFd::new(path) else {
            continue;
        };
        let rights = if path.is_dir() {
            reach.rights()
        } else {
            reach.rights() & AccessFs::from_file(NEWEST)
        };
        rules = rules.add_rule(PathBeneath::new(below, rights))?;
    }
    Ok(rules.restrict_self()?.landlock)
}
