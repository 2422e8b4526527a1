"""What the page calculates with, and how that stands in its address, so that a link shows the same calculation."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, NamedTuple

import streamlit as st

from malaria.sample import READINGS, RED_CELLS_PER_UL, CellRates
from malaria.ui.parts import address

_INPUTS: Final = "sample.inputs"
_ADDRESS: Final = "sample.address"  # what the address last said, as we wrote or took it
_LEFT_BARE: Final = "sample.left_bare"  # the inputs with which an address that says nothing stays so
_A_BOX: Final = "sample.xn"  # of the page: Streamlit forgets it when another page is drawn


@dataclass(frozen=True)
class Inputs:
    """All inputs, each within the range that `PARAMETERS` gives. Rates, targets and shares are 0 to 1."""

    cells: int = 1_000
    sensitivity: float = 0.95
    false_positive_rate: float = 0.01
    overdispersion: float = 0.0
    target_sensitivity: float = 0.95
    target_specificity: float = 0.95
    red_cells_per_ul: float = RED_CELLS_PER_UL
    parasitaemia: float = 0.01
    prevalence: float = 0.1
    cost_of_missed: float = 10.0
    flagged: int = 20
    counted: int = 1_000
    kept: float = 1.0
    fooled: float = 1.0
    threshold: float = 0.5
    sensitivity_cells: float = 0.0
    false_positive_cells: float = 0.0
    reading: str = READINGS[0]

    @property
    def rates(self) -> CellRates:
        """The cell rates, after review where there is one."""
        rates = CellRates(self.sensitivity, self.false_positive_rate, self.overdispersion)
        return rates.reviewed(self.kept, self.fooled)

    @property
    def targets(self) -> dict[str, float]:
        """Both targets, as keyword arguments of `malaria.sample`."""
        return {"target_sensitivity": self.target_sensitivity, "target_specificity": self.target_specificity}


class Parameter(NamedTuple):
    """An input in the address: its name there, its range, and whether it is a whole number."""

    name: str
    low: float
    high: float
    whole: bool = False


MAX_CELLS: Final = 10_000_000
PARAMETERS: Final = {
    "cells": Parameter("n", 1, MAX_CELLS, whole=True),
    "sensitivity": Parameter("sens", 0, 1),
    "false_positive_rate": Parameter("fpr", 0, 1),
    "overdispersion": Parameter("rho", 0, 0.99),
    "target_sensitivity": Parameter("tsens", 0.01, 0.9999),
    "target_specificity": Parameter("tspec", 0.01, 0.9999),
    "red_cells_per_ul": Parameter("rbc", 100_000, 10_000_000),
    "parasitaemia": Parameter("p", 1e-7, 1),
    "prevalence": Parameter("prev", 0, 1),
    "cost_of_missed": Parameter("cost", 0.001, 1_000_000),
    "flagged": Parameter("x", 0, MAX_CELLS, whole=True),
    "counted": Parameter("xn", 1, MAX_CELLS, whole=True),
    "kept": Parameter("kept", 0, 1),
    "fooled": Parameter("fooled", 0, 1),
    "threshold": Parameter("threshold", 0, 1),
    "sensitivity_cells": Parameter("sens_cells", 0, 1e9),
    "false_positive_cells": Parameter("fpr_cells", 0, 1e9),
}
"""Every number of `Inputs` by attribute. `reading` stands in the address as `labels`."""


class RefusedParameter(NamedTuple):
    """A parameter of the address: what was asked, and the rule that it breaks."""

    name: str
    asked: str
    rule: str


def read_inputs(start: Inputs) -> tuple[Inputs, list[RefusedParameter]]:
    """Return this session's inputs, newly read where the address has changed, and what of the address is refused.

    `start` is where a visitor without an address of their own starts.
    """
    asked = {name: st.query_params[name] for name in _list_names() if name in st.query_params}
    inputs = st.session_state.get(_INPUTS, start)
    refused: list[RefusedParameter] = []
    if asked != st.session_state.get(_ADDRESS):
        inputs, refused = from_address(asked, inputs)
        came_back = not asked and _ADDRESS in st.session_state and _A_BOX in st.session_state
        st.session_state[_LEFT_BARE] = inputs if came_back else None
        st.session_state[_ADDRESS] = asked
    st.session_state[_INPUTS] = inputs
    return inputs, refused


def change(**values: Any) -> None:
    """Change some of this session's inputs; for callbacks, which run before the page does.

    A rate that is typed in has no number of cells behind it.
    """
    for rate, cells in (("sensitivity", "sensitivity_cells"), ("false_positive_rate", "false_positive_cells")):
        if rate in values:
            values.setdefault(cells, 0.0)
    st.session_state[_INPUTS] = replace(st.session_state[_INPUTS], **values)
    address.forget()


def keep(inputs: Inputs) -> None:
    """Make `inputs` this session's."""
    st.session_state[_INPUTS] = inputs


def write_address(inputs: Inputs) -> None:
    """Write `inputs` into the address, once the page is drawn: the browser enters a page's name late, and would add
    what comes before it to the address of the page just left.

    Where the browser's way back led to the address as it was on arrival, that stays until an input is changed: filled
    again, it would never let anyone back to the page before.
    """
    if inputs == st.session_state.get(_LEFT_BARE):
        return
    written = to_address(inputs)
    for name in set(_list_names()) - set(written):
        st.query_params.pop(name, None)
    if any(st.query_params.get(name) != value for name, value in written.items()):
        st.query_params.update(written)
    st.session_state[_ADDRESS] = written


def to_address(inputs: Inputs) -> dict[str, str]:
    """Return all inputs as query parameters."""
    numbers = {parameter.name: f"{getattr(inputs, name):.10g}" for name, parameter in PARAMETERS.items()}
    for unknown in ("sens_cells", "fpr_cells"):
        if numbers[unknown] == "0":
            del numbers[unknown]
    return numbers | {"labels": inputs.reading}


def from_address(query: Mapping[str, str], start: Inputs) -> tuple[Inputs, list[RefusedParameter]]:
    """Return `start` with what `query` says, and each parameter that is no number or out of range.

    A number may also be called as in the command line's `sample`, `cells` for `n`.
    """
    values: dict[str, Any] = {}
    refused = []
    for attribute, (short, low, high, whole) in PARAMETERS.items():
        name = short if short in query else attribute
        if name not in query:
            continue
        try:
            number = float(query[name])
        except ValueError:
            number = float("nan")
        if low <= number <= high and (not whole or number == int(number)):
            values[attribute] = int(number) if whole else number
        else:
            kind = "a whole number" if whole else "a number"
            refused.append(RefusedParameter(name, query[name], f"must be {kind} from {low:,.10g} to {high:,.10g}"))
    if (reading := query.get("labels")) is not None:
        if reading in READINGS:
            values["reading"] = reading
        else:
            refused.append(RefusedParameter("labels", reading, f"must be one of {', '.join(READINGS)}"))
    inputs = replace(start, **values)
    return replace(inputs, flagged=min(inputs.flagged, inputs.counted)), refused


def _list_names() -> list[str]:
    return list(dict.fromkeys((*(parameter.name for parameter in PARAMETERS.values()), *PARAMETERS, "labels")))


assert {field.name for field in fields(Inputs)} == {*PARAMETERS, "reading"}
