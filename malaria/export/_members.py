"""Names in a zip that any system can unpack."""

import re
from pathlib import PurePosixPath
from typing import Final

_UNSAFE: Final = re.compile(r'[<>:"|?*\\;\x00-\x1f]')


def find_free(folder: str, name: str, taken: set[str], *, by_stem: bool = False) -> str:
    """Return `folder`/`name` as a path that is not taken yet, and take it.

    Of two called `cell.png`, the second becomes `cell (2).png`; with `by_stem`, the second of `cell.png` and `cell.tif`
    becomes `cell (2).tif`.
    """
    parts = [_UNSAFE.sub("_", part) for part in PurePosixPath(name).parts if part not in ("..", "/")]
    path = PurePosixPath(folder, *parts)
    free, number = path, 1
    while (key := str(free.with_suffix("") if by_stem else free).casefold()) in taken:
        number += 1
        free = path.with_name(f"{path.stem} ({number}){path.suffix}")
    taken.add(key)
    return str(free)
