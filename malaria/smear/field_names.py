"""What the fields of a sample are called, and which of them the names in a CSV mean.

A field has its file's name. Where another field of the sample has it already, the first digits of the SHA-256 of its
bytes follow in brackets: they are the same in whatever order and from whatever folder the fields are given.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from string import ascii_uppercase
from typing import Final, NamedTuple

from malaria.images import ImageFile

_DIGITS: Final = 8
_BRACKETS: Final = re.compile(r"(.+) \((\w+)\)")


def letters(fields: Iterable[str]) -> dict[str, str]:
    """Return what stands for each field in the numbers of its cells: A to Z in the order given, then AA, AB and on."""
    return {name: _letter(at) for at, name in enumerate(dict.fromkeys(fields))}


def _letter(at: int) -> str:
    more, last = divmod(at, len(ascii_uppercase))
    return (_letter(more - 1) if more else "") + ascii_uppercase[last]


class Copy(NamedTuple):
    """A file whose bytes were given before, as `of`."""

    file: str
    of: str

    @property
    def sentence(self) -> str:
        """What is said of it; true also where the bytes cannot be used at all."""
        about = "was uploaded more than once" if self.file == self.of else f"is the same file as {self.of}"
        return f"{self.file} {about}, and is not counted again."


class NamedField(NamedTuple):
    """A field's `name` in its sample, its `file` as given, its image_id, and that it is the `nth` file of that name."""

    name: str
    file: str
    image_id: str
    nth: int


class FieldNames:
    """Gives each field of one sample a name of its own. The same bytes are one field, however often they are given."""

    def __init__(self) -> None:
        self.copies: list[Copy] = []
        """Files that were given more than once."""
        self.fields: dict[str, NamedField] = {}
        """What was named so far, by name, in the order in which it came."""
        self._first: dict[str, str] = {}  # by image_id
        self._given: Counter[str] = Counter()

    def name(self, files: Iterable[ImageFile]) -> Iterator[tuple[str, ImageFile]]:
        """Yield each file that is no copy with its name, one read at a time; also those that have no bytes."""
        for file in files:
            image_id = file.image_id or ""
            if image_id in self._first:
                self.copies.append(Copy(file.file, self._first[image_id]))
                continue
            self._given[file.file] += 1
            field = NamedField(self._free(file), file.file, image_id, self._given[file.file])
            self.fields[field.name] = field
            if image_id:
                self._first[image_id] = field.name
            yield field.name, file

    @property
    def ids(self) -> dict[str, str]:
        """The image_id of each field that has bytes, by its name."""
        return {name: image_id for image_id, name in self._first.items()}

    def match(self, wanted: Iterable[str]) -> dict[str, str]:
        """Return the field that each of these names means, those left out that mean none or perhaps several.

        Names may be the fields' own; those of a part of the path, as when a folder is given in place of its files;
        or "NAME (2)", the second field given under NAME, as earlier versions of the page wrote.
        """
        names, fields = set(wanted), list(self.fields.values())
        found: dict[str, str] = {}
        for fits in _RULES:
            meant = {name: [field for field in fields if fits(name, field)] for name in names}
            claims = Counter(field for several in meant.values() for field in several)
            for name, several in meant.items():
                if len(several) == 1 and claims[several[0]] == 1:
                    found[name] = several[0].name
                    names.remove(name)
                    fields.remove(several[0])
        return found

    def _free(self, file: ImageFile) -> str:
        mark = (file.image_id or "")[:_DIGITS]
        name, nth = file.file, 2
        while name in self.fields:
            name = f"{file.file} ({mark or nth})"
            mark, nth = "", nth + 1
        return name


def _has_bytes(name: str, field: NamedField) -> bool:
    marked = _BRACKETS.fullmatch(name)
    return marked is not None and len(marked[2]) == _DIGITS and field.image_id.startswith(marked[2])


def _is_called(name: str, field: NamedField) -> bool:
    return name == field.name


def _is_nth(name: str, field: NamedField) -> bool:
    return name == f"{field.file} ({field.nth})"


def _shares_path(name: str, field: NamedField) -> bool:
    """Whether one is the end of the other's path."""
    one, other = PurePosixPath(name).parts, PurePosixPath(field.file).parts
    shared = min(len(one), len(other))
    return one[-shared:] == other[-shared:]


_RULES: Final[tuple[Callable[[str, NamedField], bool], ...]] = (_has_bytes, _is_called, _is_nth, _shares_path)
"""How a name means a field, the surest first."""
