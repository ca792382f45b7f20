//! What can be asked of the picture engine, in diffusers' words.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Artifact;

/// A request for pictures. What is `None` is the model's own default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageRequest {
    /// What is to be seen. `(word:1.2)` and `[word]` weigh, BREAK begins a new chunk.
    pub prompt: String,
    /// What is not to be seen.
    pub negative_prompt: Option<String>,
    /// Name of a style preset, which wraps both prompts.
    pub style: Option<String>,
    /// Name of a folder or file among the models.
    pub model: Option<String>,
    /// Width and height in pixels.
    pub size: Option<(u32, u32)>,
    /// How many denoising steps.
    pub num_inference_steps: Option<u32>,
    /// How strongly the prompt pulls; 1 and below is no guidance.
    pub guidance_scale: Option<f32>,
    /// Counters the overexposure of strong guidance, 0 to 1 (arXiv 2305.08891, section 3.4).
    pub guidance_rescale: f32,
    /// Of the noise. Without one, a random seed is drawn and told.
    pub seed: Option<u64>,
    /// Whose random numbers the noise is made of.
    pub generator: NoiseGenerator,
    /// The sampler.
    pub scheduler: Option<SchedulerName>,
    /// How the sampler spaces its noise levels.
    pub sigmas: Option<Sigmas>,
    /// How many of the text encoder's last layers are left out.
    pub clip_skip: Option<u32>,
    /// How many pictures, with the seeds that follow each other.
    pub count: Option<u32>,
    /// A picture to begin with.
    pub init: Option<PathBuf>,
    /// A file of finished latents, to be decoded instead of drawing.
    pub latents: Option<PathBuf>,
    /// How far from [`Self::init`] the result may go: 0 is not at all, 1 ignores it.
    pub strength: Option<f32>,
    /// Where to paint: white is painted anew, black is kept.
    pub mask: Option<PathBuf>,
    /// LoRA files with their strengths.
    pub loras: Vec<(PathBuf, f32)>,
    /// Where to compute; `None` is the best that there is.
    pub device: Option<DeviceKind>,
}

impl ImageRequest {
    /// A name for the file of its picture: `a-red-apple-7.png`.
    #[must_use]
    pub fn file_name(&self) -> String {
        let words = self.prompt.split(|c: char| !c.is_alphanumeric());
        let mut name = String::new();
        for word in words.filter(|word| !word.is_empty()) {
            if name.len() + word.len() > 40 {
                break;
            }
            if !name.is_empty() {
                name.push('-');
            }
            name.push_str(&word.to_lowercase());
        }
        if name.is_empty() {
            name.push_str("picture");
        }
        match self.seed {
            Some(seed) => format!("{name}-{seed}.png"),
            None => format!("{name}.png"),
        }
    }
}

/// How a picture came about: enough to make it again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Generation {
    /// What was asked for, with everything filled in that was left open. The seed is this
    /// picture's own, and there is one picture.
    pub request: ImageRequest,
    /// The hash of the model's weights, as `companion models info` shows it.
    pub model_hash: Option<String>,
    /// What computed it.
    pub device: String,
    /// How long this picture took, in milliseconds, without the loading of the model.
    pub time_ms: u64,
}

/// How far a request for pictures has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageProgress {
    /// What is being done.
    pub stage: ImageStage,
    /// Which picture, from 1.
    pub image: u32,
    /// Of how many.
    pub images: u32,
    /// Steps of this picture that are done, or networks that are loaded.
    pub done: u32,
    /// Of how many.
    pub total: u32,
    /// Steps in a second, once that is known.
    pub steps_per_second: Option<f32>,
    /// What it will take, once that is known.
    pub forecast: Option<MemoryForecast>,
    /// What the picture looks like so far. Its bytes are kept in memory only, and not for long.
    pub preview: Option<Artifact>,
}

/// How much memory pictures will take, told before they are begun. In bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryForecast {
    /// All networks.
    pub weights_bytes: u64,
    /// What the processor's own layout of weights will add to them, for good.
    pub transformed_bytes: u64,
    /// The UNet's largest moment, beside the weights.
    pub denoising_bytes: u64,
    /// The VAE's largest moment, beside the weights, with the chosen tiling.
    pub decoding_bytes: u64,
    /// Side in pixels of the tiles in which it will be decoded; `None` is at once.
    pub tile: Option<u32>,
    /// What there is beside the weights, where it is known.
    pub available_bytes: Option<u64>,
}

impl MemoryForecast {
    /// The largest moment of all.
    pub fn peak_bytes(&self) -> u64 {
        self.weights_bytes.saturating_add(self.working_bytes())
    }

    /// What it will take when the networks are there.
    pub fn working_bytes(&self) -> u64 {
        self.transformed_bytes
            .saturating_add(self.denoising_bytes.max(self.decoding_bytes))
    }

