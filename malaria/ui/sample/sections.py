"""What rests on the inputs alone: detection, cells read, trust, review, a real count."""

import math

import streamlit as st
from markupsafe import Markup

from malaria.errors import SampleError
from malaria.sample import (
    CellRates,
    SampleRule,
    estimate_parasitaemia,
    post_test_probability,
    sample_roc,
    sample_rule,
)
from malaria.ui.parts.text import literal
from malaria.ui.sample import charts, tab_charts
from malaria.ui.sample.controls import PREVALENCE, draw_control, draw_count_entry
from malaria.ui.sample.inputs import Inputs
from malaria.ui.sample.text import HIGH, LANDMARKS
from malaria.wording.numbers import chance, per_ul, percent, plain, round_figures
from malaria.wording.words import count

_CELLS = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 1_000_000)
_STRONG = 0.02  # an overdispersion to compare with


def draw_detection(rule: SampleRule, limits: tuple[float | None, float | None] | None, inputs: Inputs) -> None:
    """Draw the probability of detection against parasitaemia, with the limit's interval where it is known."""
    landmarks = [(density / inputs.red_cells_per_ul, name) for density, name in LANDMARKS] + list(HIGH)
    charts.draw_detection(rule, limits, landmarks, inputs.red_cells_per_ul)


def draw_more_cells(inputs: Inputs) -> None:
    """Draw what reading more cells brings, with and without overdispersion."""
    rates = inputs.rates
    rhos = sorted({0.0, rates.overdispersion, _STRONG})
    curves = [
        (
            rho,
            [find_rule(cells, rates.sensitivity, rates.false_positive_rate, rho, **inputs.targets) for cells in _CELLS],
        )
        for rho in rhos
    ]
    tab_charts.draw_against_cells(_CELLS, curves, inputs.cells, inputs.red_cells_per_ul)


@st.cache_data(max_entries=2_048, show_spinner=False)
def find_rule(
    cells: int, sensitivity: float, fpr: float, rho: float, target_sensitivity: float, target_specificity: float
) -> SampleRule:
    """Return the rule, computed once for all sessions."""
    return sample_rule(
        cells,
        CellRates(sensitivity, fpr, rho),
        target_sensitivity=target_sensitivity,
        target_specificity=target_specificity,
    )


def draw_trust(rule: SampleRule, inputs: Inputs) -> None:
    """Draw predictive values and the sample ROC."""
    with st.container(key="sample-prevalence"):
        draw_control(PREVALENCE, inputs)
    left, right = st.columns(2)
    with left:
        tab_charts.draw_trust(rule, inputs.parasitaemia, inputs.prevalence)
    with right:
        tab_charts.draw_sample_roc(sample_roc(inputs.cells, inputs.parasitaemia, rule.rates), rule, inputs.parasitaemia)


def say_review(inputs: Inputs) -> str:
    """Return what a person's look at the flagged cells changes, or nothing where nobody looks."""
    if inputs.kept == inputs.fooled == 1:
        return ""
    seen = round_figures(inputs.cells * CellRates(inputs.sensitivity, inputs.false_positive_rate).flagged_share(0.0))
    rates = inputs.rates
    return (
        f"A person reviews the flagged cells, about {seen:,} of {count(inputs.cells, 'healthy cell')}. After the "
        f"review, {percent(rates.sensitivity, 4)} of infected and {percent(rates.false_positive_rate)} of uninfected "
        "cells still count as flagged. All numbers here use these rates."
    )


def draw_real_count(inputs: Inputs) -> None:
    """Draw the estimate from a real count."""
    with st.container(key="sample-count"):
        left, right = st.columns(2)
        with left:
            draw_count_entry("Flagged cells", "flagged", inputs, inputs.counted)
        with right:
            draw_count_entry("Cells read", "counted", inputs)
    flagged, cells, rates = min(inputs.flagged, inputs.counted), inputs.counted, inputs.rates
    try:
        estimate = estimate_parasitaemia(flagged, cells, rates)
    except SampleError as error:
        st.warning(literal(str(error)))
        return
    low, high = estimate.interval
    red = inputs.red_cells_per_ul
    st.markdown(
        f"**{flagged:,} flagged of {count(cells, 'cell')}: {percent(estimate.parasitaemia)} of cells infected, between "
        f"{percent(low)} and {percent(high)}** ({per_ul(estimate.parasitaemia, red)}, between {per_ul(low, red)} and "
        f"{per_ul(high, red)})."
    )
    st.markdown(_say_meaning(flagged, cells, inputs))
    if estimate.as_few_in_healthy < 0.01:
        st.warning(
            "Even a healthy sample would rarely show so few flagged cells at these rates. The false-positive rate is "
            "probably different on this slide."
        )
    st.caption(
        "The estimate is corrected for missed cells and false alarms (Rogan and Gladen) and is never below zero. The "
        "95 % interval is exact (Clopper and Pearson, allowing for slides that differ) and treats the rates as known. "
        f"With no flagged cell it ends near 3 / N, the rule of three: here {percent(3 / cells)} for a perfect reader."
    )


def _say_meaning(flagged: int, cells: int, inputs: Inputs) -> str:
    rates = inputs.rates
    after = post_test_probability(inputs.prevalence, flagged, cells, inputs.parasitaemia, rates)
    as_many = estimate_parasitaemia(flagged, cells, rates).as_many_in_healthy
    told = f"Among healthy samples, {chance(as_many)} show at least this many flagged cells. "
    if math.isnan(after):
        return told
    return told + (
        f"If {percent(inputs.prevalence)} of the people tested are infected, each with {percent(inputs.parasitaemia)} "
        f"of cells infected, this count puts the probability of infection at {chance(after)}."
    )


def write_inputs(inputs: Inputs) -> None:
    """Write the inputs as text, for the print view, which leaves the controls out."""
    rates = inputs.rates
    said = (
        f"Inputs: {count(inputs.cells, 'cell')}; {percent(rates.sensitivity, 5)} of infected and "
        f"{percent(rates.false_positive_rate, 5)} of uninfected cells flagged; overdispersion "
        f"{plain(rates.overdispersion)}; wanted {percent(inputs.target_sensitivity, 4)} of infected samples found and "
        f"{percent(inputs.target_specificity, 4)} of healthy ones cleared; a missed infection costs "
        f"{plain(inputs.cost_of_missed)} false alarms; "
        f"{count(round(inputs.red_cells_per_ul), 'red cell')} per microlitre; "
        f"infected sample at {percent(inputs.parasitaemia)}; prevalence {percent(inputs.prevalence)}."
    )
    st.html(Markup('<p class="sample-inputs sample-only-print">{}</p>').format(said))
