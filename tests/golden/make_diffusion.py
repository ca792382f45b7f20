"""Reference numbers beyond `golden.safetensors`: writes tests/golden/diffusion/host.json.

    pip install torch==2.9.1 diffusers==0.35.2 transformers==4.57.1 torchsde==0.2.6 scipy
    python tests/golden/make_diffusion.py

Everything is computed on the CPU in float32.
"""

import importlib
import json
import math
from pathlib import Path

import torch

HERE = Path(__file__).parent
OUT = HERE / "diffusion"
MODEL = HERE.parent.parent / "models" / "icons-64"


def numbers(tensor):
    """float32 in as few digits as give the same float32 back."""
    return [float(f"{value:.9g}") for value in tensor.to(torch.float32).flatten().tolist()]


def randn():
    """`torch.randn` of one generator, several tensors in a row; the last 40 values of each."""
    runs = []
    for seed in [0, 1, 42, 123456789, 2**32 + 5]:
        generator = torch.Generator("cpu").manual_seed(seed)
        draws = []
        for count in [1024, 16, 5, 40, 1, 4101, 17, 64]:
            values = torch.randn(count, generator=generator, dtype=torch.float32)
            draws.append({"count": count, "tail": numbers(values[-40:])})
        runs.append({"seed": seed, "draws": draws})
    return runs


CLASSES = {
    "ddim": "DDIMScheduler",
    "pndm": "PNDMScheduler",
    "lms": "LMSDiscreteScheduler",
    "euler": "EulerDiscreteScheduler",
    "euler_a": "EulerAncestralDiscreteScheduler",
    "heun": "HeunDiscreteScheduler",
    "dpmpp_2m": "DPMSolverMultistepScheduler",
    "dpmpp_2m_sde": "DPMSolverMultistepScheduler",
    "dpmpp_sde": "DPMSolverSDEScheduler",
    "unipc": "UniPCMultistepScheduler",
    "lcm": "LCMScheduler",
}

SD = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
    "clip_sample": False,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
}

EPS, V, X0 = ({"prediction_type": p} for p in ["epsilon", "v_prediction", "sample"])
KARRAS, EXPONENTIAL = {"use_karras_sigmas": True}, {"use_exponential_sigmas": True}
LEADING, TRAILING, LINSPACE = ({"timestep_spacing": s} for s in ["leading", "trailing", "linspace"])
ZERO_SNR = {"rescale_betas_zero_snr": True}
COSINE = {"beta_schedule": "squaredcos_cap_v2"}
SIGMA_MIN = {"final_sigmas_type": "sigma_min"}

