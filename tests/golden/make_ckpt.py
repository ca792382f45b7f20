"""A checkpoint as torch.save writes it, with what lightning leaves in one: writes tests/golden/diffusion/ckpt/.

    pip install torch==2.9.1 numpy
    python tests/golden/make_ckpt.py

`model.safetensors` has the same tensors, contiguous and in float32; `evil.ckpt` would make a folder named EXECUTED if
anybody executed it.
"""

import os
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

OUT = Path(__file__).parent / "diffusion" / "ckpt"

# a class that no reader has
module = types.ModuleType("pytorch_lightning_stand_in")
module.ModelCheckpoint = type("ModelCheckpoint", (), {"__module__": module.__name__})
sys.modules[module.__name__] = module


class Evil:
    def __reduce__(self):
        return os.mkdir, ("EXECUTED",)


def main():
    OUT.mkdir(exist_ok=True)
    generator = torch.Generator().manual_seed(1)
    randn = lambda *shape: torch.randn(shape, generator=generator)
    shared = randn(6, 4)
    tensors = OrderedDict(
        {
            "float": randn(3, 5),
            "half": randn(2, 3, 1, 1).half(),
            "bfloat": randn(7).bfloat16(),
            "double": randn(2, 2).double(),
            "scalar": torch.tensor(0.5),
            "empty": torch.zeros(0, 4),
            "parameter": torch.nn.Parameter(randn(4)),
            "transposed": randn(3, 4).T,
            "view": shared[2:4],
            "column": shared[:, 1],
        }
    )
    checkpoint = {
        "epoch": 3,
        "global_step": 10**12,
        "callbacks": {module.ModelCheckpoint: {"best": np.float64(0.25), "when": [None, True, (1, 2, 3, 4), b"x"]}},
        "optimizer_states": [{"state": {0: {"step": 7, "exp_avg": randn(2)}}, "lr": -1e-4}],
        "state_dict": tensors | {"position_ids": torch.arange(5)},
        "loop": module.ModelCheckpoint(),
    }
    checkpoint["loop"].__dict__["range"] = {1, 2}
    torch.save(checkpoint, OUT / "model.ckpt")
    torch.save(dict(tensors), OUT / "bare.ckpt")
    save_file({n: t.detach().float().contiguous().clone() for n, t in tensors.items()}, OUT / "model.safetensors")
    with zipfile.ZipFile(OUT / "evil.ckpt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"state_dict": {"a": Evil()}}, protocol=2))
        archive.writestr("archive/version", "3\n")


if __name__ == "__main__":
    main()
