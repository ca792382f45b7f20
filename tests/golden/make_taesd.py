"""A tiny AutoencoderTiny with random weights, and what diffusers decodes with it: writes tests/golden/diffusion/taesd.

    pip install torch==2.9.1 diffusers==0.35.2
    python tests/golden/make_taesd.py

Everything is computed on the CPU in float32.
"""

from pathlib import Path

import torch
from diffusers import AutoencoderTiny
from safetensors.torch import save_file

OUT = Path(__file__).parent / "diffusion" / "taesd"

torch.manual_seed(0)
channels = (8, 8, 8, 8)
model = AutoencoderTiny(
    encoder_block_out_channels=channels,
    decoder_block_out_channels=channels,
    num_encoder_blocks=(1, 1, 1, 1),
    num_decoder_blocks=(2, 1, 1, 1),
).eval()
model.save_pretrained(OUT)
latent = torch.randn(1, 4, 6, 5) * 2
with torch.no_grad():
    image = model.decode(latent).sample
save_file({"latent": latent, "image": image.contiguous()}, OUT / "golden.safetensors")
