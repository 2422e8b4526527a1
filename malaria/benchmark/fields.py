"""How long the triage of a microscope field takes, from the bytes of its file to its ranked cells."""

import time
from collections.abc import Iterator
from statistics import median
from typing import Final, NamedTuple

from malaria import phantom
from malaria.benchmark.figures import Figure, Task
from malaria.errors import ImageError
from malaria.images import Source, decode, open_source
from malaria.model.classifier import load, threads
from malaria.smear import SCAN_MAX_PIXELS, triage_field
from malaria.wording.words import count

FIELDS: Final = 8
"""How many fields are timed, after one that is not."""

_SMALLEST: Final = 300_000
"""Pixels from which on a picture is taken for a field: those of 640 x 480, about; cells have fewer."""
_TARGET: Final = 0.4


class _Timed(NamedTuple):
    seconds: float
    processor: float
    megapixels: float
    cells: int


def measure_triage(task: Task) -> Iterator[Figure]:
    """Measure seconds per field and per megapixel, on the fields of the source, or on synthetic ones if it has none."""
    classifier = load(task.model)
    files, kind, whence = _read_fields(task.path)
    timed = []
    for data in (files[0], *files):
        clock, processor = time.perf_counter(), time.process_time()
        found = triage_field(decode(data, max_pixels=SCAN_MAX_PIXELS), classifier)
        seconds = time.perf_counter() - clock, time.process_time() - processor
        timed.append(_Timed(*seconds, found.width * found.height / 1e6, found.count("red_cell")))
    timed = timed[1:]  # the first warms up
    size = median(one.megapixels for one in timed)
    about = f"{size:.2g} megapixels and {count(round(median(one.cells for one in timed)), 'red cell')} each"
    yield Figure(
        "triage_seconds_per_field",
        median(one.seconds for one in timed),
        "s",
        "a field triaged, from the bytes of its file to its ranked cells",
        at_most=_TARGET,
        note=f"median of {count(len(timed), kind)}{whence}, {about}; {threads()} threads, {classifier.card.name}",
    )
    yield Figure(
        "triage_processor_seconds_per_field",
        median(one.processor for one in timed),
        "s",
        "the same in processor time of all threads, which other work on the machine disturbs less",
    )
    yield Figure(
        "triage_seconds_per_megapixel",
        sum(one.seconds for one in timed) / sum(one.megapixels for one in timed),
        "s",
        "a megapixel triaged",
    )


def _read_fields(path: str | None) -> tuple[list[bytes], str, str]:
    """The bytes of at most `FIELDS` pictures of the source that are large enough for a field, what and whence."""
    if path is not None:
        with open_source(path) as source:
            found = list(_list_large(source))
        if found:
            return found, "field", f" of {source.name}"
    return [phantom.field(seed=seed).png for seed in range(FIELDS)], "synthetic field", ""


def _list_large(source: Source) -> Iterator[bytes]:
    """Pictures spread over the source."""
    for file in source.files[:: -(-len(source) // FIELDS)]:
        try:
            data = source.read(file)
            rgb = decode(data, file, max_pixels=SCAN_MAX_PIXELS)
        except ImageError:
            continue
        if rgb.shape[0] * rgb.shape[1] >= _SMALLEST:
            yield data
