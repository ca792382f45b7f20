//! What a model does best with: its size, steps, guidance and scheduler, from the TOML beside it,
//! from its name, from its family.

use std::path::Path;

use serde::Deserialize;

use super::error::{ModelError, shown_text};
use super::family::Family;
use crate::protocol::{ImageRequest, SchedulerName, Sigmas};

/// The largest file of settings that is read.
pub(super) const MAX_TOML_BYTES: u64 = 256 << 10;
/// Sides of a picture that a default may name.
const SIDES: std::ops::RangeInclusive<u32> = 8..=8192;

/// What stands in for what a request leaves open.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Defaults {
    /// Width and height in pixels.
    pub size: Option<(u32, u32)>,
    /// How many denoising steps.
    pub num_inference_steps: Option<u32>,
    /// How strongly the prompt pulls.
    pub guidance_scale: Option<f32>,
    /// The sampler; the folder's own scheduler config, if none.
    pub scheduler: Option<SchedulerName>,
    /// How the sampler spaces its noise levels.
    pub sigmas: Option<Sigmas>,
    /// How many of the text encoder's last layers are left out.
    pub clip_skip: Option<u32>,
    /// What is not to be seen.
    pub negative_prompt: Option<String>,
    /// One line about the model.
    pub description: Option<String>,
    /// Under which licence the weights are.
    pub licence: Option<String>,
}

/// Where defaults come from: the most particular source that gave any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DefaultsSource {
    /// The TOML beside the model.
    File,
    /// Words in the model's name, as turbo.
    Name,
    /// The family and the configs.
    Family,
}

impl Defaults {
    /// Fills in what a request leaves open.
    #[must_use]
    pub fn fill(&self, request: ImageRequest) -> ImageRequest {
        // The spacing was chosen for the model's own sampler.
        let is_own = request.scheduler.is_none() || request.scheduler == self.scheduler;
        ImageRequest {
            size: request.size.or(self.size),
            num_inference_steps: request.num_inference_steps.or(self.num_inference_steps),
            guidance_scale: request.guidance_scale.or(self.guidance_scale),
            scheduler: request.scheduler.or(self.scheduler),
            sigmas: request.sigmas.or(self.sigmas.filter(|_| is_own)),
            clip_skip: request.clip_skip.or(self.clip_skip),
            negative_prompt: request
                .negative_prompt
                .or_else(|| self.negative_prompt.clone()),
            ..request
        }
    }

    /// Takes what is missing here from there.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            size: self.size.or(other.size),
            num_inference_steps: self.num_inference_steps.or(other.num_inference_steps),
            guidance_scale: self.guidance_scale.or(other.guidance_scale),
            scheduler: self.scheduler.or(other.scheduler),
            sigmas: self.sigmas.or(other.sigmas),
            clip_skip: self.clip_skip.or(other.clip_skip),
            negative_prompt: self.negative_prompt.or(other.negative_prompt),
            description: self.description.or(other.description),
            licence: self.licence.or(other.licence),
        }
    }

    /// Reads the TOML beside a model; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read, is not TOML, or a value is none that its key takes.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, ModelError> {
        let Some(text) = read_toml(path)? else {
            return Ok(None);
        };
        let raw: RawFile = parse_toml(path, &text)?;
        let wrong = |message: String| ModelError::Settings {
            path: path.to_owned(),
            line: None,
            message,
        };
        raw.checked().map(Some).map_err(wrong)
    }

    /// What a family is trained for.
    pub(super) fn of_family(family: Family) -> Self {
        let side = match family {
            Family::Sdxl | Family::SdxlRefiner => 1024,
            Family::Sd1 | Family::Sd2 => 512,
            Family::Lora | Family::Vae | Family::Unknown => return Self::default(),
        };
        Self {
            size: Some((side, side)),
            num_inference_steps: Some(25),
            guidance_scale: Some(7.5),
            ..Self::default()
        }
    }

    /// What models with such a word in their name are made for: with the usual 25 steps and
    /// guidance their pictures are burnt.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        /// A word, steps, guidance, sampler and spacing, as the models' own pages recommend.
        type Hint = (
            &'static str,
            u32,
            f32,
            Option<SchedulerName>,
            Option<Sigmas>,
        );
        const HINTS: &[Hint] = &[
            ("lcm", 4, 1.0, Some(SchedulerName::Lcm), None),
            (
                "lightning",
                4,
                1.0,
                Some(SchedulerName::Euler),
                Some(Sigmas::SgmUniform),
            ),
            ("hyper", 8, 1.0, Some(SchedulerName::Ddim), None),
            ("turbo", 4, 1.0, Some(SchedulerName::EulerAncestral), None),
        ];
        let name = name.to_ascii_lowercase();
        let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        let hint = HINTS
            .iter()
            .find(|(word, ..)| words.iter().any(|part| part.contains(word)))?;
        let &(_, steps, guidance, scheduler, sigmas) = hint;
        Some(Self {
            num_inference_steps: Some(steps),
            guidance_scale: Some(guidance),
            scheduler,
            sigmas,
            ..Self::default()
        })
    }
}

