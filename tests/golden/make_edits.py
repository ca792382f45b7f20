"""What Pillow makes of the operations of src/picture/edit: writes tests/golden/edits/.

    pip install pillow==13.0.0 numpy==2.4.6 scikit-image==0.26.0
    python tests/golden/make_edits.py

`cases.json` has the operations, the picture that Pillow makes of them, and the tolerance: the greatest and the mean difference of
a level, 0 to 255. Exact operations have none. One level is for rounding, two for filters that Pillow computes in integers. Filters
that overshoot have more at sharp edges: Pillow cuts levels off to bytes between its two passes, and we don't. A blur has more, too:
Pillow's is three boxes in place of a Gaussian. Sizes for `nearest` are such that no middle of a pixel is an edge. What can't be
seen has no colour: pictures with transparency are compared with their colours weighed by alpha. `compare.json` has the figures of NumPy and scikit-image for pairs.
"""

import json
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

HERE = Path(__file__).parent / "edits"
EXACT, ROUNDED, FILTERED = (0, 0.0), (1, 0.6), (2, 0.5)
OVERSHOT, BLURRED, SHARPENED = (32, 0.3), (24, 1.2), (24, 2.0)


def photo():
    """Gradients, edges, thin lines and noise: 72×48, opaque."""
    x, y = np.meshgrid(np.arange(72), np.arange(48))
    noise = np.random.default_rng(7).integers(-12, 13, (48, 72, 3))
    levels = np.stack([x * 255 / 71, y * 255 / 47, 128 + 100 * np.sin((x + 2 * y) / 9)], axis=-1)
    picture = Image.fromarray(np.clip(levels + noise, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((8, 6, 32, 30), fill=(220, 30, 40))
    draw.rectangle((42, 22, 62, 40), fill=(20, 60, 200), outline=(255, 255, 255))
    draw.line((0, 47, 71, 0), fill=(250, 240, 60), width=2)
    return picture.convert("RGBA")


def sprite():
    """A disc whose edge fades, on nothing that can be seen: 24×20."""
    x, y = np.meshgrid(np.arange(24), np.arange(20))
    distance = np.hypot(x - 11.5, y - 9.5)
    alpha = np.clip((10 - distance) * 60, 0, 255)
    colour = np.where(distance[..., None] < 10, (40, 200, 90), (255, 0, 255))
    return Image.fromarray(np.dstack([colour, alpha]).astype(np.uint8), "RGBA")


def rgb(change):
    """Changes the colours only."""

    def changed(picture):
        result = change(picture.convert("RGB")).convert("RGBA")
        result.putalpha(picture.getchannel("A"))
        return result

    return changed


def matrix(rows):
    return rgb(lambda picture: picture.convert("RGB", [value for row in rows for value in (*row, 0)]))


def hue(degrees):
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return matrix([
        [0.213 + c * 0.787 - s * 0.213, 0.715 - c * 0.715 - s * 0.715, 0.072 - c * 0.072 + s * 0.928],
        [0.213 - c * 0.213 + s * 0.143, 0.715 + c * 0.285 + s * 0.140, 0.072 - c * 0.072 - s * 0.283],
        [0.213 - c * 0.213 - s * 0.787, 0.715 - c * 0.715 + s * 0.715, 0.072 + c * 0.928 + s * 0.072],
    ])


def paste(x, y, opacity):
    def pasted(picture):
        top = sprite()
        top.putalpha(top.getchannel("A").point(lambda level: int(level * opacity + 0.5)))
        layer = Image.new("RGBA", picture.size)
        layer.paste(top, (x, y))
        return Image.alpha_composite(picture, layer)

    return pasted


SEPIA = [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]]
FILTERS = [
    ("nearest", Image.NEAREST, EXACT),
    ("bilinear", Image.BILINEAR, FILTERED),
    ("bicubic", Image.BICUBIC, OVERSHOT),
    ("lanczos", Image.LANCZOS, OVERSHOT),
]

CASES = [
    ("crop", [{"op": "crop", "x": 7, "y": 5, "width": 50, "height": 40}], lambda p: p.crop((7, 5, 57, 45)), EXACT),
    *[
        (f"resize_{name}_{w}x{h}", [{"op": "resize", "width": w, "height": h, "mode": "exact", "filter": name}],
         lambda p, f=f, w=w, h=h: p.resize((w, h), f), tolerance)
        for name, f, tolerance in FILTERS for w, h in ([(16, 96), (144, 16)] if tolerance is EXACT else [(37, 23), (110, 31), (30, 80)])
    ],
    ("resize_fit", [{"op": "resize", "width": 50, "height": 50}], lambda p: ImageOps.contain(p, (50, 50), Image.LANCZOS), OVERSHOT),
    ("resize_fill", [{"op": "resize", "width": 40, "height": 40, "mode": "fill"}],
     lambda p: ImageOps.fit(p, (40, 40), Image.LANCZOS), OVERSHOT),
    ("resize_width", [{"op": "resize", "width": 30}], lambda p: p.resize((30, 20), Image.LANCZOS), OVERSHOT),
    ("thumbnail", [{"op": "thumbnail", "width": 33, "height": 33}],
     lambda p: (p.thumbnail((33, 33), Image.LANCZOS, reducing_gap=None), p)[1], OVERSHOT),
    *[(f"rotate_{d}", [{"op": "rotate", "degrees": d}], lambda p, d=d: p.rotate(d, Image.BILINEAR, expand=True), EXACT)
      for d in (90, 180, 270)],
    *[(f"rotate_{d}", [{"op": "rotate", "degrees": d, "background": "#336699"}],
       lambda p, d=d: p.rotate(d, Image.BILINEAR, expand=True, fillcolor=(0x33, 0x66, 0x99, 255)), FILTERED) for d in (30, -100)],
    ("rotate_inside", [{"op": "rotate", "degrees": 17.5, "expand": False, "background": "white"}],
     lambda p: p.rotate(17.5, Image.BILINEAR, fillcolor="white"), FILTERED),
    ("flip_horizontal", [{"op": "flip", "direction": "horizontal"}], ImageOps.mirror, EXACT),
    ("flip_vertical", [{"op": "flip", "direction": "vertical"}], ImageOps.flip, EXACT),
    ("border", [{"op": "border", "width": 4, "color": "teal"}], lambda p: ImageOps.expand(p, 4, (0, 128, 128, 255)), EXACT),
    ("pad", [{"op": "pad", "left": 1, "top": 2, "right": 3, "bottom": 4, "color": "#abc"}],
     lambda p: ImageOps.expand(p, (1, 2, 3, 4), (0xaa, 0xbb, 0xcc, 255)), EXACT),
    *[(f"{op}_{factor}", [{"op": op, "factor": factor}], rgb(lambda p, e=e, f=factor: e(p).enhance(f)), ROUNDED)
      for op, e in [("brightness", ImageEnhance.Brightness), ("contrast", ImageEnhance.Contrast), ("saturation", ImageEnhance.Color)]
      for factor in (0.4, 1.7)],
    ("hue_90", [{"op": "hue", "degrees": 90}], hue(90), ROUNDED),
    ("hue_-35", [{"op": "hue", "degrees": -35}], hue(-35), ROUNDED),
    ("grayscale", [{"op": "grayscale"}], rgb(lambda p: p.convert("L").convert("RGB")), EXACT),
    ("invert", [{"op": "invert"}], rgb(ImageOps.invert), EXACT),
    ("sepia", [{"op": "sepia"}], matrix(SEPIA), ROUNDED),
    *[(f"gamma_{g}", [{"op": "gamma", "gamma": g}],
       rgb(lambda p, g=g: p.point(lambda level: int(255 * (level / 255) ** (1 / g) + 0.5))), ROUNDED) for g in (0.5, 2.2)],
    *[(f"blur_{r}", [{"op": "blur", "radius": r}], lambda p, r=r: p.filter(ImageFilter.GaussianBlur(r)), BLURRED) for r in (1, 3, 8)],
    ("sharpen", [{"op": "sharpen"}], rgb(lambda p: p.filter(ImageFilter.UnsharpMask(2, 150, 3))), SHARPENED),
    ("paste", [{"op": "paste", "source": "sprite", "x": 30, "y": 20}], paste(30, 20, 1), ROUNDED),
    ("paste_outside", [{"op": "paste", "source": "sprite", "x": -9, "y": 38, "opacity": 0.5}], paste(-9, 38, 0.5), ROUNDED),
]
TRANSPARENT = [
    ("sprite_resize", [{"op": "resize", "width": 61, "height": 50, "mode": "exact"}],
     lambda p: p.resize((61, 50), Image.LANCZOS), OVERSHOT),
    ("sprite_shrink", [{"op": "resize", "width": 9, "height": 8, "mode": "exact", "filter": "bilinear"}],
     lambda p: p.resize((9, 8), Image.BILINEAR), FILTERED),
    ("sprite_flip", [{"op": "flip", "direction": "vertical"}], ImageOps.flip, EXACT),
    ("sprite_brightness", [{"op": "brightness", "factor": 0.5}], rgb(lambda p: ImageEnhance.Brightness(p).enhance(0.5)), ROUNDED),
]


def main():
    HERE.mkdir(exist_ok=True)
    inputs = {"photo": photo(), "sprite": sprite()}
    cases = []
    for name, picture in inputs.items():
        picture.save(HERE / f"{name}.png", optimize=True)
        for case, edits, change, (most, mean) in CASES if name == "photo" else TRANSPARENT:
            change(picture.copy()).save(HERE / f"{case}.png", optimize=True)
            cases.append({"name": case, "input": name, "edits": edits, "max": most, "mean": mean})
    (HERE / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")

    pairs = []
    original = np.asarray(inputs["photo"].convert("RGB"))
    grey = np.asarray(inputs["photo"].convert("L"))
    for case in ("blur_3", "contrast_1.7", "grayscale", "invert"):
        other = Image.open(HERE / f"{case}.png")
        levels = np.asarray(other.convert("RGB"))
        difference = np.abs(original.astype(int) - levels)
        pairs.append({
            "name": case,
            "max": int(difference.max()),
            "mean": float(difference.mean()),
            "psnr": float(peak_signal_noise_ratio(original, levels, data_range=255)),
            "ssim": float(structural_similarity(grey, np.asarray(other.convert("L")), gaussian_weights=True, sigma=1.5,
                                                use_sample_covariance=False, data_range=255)),
        })
    (HERE / "compare.json").write_text(json.dumps(pairs, indent=1) + "\n")


if __name__ == "__main__":
    main()
