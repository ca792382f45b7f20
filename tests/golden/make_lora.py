"""What diffusers makes of LoRA files: writes tests/golden/diffusion/lora/.

    pip install torch==2.9.1 diffusers==0.35.2 transformers==4.57.1 peft==0.21.2
    python tests/golden/make_lora.py

Small random LoRAs for the tiny SDXL model in each naming: kohya's with diffusers' block names, kohya's with LDM's block
names (as SDXL's are trained), PEFT's, and diffusers' two older ones. Each is loaded and fused by diffusers at strength 0.7;
`fused.safetensors` has the changed weights, prefixed by the file's name and the component.
"""

from pathlib import Path

import torch
from diffusers import StableDiffusionXLPipeline
from safetensors.torch import save_file

HERE = Path(__file__).parent / "diffusion"
MODEL = HERE / "tiny-sdxl" / "model"
STRENGTH = 0.7

UNET = [
    ("down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q", "input_blocks.4.1.transformer_blocks.0.attn1.to_q"),
    ("down_blocks.2.attentions.1.transformer_blocks.2.attn2.to_v", "input_blocks.8.1.transformer_blocks.2.attn2.to_v"),
    ("down_blocks.1.attentions.0.proj_in", "input_blocks.4.1.proj_in"),
    ("mid_block.attentions.0.transformer_blocks.1.ff.net.0.proj", "middle_block.1.transformer_blocks.1.ff.net.0.proj"),
    ("up_blocks.0.attentions.2.transformer_blocks.0.attn1.to_out.0", "output_blocks.2.1.transformer_blocks.0.attn1.to_out.0"),
    ("down_blocks.1.resnets.0.conv1", "input_blocks.4.0.in_layers.2"),
    ("up_blocks.1.resnets.1.conv_shortcut", "output_blocks.4.0.skip_connection"),
    ("down_blocks.0.downsamplers.0.conv", "input_blocks.3.0.op"),
]
TEXT = [
    "text_model.encoder.layers.0.self_attn.q_proj",
    "text_model.encoder.layers.0.self_attn.out_proj",
    "text_model.encoder.layers.1.mlp.fc2",
]


def matrices(pipe, component, name, rank, generator):
    """A (rank × in) and B (out × rank), as convolutions where the layer is one."""
    weight = getattr(pipe, component).get_submodule(name).weight
    a = torch.randn([rank, *weight.shape[1:]], generator=generator)
    b = torch.randn([weight.shape[0], rank] + [1] * (weight.dim() - 2), generator=generator)
    return 0.1 * a, 0.1 * b


def kohya(pipe, generator, ldm_names, with_convolutions):
    out = {}

    def add(component, name, key, rank, alpha):
        a, b = matrices(pipe, component, name, rank, generator)
        out[f"{key}.lora_down.weight"], out[f"{key}.lora_up.weight"] = a, b
        out[f"{key}.alpha"] = torch.tensor(alpha)

    for name, ldm in UNET:
        is_convolution = pipe.unet.get_submodule(name).weight.dim() == 4
        if is_convolution and not with_convolutions:
            continue
        key = "lora_unet_" + (ldm if ldm_names else name).replace(".", "_")
        add("unet", name, key, 4, 2.0)
    for prefix, component in [("lora_te1_", "text_encoder"), ("lora_te2_", "text_encoder_2")]:
        for name in TEXT:
            add(component, name, prefix + name.replace(".", "_"), 3, 1.5)
    return out


def dotted(pipe, generator, unet, text):
    """Dotted names; `unet` and `text` give the names of a layer's two matrices."""
    out = {}
    for component, names in [("unet", [n for n, _ in UNET]), ("text_encoder", TEXT), ("text_encoder_2", TEXT)]:
        for name in names:
            keys = (unet if component == "unet" else text)(name)
            if keys is None:
                continue
            a, b = matrices(pipe, component, name, 2, generator)
            out[f"{component}.{keys[0]}.weight"], out[f"{component}.{keys[1]}.weight"] = a, b
    return out


def peft(name):
    return f"{name}.lora_A", f"{name}.lora_B"


def older_unet(name):
    return f"{name}.lora.down", f"{name}.lora.up"


def older_text(name):
    return f"{name}.lora_linear_layer.down", f"{name}.lora_linear_layer.up"


def processor_unet(name):
    if ".attn" not in name:
        return None
    block, layer = name.replace(".to_out.0", ".to_out").rsplit(".", 1)
    return f"{block}.processor.{layer}_lora.down", f"{block}.processor.{layer}_lora.up"


def processor_text(name):
    if "self_attn" not in name:
        return None
    block, layer = name.rsplit(".", 1)
    layer = "to_" + layer.removesuffix("_proj")
    return f"{block}.{layer}_lora.down", f"{block}.{layer}_lora.up"


def main():
    (HERE / "lora").mkdir(exist_ok=True)
    load = lambda: StableDiffusionXLPipeline.from_pretrained(MODEL, torch_dtype=torch.float32)
    pipe = load()
    files = {
        "kohya": kohya(pipe, torch.Generator().manual_seed(1), False, True),
        "kohya_ldm": kohya(pipe, torch.Generator().manual_seed(2), True, False),
        "peft": dotted(pipe, torch.Generator().manual_seed(3), peft, peft),
        "older": dotted(pipe, torch.Generator().manual_seed(4), older_unet, older_text),
        "processor": dotted(pipe, torch.Generator().manual_seed(5), processor_unet, processor_text),
    }
    fused = {}
    for file, tensors in files.items():
        tensors = {name: tensor.to(torch.float16).contiguous() for name, tensor in tensors.items()}
        save_file(tensors, HERE / "lora" / f"{file}.safetensors")
        pipe = load()
        before = {c: dict(getattr(pipe, c).state_dict()) for c in ["unet", "text_encoder", "text_encoder_2"]}
        before = {c: {n: t.clone() for n, t in tensors.items()} for c, tensors in before.items()}
        pipe.load_lora_weights(HERE / "lora", weight_name=f"{file}.safetensors")
        pipe.fuse_lora(lora_scale=STRENGTH)
        pipe.unload_lora_weights()
        changed = 0
        for component, tensors in before.items():
            after = getattr(pipe, component).state_dict()
            assert after.keys() == tensors.keys(), file
            for name, tensor in after.items():
                if not torch.equal(tensor, tensors[name]):
                    fused[f"{file}.{component}.{name}"] = tensor.contiguous()
                    changed += 1
        print(file, len(tensors), "changed", changed)
    save_file(fused, HERE / "lora" / "fused.safetensors")


if __name__ == "__main__":
    main()
