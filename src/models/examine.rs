//! What a model is: its family, its size, its numbers, and what is wrong with it at first sight.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::catalogue::{Entry, FolderKind};
use super::checkpoint;
use super::defaults::{Defaults, DefaultsSource};
use super::error::{ModelError, shown_text};
use super::family::{self, Family, Task};
use super::layout::{self, INDEX_FILE, Index, Needed};
use crate::safetensors::{self, HeaderError, TensorInfo};

/// The largest config that is read.
const MAX_CONFIG_BYTES: u64 = 4 << 20;
/// No component of a pipeline has more files.
const MAX_FILES: usize = 2_000;

/// A model, looked at from outside.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    /// What people type.
    pub name: String,
    /// The folder or file.
    pub path: PathBuf,
    /// In whose folder it is.
    pub kind: FolderKind,
    /// Whether it is a diffusers folder; else one file.
    pub is_folder: bool,
    /// Of which architecture.
    pub family: Family,
    /// What it takes.
    pub task: Task,
    /// The pipeline's class in diffusers, if it says one.
    pub class_name: Option<String>,
    /// Its weights: what is loaded, hashed and verified.
    pub weights: Vec<PathBuf>,
    /// Size of all its files that are used.
    pub size_bytes: u64,
    /// The number format of most of its weights: f16, f32, bf16.
    pub dtype: Option<String>,
    /// How many tensors, and how many numbers are in them.
    pub tensors: Option<(usize, u64)>,
    /// What it does best with.
    pub defaults: Defaults,
    /// Where the defaults come from.
    pub defaults_source: DefaultsSource,
    /// Why it will not work, in words.
    pub problems: Vec<String>,
}

/// Looks at a model by its configs and the headers of its weights.
pub(super) fn examine(entry: &Entry) -> Model {
    let mut model = Model {
        name: entry.name.clone(),
        path: entry.path.clone(),
        kind: entry.kind,
        is_folder: entry.is_folder,
        family: Family::Unknown,
        task: Task::Unknown,
        class_name: None,
        weights: Vec::new(),
        size_bytes: 0,
        dtype: None,
        tensors: None,
        defaults: Defaults::default(),
        defaults_source: DefaultsSource::Family,
        problems: Vec::new(),
    };
    let of_configs = if entry.is_folder {
        model.look_at_folder()
    } else {
        model.look_at_file();
        Defaults::default()
    };
    model.collect_defaults(of_configs);
    model
}

impl Model {
    /// The TOML with the model's defaults: in the folder, or beside the file.
    pub fn settings_file(&self) -> PathBuf {
        if self.is_folder {
            self.path.join("companion.toml")
        } else {
            self.path.with_extension("toml")
        }
    }

    fn look_at_folder(&mut self) -> Defaults {
        let needed = match needed_files(&self.path) {
            Ok((index, needed)) => {
                self.class_name = Some(shown_text(&index.class_name));
                needed
            }
            Err(error) => {
                self.problems.push(error.to_string());
                return Defaults::default();
            }
        };
        let missing = needed
            .missing
            .iter()
            .map(|what| format!("{what} is missing"));
        self.problems.extend(missing);
        self.weights = needed
            .weights
            .iter()
            .map(|file| self.path.join(file))
            .collect();
        let small = needed.small.iter().map(|file| self.path.join(file));
        let sizes = small.chain(self.weights.iter().cloned());
        self.size_bytes = sizes
            .filter_map(|path| Some(fs::metadata(path).ok()?.len()))
            .sum();
        self.read_headers();
        let config = |component: &str| read_json(&self.path.join(component).join("config.json"));
        let unet = config("unet").unwrap_or_default();
        (self.family, self.task) = family::of_configs(
            &unet,
            config("text_encoder").ok().as_ref(),
            self.path.join("text_encoder_2").is_dir(),
        );
        of_configs(&unet, &config("vae").unwrap_or_default())
    }

    fn look_at_file(&mut self) {
        self.weights = vec![self.path.clone()];
        self.size_bytes = fs::metadata(&self.path).map_or(0, |metadata| metadata.len());
        if self.path.extension().is_some_and(|it| it == "safetensors") {
            let tensors = self.read_headers();
            (self.family, self.task) = family::of_tensors(&tensors);
        } else {
            match checkpoint::read_names(&self.path) {
                Ok(names) => self.family = family::of_names(names.iter().map(String::as_str)),
                Err(error) => self.problems.push(reason_of(&error)),
            }
        }
    }

