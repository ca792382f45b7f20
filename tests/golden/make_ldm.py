"""What diffusers makes of LDM-named checkpoints: writes tests/golden/diffusion/ldm.json.

    pip install torch==2.9.1 diffusers==0.35.2 transformers==4.57.1
    python tests/golden/make_ldm.py TINY_SD21_FOLDER TINY_SDXL_FOLDER

The names and shapes are those of two tiny models in diffusers' layout (random weights, structure of SD 2.1 and SDXL),
turned into LDM's names here and back by diffusers' own converters; that the way back gives the model's own state dict
is asserted. Element e of tensor k, counted in the order of names, is 1000 k + e; of what comes out the shape and the
first, second and last element are written down.
"""

import json
import re
import sys
from pathlib import Path

import torch
from diffusers.loaders import single_file_utils as utils
from safetensors import safe_open

OUT = Path(__file__).parent / "diffusion"

RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
TOP = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
}


def shapes(folder, component):
    [path] = (Path(folder) / component).glob("*.safetensors")
    with safe_open(path, "pt") as file:
        return {name: list(file.get_slice(name).get_shape()) for name in file.keys()}


def unet_to_ldm(name, layers, has_attention):
    for new, old in TOP.items():
        if name.startswith(new + "."):
            return old + name[len(new) :]
    kind, rest = name.split(".", 1)
    resnet = lambda rest: RESNET[rest.split(".")[0]] + "." + rest.split(".")[1]
    if kind == "mid_block":
        part, index, rest = rest.split(".", 2)
        if part == "resnets":
            return f"middle_block.{2 * int(index)}.{resnet(rest)}"
        return f"middle_block.1.{rest}"
    block, part, index, rest = rest.split(".", 3)
    block, index = int(block), int(index)
    if kind == "down_blocks":
        base = 1 + block * (layers + 1)
        if part == "downsamplers":
            return f"input_blocks.{base + layers}.0.op.{rest.split('.')[-1]}"
        return f"input_blocks.{base + index}." + (f"0.{resnet(rest)}" if part == "resnets" else f"1.{rest}")
    base = block * (layers + 1)
    if part == "upsamplers":
        return f"output_blocks.{base + layers}.{2 if has_attention(block) else 1}.{rest}"
    return f"output_blocks.{base + index}." + (f"0.{resnet(rest)}" if part == "resnets" else f"1.{rest}")


def vae_to_ldm(name, blocks):
    name = re.sub(r"down_blocks\.(\d+)\.resnets", r"down.\1.block", name)
    name = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d+)\.resnets", lambda m: f"up.{blocks - 1 - int(m[1])}.block", name)
    name = re.sub(r"up_blocks\.(\d+)\.upsamplers\.0", lambda m: f"up.{blocks - 1 - int(m[1])}.upsample", name)
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    for new, old in [
        ("mid_block.attentions.0.group_norm", "mid.attn_1.norm"),
        ("mid_block.attentions.0.to_out.0", "mid.attn_1.proj_out"),
        ("mid_block.attentions.0.to_", "mid.attn_1."),
        ("conv_shortcut", "nin_shortcut"),
        ("conv_norm_out", "norm_out"),
    ]:
        name = name.replace(new, old)
    return name


def open_clip(width, layers, vocabulary, with_projection):
    out = {
        "positional_embedding": [77, width],
        "token_embedding.weight": [vocabulary, width],
        "ln_final.weight": [width],
        "ln_final.bias": [width],
        "logit_scale": [],
        "text_projection": [width, width + 8 if with_projection else width],
    }
    for i in range(layers):
        out |= {
            f"transformer.resblocks.{i}.{name}": shape
            for name, shape in {
                "ln_1.weight": [width],
                "ln_1.bias": [width],
                "ln_2.weight": [width],
                "ln_2.bias": [width],
                "attn.in_proj_weight": [3 * width, width],
                "attn.in_proj_bias": [3 * width],
                "attn.out_proj.weight": [width, width],
                "attn.out_proj.bias": [width],
                "mlp.c_fc.weight": [2 * width, width],
                "mlp.c_fc.bias": [2 * width],
                "mlp.c_proj.weight": [width, 2 * width],
                "mlp.c_proj.bias": [width],
            }.items()
        }
    return out


