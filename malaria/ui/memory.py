"""How much memory this host can still give, so that what needs much of it can be refused in a sentence."""

from pathlib import Path
from typing import Final

_MB: Final = 2**20
_SYSTEM: Final = Path("/proc/meminfo")
_GROUPS: Final = (  # limit, in use, and what of that can be let go of: version 2 and version 1 of control groups
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat", "inactive_file"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
        "total_inactive_file",
    ),
)


def available_mb() -> float | None:
    """Return the memory that can still be had, in MB of 2**20 bytes: the system's or the container's, if that is less.

    None where neither can be told, as on macOS and Windows.
    """
    known = [amount for amount in (_of_system(), *(_of_group(*group) for group in _GROUPS)) if amount is not None]
    return max(0.0, min(known) / _MB) if known else None


def _of_system() -> int | None:
    kilobytes = _entry(_SYSTEM, "MemAvailable:")
    return None if kilobytes is None else kilobytes * 1024


def _of_group(limit: str, used: str, stat: str, reclaimable: str) -> int | None:
    most, now = _number(Path(limit)), _number(Path(used))
    if most is None or now is None:
        return None
    return most - now + (_entry(Path(stat), reclaimable) or 0)


def _number(path: Path) -> int | None:
    """The number in a file; None without one ("max" says that there is no limit)."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _entry(path: Path, name: str) -> int | None:
    """The number after `name` in a file of lines."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.split()[:1] == [name]), None)
