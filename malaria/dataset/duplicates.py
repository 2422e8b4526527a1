"""Images that are there twice: the same bytes, or one picture saved again. Across classes or patients they leak."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from malaria.model.classifier import threads

HASH_DISTANCE: Final = 6
"""Bits of 64 in which two perceptual hashes may differ."""
MEAN_LEVEL: Final = 100
"""The mean grey level at which thumbnails are held against each other: about that of the NIH cells."""
GREY_LEVELS: Final = 3.0
"""How far two thumbnails may then be apart, in the mean over all pixels and channels."""
MOST_PAIRS: Final = 500_000
"""After so many pairs no more are looked for: such a set is one picture, many times over.

With both limits, of 600 NIH cells saved again all are found that were packed as JPEG (quality 50), enlarged by half,
made a tenth brighter or a fifth darker, 99.8 % of those shrunk to 96 pixels or blurred by one, and 97 % of those at
half the size; of the 277 million pairs of 23,521 different NIH cells none is. A picture cropped by one pixel a side
already counts as another.
"""

_ROWS, _COLUMNS, _AT_A_TIME = 64, 4096, 1024  # what stays in a processor's cache
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


def find_exact_duplicates(image_ids: Sequence[str], filed: Sequence[Filed]) -> list[Group]:
    """Group files of equal `image_ids` (SHA-256 of the bytes); both of shape (n,)."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, image_id in enumerate(image_ids):
        places[image_id].append(place)
    return [_group(filed[place] for place in together) for together in places.values() if len(together) > 1]


def find_near_duplicates(thumbnails: NDArray[np.uint8], filed: Sequence[Filed]) -> list[Group]:
    """Group files that show the same picture: thumbnails of shape (n, 16, 16, 3), uint8 RGB.

    Pairs of like hashes are held against each other in full, at equal brightness. Give each picture once: leave out
    exact copies. A picture that was turned or mirrored is not found.
    """
    pairs = _find_alike(hash_perceptually(thumbnails), thumbnails)
    joined = coo_array((np.ones(len(pairs), bool), tuple(pairs.T)), shape=(len(filed), len(filed)))
    _, number = connected_components(joined, directed=False)
    members: dict[int, list[int]] = defaultdict(list)
    for place in np.unique(pairs).tolist():
        members[int(number[place])].append(place)
    return [_group(filed[place] for place in together) for together in members.values()]


def hash_perceptually(thumbnails: NDArray[np.uint8]) -> NDArray[np.uint64]:
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


def _find_alike(hashes: NDArray[np.uint64], thumbnails: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Every pair (first, second) that is near in both measures, and about `MOST_PAIRS` at most: shape (pairs, 2)."""
    equalised = _equalise(thumbnails)
    found, pairs = [np.empty((0, 2), np.intp)], 0
    with ThreadPoolExecutor(threads()) as pool:
        for some in pool.map(lambda start: _find_alike_of(start, hashes, equalised), range(0, len(hashes), _ROWS)):
            found.append(some)
            pairs += len(some)
            if pairs > MOST_PAIRS:
                pool.shutdown(cancel_futures=True)
                break
    return np.concatenate(found)


def _find_alike_of(start: int, hashes: NDArray[np.uint64], equalised: NDArray[np.uint8]) -> NDArray[np.intp]:
    """The pairs whose first is one of `_ROWS` pictures from `start` on."""
    rows, near = hashes[start : start + _ROWS, None], [np.empty((0, 2), np.intp)]
    for left in range(start, len(hashes), _COLUMNS):
        columns = hashes[None, left : left + _COLUMNS]
        places = np.flatnonzero(np.bitwise_count(rows ^ columns) <= HASH_DISTANCE)  # much faster than nonzero
        row, column = np.divmod(places, columns.shape[1])
        near.append(np.stack([row + start, column + left], axis=1))
    pairs = np.concatenate(near)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    apart = np.empty(len(pairs))
    for part in range(0, len(pairs), _AT_A_TIME):  # round pink cells often have nearly one hash: pictures decide
        first, second = (equalised[pairs[part : part + _AT_A_TIME, side]] for side in (0, 1))
        apart[part : part + _AT_A_TIME] = np.asarray(cv2.absdiff(first, second)).mean(axis=1)
    return pairs[apart <= GREY_LEVELS]


def _equalise(thumbnails: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Thumbnails as rows of one mean, so that a lamp turned up is no difference: uint8 (n, side * side * 3)."""
    rows = np.empty((len(thumbnails), thumbnails[0].size if len(thumbnails) else 0), np.uint8)
    for start in range(0, len(rows), 1024):
        flat = thumbnails[start : start + 1024].reshape(-1, rows.shape[1]).astype(np.float32)
        gain = MEAN_LEVEL / np.maximum(flat.mean(axis=1, keepdims=True), 1)
        rows[start : start + 1024] = np.minimum(flat * gain + 0.5, 255)
    return rows


def _group(together: Iterable[Filed]) -> Group:
    files, labels, patients = zip(*together, strict=True)
    return Group(files, _sort_distinct(labels), _sort_distinct(patients))


def _sort_distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value is not None}))
