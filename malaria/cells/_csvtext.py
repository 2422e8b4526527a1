"""CSV as spreadsheets write it: any separator and encoding comes in, nothing that runs as a formula goes out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from malaria.errors import LabelsError
from malaria.wording.words import count, list_some

if TYPE_CHECKING:
    import pandas as pd

_FORMULA: Final = re.compile(r"(?<![^;\t\r\n])'*(?=[=+\-@\t\r])")
_NEUTRALISED: Final = re.compile(r"(?<![^;\t\r\n])'(?='*[=+\-@\t\r])")
_QUOTED: Final = re.compile(r'[",\r\n]')
_QUOTED_FOR_SPREADSHEETS: Final = re.compile(r'[",;\t\r\n=]')

FILE_COLUMNS: Final = frozenset(
    ("file", "files", "filename", "filepath", "path", "image", "images", "imagename", "imagepath", "imagefile", "img")
)
"""What a column may be called that says which image a row is of; in any case, with spaces or underlines."""


def neutralise(value: object) -> object:
    """Text that a spreadsheet would run as a formula gets an apostrophe in front; everything else stays as it is.

    So does a formula behind a semicolon or a tab, at which many spreadsheets separate cells, within quotes or not, and
    text that already has apostrophes before the sign, for otherwise `restore` could not tell them apart.
    """
    if not isinstance(value, str):
        return value
    writable = value.encode("utf-8", "backslashreplace").decode()  # file names may hold what no encoding can write
    return _FORMULA.sub(lambda found: "'" + found[0], writable)


def restore(value: str) -> str:
    """What `neutralise` was given."""
    return _NEUTRALISED.sub("", value)


def format_row(values: Iterable[object]) -> str:
    """One line of a CSV, line feed included: None empty, floats in full, text neutralised, in quotes where it must."""
    return _join(("" if value is None else str(neutralise(value)) for value in values), _QUOTED)


def format_csv(table: pd.DataFrame) -> str:
    """A table as CSV, its columns as they are, missing values empty; each line as `format_row` has it."""
    values = table.to_numpy(dtype=object, copy=True)
    values[table.isna().to_numpy()] = None
    return "".join(map(format_row, [table.columns, *values]))


def for_spreadsheets(text: str) -> str:
    """A CSV that was written here, as spreadsheets of any country read it; `read_table` reads it, too.

    It begins with a byte order mark, without which its letters are taken for another alphabet, and whatever they may
    separate at, or take for a formula, is in quotes.
    """
    rows = csv.reader(io.StringIO(text, newline=""))
    return "\ufeff" + "".join(_join(row, _QUOTED_FOR_SPREADSHEETS) for row in rows)


def _join(cells: Iterable[str], quoted: re.Pattern[str]) -> str:
    written = ('"' + cell.replace('"', '""') + '"' if quoted.search(cell) else cell for cell in cells)
    return ",".join(written) + "\n"


def read_number(text: str) -> float:
    """A number with a decimal point, or with a decimal comma, as spreadsheets write it in half of the world.

    Raises ValueError.
    """
    return float(text if "." in text else text.replace(",", ".", 1))


def read_table(data: bytes | Path | str) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of a CSV (its bytes or its path), each row as long as the header, blank rows left out.

    Separated by commas, semicolons, tabs or bars; in UTF-8, UTF-16 or Latin-1, with a byte order mark or without.
    Raises LabelsError when the file cannot be opened, is empty, is no text, or has a row longer than the header.
    """
    text = _decode(_bytes(data))
    announced = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)  # spreadsheets may announce the separator so
    separator = announced[1] if announced else _separator(text)
    lines = _lines(text[announced.end() :] if announced else text, separator)
    first = next((line for line in lines if any(value.strip() for value in line)), [])
    header = [restore(name).strip() for name in first]
    if not any(header):
        raise LabelsError("The CSV is empty. It needs a first line with the names of its columns.")
    rows = []
    for number, line in enumerate(lines, start=2):
        if len(line) == 1 and len(header) > 2 and separator in line[0] and not set("\r\n") & set(line[0]):
            line = next(_lines(line[0], separator))  # a spreadsheet that separates elsewhere took the row for one cell
        if any(value.strip() for value in line[len(header) :]):
            raise LabelsError(
                f"Row {number} of the CSV has {count(len(line), 'field')}, but the first line names "
                f"{count(len(header), 'column')}. "
                "Put text that contains the separator in quotes."
            )
        if any(value.strip() for value in line):
            rows.append([restore(value) for value in line[: len(header)]] + [""] * (len(header) - len(line)))
    return header, rows


def find(header: Sequence[str], name: str) -> int | None:
    """Where a column is, its name in any case, or None; raises LabelsError when there are several."""
    places = [i for i, column in enumerate(header) if column.casefold() == name.casefold()]
    if len(places) > 1:
        raise LabelsError(f"The CSV has {count(len(places), 'column')} named {name}. Rename all but one.")
    return places[0] if places else None


def require(header: Sequence[str], name: str) -> int:
    """Where a column is; raises LabelsError, naming the columns that are there, when it is not."""
    place = find(header, name)
    if place is None:
        raise LabelsError(f"The CSV has no column {name}; it has {list_some(header)}. Rename the right column.")
    return place


def find_files(header: Sequence[str]) -> int:
    """Where the column is that says which image a row is of: `file`, else the one of `FILE_COLUMNS` that is there.

    Raises LabelsError when there is none, or several.
    """
    if (place := find(header, "file")) is not None:
        return place
    places = [i for i, column in enumerate(header) if re.sub(r"[\s_-]", "", column.casefold()) in FILE_COLUMNS]
    if len(places) > 1:
        names = list_some(header[i] for i in places)
        raise LabelsError(f"Several columns of the CSV could name the image: {names}. Rename the right one to file.")
    return places[0] if places else require(header, "file")


def _bytes(data: bytes | Path | str) -> bytes:
    if isinstance(data, bytes):
        return data
    try:
        return Path(data).read_bytes()
    except OSError as error:
        raise LabelsError(f"{data} cannot be read ({error.strerror}). Check the path.") from None


def _decode(data: bytes) -> str:
    """By the byte order mark, by the zeros of UTF-16, as UTF-8, else as Windows writes Latin-1."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\0" in data[:1000]:
        encodings = ["utf-16-le" if data[1:2] == b"\0" else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise LabelsError("The file is not text. Save a spreadsheet as CSV (UTF-8) first.")


def _separator(text: str) -> str:
    """What cuts the first line into the most columns; a comma where nothing does."""
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    return max(",;\t|", key=lambda separator: len(next(csv.reader([first], delimiter=separator), [])))


def _lines(text: str, separator: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    except csv.Error as error:
        raise LabelsError(f"The file cannot be read as a CSV ({error}). Save it again as CSV (UTF-8).") from None
