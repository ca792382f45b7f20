//! Taking a model over from elsewhere on this machine.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::catalogue::{Catalogue, user_folder};
use super::error::{ModelError, is_safe};
use super::examine::Model;
use crate::atomic;

/// No model has more files.
const MAX_FILES: usize = 5_000;
const MAX_DEPTH: usize = 6;

/// How a model is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImportMode {
    /// All its files are copied; file systems that can share blocks do.
    Copy,
    /// A symbolic link: nothing is copied, and the model goes when the original goes.
    Link,
}

/// What is to be imported.
#[derive(Clone, Debug)]
pub(crate) struct Import<'a> {
    /// A diffusers folder, or one file.
    pub from: &'a Path,
    /// Its name here; that of the folder or file, if none.
    pub name: Option<&'a str>,
    /// How.
    pub mode: ImportMode,
    /// The user's data folder.
    pub data: &'a Path,
    /// Stops it between two files; nothing stays.
    pub cancel: &'a AtomicBool,
}

impl Import<'_> {
    /// Does it: whole, or not at all.
    ///
    /// # Errors
    /// If there is no model, or a broken one, or one of this name is there already, or the files
    /// cannot be copied.
    pub fn run(&self) -> Result<Model, ModelError> {
        let from = fs::canonicalize(self.from).map_err(ModelError::io("read", self.from))?;
        let model = Catalogue::at_path(&from)?;
        if let Some(problem) = model.problems.first() {
            return Err(ModelError::malformed(self.from, problem.clone()));
        }
        let name = self.name.unwrap_or(&model.name);
        check_name(name)?;
        let models = user_folder(self.data);
        let mut target = models.join(name);
        if !model.is_folder {
            let extension = from.extension().unwrap_or_default().to_string_lossy();
            target = models.join(format!("{name}.{extension}"));
        }
        if fs::symlink_metadata(&target).is_ok() {
            return Err(ModelError::Exists {
                name: name.to_owned(),
                path: target,
            });
        }
        let above = target.parent().unwrap_or(&models);
        atomic::create_folder(above).map_err(ModelError::io("write", above))?;
        // Hidden, so that no listing sees it before it is whole.
        let work = tempfile::Builder::new()
            .prefix(".import-")
            .tempdir_in(&models)
            .map_err(ModelError::io("write", &models))?;
        let made = work.path().join("model");
        match self.mode {
            ImportMode::Link => {
                std::os::unix::fs::symlink(&from, &made).map_err(ModelError::io("write", &made))?;
            }
            ImportMode::Copy if model.is_folder => {
                let mut copied = 0;
                self.copy_folder(&from, &made, MAX_DEPTH, &mut copied)?;
            }
            ImportMode::Copy => {
                copy_file(&from, &made)?;
                let settings = model.settings_file();
                if settings.is_file() {
                    copy_file(&settings, &target.with_extension("toml"))?;
                }
            }
        }
        fs::rename(&made, &target).map_err(ModelError::io("write", &target))?;
        atomic::sync_folder(above).map_err(ModelError::io("write", above))?;
        let mut imported = Catalogue::at_path(&target)?;
        name.clone_into(&mut imported.name);
        Ok(imported)
    }

    /// Copies what is visible. Links are followed: the cache of the hub's own client consists of
    /// them.
    fn copy_folder(
        &self,
        from: &Path,
        to: &Path,
        depth: usize,
        copied: &mut usize,
    ) -> Result<(), ModelError> {
        atomic::create_folder(to).map_err(ModelError::io("write", to))?;
        let listing = fs::read_dir(from).map_err(ModelError::io("read", from))?;
        for entry in listing {
            let entry = entry.map_err(ModelError::io("read", from))?;
            let (source, target) = (entry.path(), to.join(entry.file_name()));
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            *copied += 1;
            if *copied > MAX_FILES || depth == 0 {
                return Err(ModelError::NotAModel {
                    path: from.to_owned(),
                    reason: "it has too many files or folders for a model".to_owned(),
                });
            }
            if self.cancel.load(Ordering::Relaxed) {
                return Err(ModelError::Cancelled);
            }
            let metadata = fs::metadata(&source).map_err(ModelError::io("read", &source))?;
            if metadata.is_dir() {
                self.copy_folder(&source, &target, depth - 1, copied)?;
            } else if metadata.is_file() {
                copy_file(&source, &target)?;
            }
        }
        atomic::sync_folder(to).map_err(ModelError::io("write", to))
    }
}

fn copy_file(from: &Path, to: &Path) -> Result<(), ModelError> {
    fs::copy(from, to).map_err(ModelError::io("copy", from))?;
    let file = fs::File::open(to).map_err(ModelError::io("write", to))?;
    file.sync_all().map_err(ModelError::io("write", to))
}

/// A name is a path of plain parts below the models folder: `sd-turbo`, `stabilityai/sd-turbo`.
pub(super) fn check_name(name: &str) -> Result<(), ModelError> {
    let is_plain = |part: Component<'_>| match part {
        Component::Normal(part) => part.to_str().is_some_and(|part| {
            !part.starts_with('.') && part.len() <= 100 && part.chars().all(is_safe)
        }),
        _ => false,
    };
    let path = PathBuf::from(name);
    let parts: Vec<_> = path.components().collect();
    // `components` overlooks what stands twice or at the end.
    let is_whole = parts.len() == name.split('/').count();
    if is_whole && (1..=3).contains(&parts.len()) && parts.into_iter().all(is_plain) {
        Ok(())
    } else {
        Err(ModelError::BadName {
            name: name.to_owned(),
            what: "a model",
        })
    }
}
