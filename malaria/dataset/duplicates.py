"""Images that are there twice: the same bytes, or one picture saved again. Across classes or patients they leak."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

HASH_DISTANCE: Final = 8
"""Bits of 64 in which two perceptual hashes may differ."""
MEAN_LEVEL: Final = 100
"""The mean grey level at which thumbnails are held against each other: about that of the NIH cells."""
GREY_LEVELS: Final = 3.0
"""How far two thumbnails may then be apart, in the mean over all pixels and channels."""
MOST_PAIRS: Final = 500_000
"""After so many pairs no more are looked for: such a set is one picture, many times over.

With both limits, of 600 NIH cells all are found that were saved as JPEG (quality 50), at 96 pixels or at 1.5 times the
size, blurred by one pixel, a tenth brighter or a fifth darker, and 97 % of those at half the size; of the 277 million
pairs of 23,521 different NIH cells none is. A picture cropped by one pixel a side already counts as another.
"""

_PAIRS_AT_A_TIME: Final = 50_000
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


@dataclass(frozen=True)
class Group:
    """Files that show the same, in the order of the source, with the classes and the patients they are filed under."""

    files: tuple[str, ...]
    labels: tuple[str, ...]
    patients: tuple[str, ...]

    @property
    def across_classes(self) -> bool:
        """Whether one picture is labelled in two ways: one of the labels is wrong."""
        return len(self.labels) > 1

    @property
    def across_patients(self) -> bool:
        """Whether one picture belongs to two patients: a split by patient then leaks as well."""
        return len(self.patients) > 1


class Filed(NamedTuple):
    """Where one image is filed."""

    file: str
    label: str | None
    patient: str | None


def exact_duplicates(image_ids: Sequence[str], filed: Sequence[Filed]) -> list[Group]:
    """Group files of equal `image_ids` (SHA-256 of the bytes); both of shape (n,)."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, image_id in enumerate(image_ids):
        places[image_id].append(place)
    return [_group(filed[place] for place in together) for together in places.values() if len(together) > 1]


def near_duplicates(thumbnails: NDArray[np.uint8], filed: Sequence[Filed]) -> list[Group]:
    """Group files that show the same picture: thumbnails of shape (n, 16, 16, 3), uint8 RGB.

    Pairs of like hashes are held against each other in full, at equal brightness. Give each picture once: leave out
    exact copies. A picture that was turned or mirrored is not found.
    """
    pairs = _of_like_pictures(_of_like_hash(perceptual_hashes(thumbnails)), thumbnails)
    joined = coo_array((np.ones(len(pairs), bool), tuple(pairs.T)), shape=(len(filed), len(filed)))
    _, number = connected_components(joined, directed=False)
    members: dict[int, list[int]] = defaultdict(list)
    for place in np.unique(pairs).tolist():
        members[int(number[place])].append(place)
    return [_group(filed[place] for place in together) for together in members.values()]


def perceptual_hashes(thumbnails: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return what stays nearly alike when a picture is saved again: 64 bits for each thumbnail (n, side, side, 3).

    A bit says whether one of the 8 x 8 lowest frequencies of the brightness is above their median; the mean brightness
    has no say (the DCT hash of Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions").
    """
    waves = dct(np.eye(thumbnails.shape[1]), axis=0, norm="ortho")[:8].astype(np.float32)
    found = [np.empty(0, np.uint64)]
    for start in range(0, len(thumbnails), 1024):
        grey = thumbnails[start : start + 1024].astype(np.float32) @ _LUMA
        frequencies = (waves @ grey @ waves.T).reshape(-1, 64)[:, 1:]
        bits = frequencies > np.median(frequencies, axis=1, keepdims=True)
        found.append(np.packbits(np.pad(bits, ((0, 0), (1, 0))), axis=1).view(np.uint64)[:, 0])
    return np.concatenate(found)


def _of_like_hash(hashes: NDArray[np.uint64]) -> Iterator[NDArray[np.intp]]:
    """Every pair (first, second) of near hashes, some ten thousand at a time: shape (pairs, 2)."""
    firsts, seconds, pairs = [], [], 0
    for first in range(len(hashes)):
        near = np.flatnonzero(np.bitwise_count(hashes[first + 1 :] ^ hashes[first]) <= HASH_DISTANCE)
        if near.size:
            firsts.append(np.full_like(near, first))
            seconds.append(near + first + 1)
            pairs += near.size
        if firsts and (pairs > _PAIRS_AT_A_TIME or first == len(hashes) - 1):
            yield np.stack([np.concatenate(firsts), np.concatenate(seconds)], axis=1)
            firsts, seconds, pairs = [], [], 0


def _of_like_pictures(some: Iterable[NDArray[np.intp]], thumbnails: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Those of the pairs whose thumbnails are near as well: many round pink cells have nearly one hash."""
    equalised = _equalised(thumbnails)
    found, pairs_found = [np.empty((0, 2), np.intp)], 0
    for pairs in some:
        apart = np.empty(len(pairs))
        for start in range(0, len(pairs), 1024):  # a kilobyte each: what stays in the processor's cache
            first, second = (equalised[pairs[start : start + 1024, side]] for side in (0, 1))
            apart[start : start + 1024] = np.asarray(cv2.absdiff(first, second)).mean(axis=1)
        found.append(pairs[apart <= GREY_LEVELS])
        pairs_found += len(found[-1])
        if pairs_found > MOST_PAIRS:
            break
    return np.concatenate(found)


def _equalised(thumbnails: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Thumbnails as rows of one mean, so that a lamp turned up is no difference: uint8 (n, side * side * 3)."""
    rows = np.empty((len(thumbnails), thumbnails[0].size if len(thumbnails) else 0), np.uint8)
    for start in range(0, len(rows), 1024):
        flat = thumbnails[start : start + 1024].reshape(-1, rows.shape[1]).astype(np.float32)
        gain = MEAN_LEVEL / np.maximum(flat.mean(axis=1, keepdims=True), 1)
        rows[start : start + 1024] = np.minimum(flat * gain + 0.5, 255)
    return rows


def _group(together: Iterable[Filed]) -> Group:
    files, labels, patients = zip(*together, strict=True)
    return Group(files, _distinct(labels), _distinct(patients))


def _distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value is not None}))