class Text:
    """The only thing that the converter asks its model."""

    class config:
        hidden_size = 0


def checkpoint(folder, text):
    """LDM's names and shapes, and what diffusers makes of them."""
    config = json.loads((Path(folder) / "unet/config.json").read_text())
    vae_config = json.loads((Path(folder) / "vae/config.json").read_text())
    layers = config["layers_per_block"]
    has_attention = lambda block: config["up_block_types"][block].startswith("CrossAttn")
    unet, vae = shapes(folder, "unet"), shapes(folder, "vae")
    ldm = {"model.diffusion_model." + unet_to_ldm(n, layers, has_attention): s for n, s in unet.items()}
    for name, shape in vae.items():
        ldm_name = vae_to_ldm(name, len(vae_config["up_block_types"]))
        is_conv = "attn_1" in ldm_name and len(shape) == 2
        ldm["first_stage_model." + ldm_name] = shape + [1, 1] if is_conv else shape
    ldm |= text
    # what training left behind
    ldm |= {"model_ema.decay": [], "alphas_cumprod": [5], "first_stage_model.loss.logvar": []}
    ldm = dict(sorted(ldm.items()))
    tensors = {}
    for k, (name, shape) in enumerate(ldm.items()):
        count = int(torch.Size(shape).numel())
        tensors[name] = (torch.arange(count, dtype=torch.float32) + 1000 * k).reshape(shape)
    out = {
        "unet": utils.convert_ldm_unet_checkpoint(dict(tensors), config),
        "vae": utils.convert_ldm_vae_checkpoint(dict(tensors), vae_config),
    }
    assert {n: list(t.shape) for n, t in out["unet"].items()} == unet
    assert {n: list(t.shape) for n, t in out["vae"].items()} == vae
    return ldm, tensors, out


def digest(tensors):
    out = {}
    for name, tensor in sorted(tensors.items()):
        flat = tensor.flatten()
        out[name] = [list(tensor.shape), flat[0].item(), flat[min(1, len(flat) - 1)].item(), flat[-1].item()]
    return out


def main(sd21, sdxl):
    clip = {n: s for n, s in shapes(sdxl, "text_encoder").items()}
    files = {}
    prefix = "cond_stage_model.transformer."
    ldm, tensors, out = checkpoint(sd21, {prefix + n: s for n, s in clip.items()})
    out["text_encoder"] = utils.convert_ldm_clip_checkpoint(tensors)
    assert {n: list(t.shape) for n, t in out["text_encoder"].items()} == clip
    files["sd1"] = {"ldm": ldm, "diffusers": {k: digest(v) for k, v in out.items()}}

    prefix = "cond_stage_model.model."
    ldm, tensors, out = checkpoint(sd21, {prefix + n: s for n, s in open_clip(8, 24, 16, False).items()})
    out = {"text_encoder": utils.convert_open_clip_checkpoint(Text, tensors, prefix)}
    ldm = {n: s for n, s in ldm.items()}
    files["sd2"] = {"ldm": ldm, "diffusers": {k: digest(v) for k, v in out.items()}}

    prefixes = ["conditioner.embedders.0.transformer.", "conditioner.embedders.1.model."]
    text = {prefixes[0] + n: s for n, s in clip.items()}
    text |= {prefixes[1] + n: s for n, s in open_clip(8, 2, 16, True).items()}
    ldm, tensors, out = checkpoint(sdxl, text)
    out["text_encoder"] = utils.convert_ldm_clip_checkpoint(tensors)
    out["text_encoder_2"] = utils.convert_open_clip_checkpoint(Text, tensors, prefixes[1])
    files["sdxl"] = {"ldm": ldm, "diffusers": {k: digest(v) for k, v in out.items()}}

    with open(OUT / "ldm.json", "w") as file:
        json.dump(files, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
