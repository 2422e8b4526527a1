"""Touching cells apart: a marker-based watershed on how deep a pixel lies inside the stain."""

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
Labels = NDArray[np.int32]


def split(mask: Mask, diameter: float) -> Labels:
    """Number the cells of a mask (uint8, 0 or 1): int32 labels from 1, 0 where the mask is 0.

    `diameter` is a usual cell's, in pixels of the mask. A marker is put where the distance to the background has its
    maximum within 0.2 diameters, and basins grow from the markers by that distance (Beucher and Lantuejoul 1979).
    """
    depth = np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, 5), np.float32)
    smooth = cv2.GaussianBlur(depth, (0, 0), 0.04 * diameter)
    highest = cv2.dilate(smooth, disc(0.4 * diameter))
    peaks = (smooth >= highest - 1e-6) & (smooth > 0.15 * diameter)
    count, markers = cv2.connectedComponents(cv2.dilate(peaks.astype(np.uint8), np.ones((3, 3), np.uint8)))
    background = count
    markers[mask == 0] = background
    cv2.watershed(_relief(depth, 0.9 * diameter), markers)
    labels = np.where(markers == background, 0, markers)
    lines = (labels < 0) & (mask > 0)
    labels = np.maximum(labels, 0).astype(np.float32)  # the widest type that cv2.dilate takes
    return np.where(lines, cv2.dilate(labels, np.ones((3, 3), np.uint8)), labels).astype(np.int32)


def disc(diameter: float) -> Mask:
    """A round structuring element, an odd number of pixels wide."""
    side = int(diameter) | 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def opened(mask: Mask | NDArray[np.bool_], diameter: float) -> Mask:
    """The mask without what is narrower than a disc."""
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, disc(diameter)), np.uint8)


def closed(mask: Mask | NDArray[np.bool_], diameter: float) -> Mask:
    """The mask with its gaps narrower than a disc closed."""
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, disc(diameter)), np.uint8)


def _relief(depth: NDArray[np.float32], deepest: float) -> NDArray[np.uint8]:
    """A picture in which `cv2.watershed` floods the deepest places first.

    It visits pixels by the difference to their neighbour above, below, left or right, not by their height. Those
    neighbours lie on the other colour of a chessboard, so with heights of alternating sign the difference is the sum
    of both heights, and the order becomes that of a flood.
    """
    height = 127 - np.minimum(depth, deepest) * (127 / deepest)
    height[0::2, 0::2] *= -1
    height[1::2, 1::2] *= -1
    grey = np.rint(height + 128).astype(np.uint8)
    return np.asarray(cv2.merge([grey, grey, grey]), np.uint8)