# name, what differs from SD, steps, strength
CASES = [
    *[(name, EPS | EXPONENTIAL, 8, None) for name in ["lms", "euler", "heun", "dpmpp_2m", "dpmpp_2m_sde", "unipc"]],
    *[(name, V | spacing, 8, None) for name in ["dpmpp_sde"] for spacing in [{}, KARRAS, EXPONENTIAL, LEADING]],
    ("dpmpp_sde", EPS | TRAILING, 20, None),
    *[(name, EPS | TRAILING, 7, None) for name in CLASSES if name != "lcm"],
    *[(name, EPS | LINSPACE, 7, None) for name in ["ddim", "pndm"]],
    *[(name, EPS | LEADING, 7, None) for name in ["lms", "heun", "unipc"]],
    *[(name, V | ZERO_SNR | TRAILING, 6, None) for name in ["ddim", "euler", "euler_a", "dpmpp_2m", "unipc"]],
    ("lcm", V | ZERO_SNR, 4, None),
    *[(name, X0, 6, None) for name in ["ddim", "lms", "euler", "heun", "dpmpp_2m", "dpmpp_2m_sde", "unipc", "lcm"]],
    *[(name, EPS | COSINE, 6, None) for name in ["ddim", "dpmpp_2m", "unipc", "euler"]],
    ("dpmpp_2m", EPS | COSINE | KARRAS, 6, None),
    ("dpmpp_2m", EPS | COSINE | {"lambda_min_clipped": -5.1}, 6, None),
    *[(name, EPS | SIGMA_MIN, 16, None) for name in ["euler", "dpmpp_2m", "dpmpp_2m_sde", "unipc"]],
    *[(name, EPS | {"solver_type": "heun"}, 6, None) for name in ["dpmpp_2m", "dpmpp_2m_sde"]],
    ("dpmpp_2m", EPS | {"euler_at_final": True}, 18, None),
    ("dpmpp_2m", EPS | {"solver_order": 1}, 6, None),
    ("dpmpp_2m", EPS | {"lower_order_final": False} | SIGMA_MIN, 6, None),
    ("unipc", EPS | {"solver_order": 3}, 8, None),
    ("unipc", EPS | {"solver_order": 3, "solver_type": "bh1"} | SIGMA_MIN, 8, None),
    ("unipc", EPS | {"predict_x0": False} | SIGMA_MIN, 8, None),
    ("unipc", V | {"predict_x0": False, "solver_order": 3} | SIGMA_MIN, 8, None),
    ("unipc", EPS | {"disable_corrector": [0, 3]}, 8, None),
    ("euler", EPS | KARRAS | {"sigma_min": 0.1, "sigma_max": 10.0}, 6, None),
    ("ddim", EPS | {"clip_sample": True, "clip_sample_range": 0.8}, 6, None),
    ("ddim", EPS | {"set_alpha_to_one": True, "steps_offset": 0}, 6, None),
    # LMS is left out: see lms.rs
    *[(name, EPS, 10, 0.6) for name in CLASSES if name != "lms"],
    *[(name, EPS, 10, 0.75) for name in ["pndm", "heun", "dpmpp_2m", "unipc"]],
    *[(name, EPS, 1, None) for name in CLASSES],
    *[(name, EPS | TRAILING, 2, None) for name in CLASSES if name != "lcm"],
]


class Noises:
    """Seeded draws in call order."""

    def __init__(self):
        self.generator = torch.Generator("cpu").manual_seed(7)

    def __call__(self, shape):
        return torch.randn(shape, generator=self.generator)


class Path2:
    """The Brownian path of DPM++ SDE from one draw for each half of a step."""

    def __init__(self, noises, shape):
        self.noises, self.shape = noises, shape
        self.start = None

    def __call__(self, sigma, sigma_next):
        sigma, sigma_next = float(sigma), float(sigma_next)
        if self.start is None:
            self.start = (sigma, sigma_next, self.noises(self.shape))
            return self.start[2]
        start, middle, half = self.start
        self.start = None
        other = self.noises(self.shape)
        path = math.sqrt(start - middle) * half + math.sqrt(middle - sigma_next) * other
        return path / math.sqrt(start - sigma_next)


