"""How large and how small a picture may be, asked of its header before any pixel is decoded."""

from typing import Final, TypeAlias

from malaria.errors import ImageError

CELL_MAX_PIXELS: Final = 25_000_000
"""The most pixels (width times height) one cell image may have."""

MIN_SIDE: Final = 8
"""The fewest pixels a side that can show anything."""

Size: TypeAlias = tuple[int, int]
"""(width, height), as image headers have it."""


def check_size(size: Size, file: str, max_pixels: int) -> None:
    """Raise ImageError for a picture of more than `max_pixels` or of fewer than `MIN_SIDE` pixels a side."""
    width, height = size
    if width * height > max_pixels:
        raise ImageError(
            file,
            f"The image is {width} x {height} pixels, more than the {max_pixels / 1e6:g} megapixels allowed here.",
            "Crop it to the part that matters, or save a smaller copy.",
        )
    if min(width, height) < MIN_SIDE:
        raise ImageError(
            file,
            f"The image is {width} x {height} pixels. Each side needs at least {MIN_SIDE}.",
            "Use a larger crop; a cell is usually 40 to 200 pixels wide.",
        )
