"""Sliders with exact entry beside them; both write the one input they stand for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from malaria.ui.parts.mirrored import read_control, set_control
from malaria.ui.sample.inputs import MAX_CELLS, PARAMETERS, Inputs, change
from malaria.wording.numbers import plain


def _steps(low: int, high: int, within: Sequence[float] = (1, 1.5, 2, 3, 5, 7)) -> list[float]:
    """Return round numbers from 10**low to 10**high, evenly spread on a log scale."""
    return [float(f"{step * 10.0**power:.6g}") for power in range(low, high) for step in within] + [10.0**high]


@dataclass(frozen=True)
class Control:
    """One input on the page: its label, what the slider offers, and how many of what is shown make one of the input."""

    attribute: str
    label: str
    stops: Sequence[float]
    help: str
    scale: float = 1.0
    unit: str = ""


PERCENT: Final = 100.0
CELLS: Final = Control("cells", "Red cells read", _steps(1, 7), "How many cells of one sample the model reads.")
SENSITIVITY: Final = Control(
    "sensitivity",
    "Infected cells flagged, %",
    [n / 10 for n in range(0, 500, 50)] + [n / 10 for n in range(500, 900, 10)] + [n / 10 for n in range(900, 1001)],
    "The sensitivity for single cells.",
    PERCENT,
)
FALSE_ALARMS: Final = Control(
    "false_positive_rate",
    "Uninfected cells flagged, %",
    [0.0, *_steps(-5, 2)],
    "The false-positive rate for single cells: 100 % minus the specificity.",
    PERCENT,
)
OVERDISPERSION: Final = Control(
    "overdispersion",
    "Overdispersion of false alarms",
    [0.0, *_steps(-4, -1), 0.15, 0.2, 0.3, 0.5],
    "How much more false alarms vary between slides than chance explains (the intra-class correlation). 0 means that "
    "all slides are alike.",
)
TARGET_SENSITIVITY: Final = Control(
    "target_sensitivity",
    "Target: infected samples found, %",
    [50, 60, 70, 80, 85, 90, 95, 97.5, 98, 99, 99.5, 99.9],
    "The limit of detection is the parasitaemia from which this share of samples is called positive.",
    PERCENT,
)
TARGET_SPECIFICITY: Final = Control(
    "target_specificity",
    "Target: healthy samples cleared, %",
    [50, 60, 70, 80, 85, 90, 95, 97.5, 98, 99, 99.5, 99.9],
    "The count threshold is the smallest that clears this share of healthy samples.",
    PERCENT,
)
PARASITAEMIA: Final = Control(
    "parasitaemia",
    "Infected sample to compare with, % of cells",
    _steps(-4, 2),
    "The parasitaemia of the infected sample in the charts.",
    PERCENT,
)
RED_CELLS: Final = Control(
    "red_cells_per_ul",
    "Red cells per microlitre",
    [n * 100_000 for n in range(10, 81)],
    "5,000,000 if the patient's own count is not known.",
)
PREVALENCE: Final = Control(
    "prevalence",
    "Infected among those tested, %",
    _steps(-1, 2),
    "The prevalence: the probability, before the test, that this patient is infected.",
    PERCENT,
)
COST: Final = Control(
    "cost_of_missed",
    "A missed infection costs, in false alarms",
    _steps(-1, 4),
    "How many false alarms are as bad as one missed infection. 1 means both are equally bad.",
)
KEPT: Final = Control(
    "kept",
    "Flagged infected cells the reviewer confirms, %",
    [50, 60, 70, 80, 85, 90, 95, 97, 98, 99, 99.5, 100],
    "100 % if nobody reviews them.",
    PERCENT,
)
FOOLED: Final = Control(
    "fooled",
    "Flagged uninfected cells the reviewer confirms, %",
    [0, 0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100],
    "100 % if nobody reviews them.",
    PERCENT,
)


def draw_control(which: Control, inputs: Inputs) -> None:
    """Draw one input as a slider with round stops and an exact entry beside it."""
    parameter = PARAMETERS[which.attribute]
    shown = float(f"{getattr(inputs, which.attribute) * which.scale:.10g}")
    stops = [int(stop) for stop in which.stops] if parameter.whole else [float(stop) for stop in which.stops]
    slider, exact = f"sample.{parameter.name}.slider", f"sample.{parameter.name}"

    def take(control: str) -> None:
        value = read_control(control)
        if value is not None:
            within = min(max(value / which.scale, parameter.low), parameter.high)
            change(**{which.attribute: int(within) if parameter.whole else float(f"{within:.12g}")})

    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.select_slider(
            which.label,
            stops,
            key=set_control(slider, min(stops, key=lambda stop: abs(stop - shown))),
            format_func=lambda stop: f"{stop:,.0f}" if stop >= 1_000 else plain(stop, 6),
            help=which.help,
            on_change=take,
            args=(slider,),
        )
        st.number_input(
            f"{which.label}, exactly",
            **_range(parameter.low * which.scale, parameter.high * which.scale, parameter.whole),
            key=set_control(exact, int(shown) if parameter.whole else shown),
            label_visibility="collapsed",
            on_change=take,
            args=(exact,),
            width=140,
        )


def _range(low: float, high: float, whole: bool) -> dict[str, Any]:
    if whole:
        return {"min_value": int(low), "max_value": int(high), "step": 1, "format": "%d"}
    return {"min_value": float(low), "max_value": float(high), "step": None, "format": "%.6g"}


def draw_count_entry(label: str, attribute: str, inputs: Inputs, most: int = MAX_CELLS) -> None:
    """Draw one whole number without a slider."""
    parameter = PARAMETERS[attribute]
    control = f"sample.{parameter.name}"

    def take() -> None:
        if (value := read_control(control)) is not None:
            change(**{attribute: int(value)})

    key = set_control(control, min(getattr(inputs, attribute), most))
    st.number_input(label, int(parameter.low), most, step=1, key=key, on_change=take)