def schedulers():
    module = importlib.import_module("diffusers")
    sde = importlib.import_module("diffusers.schedulers.scheduling_dpmsolver_sde")
    shape = (1, 4, 2, 2)
    start = torch.randn(shape, generator=torch.Generator("cpu").manual_seed(1))
    bias = torch.randn(shape, generator=torch.Generator("cpu").manual_seed(2))
    picture = torch.randn(shape, generator=torch.Generator("cpu").manual_seed(3))
    runs = []
    for name, changes, steps, strength in CASES:
        config = SD | changes
        if name == "dpmpp_2m_sde":
            config["algorithm_type"] = "sde-dpmsolver++"
        cls = sde.DPMSolverSDEScheduler if name == "dpmpp_sde" else getattr(module, CLASSES[name])
        scheduler = cls.from_config(config)
        scheduler.set_timesteps(steps)
        noises = Noises()
        if name == "dpmpp_sde":
            scheduler.noise_sampler = Path2(noises, shape)
        timesteps = scheduler.timesteps
        if hasattr(scheduler, "set_begin_index"):
            # without it the search for the first timestep skips one where two round to the same
            scheduler.set_begin_index(0)
        if strength is None:
            sample = start * scheduler.init_noise_sigma
        else:
            # StableDiffusionImg2ImgPipeline.get_timesteps
            skipped = max(steps - min(int(steps * strength), steps), 0)
            timesteps = timesteps[skipped * scheduler.order :]
            if hasattr(scheduler, "set_begin_index"):
                scheduler.set_begin_index(skipped * scheduler.order)
            sample = scheduler.add_noise(picture, start, timesteps[:1])
        first = sample.clone()
        has_generator = "generator" in cls.step.__code__.co_varnames and name != "dpmpp_sde"
        for timestep in timesteps:
            seen = scheduler.scale_model_input(sample, timestep)
            output = torch.tanh(0.7 * seen) + 0.25 * bias * torch.cos(timestep.to(torch.float32) / 200.0)
            extra = {"generator": noises.generator} if has_generator else {}
            sample = scheduler.step(output, timestep, sample, **extra).prev_sample
        runs.append(
            {
                "name": name,
                "config": {"_class_name": cls.__name__} | config,
                "steps": steps,
                "strength": strength,
                "timesteps": numbers(timesteps),
                "sigmas": None if name in ("ddim", "pndm", "lcm") else numbers(scheduler.sigmas),
                "init_noise_sigma": float(scheduler.init_noise_sigma),
                "first": numbers(first),
                "final": numbers(sample),
            }
        )
    return {"start": numbers(start), "bias": numbers(bias), "picture": numbers(picture), "runs": runs}


TEXTS = [
    "a photo of an astronaut riding a horse on mars",
    "(masterpiece:1.2), best quality, 8k -- by Greg Rutkowski & artgerm",
    "It's we've they'll I'm he'd you're DON'T",
    "tabs\tand\nnew\r\nlines\u00a0nbsp\u2003em\u2028sep\u0085nel",
    "zero\u200bwidth\u200djoiner\ufeffbom\ufffdreplaced\x00nul\x07bell",
    "e\u0301 \u00e9 \u212b \ufb01 \u1e9b\u0323 o\u0308",
    "\u039f\u03b4\u03c5\u03c3\u03c3\u03b5\u03a5\u03a3 \u03a3\u0391\u03a3 \u0130stanbul STRASSE stra\u00dfe",
    "\u4e2d\u6587\u5b57\u7b26abc\u65e5\u672c \ud55c\uad6d\uc5b4 \u3072\u3089\u304c\u306a \u30ab\u30bf",
    "\U0001f34e\U0001f34f\u2764\ufe0f \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea",
    "\u0663\u0664 \u2167 \u00bd x\u00b2 1234567890 3.14159 v2.1",
    "hello!! world! ! !!!",
    "<|endoftext|><|startoftext|>a<|endoftext|",
    "<|ENDOFTEXT|> <|EndOfText|>b",
    "\u0915\u094d\u0937\u093f \u0e44\u0e17\u0e22 \u0639\u0631\u0628\u064a \u05e2\u05d1\u05e8\u05d9\u05ea",
    "snake_case camelCase kebab-case a/b\\c 'quoted' \"double\" `tick` ~^|{}[]<>",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "\u02bcs '\u017f '\u212a \u2019s",
    "   ",
    "\n",
]


def tokenizers():
    """Ids of the slow CLIPTokenizer; ftfy must not be installed."""
    from transformers import CLIPTokenizer

    files = {"vocab_file": MODEL / "tokenizer/vocab.json", "merges_file": MODEL / "tokenizer/merges.txt"}
    icons = CLIPTokenizer(**files)
    exclamation = CLIPTokenizer(**files, pad_token="!")
    assert icons.fix_text is None
    return {
        "icons": {text: icons(text).input_ids for text in TEXTS},
        "pad_exclamation": {text: exclamation(text).input_ids for text in TEXTS},
    }


def main():
    out = {"randn": randn(), "schedulers": schedulers(), "tokenizer": tokenizers()}
    with open(OUT / "host.json", "w") as file:
        json.dump(out, file, indent=None, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
