"""Searches for the first whole number that will do, in as few looks as possible: a look can cost a millisecond."""

from collections.abc import Callable


def first_between(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the smallest number above `low` that holds; `low` is known not to hold and `high` to hold."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def first_from(holds: Callable[[int], bool], start: int, limit: int) -> int | None:
    """Return the smallest number from `start` to `limit` that holds, looking near `start` first; None without one."""
    low, high, step = start - 1, min(start, limit), 1
    while not holds(high):
        if high == limit:
            return None
        low, high, step = high, min(high + step, limit), 2 * step
    return first_between(holds, low, high)
