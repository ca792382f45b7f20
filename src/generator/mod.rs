//! Pictures from requests: a model by its name, a style, a device, the engine, a file with how it
//! was made. What [`crate::CodeExecutor`] is for code.
//!
//! Invariants: one model is in memory at a time, and stays there until another is asked for. A
//! request is settled before anything is loaded for it, as far as that can be. Every picture that
//! leaves here carries what it takes to make it again.
//!
//! Absent on purpose: where pictures are kept, and queues; both are the caller's.

mod error;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use etcetera::BaseStrategy as _;
use image::{GrayImage, RgbImage};

pub use error::GeneratorError;

use crate::atomic;
use crate::diffusion::{
    ComputeDevice, DiffusionError, GeneratedImage, LoadRequest, Observer, Pictures, Pipeline,
    Preview, Probe, Settings, StepInfo,
};
use crate::models::{Catalogue, Hasher, Model, Styles};
use crate::picture;
use crate::protocol::{DeviceKind, Generation, ImageProgress, ImageRequest, ImageStage};

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
        Ok(Self::with(catalogue, styles, own(base.cache_dir())))
    }

    /// With these models, the user's own styles in this file, and a folder for what can be lost.
    pub(crate) fn with(catalogue: Catalogue, styles_file: PathBuf, cache: PathBuf) -> Self {
        Self {
            catalogue,
            styles_file,
            cache,
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
        let tell = |on_news: &mut dyn FnMut(News<'_>) -> ControlFlow<()>, stage, done, total| {
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
        };
        tell(on_news, ImageStage::Preparing, 0, 0)?;
        let styled = self.styled(request)?;
        let pictures = Pictures {
            init: request.init.as_deref().map(read_rgb).transpose()?,
            mask: request.mask.as_deref().map(read_gray).transpose()?,
        };
        let model = self.model(request.model.as_deref())?;
        let device = self.open_device(request.device)?;
        let is_loaded = self.loaded.as_ref().is_some_and(|loaded| {
            loaded.model.path == model.path
                && loaded.loras == styled.loras
                && *loaded.pipeline.device() == device
        });
        if !is_loaded {
            // Two models at once may be more than there is room for.
            self.loaded = None;
            let hash = HashInProgress::start(&self.cache, &model);
            let mut has_broken = false;
            let vocabulary = self.catalogue.clip_vocabulary();
            let load = LoadRequest {
                path: &model.path,
                tokenizer: vocabulary.as_deref(),
                loras: &styled.loras,
            };
            let pipeline = Pipeline::load(&load, &device, &mut |done, total| {
                let (done, total) = (small(done), small(total));
                has_broken |= tell(on_news, ImageStage::Loading, done, total).is_err();
            })?;
            self.loaded = Some(Loaded {
                model,
                loras: styled.loras.clone(),
                pipeline,
                hash,
            });
            if has_broken {
                return Err(GeneratorError::Cancelled);
            }
        }
        let Some(Loaded {
            model,
            pipeline,
            hash,
            ..
        }) = &mut self.loaded
        else {
            return Err(GeneratorError::Nothing);
        };
        let filled = model.defaults.fill(styled);
        let settings = pipeline.settle(&filled, &pictures)?;
        check_memory(pipeline, &settings)?;
        let mut told = Told {
            on_news,
            settings: &settings,
            asked: request,
            model,
            hash,
            device: device.kind().name(),
            began: Instant::now(),
            step_began: Instant::now(),
            rate: None,
            failure: None,
            is_over: false,
        };
        let drawn = pipeline.generate(&settled(filled, &settings), &pictures, &mut told);
        match told.failure.take() {
            Some(failure) => Err(failure),
            None => drawn.map(drop).map_err(GeneratorError::from),
        }
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

/// The request with everything that the settings decided.
fn settled(request: ImageRequest, settings: &Settings) -> ImageRequest {
    ImageRequest {
        prompt: settings.prompt.clone(),
        negative_prompt: settings.negative_prompt.clone(),
        size: Some((settings.width, settings.height)),
        num_inference_steps: Some(settings.num_inference_steps),
        guidance_scale: Some(settings.guidance_scale),
        guidance_rescale: settings.guidance_rescale,
        seed: Some(settings.seed),
        generator: settings.generator,
        scheduler: Some(settings.scheduler),
        sigmas: settings.sigmas,
        clip_skip: Some(settings.clip_skip),
        count: Some(settings.count),
        strength: settings.strength,
        ..request
    }
}

/// Refuses what would be killed for its memory half an hour later.
fn check_memory(pipeline: &Pipeline, settings: &Settings) -> Result<(), GeneratorError> {
    let forecast = pipeline.forecast(settings);
    if forecast.fits() {
        return Ok(());
    }
    Err(GeneratorError::Memory {
        needed_bytes: forecast.beside_the_weights(),
        available_bytes: forecast.available.unwrap_or_default(),
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

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Turns what the engine tells into news.
struct Told<'a, 'b> {
    on_news: &'a mut dyn FnMut(News<'_>) -> ControlFlow<()>,
    settings: &'a Settings,
    asked: &'b ImageRequest,
    model: &'a Model,
    hash: &'a mut HashInProgress,
    device: &'static str,
    /// When this picture was begun.
    began: Instant,
    /// When this step was begun.
    step_began: Instant,
    /// Steps in a second, smoothed.
    rate: Option<f32>,
    failure: Option<GeneratorError>,
    /// Whoever listens broke off with a picture: nothing after it is wanted.
    is_over: bool,
}

impl Told<'_, '_> {
    fn image(&mut self, made: &GeneratedImage) -> Result<Image, GeneratorError> {
        let took = self.began.elapsed();
        let (width, height) = made.image.dimensions();
        let request = ImageRequest {
            // As it was typed: the style is told by its name.
            prompt: self.asked.prompt.clone(),
            negative_prompt: self.asked.negative_prompt.clone(),
            model: Some(self.model.name.clone()),
            seed: Some(made.seed),
            count: None,
            device: None,
            ..settled(self.asked.clone(), self.settings)
        };
        let model_hash = self.hash.wait();
        let png = picture::encode_png(
            &made.image,
            &picture::Made {
                request: &request,
                model: &self.model.name,
                model_hash: model_hash.as_deref(),
                device: self.device,
                duration: took,
            },
        )?;
        Ok(Image {
            png,
            width,
            height,
            generation: Generation {
                request,
                model_hash,
                device: self.device.to_owned(),
                time_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            },
        })
    }
}

impl Observer for Told<'_, '_> {
    fn on_step(&mut self, step: StepInfo) -> ControlFlow<()> {
        if self.is_over {
            return ControlFlow::Break(());
        }
        let took = self.step_began.elapsed().max(Duration::from_micros(1));
        self.step_began = Instant::now();
        // The first step has prompts and kernels in it.
        if step.step > 1 {
            let now = 1.0 / took.as_secs_f32();
            self.rate = Some(self.rate.map_or(now, |rate| rate * 0.7 + now * 0.3));
        }
        let (done, total) = (small(step.step), small(step.total));
        let progress = ImageProgress {
            stage: if done == total {
                ImageStage::Decoding
            } else {
                ImageStage::Denoising
            },
            image: step.image + 1,
            images: step.images,
            done,
            total,
            steps_per_second: self.rate,
            preview: None,
        };
        let Preview { width, height, rgb } = step.preview;
        let so_far = RgbImage::from_raw(width, height, rgb).map(|pixels| SoFar {
            pixels,
            size: (self.settings.width, self.settings.height),
        });
        (self.on_news)(News::Progress(progress, so_far.as_ref()))
    }

    fn on_image(&mut self, made: GeneratedImage) {
        let image = self.image(&made);
        self.began = Instant::now();
        self.step_began = self.began;
        match image {
            Ok(image) => self.is_over |= (self.on_news)(News::Image(image)).is_break(),
            Err(error) => {
                self.failure = Some(error);
                self.is_over = true;
            }
        }
    }
}

/// The hash of a model's weights, counted while the first picture is drawn.
struct HashInProgress {
    thread: Option<JoinHandle<Option<String>>>,
    hash: Option<String>,
    cancel: Arc<AtomicBool>,
}

impl HashInProgress {
    fn start(cache: &Path, model: &Model) -> Self {
        let cancel = Arc::new(AtomicBool::new(false));
        let (flag, cache, model) = (Arc::clone(&cancel), cache.to_owned(), model.clone());
        let thread = std::thread::Builder::new()
            .name("hash".into())
            .spawn(move || {
                let mut hasher = Hasher::new(&cache, &flag);
                hasher.model(&model, &mut |_| {}).ok().map(|hash| hash.0)
            });
        Self {
            thread: thread.ok(),
            hash: None,
            cancel,
        }
    }

    fn wait(&mut self) -> Option<String> {
        if let Some(thread) = self.thread.take() {
            self.hash = thread.join().ok().flatten();
        }
        self.hash.clone()
    }
}

impl Drop for HashInProgress {
    fn drop(&mut self) {
        self.cancel.store(true, Ordering::SeqCst);
    }
}

impl From<DiffusionError> for GeneratorError {
    fn from(error: DiffusionError) -> Self {
        match error {
            DiffusionError::Cancelled => Self::Cancelled,
            error => Self::Engine(error),
        }
    }
}
