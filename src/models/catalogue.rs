//! Which models there are: the folders they are looked for in, and what lies there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::{ModelError, is_safe};
use super::examine::{self, Model};
use super::layout::INDEX_FILE;

/// The model that a request without one takes, where it is there.
pub(crate) const DEFAULT_MODEL: &str = "icons-64";

/// CLIP's merges, for models that come without a tokenizer.
const CLIP_VOCABULARY: &str = "clip-vocabulary";

/// `OWNER/NAME/file.safetensors` below a models folder.
const MAX_DEPTH: usize = 4;
/// Of all folders together: whoever names a home folder should wait for no walk of it.
const MAX_ENTRIES_SEEN: usize = 50_000;

/// Whose folder it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FolderKind {
    /// In the user's data folder: downloads and imports go there.
    User,
    /// Named in the configuration.
    Named,
    /// What came with companion.
    Bundled,
}

impl FolderKind {
    /// A word for people.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::User => "yours",
            Self::Named => "models_dir",
            Self::Bundled => "bundled",
        }
    }
}

/// A folder in which models are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folder {
    /// Where.
    pub path: PathBuf,
    /// Whose.
    pub kind: FolderKind,
}

/// A model by its name and place; what it is shows [`Catalogue::examine`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its path in the models folder, without the extension of a file: what people type.
    pub name: String,
    /// The folder or file.
    pub path: PathBuf,
    /// In whose folder it is.
    pub kind: FolderKind,
    /// Whether it is a diffusers folder; else one file.
    pub is_folder: bool,
}

/// The models of some folders. Earlier folders go before later ones of the same name.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    folders: Vec<Folder>,
}

impl Catalogue {
    /// The models in the user's data folder, in a folder that the configuration names, and in
    /// those that came with companion.
    pub fn new(data: &Path, named: Option<&Path>) -> Self {
        let mut folders = vec![Folder {
            path: user_folder(data),
            kind: FolderKind::User,
        }];
        folders.extend(named.map(|path| Folder {
            path: path.to_owned(),
            kind: FolderKind::Named,
        }));
        let bundled = bundled_folders(std::env::current_exe().ok().as_deref());
        folders.extend(bundled.into_iter().map(|path| Folder {
            path,
            kind: FolderKind::Bundled,
        }));
        Self { folders }
    }

    /// Only these folders.
    #[cfg(test)]
    pub fn of_folders(folders: Vec<Folder>) -> Self {
        Self { folders }
    }

    /// The folders, those that are not there included.
    pub fn folders(&self) -> &[Folder] {
        &self.folders
    }

    /// Every model, ordered by folder and name. A folder that cannot be read has none.
    pub fn entries(&self) -> Vec<Entry> {
        let mut walk = Walk::default();
        for folder in &self.folders {
            walk.folder = Some(folder);
            walk.enter(&folder.path, "", MAX_DEPTH);
        }
        walk.found
    }

    /// The model of this name: all of it, or what stands behind the last `/`, or a path that
    /// begins with `/`, `./` or `../`.
    ///
    /// # Errors
    /// If there is none, or several end with it.
    pub fn find(&self, name: &str) -> Result<Model, ModelError> {
        if name.starts_with('/') || name.starts_with("./") || name.starts_with("../") {
            return Self::at_path(Path::new(name));
        }
        let entries = self.entries();
        let lower = name.to_lowercase();
        if let Some(entry) = entries.iter().find(|entry| entry.name == name).or_else(|| {
            entries
                .iter()
                .find(|entry| entry.name.to_lowercase() == lower)
        }) {
            return Ok(Self::examine(entry));
        }
        let tail = format!("/{lower}");
        let ends: Vec<&Entry> = entries
            .iter()
            .filter(|entry| entry.name.to_lowercase().ends_with(&tail))
            .collect();
        match ends.as_slice() {
            [entry] => Ok(Self::examine(entry)),
            [] => Err(ModelError::Unknown {
                name: name.to_owned(),
                near: nearest(&lower, &entries),
            }),
            several => Err(ModelError::Ambiguous {
                name: name.to_owned(),
                candidates: several.iter().map(|entry| entry.name.clone()).collect(),
            }),
        }
    }

    /// The model that is meant if none is named: [`DEFAULT_MODEL`], else the first that makes
    /// pictures by itself.
    pub fn default_model(&self) -> Option<Model> {
        let entries = self.entries();
        let default = entries.iter().find(|entry| entry.name == DEFAULT_MODEL);
        default.map(Self::examine).or_else(|| {
            let mut models = entries.iter().map(Self::examine);
            models.find(|model| model.family.is_generator() && model.problems.is_empty())
        })
    }

    /// The folder with CLIP's vocabulary, which single files do not have and which came with
    /// companion.
    pub fn clip_vocabulary(&self) -> Option<PathBuf> {
        let folders = self.folders.iter();
        let mut places = folders.map(|folder| folder.path.join(CLIP_VOCABULARY));
        places.find(|place| place.join("merges.txt").is_file())
    }