    /// Whether it should fit. What is not known is believed.
    pub fn fits(&self) -> bool {
        self.available_bytes
            .is_none_or(|available| self.working_bytes() <= available)
    }
}

/// What is being done for a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageStage {
    /// The model is looked up, its device opened.
    #[default]
    Preparing,
    /// Its weights are read.
    Loading,
    /// Noise is taken away.
    Denoising,
    /// The latents become a picture.
    Decoding,
}

/// How a request for pictures ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ImageStatus {
    /// All its pictures are there.
    Ok,
    /// The user stopped it.
    Interrupted,
    /// It can't be had.
    Failed {
        /// Why, and what to try.
        message: String,
    },
    /// It was dropped before it began.
    Dropped,
}

/// Declares a closed set of names that people type.
macro_rules! names {
    ($(#[$doc:meta])* $type:ident, $what:literal: $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $type {
            $($(#[$variant_doc])* #[serde(rename = $name)] $variant,)+
        }

        impl $type {
            /// Every one, in the order in which they are shown.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name that people type.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $type {
            type Err = UnknownName;

            fn from_str(name: &str) -> Result<Self, UnknownName> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|known| known.name().eq_ignore_ascii_case(name))
                    .ok_or_else(|| UnknownName {
                        what: $what,
                        name: name.to_owned(),
                        known: Self::ALL.iter().map(|known| known.name()).collect::<Vec<_>>().join(", "),
                    })
            }
        }
    };
}

/// A name that is not in its table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no {what} is called {name:?}; there are {known}")]
pub struct UnknownName {
    what: &'static str,
    name: String,
    known: String,
}

names! {
    /// A sampler: how the noise is taken away, step by step.
    SchedulerName, "scheduler":
    /// `DDIMScheduler`.
    Ddim = "ddim",
    /// `PNDMScheduler`, with `skip_prk_steps`: PLMS.
    Pndm = "pndm",
    /// `LMSDiscreteScheduler`.
    Lms = "lms",
    /// `EulerDiscreteScheduler`.
    Euler = "euler",
    /// `EulerAncestralDiscreteScheduler`.
    EulerAncestral = "euler_a",
    /// `HeunDiscreteScheduler`.
    Heun = "heun",
    /// `DPMSolverMultistepScheduler`.
    DpmPp2m = "dpmpp_2m",
    /// `DPMSolverMultistepScheduler` with `sde-dpmsolver++`.
    DpmPp2mSde = "dpmpp_2m_sde",
    /// `DPMSolverSDEScheduler`.
    DpmPpSde = "dpmpp_sde",
    /// `UniPCMultistepScheduler`.
    UniPc = "unipc",
    /// `LCMScheduler`.
    Lcm = "lcm",
}

names! {
    /// How a sampler spaces its noise levels.
    Sigmas, "spacing of sigmas":
    /// As the training had them.
    Discrete = "discrete",
    /// Equation 5 of Karras et al., arXiv 2206.00364.
    Karras = "karras",
    /// Evenly in the logarithm.
    Exponential = "exponential",
    /// As in Stability's generative-models: evenly in time, with the last step left out.
    SgmUniform = "sgm_uniform",
}

names! {
    /// A kind of device that computes.
    DeviceKind, "device":
    /// An NVIDIA GPU.
    Cuda = "cuda",
    /// Any GPU with a Vulkan driver.
    Vulkan = "vulkan",
    /// The processor.
    Cpu = "cpu",
}

names! {
    /// Whose random numbers the noise is made of.
    #[derive(Default)]
    NoiseGenerator, "generator":
    /// `torch.Generator("cpu")`: the same seed gives the same picture as diffusers on a CPU.
    #[default] TorchCpu = "cpu",
    /// `torch.Generator("cuda")`: Philox, as diffusers on a GPU and the web UIs draw it.
    TorchCuda = "cuda",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_its_variant_and_an_unknown_one_to_the_list() {
        for scheduler in SchedulerName::ALL {
            assert_eq!(scheduler.name().parse(), Ok(*scheduler));
        }
        let error = "eular".parse::<SchedulerName>().expect_err("not a name");
        assert!(error.to_string().contains("euler_a"), "{error}");
    }

    #[test]
    fn a_request_reads_what_it_wrote() {
        let request = ImageRequest {
            prompt: "a red apple".to_owned(),
            scheduler: Some(SchedulerName::DpmPp2m),
            size: Some((64, 64)),
            ..ImageRequest::default()
        };
        let text = serde_json::to_string(&request).expect("plain data");
        assert_eq!(
            serde_json::from_str::<ImageRequest>(&text).expect("as written"),
            request
        );
    }
}
