"""What a whole zip costs beyond decoding its images: answered as the batch page does, and described as a data set."""

import io
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Final

import cv2
import numpy as np

from malaria.benchmark import throughput
from malaria.benchmark.figures import Figure, Task
from malaria.images import ImageFile, open_source
from malaria.model.classifier import BATCH, load, threads

TURNS: Final = 15

_BATCH_TARGET: Final = 0.75
_DATASET_TARGET: Final = 0.7


def measure_batch(task: Task) -> Iterator[Figure]:
    """Measure answering a zip in the background, and its share of the rate of reading, decoding and resizing it."""
    from malaria.batch import Scoring  # only here and below: they take half a second to load, in every verb

    classifier = load(task.model)
    files, whence = throughput.read_cells(task.path)
    data = _zip(files)
    size = (classifier.card.preprocessing.width, classifier.card.preprocessing.height)

    def score() -> None:
        with open_source(io.BytesIO(data), "cells.zip") as source:
            Scoring(classifier, source).wait()

    yield from _compare(
        "batch_zip_over_decode_only",
        "a zip answered as on the batch page, as a share of the rate of only decoding and resizing it",
        (_decode_only(data, size), score),
        _BATCH_TARGET,
        f"{len(files)} {whence}, {classifier.card.name}",
    )


def measure_data_set(task: Task) -> Iterator[Figure]:
    """Measure describing a data set, and its share of the rate of reading and decoding it."""
    from malaria.dataset import describe

    files, whence = throughput.read_cells(task.path)
    data = _zip(files)

    def look() -> None:
        with open_source(io.BytesIO(data), "cells.zip") as source:
            describe(source)

    yield from _compare(
        "data_describe_over_decode_only",
        "a data set described, as a share of the rate of only decoding it",
        (_decode_only(data, None), look),
        _DATASET_TARGET,
        f"{len(files)} {whence}",
    )


def _compare(
    name: str, about: str, sides: tuple[Callable[[], None], Callable[[], None]], target: float, on: str
) -> Iterator[Figure]:
    turns = throughput.time_in_turn(*sides, TURNS)
    ratios = sorted(floor.clock / whole.clock for floor, whole in turns)
    low, high = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
    note = f"{on}, {threads()} threads; middle half of {TURNS} turns {low:.2f} to {high:.2f}"
    yield Figure(name, median(ratios), "", about, at_least=target, note=note)
    yield Figure(
        f"{name}_processor",
        median(floor.processor / whole.processor for floor, whole in turns),
        "",
        "the same in processor time, which other work on the machine disturbs less",
    )


def _zip(files: list[ImageFile]) -> bytes:
    """The images in one zip, under numbers, for two may have one name."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number, file in enumerate(files):
            archive.writestr(f"{number:05}_{file.file.rsplit('/', 1)[-1]}", file.data or b"")
    return data.getvalue()


def _decode_only(data: bytes, size: tuple[int, int] | None) -> Callable[[], None]:
    """The floor: plain OpenCV on what the zip holds, resized if a size is given, with the same threads."""

    def decode(batch: list[bytes]) -> None:
        for image in batch:
            pixels = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
            assert pixels is not None  # all were seen to be readable
            if size is not None:
                cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)

    def run() -> None:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, ThreadPoolExecutor(threads()) as pool:
            names = archive.namelist()
            batches = [names[start : start + BATCH] for start in range(0, len(names), BATCH)]
            done = [pool.submit(decode, [archive.read(name) for name in batch]) for batch in batches]
            for future in done:
                future.result()

    return run
