"""Names and shapes of the published models in one file: writes tests/golden/diffusion/published.json.

    pip install torch==2.9.1 diffusers==0.35.2 transformers==4.57.1 accelerate==1.15.0
    python tests/golden/make_published.py

The networks are built by diffusers and transformers from the published `config.json`s, without weights, and their names
turned into LDM's; OpenCLIP's names and shapes are written down from its ViT-H-14 and ViT-bigG-14.
"""

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from make_ldm import unet_to_ldm, vae_to_ldm

CROSS, PLAIN = ("CrossAttnDownBlock2D", "CrossAttnUpBlock2D"), ("DownBlock2D", "UpBlock2D")
FOUR = {"kinds": [CROSS, CROSS, CROSS, PLAIN], "block_out_channels": [320, 640, 1280, 1280]}
UNETS = {
    "sd1": FOUR | {"attention_head_dim": 8, "cross_attention_dim": 768},
    "sd2": FOUR | {"attention_head_dim": [5, 10, 20, 20], "cross_attention_dim": 1024, "use_linear_projection": True},
    "sdxl": {
        "kinds": [PLAIN, CROSS, CROSS],
        "block_out_channels": [320, 640, 1280],
        "attention_head_dim": [5, 10, 20],
        "cross_attention_dim": 2048,
        "use_linear_projection": True,
        "transformer_layers_per_block": [1, 2, 10],
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    },
}


def shapes(model):
    return {name: list(tensor.shape) for name, tensor in model.state_dict().items()}


def unet(kinds, **config):
    model = UNet2DConditionModel(
        down_block_types=[down for down, _ in kinds], up_block_types=[up for _, up in reversed(kinds)], **config
    )
    has_attention = lambda block: list(reversed(kinds))[block] == CROSS
    return {f"model.diffusion_model.{unet_to_ldm(n, 2, has_attention)}": s for n, s in shapes(model).items()}


def vae():
    model = AutoencoderKL(
        block_out_channels=[128, 256, 512, 512],
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
        layers_per_block=2,
    )
    names = {vae_to_ldm(n, 4): s for n, s in shapes(model).items()}
    return {
        f"first_stage_model.{n}": s + [1, 1] if "attn_1" in n and len(s) == 2 else s for n, s in names.items()
    }


def clip(prefix):
    config = CLIPTextConfig(
        hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, vocab_size=49408
    )
    names = shapes(CLIPTextModel(config)) | {"text_model.embeddings.position_ids": [1, 77]}
    return {prefix + name: shape for name, shape in names.items()}


def open_clip(prefix, width, layers):
    out = {
        "positional_embedding": [77, width],
        "token_embedding.weight": [49408, width],
        "ln_final.weight": [width],
        "ln_final.bias": [width],
        "logit_scale": [],
        "text_projection": [width, width],
    }
    for i in range(layers):
        for name, shape in {
            "ln_1.weight": [width],
            "ln_1.bias": [width],
            "ln_2.weight": [width],
            "ln_2.bias": [width],
            "attn.in_proj_weight": [3 * width, width],
            "attn.in_proj_bias": [3 * width],
            "attn.out_proj.weight": [width, width],
            "attn.out_proj.bias": [width],
            "mlp.c_fc.weight": [4 * width, width],
            "mlp.c_fc.bias": [4 * width],
            "mlp.c_proj.weight": [width, 4 * width],
            "mlp.c_proj.bias": [width],
        }.items():
            out[f"transformer.resblocks.{i}.{name}"] = shape
    return {prefix + name: shape for name, shape in out.items()}


def main():
    with torch.device("meta"):
        texts = {
            "sd1": clip("cond_stage_model.transformer."),
            "sd2": open_clip("cond_stage_model.model.", 1024, 24),
            "sdxl": clip("conditioner.embedders.0.transformer.")
            | open_clip("conditioner.embedders.1.model.", 1280, 32),
        }
        out = {name: unet(**config) | vae() | texts[name] for name, config in UNETS.items()}
    out["sd1"] |= {"model_ema.decay": [], "alphas_cumprod": [1000], "betas": [1000]}
    for name, tensors in out.items():
        print(name, len(tensors), sum(torch.Size(shape).numel() for shape in tensors.values()))
    path = Path(__file__).parent / "diffusion" / "published.json"
    path.write_text(json.dumps(out, separators=(",", ":"), sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
