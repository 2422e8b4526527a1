"""Searches for the first whole number that will do, in as few looks as possible: a look can cost a millisecond."""

from collections.abc import Callable


def first_between(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the smallest number above `low` that holds; `low` is known not to hold and `high` to hold."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def first_near(holds: Callable[[int], bool], guess: int, low: int, high: int) -> int:
    """Return the same as `first_between`, looking near `guess` first and then ever farther from it."""
    look, step = min(max(guess, low + 1), high), 1
    if look == high or holds(look):
        high = look
        while high - step > low and holds(high - step):
            high, step = high - step, 2 * step
        return first_between(holds, max(low, high - step), high)
    low = look
    while low + step < high and not holds(low + step):
        low, step = low + step, 2 * step
    return first_between(holds, low, min(high, low + step))
