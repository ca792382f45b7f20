"""Pictures from words."""

import companion as _companion

__all__ = ["ImageGenerator"]


class ImageGenerator:
    """Makes pictures with Stable Diffusion; `model` is for all that name none."""

    def __init__(self, model=None):
        self.model = model

    def text_to_image(self, prompt, style=None, size=None, **more):
        """A picture, or a list of `count` of them. `size` is (width, height), "512x512" or a number;
        what else imagine() takes can be given by its name."""
        if isinstance(size, str):
            width, _, height = size.lower().replace("×", "x").partition("x")
            size = (int(width), int(height or width))
        elif isinstance(size, int):
            size = (size, size)
        if size is not None:
            more.setdefault("width", size[0])
            more.setdefault("height", size[1])
        for name, value in (("style", style), ("model", self.model)):
            if value is not None:
                more.setdefault(name, value)
        return _companion.call("imagine", prompt=prompt, **more)
