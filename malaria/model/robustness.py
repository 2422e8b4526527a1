"""How a model's answer to one cell changes as the cell is turned, brightened, blurred or shifted in hue."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.images import RGB
from malaria.model.classifier import Classifier


@dataclass(frozen=True, eq=False)
class Changed:
    """A cell that was changed by `amount`, and the answer to it."""

    amount: float
    rgb: RGB
    p_parasitized: float


@dataclass(frozen=True)
class Kind:
    """One kind of change: its name, how an amount is said, the amounts, the one that changes nothing."""

    name: str
    words: str
    amounts: tuple[float, ...]
    neutral: float
    apply: Callable[[RGB, float], RGB]

    def say(self, amount: float) -> str:
        """Return an amount in words: "by 45°", "as it is"."""
        return "as it is" if amount == self.neutral else self.words.format(amount).replace("%", " %").replace("-", "−")


def turn(rgb: RGB, degrees: float) -> RGB:
    """Return the cell turned anticlockwise by `degrees`, cut to its own edges again; nothing of it is lost."""
    height, width = rgb.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    room = round(height * sin + width * cos), round(height * cos + width * sin)
    matrix[:, 2] += (room[0] - width) / 2, (room[1] - height) / 2
    whole: RGB = np.asarray(cv2.warpAffine(rgb, matrix, room, flags=cv2.INTER_LINEAR), np.uint8)
    inside = whole.max(axis=2) > 0
    if not inside.any():
        return whole
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    return whole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def brighten(rgb: RGB, factor: float) -> RGB:
    """Return the cell with every value multiplied by `factor` (above 0); the black surround stays black."""
    return np.clip(np.round(rgb * factor), 0, 255).astype(np.uint8)


def blur(rgb: RGB, share: float) -> RGB:
    """Return the cell under a Gaussian blur with a standard deviation of `share` of its longer side.

    Only what is inside the cell is averaged, so that its edge keeps its place against the black surround.
    """
    sigma = share * max(rgb.shape[:2])
    if sigma <= 0:
        return rgb.copy()
    inside = (rgb.max(axis=2, keepdims=True) > 0).astype(np.float32)
    weight = cv2.GaussianBlur(inside, (0, 0), sigma)[..., None]
    smooth = cv2.GaussianBlur(rgb.astype(np.float32), (0, 0), sigma) / np.maximum(weight, 1e-6) * inside
    answer: RGB = np.clip(np.round(smooth), 0, 255).astype(np.uint8)
    return answer


def shift_hue(rgb: RGB, degrees: float) -> RGB:
    """Return the cell with every hue shifted by `degrees` (of 360): from purple, up is towards red."""
    hsv = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + degrees) % 360
    shifted: NDArray[np.float32] = np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.float32)
    return np.clip(np.round(shifted * 255), 0, 255).astype(np.uint8)


KINDS: Final = (
    Kind("Turned", "by {:.0f}°", (0, 45, 90, 135, 180, 225, 270, 315), 0, turn),
    Kind("Brightness", "× {:.2g}", (0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3), 1, brighten),
    Kind("Blurred", "over {:.1%}", (0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06), 0, blur),
    Kind("Hue", "{:+.0f}°", (-40, -30, -20, -10, 0, 10, 20, 30), 0, shift_hue),
)


def robustness(classifier: Classifier, rgb: RGB) -> dict[str, list[Changed]]:
    """Return the answers to a changed cell, by the name of each of `KINDS`, in the order of its amounts."""
    cells = [[kind.apply(rgb, amount) for amount in kind.amounts] for kind in KINDS]
    answers = iter(classifier.predict([cell for row in cells for cell in row]).tolist())
    return {
        kind.name: [Changed(amount, cell, next(answers)) for amount, cell in zip(kind.amounts, row, strict=True)]
        for kind, row in zip(KINDS, cells, strict=True)
    }
