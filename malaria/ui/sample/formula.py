"""The tab of the sources: their sizes of sample, their formula beside the right one, and what each claim rests on."""

from typing import Final, NamedTuple

import streamlit as st

from malaria.report.html import render_table
from malaria.sample import (
    CellRates,
    SampleRule,
    limit_of_detection,
    notebook_requirements,
    required_cell_sensitivity,
    required_cell_specificity,
    required_cells,
)
from malaria.ui.sample.inputs import Inputs, change
from malaria.ui.sample.sections import find_rule
from malaria.ui.sample.text import LANDMARKS_EXPLAINED, cite, list_references, read_words, write_background
from malaria.wording.numbers import percent
from malaria.wording.words import count

_PARASITAEMIA: Final = 0.01
_PERFECT: Final = CellRates(1, 0)


class _Preset(NamedTuple):
    """A size of sample that the sources name, with the share of infected samples that they want found, if they say."""

    cells: int
    said: str
    target_sensitivity: float | None = None


_PRESETS: Final = (
    _Preset(500, "500 cells, to be 99.5 % sure at 1 %", 0.995),
    _Preset(80, "80 cells a smear"),
)


def draw_formula(rule: SampleRule, inputs: Inputs) -> None:
    """Draw all of the tab."""
    _draw_presets(inputs)
    _draw_required(rule, inputs)
    st.header("Background and sources", anchor="sources")
    st.markdown(write_background(inputs.red_cells_per_ul))
    st.markdown(cite(LANDMARKS_EXPLAINED))
    st.markdown(list_references())


def _draw_presets(inputs: Inputs) -> None:
    st.header("Sample sizes in the sources", anchor="presets")
    rates, rows = inputs.rates, []
    for preset in _PRESETS:
        targets = inputs.targets | _list_targets(preset)
        rule = find_rule(preset.cells, rates.sensitivity, rates.false_positive_rate, rates.overdispersion, **targets)
        limit = rule.limit_of_detection
        rows.append(
            [
                preset.said,
                percent(1 - (1 - _PARASITAEMIA) ** preset.cells),
                f"{rule.count_threshold:,} flagged" if rule.count_threshold <= rule.cells else "none",
                percent(rule.sensitivity_at(_PARASITAEMIA)),
                "none" if limit is None else percent(limit),
            ]
        )
    st.html(
        render_table(
            "What they achieve at the rates above",
            ["Sample", "Any infected cell in it, at 1 %", "Positive at", "Found, at 1 %", "Limit of detection"],
            rows,
        )
    )
    enough = required_cells(_PARASITAEMIA, _PERFECT, target_sensitivity=0.995)
    smallest = limit_of_detection(1, 80, _PERFECT)
    st.markdown(
        f"At a parasitaemia of 1 %, {percent(1 - 0.99**500)} of samples of 500 cells contain an infected cell. For "
        f"99.5 % you need {count(enough or 0, 'cell')} and a perfect reader. With 80 cells, 95 % of samples contain an "
        f"infected cell only at {percent(smallest or 1)} or more. False alarms make both worse, as the last three "
        "columns show."
    )
    with st.container(horizontal=True, key="sample-presets"):
        for preset in _PRESETS:
            st.button(
                f"Calculate with {preset.cells} cells",
                key=f"sample-preset-{preset.cells}",
                on_click=change,
                kwargs={"cells": preset.cells, "parasitaemia": _PARASITAEMIA, **_list_targets(preset)},
            )


def _list_targets(preset: _Preset) -> dict[str, float]:
    return {} if preset.target_sensitivity is None else {"target_sensitivity": preset.target_sensitivity}


def _draw_required(rule: SampleRule, inputs: Inputs) -> None:
    """Draw what the cells would have to be read with, and the notebook's answer to the same question."""
    st.header("The cell rates you need, and what the notebook said", anchor="required")
    rates, p = rule.rates, inputs.parasitaemia
    rows = []
    for flagged in sorted({1, min(rule.count_threshold, inputs.cells)}):
        specificity = required_cell_specificity(
            inputs.cells, flagged, target_specificity=inputs.target_specificity, overdispersion=rates.overdispersion
        )
        alone, helped = (
            required_cell_sensitivity(
                inputs.cells,
                flagged,
                parasitaemia=p,
                target_sensitivity=inputs.target_sensitivity,
                false_positive_rate=false_alarms,
                overdispersion=rates.overdispersion,
            )
            for false_alarms in (0.0, rates.false_positive_rate)
        )
        needed = ["impossible" if share is None else percent(share, 4) for share in (alone, helped)]
        rows.append([f"{flagged:,} or more flagged", percent(specificity, 6), *needed])
    notebook = notebook_requirements(inputs.cells, inputs.target_sensitivity, inputs.target_specificity)
    rows.append(
        [
            "the notebook's answer",
            percent(notebook.required_cell_specificity, 6),
            f"{percent(notebook.required_cell_sensitivity, 6)}, but see below",
            "",
        ]
    )
    st.html(
        render_table(
            f"For {count(inputs.cells, 'cell')}, {percent(inputs.target_specificity)} of healthy samples cleared and "
            f"{percent(inputs.target_sensitivity)} of samples with {percent(p)} infected cells found",
            [
                "Positive at",
                "Specificity needed",
                "Sensitivity needed",
                "Sensitivity needed, with false alarms helping",
            ],
            rows,
        )
    )
    number = required_cells(p, rates, **inputs.targets)
    st.markdown(
        f"With the rates above, infections of {percent(p)} need "
        + (f"**{count(number, 'cell')}**." if number else "more than ten million cells, if any number is enough.")
        + " The sensitivity needed counts infected cells only, so no sample is called positive because of a "
        "false alarm. The last column shows the sensitivity needed if false alarms, at the rate above, may help to "
        "reach the threshold."
    )
    _explain_notebook()


def _explain_notebook() -> None:
    original = notebook_requirements()
    at_one = required_cell_sensitivity(350, 1, parasitaemia=0.01)
    st.markdown(
        read_words("notebook.md").format(
            specificity=f"{original.required_cell_specificity:.6f}",
            sensitivity=f"{original.required_cell_sensitivity:.6f}",
            flagged=f"{1 - original.required_cell_sensitivity:.6f}",
            at_one=f"{at_one:.4f}",
        )
    )
