//! Pictures from requests: a model by its name, a style, a device, the engine, a file with how it
//! was made. What [`crate::CodeExecutor`] is for code.
//!
//! Invariants: one model is in memory at a time, and stays there until another is asked for. A
//! request is settled before anything is loaded for it, as far as that can be. Every picture that
//! leaves here carries what it takes to make it again.
//!
//! Absent on purpose: where pictures are kept, and queues; both are the caller's.

mod error;
mod hash;
mod kept;
#[cfg(test)]
mod tests;
mod told;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use etcetera::BaseStrategy as _;
use image::{GrayImage, RgbImage};

pub use error::GeneratorError;
use hash::HashInProgress;
use kept::Kept;
use told::{Listener, Told, finish, milliseconds, settled, small};

use crate::atomic;
use crate::diffusion::{
    ComputeDevice, DiffusionError, Latents, LoadRequest, Pictures, Pipeline, Probe,
};
use crate::models::{Catalogue, Model, Styles};
use crate::picture;
use crate::protocol::{
    DeviceKind, Generation, ImageProgress, ImageRequest, ImageStage, MemoryForecast,
};

/// Where in the user's data latents wait for their picture.
pub(crate) const LATENTS_FOLDER: &str = "latents";

/// Makes pictures from prompts.
///
/// ```no_run
/// fn main() -> Result<(), companion::GeneratorError> {
///     companion::become_worker_if_asked();
///     let mut generator = companion::ImageGenerator::new()?;
///     let image = generator.text_to_image("a red apple", None, Some((64, 64)))?;
///     image.save("apple.png")?;
///     println!("seed {:?}, {} ms", image.generation.request.seed, image.generation.time_ms);
///     Ok(())
/// }
/// ```
pub struct ImageGenerator {
    catalogue: Catalogue,
    styles_file: PathBuf,
    cache: PathBuf,
    /// Where latents wait for their picture.
    latents: PathBuf,
    /// What was asked for, and what came of it.
    device: Option<(Option<DeviceKind>, ComputeDevice)>,
    loaded: Option<Loaded>,
}

/// The model in memory.
struct Loaded {
    model: Model,
    /// What was merged into it.
    loras: Vec<(PathBuf, f32)>,
    pipeline: Pipeline,
    hash: HashInProgress,
}

/// A picture, ready to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// The bytes of a PNG file, with how it was made in it.
    pub png: Vec<u8>,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// How it came about.
    pub generation: Generation,
}

impl Image {
    /// Writes the file: whole, or not at all.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), GeneratorError> {
        let path = path.as_ref();
        atomic::write(path, &self.png).map_err(|source| GeneratorError::Write {
            path: path.to_owned(),
            source,
        })
    }
}

/// Names, with a line about each.
pub(crate) type Names = Vec<(String, String)>;

/// What is told while pictures are made.
pub enum News<'a> {
    /// It has come further; with a step there is what the picture looks like so far.
    Progress(ImageProgress, Option<&'a SoFar>),
    /// A picture is done.
    Image(Image),
}

/// What a picture looks like so far.
pub struct SoFar {
    /// Small: a pixel for each latent.
    pub pixels: RgbImage,
    /// The size of the picture that it will be.
    pub size: (u32, u32),
}

impl ImageGenerator {
    /// With the folders of `companion` and the models in them, and those that came with it.
    ///
    /// # Errors
    /// If there is no home folder.
    pub fn new() -> Result<Self, GeneratorError> {
        let base = etcetera::choose_base_strategy().map_err(|_| GeneratorError::NoHome)?;
        let own = |folder: PathBuf| folder.join("companion");
        let catalogue = Catalogue::new(&own(base.data_dir()), None);
        let styles = own(base.config_dir()).join("styles.toml");
        let latents = own(base.data_dir()).join(LATENTS_FOLDER);
        Ok(Self::with(
            catalogue,
            styles,
            own(base.cache_dir()),
            latents,
        ))
    }

    /// With these models, the user's own styles in this file, a folder for what can be lost, and one
    /// for latents that wait for their picture.
    pub(crate) fn with(
        catalogue: Catalogue,
        styles_file: PathBuf,
        cache: PathBuf,
        latents: PathBuf,
    ) -> Self {
        Self {
            catalogue,
            styles_file,
            cache,
            latents,
            device: None,
            loaded: None,
        }
    }

    /// Makes one picture with the default model.
    ///
    /// # Errors
    /// As [`Self::generate`].
    pub fn text_to_image(
        &mut self,
        prompt: &str,
        style: Option<&str>,
        size: Option<(u32, u32)>,
    ) -> Result<Image, GeneratorError> {
        let request = ImageRequest {
            prompt: prompt.to_owned(),
            style: style.map(str::to_owned),
            size,
            ..ImageRequest::default()
        };
        let mut image = None;
        self.generate(&request, &mut |news| {
            if let News::Image(new) = news {
                image = Some(new);
            }
            ControlFlow::Continue(())
        })?;
        image.ok_or(GeneratorError::Nothing)
    }

