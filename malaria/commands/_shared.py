"""What the verbs share: messages on standard error, a progress bar on a terminal, output to a file or `-`."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from tqdm import tqdm

from malaria.images import ImageFile, Source, open_source
from malaria.model import Classifier, Row

Item = TypeVar("Item")

ModelOption = Annotated[str | None, typer.Option("--model", help="Name of a folder in models/.")]
ThresholdOption = Annotated[
    float | None, typer.Option(min=0, max=1, help="Parasitized from this p_parasitized on; the card's unless given.")
]


def say(message: str) -> None:
    """Print a message to standard error."""
    typer.echo(message, err=True)


def progress(items: Iterable[Item], total: int, unit: str = "cell") -> Iterator[Item]:
    """Pass `items` on, with count, rate and time left on standard error when that is a terminal."""
    yield from tqdm(items, total=total, unit=unit, file=sys.stderr, disable=not sys.stderr.isatty(), smoothing=0.1)


def write_text(text: str, file: str) -> None:
    """Write to a file, or to standard output when `file` is `-`."""
    if file == "-":
        sys.stdout.write(text)
    else:
        Path(file).write_text(text, encoding="utf-8")


def write_json(value: dict[str, Any], file: str) -> None:
    """Write strict JSON to a file, or to standard output when `file` is `-`."""
    write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", file)


def score_sources(classifier: Classifier, sources: list[Source], threshold: float | None) -> Iterator[Row]:
    """Score every image of every source, with a progress bar; names are unique only within a source."""

    def stream() -> Iterator[ImageFile]:
        for source in sources:
            yield from source

    yield from progress(classifier.score(stream(), threshold), sum(map(len, sources)))


def open_sources(paths: Iterable[str | Path]) -> list[Source]:
    """Open each path, or raise `SourceError` for the first that cannot be."""
    return [open_source(path) for path in paths]
