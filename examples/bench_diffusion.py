#!/usr/bin/env python3
"""Times diffusers on the shapes of `bench_diffusion.rs`, in the same run, and prints both.

    cargo build --release --ignore-rust-version --example bench_diffusion
    python3 examples/bench_diffusion.py target/release/examples/bench_diffusion sd1 --size 512

Random weights of full size, float32, on the CPU (or --device cuda). Needs torch, diffusers and
transformers. Each program runs in a process of its own, one after the other, `--turns` times.
"""

import argparse
import resource
import subprocess
import sys
import time

SD1_UNET = dict(sample_size=64, in_channels=4, out_channels=4, cross_attention_dim=768, attention_head_dim=8,
                block_out_channels=(320, 640, 1280, 1280), layers_per_block=2)
SDXL_UNET = dict(sample_size=128, in_channels=4, out_channels=4, cross_attention_dim=2048,
                 attention_head_dim=[5, 10, 20], block_out_channels=(320, 640, 1280), layers_per_block=2,
                 transformer_layers_per_block=[1, 2, 10], use_linear_projection=True,
                 down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
                 up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
                 addition_embed_type="text_time", addition_time_embed_dim=256,
                 projection_class_embeddings_input_dim=2816)
VAE = dict(block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4,
           down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4)


def timed(torch, device, work):
    """Seconds by the clock, and of the processor."""
    work()
    if device != "cpu":
        torch.cuda.synchronize()
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter() - wall, time.process_time() - cpu


def peer(family, size, device):
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    side = size // 8
    with torch.inference_mode():
        text = CLIPTextModel(CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12,
                                            num_attention_heads=12)).eval().to(device)
        ids = torch.randint(0, 49408, (1, 77), device=device)
        rows = [("text encoder", timed(torch, device, lambda: text(ids)))]
        del text
        is_xl = family == "sdxl"
        unet = UNet2DConditionModel(**(SDXL_UNET if is_xl else SD1_UNET)).eval().to(device)
        latents = torch.randn(1, 4, side, side, device=device)
        states = torch.randn(1, 77, 2048 if is_xl else 768, device=device)
        added = None
        if is_xl:
            added = dict(text_embeds=torch.randn(1, 1280, device=device),
                         time_ids=torch.tensor([[size, size, 0, 0, size, size]], device=device, dtype=torch.float32))
        rows.append(("UNet step", timed(torch, device, lambda: unet(latents, 500, states, added_cond_kwargs=added))))
        del unet
        vae = AutoencoderKL(**VAE).eval().to(device)
        rows.append(("VAE decode", timed(torch, device, lambda: vae.decode(latents))))
    versions = f"torch {torch.__version__}, {torch.get_num_threads()} threads"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    told = ", ".join(f"{name} {wall:.2f} s ({cpu:.2f})" for name, (wall, cpu) in rows)
    print(f"diffusers, {family} {size}: {told}, peak {peak:.2f} GB; {versions}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ours", help="the binary of the example")
    parser.add_argument("family", choices=["sd1", "sdxl"])
    parser.add_argument("--size", type=int, default=None)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    size = options.size or (1024 if options.family == "sdxl" else 512)
    if options.peer:
        return peer(options.family, size, options.device)
    for _ in range(options.turns):
        subprocess.run([options.ours, options.family, "--size", str(size), "--device", options.device], check=True)
        arguments = [options.ours, options.family, "--size", str(size), "--device", options.device, "--peer"]
        subprocess.run([sys.executable, __file__, *arguments], check=True)


if __name__ == "__main__":
    main()