    /// Makes all pictures of a request; each is told when it is done. To break off ends it at the
    /// next step.
    ///
    /// # Errors
    /// If there is no such model, style, device or picture; if the request asks for what the model
    /// can't do; if the device fails. Pictures that were told are done.
    pub fn generate(
        &mut self,
        request: &ImageRequest,
        on_news: &mut dyn FnMut(News<'_>) -> ControlFlow<()>,
    ) -> Result<(), GeneratorError> {
        tell(on_news, request, ImageStage::Preparing, 0, 0)?;
        if let Some(path) = &request.latents {
            return self.decode(request, path, on_news);
        }
        let styled = self.styled(request)?;
        let pictures = Pictures {
            init: request.init.as_deref().map(read_rgb).transpose()?,
            mask: request.mask.as_deref().map(read_gray).transpose()?,
        };
        let latents = self.latents.clone();
        let Loaded {
            model,
            pipeline,
            hash,
            ..
        } = self.load(&styled, on_news)?;
        let filled = model.defaults.fill(styled);
        let settings = pipeline.settle(&filled, &pictures)?;
        let forecast = pipeline.forecast(&settings);
        check_memory(&forecast)?;
        let progress = ImageProgress {
            stage: ImageStage::Denoising,
            image: 1,
            images: settings.count,
            total: settings.num_inference_steps,
            forecast: Some(forecast),
            ..ImageProgress::default()
        };
        if on_news(News::Progress(progress, None)).is_break() {
            return Err(GeneratorError::Cancelled);
        }
        let mut told = Told {
            on_news,
            settings: &settings,
            asked: request,
            model,
            hash,
            device: pipeline.device().kind().name(),
            forecast,
            kept: Kept::new(&latents),
            began: Instant::now(),
            step_began: Instant::now(),
            rate: None,
            failure: None,
            is_over: false,
        };
        let drawn = pipeline.generate(&settled(filled, &settings), &pictures, &mut told);
        match (told.failure.take(), drawn) {
            (Some(failure), _) => Err(failure),
            (None, Ok(_)) => Ok(()),
            (None, Err(DiffusionError::Decode { reason, .. })) => Err(GeneratorError::Undecoded {
                reason,
                latents: told.kept.file(),
            }),
            (None, Err(error)) => Err(error.into()),
        }
    }

    /// Decodes latents that were kept, with the model that has drawn them.
    fn decode(
        &mut self,
        request: &ImageRequest,
        path: &Path,
        on_news: &mut Listener<'_>,
    ) -> Result<(), GeneratorError> {
        let (latents, note) = Latents::read(path)?;
        let noted: Option<ImageRequest> = note.and_then(|note| serde_json::from_str(&note).ok());
        let noted = noted.unwrap_or_else(|| request.clone());
        let generation = ImageRequest {
            model: request.model.clone().or(noted.model.clone()),
            device: request.device,
            latents: None,
            count: None,
            ..noted
        };
        let is_ours = path.parent() == Some(&self.latents);
        let Loaded {
            model,
            pipeline,
            hash,
            ..
        } = self.load(&generation, on_news)?;
        pipeline.fits(&latents)?;
        tell(on_news, request, ImageStage::Decoding, 0, 0)?;
        let began = Instant::now();
        let image = pipeline.decode(&latents).map_err(|error| match error {
            DiffusionError::Decode { reason, .. } => GeneratorError::Undecoded {
                reason,
                latents: Some(path.to_owned()),
            },
            error => error.into(),
        })?;
        let image = finish(
            &image,
            Generation {
                request: ImageRequest {
                    model: Some(model.name.clone()),
                    device: None,
                    ..generation
                },
                model_hash: hash.wait(),
                device: pipeline.device().kind().name().to_owned(),
                time_ms: milliseconds(began.elapsed()),
            },
        )?;
        // A listener that could not keep the picture breaks off.
        if on_news(News::Image(image)).is_continue() && is_ours {
            kept::remove(path);
        }
        Ok(())
    }

    /// Has the request's model in memory, on its device.
    fn load(
        &mut self,
        request: &ImageRequest,
        on_news: &mut Listener<'_>,
    ) -> Result<&mut Loaded, GeneratorError> {
        let model = self.model(request.model.as_deref())?;
        let device = self.open_device(request.device)?;
        // Taken out: two models at once may be more than there is room for.
        let same = self.loaded.take().filter(|loaded| {
            loaded.model.path == model.path
                && loaded.loras == request.loras
                && *loaded.pipeline.device() == device
        });
        if let Some(loaded) = same {
            return Ok(self.loaded.insert(loaded));
        }
        let hash = HashInProgress::start(&self.cache, &model);
        let mut has_broken = false;
        let vocabulary = self.catalogue.clip_vocabulary();
        let load = LoadRequest {
            path: &model.path,
            tokenizer: vocabulary.as_deref(),
            loras: &request.loras,
        };
        let pipeline = Pipeline::load(&load, &device, &mut |done, total| {
            let (done, total) = (small(done), small(total));
            has_broken |= tell(on_news, request, ImageStage::Loading, done, total).is_err();
        })?;
        let loaded = self.loaded.insert(Loaded {
            model,
            loras: request.loras.clone(),
            pipeline,
            hash,
        });
        if has_broken {
            return Err(GeneratorError::Cancelled);
        }
        Ok(loaded)
    }

    /// What can be asked for by name, with a line about each: models, and styles. To be called on
    /// a thread that may wait for the disk.
    pub(crate) fn names(&self) -> impl FnOnce() -> (Names, Names) + Send + 'static {
        let (catalogue, styles_file) = (self.catalogue.clone(), self.styles_file.clone());
        move || {
            let models = catalogue.entries().into_iter();
            let models = models.map(|entry| (entry.name, entry.kind.title().to_owned()));
            let styles = Styles::load(&styles_file).ok();
            let styles = styles.iter().flat_map(Styles::iter);
            let styles = styles.map(|(name, style)| (name.to_owned(), style.summary.clone()));
            (models.collect(), styles.collect())
        }
    }

