"""A data set looked at once, image by image, on all cores: what is in it, as one `Description`."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from malaria.dataset.duplicates import Filed, Group, find_exact_duplicates, find_near_duplicates
from malaria.dataset.facts import THUMBNAIL, Facts, look
from malaria.dataset.known import Known
from malaria.dataset.means import Means
from malaria.errors import ImageError
from malaria.images import ImageFile, Source
from malaria.model.classifier import BATCH, threads

SIDES: Final = (64, 128, 256)
"""The share of images whose longer side is below these is told."""

_BATCH_BYTES: Final = 8 * 2**20
_BYTES_AHEAD: Final = 8 * 2**20  # of large files fewer are begun, so that they do not add up
_FACTS: Final = Facts._fields


@dataclass(frozen=True, eq=False)
class Description:
    """What is in a data set. `table` is the table of cells: file, patient, given_label, error, and what each file is.

    Further columns: expert_label where one is known, image_id, format, channels, width, height, lowest, highest (empty
    with an error). `means` holds the mean picture of each class, of unlabelled images under "". `near` leaves out exact
    copies, which `exact` has. `skipped` are files that are no images by their names.
    """

    name: str
    table: pd.DataFrame
    means: Mapping[str, Means]
    exact: tuple[Group, ...]
    near: tuple[Group, ...]
    skipped: tuple[str, ...] = ()

    @property
    def readable(self) -> pd.DataFrame:
        """The rows of images that could be read."""
        return self.table[self.table["error"].isna()]

    @property
    def unreadable(self) -> pd.DataFrame:
        """The rows of those that could not, with the reason."""
        return self.table[self.table["error"].notna()]

    @property
    def classes(self) -> dict[str, int]:
        """How many readable images each class has, in the order of the names; without the unlabelled."""
        return _counted(self.readable["given_label"])

    @property
    def patients(self) -> pd.DataFrame:
        """Readable images by patient (rows) and class (columns), with their sum in `n`, most cells first."""
        known = self.readable.dropna(subset=["patient", "given_label"])
        by_class = pd.crosstab(known["patient"].astype(str), known["given_label"].astype(str))
        by_class["n"] = by_class.sum(axis=1)
        return by_class.sort_values("n", ascending=False, kind="stable")

    @property
    def disputed(self) -> pd.DataFrame | None:
        """The rows whose expert label differs from the given one; None where no expert label was given."""
        if "expert_label" not in self.table:
            return None
        both = self.table.dropna(subset=["given_label", "expert_label"])
        return both[both["given_label"] != both["expert_label"]]

    @property
    def twice_labelled(self) -> int:
        """Images that have both a given and an expert label."""
        has_both = "expert_label" in self.table
        return len(self.table.dropna(subset=["given_label", "expert_label"])) if has_both else 0

    @property
    def sizes(self) -> dict[str, Any]:
        """Width and height of the smallest and largest image by area, the mean, and the share below each of `SIDES`."""
        seen = self.readable
        if seen.empty:
            return {"smallest": None, "largest": None, "mean": None, "below": {str(side): None for side in SIDES}}
        width, height = (seen[name].to_numpy(np.int64) for name in ("width", "height"))
        area, longer = width * height, np.maximum(width, height)
        return {
            "smallest": [int(width[area.argmin()]), int(height[area.argmin()])],
            "largest": [int(width[area.argmax()]), int(height[area.argmax()])],
            "mean": [round(float(width.mean()), 1), round(float(height.mean()), 1)],
            "below": {str(side): float((longer < side).mean()) for side in SIDES},
        }

    def to_dict(self) -> dict[str, Any]:
        """The description as JSON has it: what `python -m malaria data describe --json` writes."""
        seen, patients, disputed = self.readable, self.patients, self.disputed
        return {
            "name": self.name,
            "images": len(self.table),
            "readable": len(seen),
            "unreadable": self.unreadable[["file", "error"]].to_dict("records"),
            "skipped": list(self.skipped),
            "classes": self.classes,
            "unlabelled": int(seen["given_label"].isna().sum()),
            "patients": {
                "n": len(patients),
                "images_without_patient": int(seen["patient"].isna().sum()),
                "each": patients.to_dict("index"),
            },
            "formats": _counted(seen["format"]),
            "channels": _counted(seen["channels"]),
            "pixels": {"lowest": _or_none(seen["lowest"].min()), "highest": _or_none(seen["highest"].max())},
            "sizes": self.sizes,
            "exact_duplicates": _told(self.exact),
            "near_duplicates": _told(self.near),
            "disputed": None if disputed is None else {"n": len(disputed), "of": self.twice_labelled},
            "means": {label: _mean_colours(means) for label, means in self.means.items() if label},
        }


def describe(
    source: Source, known: Known | None = None, progress: Callable[[int], object] | None = None
) -> Description:
    """Look at every image of `source`, a few at a time, on all cores; nothing but facts and sums is kept.

    Labels come from the folders unless `known`. `progress` is called with the number of images just done; what it
    raises ends the work. An image that cannot be read is a row with its error.
    """
    known = known or Known.from_folders(source.files)
    rows: list[_Row] = []
    means = _MeansByThread()
    for batch in _looked_at(source, known, means):
        rows += batch
        if progress is not None:
            progress(len(batch))
    exact, near = _duplicates([row for row in rows if row.facts is not None])
    return Description(source.name, _table(rows, known), means.merged(), exact, near, tuple(source.skipped))


class _Row(NamedTuple):
    """What is kept of one image."""

    file: str
    patient: str | None
    label: str | None
    error: str | None
    image_id: str | None
    facts: Facts | None = None
    thumbnail: NDArray[np.uint8] | None = None


class _MeansByThread:
    """The mean picture of each class; every thread adds to its own, so that none waits for another."""

    def __init__(self) -> None:
        self._own = threading.local()
        self._all: list[dict[str, Means]] = []

    def of(self, label: str | None) -> Means:
        """This thread's sums of a class."""
        if not hasattr(self._own, "means"):
            self._own.means = {}
            self._all.append(self._own.means)
        mine: dict[str, Means] = self._own.means
        if (label or "") not in mine:
            mine[label or ""] = Means()
        return mine[label or ""]

    def merged(self) -> dict[str, Means]:
        """The sums of all threads, by class."""
        together: dict[str, Means] = {}
        for own in self._all:
            for label, means in own.items():
                together.setdefault(label, Means()).merge(means)
        return dict(sorted(together.items()))


