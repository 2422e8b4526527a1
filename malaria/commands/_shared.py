"""What the verbs share: options, messages on standard error, a progress bar on a terminal, output to a file or `-`."""

import io
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, TypeAlias, TypeVar

import typer
from tqdm import tqdm

from malaria.images import Source, open_source
from malaria.labels import CLASSES
from malaria.wording.words import NAMED

if TYPE_CHECKING:
    import pandas as pd

Item = TypeVar("Item")
STANDARD_OUTPUT = "-"


def _fraction(value: float | None) -> float | None:
    if value is not None and not 0 <= value <= 1:  # so that "nan" is refused, too
        raise typer.BadParameter(f"{value} is not between 0 and 1.")
    return value


def refuse_unwritable(file: str | None, made: Path | None = None, option: str | None = None) -> None:
    """Refuse a file that cannot be written before the work is done, not after; the folder `made` need not exist yet."""
    if file is None or file == STANDARD_OUTPUT:
        return
    path, to_make = Path(file).absolute(), {made.absolute(), *made.absolute().parents} if made else set()
    if not path.parent.is_dir() and path.parent not in to_make:
        raise typer.BadParameter(f"There is no folder {Path(file).parent} to write to.", param_hint=option)
    if path.is_dir() or path in to_make:
        raise typer.BadParameter(f"{file} is a folder. Name a file.", param_hint=option)


def writable(file: str | None) -> str | None:
    """Hand on a file that can be written."""
    refuse_unwritable(file)
    return file


def _meanings(pairs: list[str] | None) -> list[str] | None:
    meanings(pairs)
    return pairs


def meanings(pairs: Iterable[str] | None) -> dict[str, str | None]:
    """Return what `--meaning WORD=CLASS` says: a class for each word, or None for words to leave out."""
    by_name = {name.casefold(): name for name in CLASSES} | {"": None}
    said: dict[str, str | None] = {}
    for pair in pairs or ():
        word, equals, label = pair.rpartition("=")
        if not equals or not word.strip() or label.strip().casefold() not in by_name:
            raise typer.BadParameter(f"{pair!r} is not WORD={CLASSES[0]}, WORD={CLASSES[1]} or WORD= (leaves it out).")
        said[word.strip()] = by_name[label.strip().casefold()]
    return said


ModelOption: TypeAlias = Annotated[str | None, typer.Option("--model", help="Name of a folder in models/.")]
ThresholdOption: TypeAlias = Annotated[
    float | None,
    typer.Option(
        callback=_fraction, help="Call cells parasitized at or above this p_parasitized (0 to 1). Default: the card's."
    ),
]
LabelsOption: TypeAlias = Annotated[
    Path | None, typer.Option("--labels", help="CSV with a `file` column (name, with or without extension) and labels.")
]
LabelColumnOption: TypeAlias = Annotated[
    str | None, typer.Option("--label-column", help="Column of the CSV that holds the labels.")
]
MeaningOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--meaning",
        metavar="WORD=CLASS",
        callback=_meanings,
        help="What a folder or label other than the classes means; nothing after = leaves it out. May be repeated.",
    ),
]
JSON_HELP = "Write JSON to this file; - is standard output."
JsonOption: TypeAlias = Annotated[str | None, typer.Option("--json", callback=writable, help=JSON_HELP)]
CsvOption: TypeAlias = Annotated[
    str | None, typer.Option("--csv", callback=writable, help="Write the table to this file; - is standard output.")
]


def write_every_name(*streams: TextIO | None) -> None:
    """Let streams write any name: into a pipe or a file as UTF-8, as all files here are; on a terminal in its own way.

    What cannot be encoded (on an old terminal, or a name whose bytes are no text) is escaped, as in `caf\\udce9.png`.
    """
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


def say(message: str) -> None:
    """Print a message to standard error."""
    typer.echo(message, err=True)


def say_unread(table: "pd.DataFrame", skipped: str = "") -> None:
    """Name what of a table of cells could not be read, the first few with the reason, and say what was `skipped`."""
    bad = table["error"].dropna()
    for sentence in bad[:NAMED]:
        say(sentence)
    if len(bad) > NAMED:
        say(f"And {len(bad) - NAMED:,} more that could not be read.")
    if skipped:
        say(skipped)


def progress(items: Iterable[Item], total: int, unit: str = "cell") -> Iterator[Item]:
    """Pass `items` on, with count, rate and time left on standard error when that is a terminal."""
    yield from tqdm(items, total=total, unit=unit, file=sys.stderr, disable=not sys.stderr.isatty(), smoothing=0.1)


def write_text(text: str, file: str) -> None:
    """Write to a file, or to standard output when `file` is `-`. Ends the program when the file cannot be written."""
    if file == STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    try:
        Path(file).write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as problem:
        say(f"{file} cannot be written ({problem.strerror}). Name another file.")
        raise typer.Exit(2) from None


def write_json(value: dict[str, Any], file: str) -> None:
    """Write strict JSON to a file, or to standard output when `file` is `-`."""
    write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", file)


def open_sources(paths: Iterable[str | Path]) -> list[Source]:
    """Open each path, or raise `SourceError` for the first that cannot be."""
    return [open_source(path) for path in paths]
