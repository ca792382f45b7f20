"""The example tools of the conformance suite, as far as companion has what they show."""

import time

from companion import Image, progress, tool


@tool
def test_simple_text() -> str:
    """Gives a text."""
    return "This is a simple text response for testing."


@tool
def test_image_content() -> Image:
    """Gives a picture: one red pixel."""
    return Image.from_pixels(1, 1, bytes([255, 0, 0, 255]))


@tool
def test_error_handling() -> str:
    """Fails."""
    raise ValueError("This tool intentionally returns an error for testing")


@tool
def test_tool_with_progress() -> str:
    """Tells how far it is."""
    for done in (0, 50, 100):
        progress(done, 100)
        time.sleep(0.15)  # companion tells of ten a second at most
    return "done"
