"""How far annotators agree, as tables: shared by the pages on which several read the same cells."""

from typing import TYPE_CHECKING, Final, Literal

import streamlit as st

from malaria.report.rates import describe_rate
from malaria.review import State, compare_all, compare_pairs
from malaria.ui.parts.account import name_annotator
from malaria.ui.parts.text import literal
from malaria.wording.numbers import coefficient

if TYPE_CHECKING:
    from malaria.metrics import Agreement  # statistics that a card needs only at its end

_ANSWERS: Final[tuple[Literal["first", "final"], ...]] = ("first", "final")


def draw_agreement(state: State) -> None:
    """Draw how every two annotators agree, and all together, in their first and in their final answers."""
    lines = ["| annotators | answers | cells read by both | same answer | kappa |", "|---|---|---|---|---|"]
    for which in _ANSWERS:
        lines += [
            _line(f"{literal(name_annotator(pair.a))}, {literal(name_annotator(pair.b))}", which, pair.agreement)
            for pair in compare_pairs(state, which)
        ]
        if len(state.annotators) > 2:
            lines.append(_line("all (Fleiss)", which, compare_all(state, which)))
    st.markdown("\n".join(lines))


def _line(who: str, which: str, found: "Agreement") -> str:
    alike, kappa = describe_rate(found.raw), describe_rate(found.kappa, coefficient)
    return f"| {who} | {which} | {found.raw.n:,} | {alike} | {kappa} |"
