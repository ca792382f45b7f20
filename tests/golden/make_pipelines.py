"""Whole pictures of diffusers' pipelines: writes tests/golden/diffusion/pipelines/.

    pip install torch==2.9.1 diffusers==0.35.2 transformers==4.57.1 peft==0.21.2 accelerate==1.15.0
    python tests/golden/make_pipelines.py

Everything is computed on the CPU in float32, from a seed to the picture: tokens, states, noise, steps, decoding.
`cases.json` has each request, `pictures.safetensors` what comes of it (`[3, h, w]`, 0 to 1), the pictures that are begun
with and their masks (`[h, w, channels]`, 0 to 255). Models are `models/icons-64` (SD 1.x's structure, trained),
`tiny-sdxl` (random), and three that are made here:

- `single-sd1.ckpt` and `single-sdxl.safetensors`: random weights in LDM's names, drawn by `from_single_file`;
- `paint`: icons-64 with five more channels in `conv_in` (`paint.conv_in`), as models of inpainting have them.

`tokens.json` has the ids of transformers' slow `CLIPTokenizer` with the vocabulary in `models/clip-vocabulary`.
"""

import importlib
import json
import tempfile
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    EulerDiscreteScheduler,
    PNDMScheduler,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from make_diffusion import CLASSES, TEXTS
from make_ldm import unet_to_ldm, vae_to_ldm

HERE = Path(__file__).parent
OUT = HERE / "diffusion" / "pipelines"
MODELS = HERE.parent.parent / "models"
ICONS = MODELS / "icons-64"
SDXL = HERE / "diffusion" / "tiny-sdxl" / "model"

cases, tensors = [], {}


def to_image(tensor):
    """[3, h, w] of 0 to 1 in 8 bits."""
    return Image.fromarray((tensor.permute(1, 2, 0) * 255).round().to(torch.uint8).numpy())


def keep(name, image):
    """A picture that a case begins with."""
    data = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    tensors[name] = data.reshape(image.height, image.width, -1).to(torch.float16)
    return name


def run(name, pipe, model, request, extra=None, **more):
    """Draws a picture; `request` is ours, `extra` goes to diffusers as it is, `more` to the case."""
    pipe.set_progress_bar_config(disable=True)
    names = {
        "steps": "num_inference_steps",
        "guidance": "guidance_scale",
        "rescale": "guidance_rescale",
        "negative": "negative_prompt",
    }
    arguments = {names.get(key, key): value for key, value in request.items()}
    scheduler = arguments.pop("scheduler", None)
    if scheduler:
        cls = getattr(importlib.import_module("diffusers"), CLASSES[scheduler])
        pipe.scheduler = cls.from_config(pipe.scheduler.config)
    width, height = arguments.pop("size", (64, 64))
    if not any(word in type(pipe).__name__ for word in ["Img2Img"]):
        arguments |= {"width": width, "height": height}
    arguments["generator"] = torch.Generator("cpu").manual_seed(arguments.pop("seed"))
    arguments |= extra or {}
    if "prompt_embeds" in arguments:
        arguments.pop("prompt"), arguments.pop("negative_prompt", None)
    with torch.no_grad():
        picture = pipe(**arguments, output_type="pt").images[0]
    tensors[name] = picture.contiguous()
    cases.append({"name": name, "model": model, "request": request} | more)
    print(name, f"{picture.min():.2f} {picture.mean():.2f} {picture.max():.2f}")
    return to_image(picture)


def chunked(pipe, chunks, total):
    """States of a prompt in chunks of (word, weight): each through the encoder alone, weighted, its mean restored."""
    states = []
    tokenizer = pipe.tokenizer
    for chunk in chunks + [[]] * (total - len(chunks)):
        ids, weights = [tokenizer.bos_token_id], [1.0]
        for text, weight in chunk:
            tokens = tokenizer(text, add_special_tokens=False).input_ids
            ids += tokens
            weights += [weight] * len(tokens)
        assert len(ids) <= 76, len(ids)
        ids.append(tokenizer.eos_token_id)
        ids += [tokenizer.pad_token_id] * (77 - len(ids))
        weights += [1.0] * (77 - len(weights))
        with torch.no_grad():
            state = pipe.text_encoder(torch.tensor([ids]))[0]
        mean = state.mean()
        state = state * torch.tensor(weights)[None, :, None]
        states.append(state * (mean / state.mean()))
    return torch.cat(states, 1)


