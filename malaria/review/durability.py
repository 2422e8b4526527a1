"""Whether a place on a disk is still there after the machine starts anew."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

FORGETFUL: Final = frozenset({"tmpfs", "ramfs", "overlay", "overlayfs", "aufs", "fuse-overlayfs", "zfs-overlay"})
"""Kinds of file system that live in memory or in a container's own layer, and go with it."""

_MOUNTS: Final = Path("/proc/mounts")


def survives_restart(path: Path, mounts: str | None = None) -> bool:
    """Return False for a place in memory, in a container's own layer (as on Streamlit Community Cloud) or temporary.

    `mounts` is the text of Linux's /proc/mounts, read from there unless given; elsewhere only temporary folders are
    known to forget. A volume that is mounted into a container survives.
    """
    place = path.absolute()
    if place.is_relative_to(tempfile.gettempdir()):
        return False
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return True
    return _file_system(place, mounts) not in FORGETFUL


def _file_system(place: Path, mounts: str) -> str | None:
    """The kind of the file system that holds a path: that of the deepest mount above it, of several the last."""
    found, depth = None, -1
    for line in mounts.splitlines():
        parts = line.split()
        if len(parts) < 3:
            continue
        point = Path(parts[1].replace("\\040", " "))
        if place.is_relative_to(point) and len(point.parts) >= depth:
            found, depth = parts[2], len(point.parts)
    return found
