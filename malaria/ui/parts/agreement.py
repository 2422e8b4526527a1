"""How far annotators agree, as tables: shared by the pages on which several read the same cells."""

from typing import TYPE_CHECKING, Final, Literal

import streamlit as st

from malaria.review import State, compare_all, compare_pairs
from malaria.ui.parts.text import literal

if TYPE_CHECKING:
    from malaria.metrics import Agreement, Rate  # statistics that a card needs only at its end

_DASH: Final = "–"
_ANSWERS: Final[tuple[Literal["first", "final"], ...]] = ("first", "final")


def draw_agreement(state: State) -> None:
    """Draw how every two annotators agree, and all together, in their first and in their final answers."""
    lines = ["| annotators | answers | cells read by both | alike | kappa |", "|---|---|---|---|---|"]
    for which in _ANSWERS:
        lines += [
            _line(f"{literal(pair.a)}, {literal(pair.b)}", which, pair.agreement)
            for pair in compare_pairs(state, which)
        ]
        if len(state.annotators) > 2:
            lines.append(_line("all (Fleiss)", which, compare_all(state, which)))
    st.markdown("\n".join(lines))


def share(rate: "Rate") -> str:
    """A share in percent with its interval."""
    if rate.value is None or rate.interval is None:
        return _DASH
    low, high = rate.interval
    return f"{100 * rate.value:.0f} % ({100 * low:.0f} to {100 * high:.0f} %)"


def _line(who: str, which: str, found: "Agreement") -> str:
    kappa = found.kappa
    value = _DASH if kappa.value is None else _coefficient(kappa.value)
    if kappa.interval:
        value += f" ({' to '.join(map(_coefficient, kappa.interval))})"
    return f"| {who} | {which} | {found.raw.n:,} | {share(found.raw)} | {value} |"


def _coefficient(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"  # + 0.0: never -0.00
