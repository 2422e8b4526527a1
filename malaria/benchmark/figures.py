"""What a benchmark is asked, and what it answers: one measured figure with its target."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Task:
    """What to measure: a model by its name (None for the default), on the images of `path` (None for phantoms)."""

    model: str | None = None
    path: str | None = None


@dataclass(frozen=True)
class Figure:
    """One measured number, or yes or no, under a `name` that programs may rely on; None where it was not measured.

    A target is `at_least` or `at_most`; a yes-or-no figure counts as 1 or 0. `about` says what was measured, `note`
    on what or why not.
    """

    name: str
    value: float | bool | None
    unit: str
    about: str
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a target or a measurement."""
        if self.value is None or (self.at_least is None and self.at_most is None):
            return None
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    def to_dict(self) -> dict[str, Any]:
        """The figure as JSON has it."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "at_least": self.at_least,
            "at_most": self.at_most,
            "met": self.met,
            "about": self.about,
            "note": self.note,
        }

    def row(self) -> tuple[str, str, str, str]:
        """The figure as the table has it: what it is, value, target, and whether that is met."""
        target = next((f"{word} {_write(limit, self.value)}" for word, limit in self._limits()), "")
        verdict = {True: "met", False: "MISSED", None: ""}[self.met]
        about = f"{self.about} ({self.note})" if self.note else self.about
        value = "not measured" if self.value is None else f"{_write(self.value, self.value)} {self.unit}".rstrip()
        return about, value, target, verdict

    def _limits(self) -> list[tuple[str, float]]:
        return [(word, limit) for word, limit in ((">=", self.at_least), ("<=", self.at_most)) if limit is not None]


def _write(number: float, like: float | None) -> str:
    """A number in as many digits as one reads; yes or no where `like` is one of these."""
    if isinstance(like, bool):
        return "yes" if number else "no"
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