    /// The model at a path, inside a models folder or not.
    ///
    /// # Errors
    /// If there is nothing, or what is there is no model.
    pub fn at_path(path: &Path) -> Result<Model, ModelError> {
        let metadata = fs::metadata(path).map_err(ModelError::io("read", path))?;
        let is_folder = metadata.is_dir();
        let not_a_model = |reason: &str| ModelError::NotAModel {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        if is_folder && !path.join(INDEX_FILE).is_file() {
            return Err(not_a_model("it has no model_index.json"));
        }
        if !is_folder && !has_model_extension(path) {
            return Err(not_a_model(
                "its name ends neither in .safetensors nor in .ckpt",
            ));
        }
        let name = if is_folder {
            path.file_name()
        } else {
            path.file_stem()
        };
        Ok(Self::examine(&Entry {
            name: name.map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            path: path.to_owned(),
            kind: FolderKind::Named,
            is_folder,
        }))
    }

    /// Looks at what a model is. What is wrong with it stands in [`Model::problems`].
    pub fn examine(entry: &Entry) -> Model {
        examine::examine(entry)
    }
}

/// Where the user's own models are.
pub(crate) fn user_folder(data: &Path) -> PathBuf {
    data.join("models")
}

/// Where models that came with companion may be: beside the binary, in the share folder of the
/// same prefix, in the checkout that the binary was built in, and in the one that it was built from.
fn bundled_folders(executable: Option<&Path>) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let executable = executable.map(|path| fs::canonicalize(path).unwrap_or(path.to_owned()));
    if let Some(folder) = executable.as_deref().and_then(Path::parent) {
        folders.push(folder.join("models"));
        if let Some(prefix) = folder.parent() {
            folders.push(prefix.join("share/companion/models"));
            // <checkout>/target/release/companion, and its tests in target/debug/deps.
            let is_target = |path: &&Path| path.file_name().is_some_and(|name| name == "target");
            let target = folder.ancestors().take(4).find(is_target);
            folders.extend(
                target
                    .and_then(Path::parent)
                    .map(|path| path.join("models")),
            );
        }
    }
    folders.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("models"));
    let mut seen = BTreeSet::new();
    folders.retain(|path| path.is_dir() && seen.insert(path.clone()));
    folders
}

/// Whether a file's name is that of a model in one file.
pub(super) fn has_model_extension(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "safetensors" || extension == "ckpt")
}

#[derive(Default)]
struct Walk<'a> {
    folder: Option<&'a Folder>,
    found: Vec<Entry>,
    seen: usize,
}

impl Walk<'_> {
    fn enter(&mut self, path: &Path, prefix: &str, depth: usize) {
        let Ok(listing) = fs::read_dir(path) else {
            return;
        };
        let mut names: Vec<_> = listing
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            // What is being downloaded is hidden; a name that acts on terminals is not offered.
            .filter(|name| !name.starts_with('.') && name.chars().all(is_safe))
            .take(MAX_ENTRIES_SEEN.saturating_sub(self.seen))
            .collect();
        self.seen += names.len();
        names.sort();
        for name in names {
            let inside = path.join(&name);
            let full = format!("{prefix}{name}");
            // Follows links: users keep large files elsewhere.
            let Ok(metadata) = fs::metadata(&inside) else {
                continue;
            };
            if metadata.is_dir() {
                if inside.join(INDEX_FILE).is_file() {
                    self.take(full, inside, true);
                } else if depth > 1 {
                    self.enter(&inside, &format!("{full}/"), depth - 1);
                }
            } else if metadata.is_file() && has_model_extension(&inside) {
                let stem = full
                    .rsplit_once('.')
                    .map_or(full.as_str(), |(stem, _)| stem);
                self.take(stem.to_owned(), inside, false);
            }
        }
    }

    fn take(&mut self, name: String, path: PathBuf, is_folder: bool) {
        let Some(folder) = self.folder else { return };
        if self.found.iter().all(|entry| entry.name != name) {
            self.found.push(Entry {
                name,
                path,
                kind: folder.kind,
                is_folder,
            });
        }
    }
}

/// The name that shares the most with what was typed.
fn nearest(name: &str, entries: &[Entry]) -> Option<String> {
    let distance = |entry: &&Entry| {
        let known = entry.name.to_lowercase();
        let tail = known.rsplit('/').next().unwrap_or_default().to_owned();
        crate::protocol::slash::edit_distance(name, &known)
            .min(crate::protocol::slash::edit_distance(name, &tail))
    };
    let best = entries.iter().min_by_key(distance)?;
    let contains = best.name.to_lowercase().contains(name);
    (contains || distance(&best) <= 3.min(name.len() / 2)).then(|| best.name.clone())
}