def icons(cls=StableDiffusionPipeline):
    return cls.from_pretrained(ICONS, torch_dtype=torch.float32, safety_checker=None)


def of_icons():
    apple = {"prompt": "a red apple", "seed": 1, "steps": 8, "guidance": 3.5, "scheduler": "ddim"}
    first = run("plain", icons(), "icons-64", apple)
    run("negative", icons(), "icons-64", apple | {"negative": "a green leaf", "scheduler": "dpmpp_2m"})
    run("rescale", icons(), "icons-64", apple | {"guidance": 9.0, "rescale": 0.7})
    run("clip_skip", icons(), "icons-64", apple | {"clip_skip": 1})
    run("ancestral", icons(), "icons-64", apple | {"scheduler": "euler_a", "size": (96, 64)})

    init = keep("apple", first)
    rocket = {"prompt": "a blue rocket", "seed": 7, "steps": 10, "guidance": 5.0, "scheduler": "ddim"}
    for name, more in [
        ("img2img", {"strength": 0.6}),
        ("img2img_full", {"strength": 1.0, "scheduler": "euler"}),
        ("img2img_ancestral", {"strength": 0.7, "scheduler": "euler_a"}),
    ]:
        run(name, icons(StableDiffusionImg2ImgPipeline), "icons-64", rocket | more, {"image": first}, init=init)

    mask = Image.new("L", (64, 64))
    mask.paste(255, (24, 8, 64, 52))
    hole = keep("mask", mask)
    pictures = {"init": init, "mask": hole}
    for name, more in [
        ("inpaint", {"strength": 1.0}),
        ("inpaint_part", {"strength": 0.7}),
        ("inpaint_ancestral", {"strength": 0.8, "scheduler": "euler_a"}),
    ]:
        given = {"image": first, "mask_image": mask}
        run(name, icons(StableDiffusionInpaintPipeline), "icons-64", rocket | more, given, **pictures)

    for name, strength in [("paint", 1.0), ("paint_part", 0.7)]:
        pipe = icons(StableDiffusionInpaintPipeline)
        old = pipe.unet.conv_in
        pipe.unet.conv_in = torch.nn.Conv2d(9, old.out_channels, 3, padding=1)
        weight = torch.randn(old.out_channels, 9, 3, 3, generator=torch.Generator().manual_seed(1)) * 0.03
        weight[:, :4] = old.weight
        tensors["paint.conv_in"] = weight.detach().clone()
        pipe.unet.conv_in.load_state_dict({"weight": weight, "bias": old.bias})
        pipe.unet.register_to_config(in_channels=9)
        run(name, pipe, "paint", rocket | {"strength": strength}, given, **pictures)

    pipe = icons()
    text = lambda words: ", ".join([words] * 12)
    one, two = text("a red apple on white"), "a (green:1.4) leaf, [3d] icon"
    count = len(pipe.tokenizer(one + ",", add_special_tokens=False).input_ids)
    assert 70 <= count <= 75, count
    chunks = [[(one + ",", 1.0)], [("a", 1.0), ("green", 1.4), ("leaf,", 1.0), ("3d", 1 / 1.1), ("icon", 1.0)]]
    given = {"prompt_embeds": chunked(pipe, chunks, 2), "negative_prompt_embeds": chunked(pipe, [[("text", 1.2)]], 2)}
    request = apple | {"prompt": f"{one}, BREAK {two}", "negative": "(text:1.2)"}
    run("chunks", pipe, "icons-64", request, given)