/// Reads a TOML file of bounded size; `None` if there is none.
pub(super) fn read_toml(path: &Path) -> Result<Option<String>, ModelError> {
    use std::io::Read as _;
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ModelError::io("read", path)(source)),
    };
    let mut text = String::new();
    let read = file
        .take(MAX_TOML_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(ModelError::io("read", path))?;
    if read as u64 > MAX_TOML_BYTES {
        return Err(ModelError::malformed(path, "it is larger than 256 KiB"));
    }
    Ok(Some(text))
}

/// Parses TOML and says in which line it is wrong.
pub(super) fn parse_toml<'a, T: Deserialize<'a>>(
    path: &Path,
    text: &'a str,
) -> Result<T, ModelError> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| {
            let before = text.as_bytes().iter().take(span.start);
            before.filter(|&&byte| byte == b'\n').count() + 1
        });
        ModelError::Settings {
            path: path.to_owned(),
            line,
            message: shown_text(error.message()),
        }
    })
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct RawFile {
    defaults: RawDefaults,
    about: RawAbout,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawDefaults {
    size: Option<String>,
    steps: Option<u32>,
    guidance: Option<f32>,
    scheduler: Option<SchedulerName>,
    sigmas: Option<Sigmas>,
    clip_skip: Option<u32>,
    negative: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawAbout {
    description: Option<String>,
    licence: Option<String>,
}

impl RawFile {
    fn checked(self) -> Result<Defaults, String> {
        let Self { defaults, about } = self;
        let size = match defaults.size {
            None => None,
            Some(text) => Some(size(&text).ok_or_else(|| {
                format!(
                    "defaults.size can't be {:?}; it takes \"WIDTHxHEIGHT\" in pixels",
                    shown_text(&text)
                )
            })?),
        };
        if let Some(steps) = defaults.steps.filter(|steps| !(1..=1000).contains(steps)) {
            return Err(format!(
                "defaults.steps can't be {steps}; it takes 1 to 1000"
            ));
        }
        if let Some(guidance) = defaults.guidance.filter(|g| !(0.0..=100.0).contains(g)) {
            return Err(format!(
                "defaults.guidance can't be {guidance}; it takes 0 to 100"
            ));
        }
        Ok(Defaults {
            size,
            num_inference_steps: defaults.steps,
            guidance_scale: defaults.guidance,
            scheduler: defaults.scheduler,
            sigmas: defaults.sigmas,
            clip_skip: defaults.clip_skip,
            negative_prompt: defaults.negative,
            description: about.description,
            licence: about.licence,
        })
    }
}

/// `512x768`
fn size(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once(['x', '×'])?;
    let side = |text: &str| text.trim().parse().ok().filter(|side| SIDES.contains(side));
    Some((side(width)?, side(height)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Defaults, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("companion.toml");
        std::fs::write(&path, text).expect("written");
        Defaults::read(&path)
            .map(Option::unwrap_or_default)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_file_beside_a_model_is_read() {
        let defaults = read(
            "[defaults]\nsize = \"64x96\"\nsteps = 20\nguidance = 3\nscheduler = \"dpmpp_2m\"\n\
             sigmas = \"karras\"\nof_a_later_version = 1\n[about]\ndescription = \"icons\"\n",
        )
        .expect("settings");
        assert_eq!(defaults.size, Some((64, 96)));
        assert_eq!(defaults.guidance_scale, Some(3.0));
        assert_eq!(defaults.scheduler, Some(SchedulerName::DpmPp2m));
        assert_eq!(defaults.sigmas, Some(Sigmas::Karras));
        assert_eq!(defaults.description.as_deref(), Some("icons"));
        assert_eq!(read("").expect("empty"), Defaults::default());
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, said) in [
            ("[defaults]\nsize = \"big\"", "takes \"WIDTHxHEIGHT\""),
            ("[defaults]\nsize = \"0x64\"", "takes \"WIDTHxHEIGHT\""),
            ("[defaults]\nsteps = 0", "takes 1 to 1000"),
            ("[defaults]\nguidance = nan", "takes 0 to 100"),
            ("\n[defaults]\nscheduler = \"eular\"", ":3: unknown variant"),
            ("= 1", ":1: "),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(said), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_request_goes_before_defaults() {
        let defaults = Defaults {
            size: Some((64, 64)),
            num_inference_steps: Some(20),
            ..Defaults::default()
        };
        let request = ImageRequest {
            num_inference_steps: Some(5),
            ..ImageRequest::default()
        };
        let filled = defaults.fill(request);
        assert_eq!(filled.size, Some((64, 64)));
        assert_eq!(filled.num_inference_steps, Some(5));
    }

    #[test]
    fn a_name_tells_of_few_steps() {
        let steps = |name| Defaults::of_name(name).and_then(|it| it.num_inference_steps);
        assert_eq!(steps("stabilityai/sd-turbo"), Some(4));
        assert_eq!(steps("SDXL-Lightning"), Some(4));
        assert_eq!(steps("LCM_Dreamshaper_v7"), Some(4));
        assert_eq!(steps("dreamshaperXL_v21TurboDPMSDE"), Some(4));
        assert_eq!(steps("stable-diffusion-v1-5"), None);
    }
}
