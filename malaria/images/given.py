"""Images as a program has them: paths, bytes or RGB arrays, each opened as a source."""

import os
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.errors import SourceError
from malaria.images.source import ImageFile, Source, open_source

Image: TypeAlias = str | os.PathLike[str] | bytes | NDArray[np.uint8]
"""A path (image, folder with all below it, or zip), the bytes of an image or zip, or RGB uint8 (height, width, 3)."""
Opened: TypeAlias = Source | list[ImageFile]


def open_images(images: Image | Iterable[Image]) -> list[Opened]:
    """Open each of `images`; one that cannot be opened becomes an `ImageFile` with its error, and the rest goes on.

    Raises SourceError when nothing can be opened.
    """
    opened: list[Opened] = []
    refused: list[str] = []
    for name, image in name_images(images):
        try:
            opened.append(open_image(image, name))
        except SourceError as error:
            refused.append(str(error))
            opened.append([ImageFile(name, error=str(error))])
    if refused and len(refused) == len(opened):
        raise SourceError(" ".join(refused))
    return opened


def name_images(images: Image | Iterable[Image]) -> Iterator[tuple[str, Image]]:
    """Yield each image with what it is called: its path, or "image 1" by its place. Four axes are many images."""
    is_one = isinstance(images, str | bytes | os.PathLike) or (isinstance(images, np.ndarray) and images.ndim == 3)
    listed = [images] if is_one else images
    for number, image in enumerate(cast("Iterable[Image]", listed), start=1):
        yield os.fspath(image) if isinstance(image, str | os.PathLike) else f"image {number}", image


def open_image(image: Image, name: str) -> Source:
    """Open one image, folder or zip; an array becomes its PNG file. Raises SourceError."""
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            found = f"{image.dtype} of shape {image.shape}"
            raise SourceError(f"{name}: An array must be RGB, uint8 of shape (height, width, 3). This is {found}.")
        image = cv2.imencode(".png", image[..., ::-1])[1].tobytes()
    if isinstance(image, bytes):
        return open_source(BytesIO(image), name)
    if not isinstance(image, str | os.PathLike):
        raise SourceError(f"{name}: {type(image).__name__} is not an image. Use a path, bytes or an RGB array.")
    return open_source(image)
