"""What a CSV calls an image, and which image that may be, though case, accents, drive or upload folder differ."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from posixpath import splitext
from typing import Final
from unicodedata import normalize
from urllib.parse import unquote

from malaria.labels import CLASSES

_ABSOLUTE: Final = re.compile(r"/|[A-Za-z]:/|[a-z][a-z0-9+.-]*://")
_UPLOADED: Final = re.compile(r"(.*/)?upload/\d+/[0-9a-f]{8}-(?=[^/]+$)")  # Label Studio: /data/upload/1/0a1b2c3d-a.png
_SERVED: Final = re.compile(r".*/data/local-files/\?d=")  # Label Studio: /data/local-files/?d=folder/name.png


def tidy(written: str) -> str:
    """Return a name with '/' between folders."""
    return written.strip().replace("\\", "/").removeprefix("./")


def split(path: str) -> list[str]:
    """Return the folders and the name. Not by pathlib, which keeps every name it has seen for good."""
    return [part for part in tidy(path).split("/") if part not in ("", ".")]


def list_endings(path: str) -> Iterator[str]:
    """Yield every way in which a CSV may name an image, the most exact first; at last without the extension."""
    whole = split(path)
    for parts in (whole, [*whole[:-1], splitext(whole[-1])[0]] if whole else []):
        for start in range(len(parts)):
            yield "/".join(parts[start:])


def match_loosely(paths: Iterable[str], names: Mapping[str, str], sounds_like: Sequence[str] = ()) -> dict[str, str]:
    """Return the one of `names` (a CSV's, each with its label) that each of `paths` may be meant by, where only one is.

    Case, the Unicode form, what Label Studio adds, and folders that one side alone has make no difference. An absolute
    path stands on another machine: its folders may differ, too, unless the nearest is a class or one of the words
    `sounds_like`, in lower case, or both sides have such a folder, and not the same.
    """
    written = {name: _loosen(_plain(name)) for name in names}
    ending_with: dict[str, list[str]] = defaultdict(list)
    for name, parts in written.items():
        for start in range(len(parts)):
            ending_with["/".join(parts[start:])].append(name)
    telling = {*map(str.casefold, CLASSES), *sounds_like}

    def may_be(parts: Sequence[str], name: str, shared: int) -> bool:
        here, there = parts[: len(parts) - shared], written[name][: len(written[name]) - shared]
        if not here or not there:
            return True
        told = {next((part for part in reversed(side) if part in telling), None) for side in (here, there)}
        return bool(_ABSOLUTE.match(tidy(name))) and not telling & {here[-1], there[-1]} and len(told - {None}) < 2

    found = {}
    for path in paths:
        parts = _loosen(path)
        for ending in list_endings("/".join(parts)):
            shared = ending.count("/") + 1
            fits = [name for name in ending_with.get(ending, ()) if may_be(parts, name, shared)]
            if fits:
                if len({names[name] for name in fits}) == 1:
                    found[path] = fits[0]
                break
    return found


def _plain(name: str) -> str:
    """A name without what Label Studio adds to it."""
    plain = _SERVED.sub("", tidy(name))
    plain = unquote(plain) if plain != name or "://" in plain else plain
    return _UPLOADED.sub("/", plain)


def _loosen(path: str) -> list[str]:
    return split(normalize("NFC", path).casefold())
