"""What is done to a cell before a network sees it: data in the model's card, so training and serving cannot differ."""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

_INTERPOLATIONS = {"area": cv2.INTER_AREA, "linear": cv2.INTER_LINEAR, "nearest": cv2.INTER_NEAREST}


class Preprocessing(BaseModel):
    """How an RGB cell of any size becomes the input of one network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    height: int = Field(default=64, ge=8, le=512)
    width: int = Field(default=64, ge=8, le=512)
    colour: Literal["rgb", "hsv"] = "rgb"
    """`hsv` is OpenCV's 8-bit convention: hue 0 to 179, saturation and value 0 to 255."""
    fit: Literal["pad", "stretch"] = "pad"
    """`pad` keeps the aspect and fills with black, the cell centred; `stretch` does not keep it."""
    interpolation: Literal["area", "linear", "nearest"] = "area"
    """`area` averages when shrinking and interpolates linearly when enlarging."""
    scale: float = Field(default=1 / 255, gt=0, le=1)
    """What the 8-bit values are multiplied by."""

    def fit_to_input(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return `rgb` (height, width, 3) fitted to the input size, uint8, still RGB."""
        height, width = rgb.shape[:2]
        if self.fit == "stretch":
            return self._resize(rgb, self.height, self.width)
        top, left, inner_height, inner_width = self._place(height, width)
        inner = self._resize(rgb, inner_height, inner_width)
        if inner.shape[:2] == (self.height, self.width):
            return inner
        padded = np.zeros((self.height, self.width, 3), np.uint8)
        padded[top : top + inner_height, left : left + inner_width] = inner
        return padded

    def pixels(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return `rgb` fitted and in the network's colour space, uint8 of shape (self.height, self.width, 3)."""
        fitted = self.fit_to_input(rgb)
        return _uint8(cv2.cvtColor(fitted, cv2.COLOR_RGB2HSV)) if self.colour == "hsv" else fitted

    def scale_values(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return uint8 `pixels` of any shape as the float32 values that the network takes."""
        return np.multiply(pixels, np.float32(self.scale), dtype=np.float32)

    def fit_back(self, heat: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return a map over the input (self.height, self.width) as one over the cell of `shape` it was fitted from."""
        top, left, inner_height, inner_width = self._place(*shape[:2]) if self.fit == "pad" else (0, 0, *heat.shape)
        inner = heat[top : top + inner_height, left : left + inner_width]
        return np.asarray(cv2.resize(inner, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)

    def _place(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Where a padded cell lies in the input: top, left, height, width."""
        ratio = min(self.height / height, self.width / width)
        inner_height, inner_width = max(1, round(height * ratio)), max(1, round(width * ratio))
        return (self.height - inner_height) // 2, (self.width - inner_width) // 2, inner_height, inner_width

    def _resize(self, rgb: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
        shrinks = height <= rgb.shape[0] and width <= rgb.shape[1]
        name = "linear" if self.interpolation == "area" and not shrinks else self.interpolation
        return _uint8(cv2.resize(rgb, (width, height), interpolation=_INTERPOLATIONS[name]))


def _uint8(array: object) -> NDArray[np.uint8]:
    return np.asarray(array, np.uint8)
