"""Boxes against boxes: which of two lists mean the same object."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from malaria.smear.objects import Box


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
