"""Does a picture look like one stained cell at all? A sentence for those that do not, to be told before a probability.

Before that, in `refuse_black`: is there anything to see? That is asked of cells and fields alike.

The model answers whatever it is shown, a cat included, so this is asked first. The rule is plain image measurement,
not learning, so that each refusal can be said in words. See `implausible`.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.errors import ImageError

# Each threshold with what it was set by: the extremes of the real cells named in `implausible`.
SIDE: Final = 64  # longest side, in pixels, of the copy that is measured, so that resolution does not matter
MAX_ASPECT: Final = 3.0  # longer / shorter side; cells reach 2.6
MIN_SPREAD: Final = 6.0  # standard deviation of the most varied channel, in grey levels; cells have 10 and more
MIN_COLOUR: Final = 1.0  # mean of (largest - smallest channel); the greyest cell has 1.4, a grey picture 0
BLACK: Final = 30  # no channel above this in the surround of a cell cut out by NIH
MIN_BLACK_FRAME: Final = 0.5  # share of the outermost pixels that is black in a cut-out cell; they have 0.56 and more
MIN_CLEAR: Final = 120  # brightest channel of the bright field around a cell in a box; those have 130 and more
MAX_CLEAR_COLOUR: Final = 80  # largest - smallest channel of that field; those have up to 76
MIN_CENTRE: Final = 0.6  # share of the middle (half of each side) that the object covers; 99.5 % of cut-outs: 0.84
AREA: Final = (0.2, 0.95)  # share of the picture that the object covers; 99.9 % of cells: 0.25 to 0.94
MIN_FULL: Final = 0.55  # share of the object's area that is not a hole, as in a chart's frame; cells: 99.5 % have 0.7
MIN_ROUNDNESS: Final = 0.2  # 4 pi area / perimeter squared, 1 for a disc; cells: 99.5 % have 0.24, text and noise 0.1
MAX_WRONG_HUE: Final = 40  # how far green, yellow or cyan leads in the median colour of the object; cells reach 22
MAX_DETAIL: Final = 0.55  # share of steep pixels well inside the object; schizonts reach this, photos and text pass it
STEEP: Final = 16  # grey levels across two pixels
MAX_GRAIN: Final = 4.0  # mean grey levels that the small copy loses inside the object; 99.9 % of cut-outs: 2.6, text 48

DARK: Final = 64  # 14 bits taken for 16 reach 63; of 23,724 real cells and fields each reaches 147
MIN_LIGHT: Final = 0.02  # share of the numbers that must be above that; a burnt-in scale bar is no picture; cells: 0.33

_NOT_A_CELL: Final = "This does not look like a single stained cell: "


def refuse_black(rgb: NDArray[np.uint8], file: str) -> None:
    """Raise ImageError for a nearly black picture, uint8 (height, width, 3), as one is whose depth was not known."""
    height, width, _ = rgb.shape
    y, x = height // 4, width // 4
    if rgb[2 * y, 2 * x, 0] > DARK and rgb[y, x, 0] > DARK and rgb[3 * y, 3 * x, 0] > DARK:
        return  # nearly every picture, at the price of three pixels
    if np.count_nonzero(rgb > DARK) < MIN_LIGHT * rgb.size:
        raise ImageError(
            file,
            f"The picture is nearly black: hardly any of its values (0 to 255) is above {DARK}.",
            "Save it with its full range of brightness, or retake it with more light.",
        )


def find_doubt(rgb: NDArray[np.uint8]) -> str | None:
    """Say in a sentence why a uint8 RGB picture (height, width, 3) is not one stained cell; None when it may be one.

    A cell is expected cut out on black, as NIH gives it, or in the box around it in a bright field. One object must
    cover the middle: in the first case what is not black, in the second the dark side of Otsu's threshold of the green
    channel, which haemoglobin and the stain absorb. It must be compact, smooth inside but for a parasite, and of a
    stain's colours, in which green, yellow and cyan do not lead.

    The thresholds were set on 23,521 NIH cells of 170 patients and 15,606 cell boxes of the IML-Malaria fields (99.95 %
    and 99.0 % of which pass), and on pictures that are no cells: 407 whole fields of two laboratories (406 are told),
    photographs, charts, text, gradients, noise and X-rays. The rule catches mistakes, not malice: a smooth purple ball
    passes, and so may a smudge.
    """
    height, width = rgb.shape[:2]
    if max(height, width) > MAX_ASPECT * min(height, width):
        return _NOT_A_CELL + "it is far longer than it is wide. Crop it to one cell."
    small = _fit(rgb)
    if cv2.meanStdDev(small)[1].max() < MIN_SPREAD:
        return _NOT_A_CELL + "it is almost a single colour. Choose a picture that shows a cell."
    if (_find_brightest(small) - _find_darkest(small)).mean() < MIN_COLOUR:
        return (
            _NOT_A_CELL + "it has no colour, and the stain is what shows the parasite. Use the original colour picture."
        )
    mask = _find_object(small)
    if mask is None:
        return _NOT_A_CELL + (
            "no single object stands out in the middle, as in a whole field, a chart or a photo. Crop it to one cell, "
            "or upload whole fields on the page Smear triage."
        )
    if _measure_wrong_hue(np.median(small[mask], axis=0)) > MAX_WRONG_HUE:
        return _NOT_A_CELL + "its colours are not those of a Giemsa stain. Use the original colour picture."
    inside = cv2.erode(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0  # away from the outline
    if _measure_detail(small, inside) > MAX_DETAIL or _measure_grain(rgb, small, inside) > MAX_GRAIN:
        return _NOT_A_CELL + "it has more fine detail than a cell, as in a photo or a drawing. Crop it to one cell."
    return None


def _fit(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    scale = SIDE / max(height, width)
    size = max(4, round(width * scale)), max(4, round(height * scale))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return small.astype(np.uint8, copy=False)


def _find_object(small: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """The mask of the one object, its holes filled, or None where there is none of a cell's proportions."""
    black = _find_brightest(small) <= BLACK
    frame = np.concatenate([black[0], black[-1], black[:, 0], black[:, -1]])
    if frame.mean() >= MIN_BLACK_FRAME:
        return _find_compact(~black)
    green = cv2.GaussianBlur(small[:, :, 1], (3, 3), 0)
    _, light = cv2.threshold(green, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    if not light.any():
        return None
    clear = np.median(small[light > 0], axis=0)
    if clear.max() < MIN_CLEAR or np.ptp(clear) > MAX_CLEAR_COLOUR:
        return None
    return _find_compact(light == 0)


def _find_compact(foreground: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """The blob that covers most of the middle, if it is large, full and round enough."""
    contours, _ = cv2.findContours(foreground.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    labels = np.zeros(foreground.shape, np.int32)
    for number, contour in enumerate(contours, 1):
        cv2.drawContours(labels, [contour], -1, number, cv2.FILLED)
    height, width = foreground.shape
    middle = labels[height // 4 : height - height // 4, width // 4 : width - width // 4]
    covered = np.bincount(middle.ravel(), minlength=2)
    chosen = int(covered[1:].argmax()) + 1
    if covered[chosen] < MIN_CENTRE * middle.size:
        return None
    mask = labels == chosen
    if not AREA[0] <= mask.mean() <= AREA[1] or foreground[mask].mean() < MIN_FULL:
        return None
    outline = contours[chosen - 1]
    roundness = 4 * np.pi * cv2.contourArea(outline) / max(1.0, cv2.arcLength(outline, True) ** 2)
    return mask if roundness >= MIN_ROUNDNESS else None


def _measure_wrong_hue(colour: NDArray[np.float64]) -> float:
    """By how much green, yellow or cyan leads in a colour (red, green, blue; 0 to 255); negative where none does."""
    red, green, blue = colour
    return float(max(green - max(red, blue), min(red, green) - blue, min(green, blue) - red))


def _measure_detail(small: NDArray[np.uint8], inside: NDArray[np.bool_]) -> float:
    """The share (0 to 1) of steep pixels there."""
    smooth = cv2.GaussianBlur(small, (3, 3), 0)
    across = cv2.absdiff(smooth[1:-1, 2:], smooth[1:-1, :-2])
    down = cv2.absdiff(smooth[2:, 1:-1], smooth[:-2, 1:-1])
    steep = _find_brightest(np.maximum(across, down)) > STEEP
    return float(steep[inside[1:-1, 1:-1]].mean()) if inside[1:-1, 1:-1].any() else 1.0


def _measure_grain(rgb: NDArray[np.uint8], small: NDArray[np.uint8], inside: NDArray[np.bool_]) -> float:
    """How much finer the picture is there than its small copy: their mean difference, 0 to 255 grey levels."""
    height, width = rgb.shape[:2]
    enlarged = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    lost = _find_brightest(cv2.absdiff(rgb, enlarged).astype(np.uint8, copy=False))
    return float(cv2.resize(lost, small.shape[1::-1], interpolation=cv2.INTER_AREA)[inside].mean())


def _find_brightest(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The largest channel of each pixel; ten times as fast as `rgb.max(axis=2)`."""
    return np.maximum(np.maximum(rgb[:, :, 0], rgb[:, :, 1]), rgb[:, :, 2])


def _find_darkest(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.minimum(np.minimum(rgb[:, :, 0], rgb[:, :, 1]), rgb[:, :, 2])
