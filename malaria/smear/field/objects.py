"""One thing found in a field: where it lies, what it is, and its picture as the classifier wants it."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Final, Literal, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

RGB: TypeAlias = NDArray[np.uint8]
Contour: TypeAlias = NDArray[np.int32]
Kind: TypeAlias = Literal["red_cell", "view", "leukocyte", "platelet", "artefact"]

KINDS: Final[tuple[Kind, ...]] = ("red_cell", "view", "leukocyte", "platelet", "artefact")
"""What an object can be, in the order of tables and legends. A view is a window over red cells, no cell of its own."""


class Box(NamedTuple):
    """A rectangle of whole pixels: columns x to x + width - 1, rows y to y + height - 1."""

    x: int
    y: int
    width: int
    height: int

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) of the middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def area(self) -> int:
        """Pixels in it."""
        return self.width * self.height

    def within(self, whole: "Box") -> "Box":
        """What of it lies in another rectangle that it meets."""
        left, top = max(self.x, whole.x), max(self.y, whole.y)
        right = min(self.x + self.width, whole.x + whole.width)
        return Box(left, top, right - left, min(self.y + self.height, whole.y + whole.height) - top)

    def holds(self, x: float, y: float) -> bool:
        """Whether a place lies in it."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height

    def shared_area(self, other: "Box") -> int:
        """Pixels that lie in both rectangles."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(0, width) * max(0, height)


@dataclass(frozen=True, eq=False, kw_only=True)
class Outline:
    """Where one object of a field lies and what it is. All lengths are pixels of the field.

    `box` is the tight rectangle around `contour` (int32, (n, 2), columns x and y); `area` counts the pixels inside the
    contour; `circularity` is 4 pi area / perimeter^2, 1 for a disc. `likeness` (0 to 1) says how much the outline looks
    like one whole red cell; it is 0 for other kinds. `touches_border`: the field's edge may cut the object.
    `is_clump`: cells that could not be told apart, or a piece of one; its box makes no claim about single cells.
    `may_be_parasite`: of a leukocyte, that it may as well be a gametocyte.
    """

    box: Box
    contour: Contour
    kind: Kind
    area: float
    circularity: float
    likeness: float
    touches_border: bool
    is_clump: bool
    may_be_parasite: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"An object is one of {', '.join(KINDS)}, not {self.kind!r}.")

    @property
    def is_judged(self) -> bool:
        """Whether the classifier is asked about it."""
        return self.kind in ("red_cell", "view") or self.may_be_parasite

    @property
    def is_whole_cell(self) -> bool:
        """Whether it is one whole red cell."""
        return self.kind == "red_cell" and not self.is_clump


@dataclass(frozen=True, eq=False, kw_only=True)
class SmearObject(Outline):
    """An object of a field with its picture.

    `crop` is the picture for the classifier, as in the NIH cells: RGB uint8, tight, black around it. It leaves out the
    outermost sixteenth of a cell's diameter, the blurred edge.
    """

    crop: RGB

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.crop.ndim != 3 or 0 in self.crop.shape or self.crop.shape[2] != 3:
            raise ValueError(f"A crop is an RGB picture, not an array of shape {self.crop.shape}.")

    @property
    def outline(self) -> Outline:
        """The object without its picture, for keeping many."""
        return Outline(**{part.name: getattr(self, part.name) for part in fields(Outline)})


def shrunk(rgb: RGB, scale: float) -> RGB:
    """A picture (RGB uint8) at a scale of at most 1; of what is very long and narrow a line of one pixel stays."""
    height, width = rgb.shape[:2]
    across, down = max(scale, 1 / width), max(scale, 1 / height)
    return np.asarray(cv2.resize(rgb, None, fx=across, fy=down, interpolation=cv2.INTER_AREA), np.uint8)


def touches_border(box: Box, shape: tuple[int, ...]) -> bool:
    """Whether a box comes within a pixel of the edge of a field of `shape` (height, width, ...)."""
    return min(box.x, box.y) <= 1 or box.x + box.width >= shape[1] - 1 or box.y + box.height >= shape[0] - 1


def describe(
    rgb: RGB,
    contour: Contour,
    inner: Contour,
    kind: Kind,
    *,
    likeness: float = 0.0,
    is_clump: bool = False,
    cut: bool = False,
    may_be_parasite: bool = False,
) -> SmearObject:
    """Measure the object inside `contour` (int32, (n, 2)) of the field `rgb`, and cut out what lies inside `inner`.

    `cut`: something else than the field's edge cuts it.
    """
    box = Box(*(int(number) for number in cv2.boundingRect(contour)))
    area = float(np.count_nonzero(_inside(contour, box)))
    perimeter = cv2.arcLength(contour, closed=True)
    return SmearObject(
        box=box,
        contour=contour,
        kind=kind,
        area=area,
        circularity=min(1.0, 4 * np.pi * area / perimeter**2) if perimeter > 0 else 0.0,
        likeness=likeness,
        touches_border=cut or touches_border(box, rgb.shape),
        is_clump=is_clump,
        may_be_parasite=may_be_parasite,
        crop=_cut_out(rgb, inner),
    )


def _cut_out(rgb: RGB, contour: Contour) -> RGB:
    box = Box(*(int(number) for number in cv2.boundingRect(contour)))
    view = rgb[box.y : box.y + box.height, box.x : box.x + box.width]
    return np.where(_inside(contour, box)[..., np.newaxis] > 0, view, np.uint8(0))


def _inside(contour: Contour, box: Box) -> NDArray[np.uint8]:
    mask = np.zeros((box.height, box.width), np.uint8)
    cv2.drawContours(mask, [contour], -1, 255, cv2.FILLED, offset=(-box.x, -box.y))
    return mask


def overlaps(first: Iterable[Box], second: Iterable[Box]) -> NDArray[np.float64]:
    """Intersection over union of every box with every other: float64 (first, second)."""
    a = np.array(list(first), dtype=np.float64).reshape(-1, 1, 4)
    b = np.array(list(second), dtype=np.float64).reshape(1, -1, 4)
    near, far = np.maximum(a[..., :2], b[..., :2]), np.minimum((a[..., :2] + a[..., 2:]), (b[..., :2] + b[..., 2:]))
    shared = np.clip(far - near, 0, None).prod(axis=-1)
    return np.asarray(shared / (a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1) - shared), np.float64)


def pairs(first: Iterable[Box], second: Iterable[Box], at_least: float = 0.5) -> list[tuple[int, int]]:
    """Match boxes one to one, as many and as well as possible, from this overlap on: (index of first, of second)."""
    iou = overlaps(first, second)
    matched = linear_sum_assignment(-np.where(iou >= at_least, iou, 0.0))
    return [(int(row), int(column)) for row, column in zip(*matched, strict=True) if iou[row, column] >= at_least]