def _looked_at(source: Source, known: Known, means: _MeansByThread) -> Iterator[list[_Row]]:
    """Batches in the order of the source; decoding and looking run on all cores while the next bytes are read."""
    workers = threads()
    pending: deque[tuple[Future[list[_Row]], int]] = deque()
    held = 0
    pool = ThreadPoolExecutor(workers, thread_name_prefix="describe")
    try:
        for files, size in _batches(source):
            pending.append((pool.submit(lambda files: [_look(file, known, means) for file in files], files), size))
            held += size
            while len(pending) > 2 * workers or (pending and held > _BYTES_AHEAD):
                oldest, size = pending.popleft()
                held -= size
                yield oldest.result()
        for rest, _ in pending:
            yield rest.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _batches(files: Iterable[ImageFile]) -> Iterator[tuple[list[ImageFile], int]]:
    """The files in lists of `BATCH`, of fewer where they are large, with the bytes of each list."""
    batch: list[ImageFile] = []
    size = 0
    for file in files:
        batch.append(file)
        size += len(file.data or b"")
        if len(batch) == BATCH or size > _BATCH_BYTES:
            yield batch, size
            batch, size = [], 0
    if batch:
        yield batch, size


def _look(file: ImageFile, known: Known, means: _MeansByThread) -> _Row:
    label, patient = known.given.get(file.file), known.patient(file.file)
    try:
        seen = look(file)
    except ImageError as error:
        return _Row(file.file, patient, label, file.error or str(error), file.image_id)
    means.of(label).add(seen.small)
    return _Row(file.file, patient, label, None, file.image_id, seen.facts, seen.thumbnail)


def _table(rows: Iterable[_Row], known: Known) -> pd.DataFrame:
    """The table of cells, with the facts of each image."""
    nothing = (None,) * len(_FACTS)
    lines = [(*row[:5], *(row.facts or nothing)) for row in rows]
    columns = ["file", "patient", "given_label", "error", "image_id", *_FACTS]
    table = pd.DataFrame(lines, columns=columns, dtype=object).astype(dict.fromkeys(_FACTS[2:], "Int64"))
    if known.expert is not None:
        table["expert_label"] = [known.expert.get(file) for file in table["file"]]
    return table


def _duplicates(rows: list[_Row]) -> tuple[tuple[Group, ...], tuple[Group, ...]]:
    """The groups of exact and of near duplicates among readable images."""
    exact = find_exact_duplicates([row.image_id or "" for row in rows], _filed(rows))
    once = list({row.image_id: row for row in reversed(rows)}.values())[::-1]
    thumbnails = np.array([row.thumbnail for row in once], np.uint8).reshape(-1, THUMBNAIL, THUMBNAIL, 3)
    return tuple(exact), tuple(find_near_duplicates(thumbnails, _filed(once)))


def _filed(rows: Iterable[_Row]) -> list[Filed]:
    return [Filed(row.file, row.label, row.patient) for row in rows]


def _counted(values: "pd.Series[Any]") -> dict[str, int]:
    return dict(sorted(Counter(value for value in values if isinstance(value, str)).items()))


def _told(groups: Iterable[Group]) -> dict[str, Any]:
    found = list(groups)
    return {
        "groups": len(found),
        "images": sum(len(group.files) for group in found),
        "across_classes": sum(group.across_classes for group in found),
        "across_patients": sum(group.across_patients for group in found),
        "each": [
            {"files": list(group.files), "labels": list(group.labels), "patients": list(group.patients)}
            for group in found
        ],
    }


def _mean_colours(means: Means) -> dict[str, Any]:
    return {"n": means.n, "rgb": [round(float(channel), 3) for channel in means.rgb.mean(axis=(0, 1))]}


def _or_none(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)
