"""How much of the time from image bytes to probabilities is more than decoding and resizing the same bytes."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Final, NamedTuple

import cv2
import numpy as np

from malaria import phantom
from malaria.benchmark.figures import Figure, Task
from malaria.errors import ImageError, SourceError
from malaria.images import ImageFile, decode, open_source
from malaria.model.card import Card
from malaria.model.classifier import BATCH, load, threads
from malaria.wording.words import count

MOST_CELLS: Final = 1000
PHANTOMS: Final = 400
REPEATS: Final = 61

_TARGET: Final = 0.8


class Seconds(NamedTuple):
    """How long a pass over all cells took: by the clock, and of all threads' processor time."""

    clock: float
    processor: float


def measure_cells(task: Task) -> Iterator[Figure]:
    """Measure cells per second, and its share of the rate of only decoding and resizing with the same threads.

    Both passes take the same bytes, already in memory, in turn; each turn gives a ratio, and the median is the figure.
    """
    classifier = load(task.model)
    files, whence = read_cells(task.path)
    floor = _decode_only(files, classifier.card)

    def score() -> None:
        for _ in classifier.score(files):
            pass

    turns = time_in_turn(floor, score, REPEATS)
    bare, whole = zip(*turns, strict=True)
    ratios = sorted(decoding.clock / scoring.clock for decoding, scoring in turns)
    low, high = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
    on = f"{len(files)} {whence}, {threads()} threads, {classifier.card.name}"
    yield Figure(
        "end_to_end_over_decode_only",
        median(ratios),
        "",
        "image bytes to probabilities, as a share of the rate of only decoding and resizing",
        at_least=_TARGET,
        note=f"{on}; middle half of {REPEATS} turns {low:.2f} to {high:.2f}",
    )
    yield Figure(
        "end_to_end_over_decode_only_processor",
        median(decoding.processor / scoring.processor for decoding, scoring in turns),
        "",
        "the same in processor time, which other work on the machine disturbs less",
    )
    for name, about, seconds in (
        ("end_to_end_per_second", "image bytes to probabilities", whole),
        ("decode_only_per_second", "only decoding and resizing", bare),
    ):
        yield Figure(name, len(files) / median(one.clock for one in seconds), "cells/s", about)


def time_in_turn(first: Callable[[], None], second: Callable[[], None], repeats: int) -> list[tuple[Seconds, Seconds]]:
    """Time both in turn, after a turn to warm up, who starts changing each time, so that drift favours neither."""
    turns = []
    for number in range(repeats + 1):
        if number % 2:
            later = _time(second)
            turns.append((_time(first), later))
        else:
            turns.append((_time(first), _time(second)))
    return turns[1:]


def _time(call: Callable[[], None]) -> Seconds:
    clock, processor = time.perf_counter(), time.process_time()
    call()
    return Seconds(time.perf_counter() - clock, time.process_time() - processor)


def _decode_only(files: list[ImageFile], card: Card) -> Callable[[], None]:
    """The floor: plain OpenCV from bytes to the network's input size, in batches and threads like the classifier's."""
    size = (card.preprocessing.width, card.preprocessing.height)
    batches = [files[start : start + BATCH] for start in range(0, len(files), BATCH)]

    def decode_batch(batch: list[ImageFile]) -> None:
        for file in batch:
            pixels = cv2.imdecode(np.frombuffer(file.data or b"", np.uint8), cv2.IMREAD_COLOR)
            assert pixels is not None  # all were seen to be readable
            cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)

    def run() -> None:
        with ThreadPoolExecutor(threads()) as pool:
            for _ in pool.map(decode_batch, batches):
                pass

    return run


def read_cells(path: str | None) -> tuple[list[ImageFile], str]:
    """At most `MOST_CELLS` readable images, spread evenly over the source, in memory; and what they are called."""
    if path is None:
        return [ImageFile(cell.file, cell.png) for cell in phantom.batch(PHANTOMS)], "synthetic cells"
    with open_source(path) as source:
        step = -(-len(source) // MOST_CELLS)
        files = [ImageFile(file, _read_or_none(source.read, file)) for file in source.files[::step]]
        readable = [file for file in files if _is_readable(file)]
    if not readable:
        raise SourceError(f"{path}: None of its images can be read. Use a folder or zip of cells.")
    return readable, f"of {count(len(source), 'image')} of {source.name}"


def _read_or_none(read: Callable[[str], bytes], file: str) -> bytes | None:
    try:
        return read(file)
    except ImageError:
        return None


def _is_readable(file: ImageFile) -> bool:
    """Whether the classifier takes it, and plain OpenCV as well, against which it is timed."""
    if file.data is None:
        return False
    try:
        decode(file.data)
    except ImageError:
        return False
    return cv2.imdecode(np.frombuffer(file.data, np.uint8), cv2.IMREAD_COLOR) is not None