    fn styled(&self, request: &ImageRequest) -> Result<ImageRequest, GeneratorError> {
        let Some(style) = &request.style else {
            return Ok(request.clone());
        };
        let styles = Styles::load(&self.styles_file)?;
        let negative = request.negative_prompt.as_deref();
        let (prompt, negative_prompt) = styles.get(style)?.wrap(&request.prompt, negative);
        Ok(ImageRequest {
            prompt,
            negative_prompt,
            ..request.clone()
        })
    }

    fn model(&self, name: Option<&str>) -> Result<Model, GeneratorError> {
        let model = match name {
            Some(name) => self.catalogue.find(name)?,
            None => self
                .catalogue
                .default_model()
                .ok_or(GeneratorError::NoModel)?,
        };
        if !model.family.is_generator() {
            return Err(GeneratorError::NotAGenerator {
                name: model.name,
                family: model.family.title(),
            });
        }
        Ok(model)
    }

    fn open_device(&mut self, kind: Option<DeviceKind>) -> Result<ComputeDevice, GeneratorError> {
        if let Some((asked, device)) = &self.device
            && *asked == kind
        {
            return Ok(device.clone());
        }
        let device = match kind {
            Some(kind) => ComputeDevice::open(kind, Probe::ChildProcess)?,
            // That a machine has no GPU is no news; `companion doctor` tells why.
            None => ComputeDevice::best(Probe::ChildProcess).0,
        };
        self.device = Some((kind, device.clone()));
        Ok(device)
    }
}

/// Tells how far it has come, before there are steps.
fn tell(
    on_news: &mut Listener<'_>,
    request: &ImageRequest,
    stage: ImageStage,
    done: u32,
    total: u32,
) -> Result<(), GeneratorError> {
    let progress = ImageProgress {
        stage,
        image: 1,
        images: request.count.unwrap_or(1),
        done,
        total,
        ..ImageProgress::default()
    };
    match on_news(News::Progress(progress, None)) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(GeneratorError::Cancelled),
    }
}

/// Refuses what would be killed for its memory half an hour later.
fn check_memory(forecast: &MemoryForecast) -> Result<(), GeneratorError> {
    if forecast.fits() {
        return Ok(());
    }
    Err(GeneratorError::Memory {
        needed_bytes: forecast.working_bytes(),
        available_bytes: forecast.available_bytes.unwrap_or_default(),
    })
}

fn read_rgb(path: &Path) -> Result<RgbImage, GeneratorError> {
    Ok(read(path)?.to_rgb8())
}

fn read_gray(path: &Path) -> Result<GrayImage, GeneratorError> {
    Ok(read(path)?.to_luma8())
}

fn read(path: &Path) -> Result<image::DynamicImage, GeneratorError> {
    let (bytes, _) = picture::read(path)?;
    Ok(picture::decode(&bytes).map_err(|problem| problem.of(path))?)
}

impl From<DiffusionError> for GeneratorError {
    fn from(error: DiffusionError) -> Self {
        match error {
            DiffusionError::Cancelled => Self::Cancelled,
            error => Self::Engine(error),
        }
    }
}
