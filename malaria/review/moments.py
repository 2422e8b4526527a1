"""When a decision was made: the next moment for a journal, and moments that a wrong clock has put into the future."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

AHEAD: Final = timedelta(days=1)
"""How far ahead of this computer's clock a moment may be and still be believed: clocks differ, and time zones err."""

_BEHIND: Final = timedelta(minutes=1)  # a clock this much behind the last decision is told; less is ordinary
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def is_moment(text: str) -> bool:
    """Whether a text is a moment as the journal writes it: UTC, ISO 8601 with microseconds and a Z."""
    try:
        return bool(_MOMENT.fullmatch(text)) and bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def latest_believed() -> str:
    """Return the latest moment that may have come already, as far as this computer's clock can tell."""
    return _write(datetime.now(UTC) + AHEAD)


def next_moment(last: str = "") -> str:
    """Return the time now, as `decided_at` has it, or just after `last` if the clock is not past that.

    A `last` that is not believed does not count: one wrong date must not date everything that comes after it.
    """
    now = datetime.now(UTC)
    if last and last <= latest_believed():
        now = max(now, datetime.fromisoformat(last) + timedelta(microseconds=1))
    return _write(now)


def say_moment(moment: str) -> str:
    """Return a moment for people, to the minute."""
    return f"{moment[:16].replace('T', ' ')} UTC"


def tell_wrong_clock(moments: Iterable[str]) -> str | None:
    """Return what the dates of decisions say of a clock that is wrong, in sentences; None where nothing is."""
    now = datetime.now(UTC)
    ahead = sorted(moment for moment in moments if moment > _write(now + _BEHIND))
    if not ahead:
        return None
    here = f"the clock of this computer says {say_moment(_write(now))}"
    unbelieved = [moment for moment in ahead if moment > latest_believed()]
    if not unbelieved:
        return (
            f"A decision is dated {say_moment(ahead[-1])}, and {here}: one of the clocks is wrong. New decisions are "
            "dated after it, so that they stay in order. Set the clock."
        )
    return (
        f"Decisions with a date in the future: {len(unbelieved):,}, the first {say_moment(unbelieved[0])}, and {here}. "
        "They count, but their dates are passed over: new decisions are dated by this clock. If it is right, correct "
        "the dates in the journal; if it is behind, set it."
    )


def _write(moment: datetime) -> str:
    """A moment in UTC as the journal has it: texts in this form are in the order of their moments."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