def of_sdxl():
    load = lambda cls: cls.from_pretrained(SDXL, torch_dtype=torch.float32)
    request = {"prompt": "a red apple", "seed": 3, "steps": 5, "guidance": 5.0, "scheduler": "euler"}
    first = run("sdxl", load(StableDiffusionXLPipeline), "tiny-sdxl", request)
    more = {"negative": "a text", "clip_skip": 1, "size": (64, 96), "rescale": 0.5}
    run("sdxl_tall", load(StableDiffusionXLPipeline), "tiny-sdxl", request | more)
    init = keep("sdxl_init", first)
    pipe = load(StableDiffusionXLImg2ImgPipeline)
    run("sdxl_img2img", pipe, "tiny-sdxl", request | {"strength": 0.6, "steps": 8}, {"image": first}, init=init)

    loras = [("kohya", 0.7), ("older", -0.5)]
    pipe = load(StableDiffusionXLPipeline)
    for name, strength in loras:
        pipe.load_lora_weights(HERE / "diffusion" / "lora", weight_name=f"{name}.safetensors")
        pipe.fuse_lora(lora_scale=strength)
        pipe.unload_lora_weights()
    run("sdxl_lora", pipe, "tiny-sdxl", request, loras=loras)


SCHEDULE = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "timestep_spacing": "leading",
    "steps_offset": 1,
}


def open_clip(state_dict):
    """OpenCLIP's names for those of transformers."""
    out = {}
    layers = {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj"}
    top = {
        "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
        "text_model.embeddings.position_embedding.weight": "positional_embedding",
        "text_model.final_layer_norm.weight": "ln_final.weight",
        "text_model.final_layer_norm.bias": "ln_final.bias",
    }
    for name, tensor in state_dict.items():
        if name in top:
            out[top[name]] = tensor
        elif name == "text_projection.weight":
            out["text_projection"] = tensor.T.contiguous()
        elif ".layers." in name:
            layer, rest = name.split(".layers.")[1].split(".", 1)
            base = f"transformer.resblocks.{layer}."
            part, kind = rest.rsplit(".", 1)
            if part in layers:
                out[f"{base}{layers[part]}.{kind}"] = tensor
            elif part == "self_attn.out_proj":
                out[f"{base}attn.out_proj.{kind}"] = tensor
            elif part == "self_attn.q_proj":
                three = [state_dict[name.replace("q_proj", f"{x}_proj")] for x in "qkv"]
                out[f"{base}attn.in_proj_{kind}"] = torch.cat(three)
    return out


def single(is_xl, request):
    """A tiny model in one file, in half precision, and what diffusers draws with it."""
    torch.manual_seed(11 + is_xl)
    levels = 3 if is_xl else 4
    attention = ["CrossAttn"] * levels
    attention[0 if is_xl else -1] = ""
    down = [f"{kind}DownBlock2D" for kind in attention]
    up = [f"{kind}UpBlock2D" for kind in reversed(attention)]
    text = lambda width, act, project: CLIPTextConfig(
        vocab_size=3714, hidden_size=width, intermediate_size=4 * width, num_hidden_layers=3, num_attention_heads=2,
        hidden_act=act, projection_dim=project, bos_token_id=3712, eos_token_id=3713, pad_token_id=3713,
    )
    added = {"addition_embed_type": "text_time", "addition_time_embed_dim": 8,
             "projection_class_embeddings_input_dim": 6 * 8 + 24, "use_linear_projection": True,
             "transformer_layers_per_block": [1, 2, 2]} if is_xl else {}
    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=[8] * levels, down_block_types=down, up_block_types=up, norm_num_groups=4,
        attention_head_dim=2, cross_attention_dim=40 if is_xl else 16, **added,
    )
    vae = AutoencoderKL(
        block_out_channels=[8] * 4, down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
        layers_per_block=2, norm_num_groups=4, scaling_factor=0.13025 if is_xl else 0.18215,
    )
    scheduler = EulerDiscreteScheduler(**SCHEDULE) if is_xl else PNDMScheduler(**SCHEDULE, skip_prk_steps=True)
    tokenizer = CLIPTokenizer.from_pretrained(ICONS / "tokenizer")
    parts = {"unet": unet, "vae": vae, "scheduler": scheduler, "tokenizer": tokenizer,
             "text_encoder": CLIPTextModel(text(16, "quick_gelu", 16))}
    if is_xl:
        parts["tokenizer_2"] = CLIPTokenizer.from_pretrained(ICONS / "tokenizer", pad_token="!")
        parts["text_encoder_2"] = CLIPTextModelWithProjection(text(24, "gelu", 24))
        cls, name = StableDiffusionXLPipeline, "single-sdxl"
        pipe = cls(**parts)
    else:
        cls, name = StableDiffusionPipeline, "single-sd1"
        parts |= {"safety_checker": None, "feature_extractor": None}
        pipe = cls(**parts, requires_safety_checker=False)

    has_attention = lambda block: unet.config.up_block_types[block].startswith("CrossAttn")
    ldm = {f"model.diffusion_model.{unet_to_ldm(n, 2, has_attention)}": t for n, t in unet.state_dict().items()}
    for key, tensor in vae.state_dict().items():
        key = vae_to_ldm(key, 4)
        ldm[f"first_stage_model.{key}"] = tensor[:, :, None, None] if "attn_1" in key and tensor.dim() == 2 else tensor
    prefix = "conditioner.embedders.0.transformer." if is_xl else "cond_stage_model.transformer."
    ldm |= {prefix + n: t for n, t in parts["text_encoder"].state_dict().items()}
    if is_xl:
        second = open_clip(parts["text_encoder_2"].state_dict())
        ldm |= {f"conditioner.embedders.1.model.{n}": t for n, t in second.items()}
    # Random layers make grey pictures; louder ones make colours, in which a wrong tensor shows.
    ldm = {n: (t * 3 if n.endswith("conv_out.weight") else t) for n, t in ldm.items()}
    ldm = {n: t.to(torch.float16).clone().contiguous() for n, t in ldm.items()}
    if is_xl:
        file = OUT / f"{name}.safetensors"
        save_file(ldm, file)
    else:
        file = OUT / f"{name}.ckpt"
        torch.save({"state_dict": ldm, "global_step": 7}, file)

    shapes = OUT / f"{name}-shapes"
    with tempfile.TemporaryDirectory() as folder:
        pipe.save_pretrained(folder)
        for part in ["unet", "vae", "text_encoder", "text_encoder_2"]:
            config = Path(folder) / part / "config.json"
            if config.is_file():
                (shapes / part).mkdir(parents=True, exist_ok=True)
                (shapes / part / "config.json").write_text(config.read_text())
        more = {} if is_xl else {"safety_checker": None}
        pipe = cls.from_single_file(str(file), config=folder, torch_dtype=torch.float32, local_files_only=True, **more)
        run(name, pipe, name, request)