    /// Reads the headers of all weights that are safetensors.
    fn read_headers(&mut self) -> Vec<TensorInfo> {
        let mut all = Vec::new();
        let mut sizes: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut values = 0_u64;
        for path in &self.weights {
            if path.extension().is_none_or(|it| it != "safetensors") {
                continue;
            }
            match read_header(path) {
                Ok(tensors) => {
                    for tensor in &tensors {
                        *sizes.entry(tensor.dtype).or_default() += tensor.size_bytes;
                        let count = tensor.shape.iter().product::<u64>();
                        values = values.saturating_add(count);
                    }
                    all.extend(tensors);
                }
                Err(error) => {
                    let inside = path.strip_prefix(&self.path).ok();
                    let inside = inside.filter(|inside| !inside.as_os_str().is_empty());
                    let place = inside.map(|inside| format!("{}: ", inside.display()));
                    let reason = reason_of(&error);
                    self.problems
                        .push(format!("{}{reason}", place.unwrap_or_default()));
                }
            }
        }
        if !all.is_empty() {
            self.tensors = Some((all.len(), values));
        }
        let most = sizes.into_iter().max_by_key(|&(_, size)| size);
        self.dtype = most.map(|(dtype, _)| dtype.to_ascii_lowercase());
        all
    }

    fn collect_defaults(&mut self, of_configs: Defaults) {
        let mut defaults = Defaults::default();
        match Defaults::read(&self.settings_file()) {
            Ok(Some(read)) => {
                defaults = read;
                self.defaults_source = DefaultsSource::File;
            }
            Ok(None) => {}
            Err(error) => self.problems.push(error.to_string()),
        }
        if let Some(of_name) = Defaults::of_name(&self.name) {
            if self.defaults_source == DefaultsSource::Family {
                self.defaults_source = DefaultsSource::Name;
            }
            // What a config says of guidance is of this very model.
            defaults = defaults.or(of_configs.clone()).or(of_name);
        }
        self.defaults = defaults.or(of_configs).or(Defaults::of_family(self.family));
    }
}

/// What the files of a diffusers folder are.
pub(super) fn needed_files(folder: &Path) -> Result<(Index, Needed), ModelError> {
    let path = folder.join(INDEX_FILE);
    let bytes = read_small(&path)?;
    let index = Index::parse(&bytes)
        .ok_or_else(|| ModelError::malformed(&path, "not the index of a diffusers model"))?;
    let mut files = BTreeSet::new();
    for component in &index.components {
        let Ok(listing) = fs::read_dir(folder.join(component)) else {
            continue;
        };
        let names = listing.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let regular = names.filter(|name| folder.join(component).join(name).is_file());
        files.extend(
            regular
                .take(MAX_FILES)
                .map(|name| format!("{component}/{name}")),
        );
    }
    let needed = layout::select(&index, &files, None);
    Ok((index, needed))
}

/// Reads a file of a few MiB at most.
pub(super) fn read_small(path: &Path) -> Result<Vec<u8>, ModelError> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(ModelError::io("read", path))?;
    file.take(MAX_CONFIG_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(ModelError::io("read", path))?;
    if bytes.len() as u64 > MAX_CONFIG_BYTES {
        return Err(ModelError::malformed(path, "it is larger than 4 MiB"));
    }
    Ok(bytes)
}

/// Reads a config.
pub(super) fn read_json(path: &Path) -> Result<Value, ModelError> {
    serde_json::from_slice(&read_small(path)?)
        .map_err(|error| ModelError::malformed(path, shown_text(&error.to_string())))
}

/// What is wrong, without the path, where that is known.
pub(super) fn reason_of(error: &ModelError) -> String {
    match error {
        ModelError::Malformed { reason, .. } => reason.clone(),
        ModelError::Io { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}

/// The size that a `UNet` was trained at: its latents', times what the autoencoder shrinks.
fn of_configs(unet: &Value, vae: &Value) -> Defaults {
    let levels = vae
        .get("block_out_channels")
        .and_then(Value::as_array)
        .map(Vec::len);
    let latents = unet.get("sample_size").and_then(Value::as_u64);
    let side = levels
        .filter(|levels| (1..=8).contains(levels))
        .zip(latents.and_then(|side| u32::try_from(side).ok()))
        .and_then(|(levels, side)| side.checked_mul(1 << (levels - 1)))
        .filter(|side| (8..=8192).contains(side));
    // Distilled with guidance as an input: it is embedded, and 8 is what LCM was published with.
    let embeds_guidance = unet.get("time_cond_proj_dim").is_some_and(Value::is_u64);
    Defaults {
        size: side.map(|side| (side, side)),
        guidance_scale: embeds_guidance.then_some(8.0),
        ..Defaults::default()
    }
}

/// Reads and checks the header of a safetensors file.
///
/// # Errors
/// If the file cannot be read or breaks a rule of the format.
pub(super) fn read_header(path: &Path) -> Result<Vec<TensorInfo>, ModelError> {
    let unreadable = |source| ModelError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    match safetensors::read_header(&file) {
        Ok(header) => Ok(header.tensors),
        Err(HeaderError::Io(error)) => Err(unreadable(error)),
        Err(HeaderError::Malformed(reason)) => Err(ModelError::malformed(path, reason)),
    }
}
