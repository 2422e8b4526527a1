"""Numbers and names in words, as messages, pages and reports say them."""

from collections.abc import Iterable
from typing import Final


def count(n: int, noun: str) -> str:
    """A number of things: "1 cell", "2,000 cells"."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def choose_verb(n: int, singular: str, plural: str) -> str:
    """The form of a verb that goes with a number of things: "1 field does", "2 fields do"."""
    return singular if n == 1 else plural


def duration(seconds: float) -> str:
    """A time as one would say it: "45 s", "2 min", "1.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


NAMED: Final = 10
"""So many files are named of those that could not be read, or were read in part; of the rest it is said how many."""


def list_some(names: Iterable[object], limit: int = 8) -> str:
    """Names in one line, the first few of many: "a, b and 3 more"."""
    shown = [str(name) for name in names]
    more = f" and {len(shown) - limit:,} more" if len(shown) > limit else ""
    return ", ".join(shown[:limit]) + more


def probability(p_parasitized: float) -> str:
    """A probability (0 to 1) as text that never claims certainty: 0.973, "below 0.001", "above 0.999"."""
    if p_parasitized < 0.001:
        return "below 0.001"
    return "above 0.999" if p_parasitized > 0.999 else f"{p_parasitized:.3f}"


def say_which_picture(picture: str) -> str:
    """Return the sentence that of a file's several pictures this one was read ("page 1 of 3")."""
    return f"It holds several pictures; {picture} was read."