def tokens():
    """Ids with CLIP's own vocabulary, which OpenAI's merges give; ftfy must not be installed."""
    merges = (MODELS / "clip-vocabulary" / "merges.txt").read_text().split("\n")[1:-1]
    assert len(merges) == 48_894
    # As open_clip's SimpleTokenizer does it, with GPT-2's table of bytes.
    from transformers.models.clip.tokenization_clip import bytes_to_unicode

    characters = list(bytes_to_unicode().values())
    vocab = characters + [c + "</w>" for c in characters] + [m.replace(" ", "") for m in merges]
    vocab += ["<|startoftext|>", "<|endoftext|>"]
    assert len(vocab) == len(set(vocab)) == 49_408
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vocab.json"
        path.write_text(json.dumps({token: i for i, token in enumerate(vocab)}))
        files = {"vocab_file": path, "merges_file": MODELS / "clip-vocabulary" / "merges.txt"}
        out = {}
        for name, pad in [("clip", "<|endoftext|>"), ("open_clip", "!")]:
            tokenizer = CLIPTokenizer(**files, pad_token=pad)
            assert tokenizer.fix_text is None
            out[name] = {text: tokenizer(text).input_ids for text in TEXTS}
    assert out["clip"][TEXTS[0]] == [49406, 320, 1125, 539, 550, 18376, 6765, 320, 4558, 525, 7496, 49407]
    return out


def main():
    OUT.mkdir(exist_ok=True)
    (OUT / "tokens.json").write_text(json.dumps(tokens(), separators=(",", ":")) + "\n")
    of_icons()
    of_sdxl()
    request = {"prompt": "a red apple", "negative": "a text", "seed": 5, "steps": 6, "guidance": 6.0}
    single(False, request)
    single(True, request)
    save_file(tensors, OUT / "pictures.safetensors")
    (OUT / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
