"""How each reader and the network best work together, for whatever sensitivity and specificity are wished."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import streamlit as st

from malaria.readers import Answer, Group, find_rules, render_rule
from malaria.ui.parts.text import literal
from malaria.ui.readers.making import MadeTest

_TOLD: Final = (
    "The network answers where it is sure, and the reader looks at the rest. Set the goals; the rule says which cells "
    "need a person."
)
_WISHED: Final = 95.0  # percent
_WISHES: Final = "readers.wishes"  # outlives a visit to another section
_WIDE: Final = 544


def draw_rules(made: MadeTest, group: Group, answers: Sequence[Answer]) -> Group:
    """Draw the rule for each reader with the network, and return the group with the rules that were wished."""
    if not group.rules:
        return group
    st.subheader("With the network", anchor=False)
    st.caption(_TOLD)
    before = st.session_state.get(_WISHES, (_WISHED, _WISHED))
    with st.container(width=_WIDE):
        left, right = st.columns(2)
        goals = [
            column.number_input(f"{name} goal, %", 50.0, 100.0, goal, step=1.0, format="%g")
            for column, name, goal in zip((left, right), ("Sensitivity", "Specificity"), before, strict=True)
        ]
    st.session_state[_WISHES] = tuple(goals)
    rules = find_rules(made.key, answers, sensitivity=goals[0] / 100, specificity=goals[1] / 100)
    for name, rule in rules.items():
        if len(rules) == 1:
            st.html(render_rule(rule))
        else:
            with st.expander(f"{literal(name)} with the network"):
                st.html(render_rule(rule))
    return replace(group, rules=rules)
