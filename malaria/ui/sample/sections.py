"""The sections that rest on the inputs alone: trust, cells read, review, requirements, a real count."""

import math

import streamlit as st
from markupsafe import Markup

from malaria.errors import SampleError
from malaria.report.html import render_table
from malaria.sample import (
    CellRates,
    OperatingPoint,
    SampleRule,
    Scores,
    ThresholdChoice,
    best_threshold,
    estimate_parasitaemia,
    notebook_requirements,
    post_test_probability,
    required_cell_sensitivity,
    required_cell_specificity,
    required_cells,
    rule_interval,
    sample_roc,
    sample_rule,
)
from malaria.ui.parts.text import literal
from malaria.ui.sample import charts
from malaria.ui.sample.controls import FOOLED, KEPT, PREVALENCE, draw_control, draw_count_entry
from malaria.ui.sample.inputs import Inputs
from malaria.ui.sample.rates import list_choices, measure_again, pick_reading
from malaria.ui.sample.text import HIGH, LANDMARKS, LANDMARKS_EXPLAINED, NEEDS_SCORES, cite, read_words
from malaria.wording.numbers import chance, per_ul, percent, plain, rounded
from malaria.wording.words import choose_verb, count

_CELLS = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 1_000_000)
_STRONG = 0.02  # an overdispersion to compare with


def draw_detection(rule: SampleRule, limits: tuple[float | None, float | None] | None, inputs: Inputs) -> None:
    """Draw the probability of detection against parasitaemia, with the limit's interval where it is known."""
    landmarks = [(density / inputs.red_cells_per_ul, name) for density, name in LANDMARKS] + list(HIGH)
    charts.draw_detection(rule, limits, landmarks, inputs.red_cells_per_ul)
    st.caption(cite(LANDMARKS_EXPLAINED))


def draw_more_cells(inputs: Inputs) -> None:
    """Draw what reading more cells brings, with and without overdispersion."""
    st.header("What more cells bring", anchor="cells")
    rates = inputs.rates
    rhos = sorted({0.0, rates.overdispersion, _STRONG})
    curves = [
        (
            rho,
            [find_rule(cells, rates.sensitivity, rates.false_positive_rate, rho, **inputs.targets) for cells in _CELLS],
        )
        for rho in rhos
    ]
    charts.draw_against_cells(_CELLS, curves, inputs.cells, inputs.red_cells_per_ul)


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
    st.header("How far a called sample can be trusted", anchor="trust")
    with st.container(key="sample-prevalence"):
        draw_control(PREVALENCE, inputs)
    left, right = st.columns(2)
    with left:
        charts.draw_trust(rule, inputs.parasitaemia, inputs.prevalence)
    with right:
        charts.draw_sample_roc(sample_roc(inputs.cells, inputs.parasitaemia, rule.rates), rule, inputs.parasitaemia)


def draw_review(inputs: Inputs) -> None:
    """Draw what a person who looks at the flagged cells changes."""
    st.header("When a person looks at the flagged cells", anchor="review")
    with st.container(key="sample-review"):
        left, right = st.columns(2)
        with left:
            draw_control(KEPT, inputs)
        with right:
            draw_control(FOOLED, inputs)
    if inputs.kept == inputs.fooled == 1:
        st.markdown("Nobody looks: every flagged cell counts. Move the sliders to have a person confirm them.")
        return
    flagged = inputs.cells * CellRates(inputs.sensitivity, inputs.false_positive_rate).flagged_share(0.0)
    rates = inputs.rates
    seen = rounded(flagged)
    st.markdown(
        f"Of {count(inputs.cells, 'healthy cell')} about {seen:,} {choose_verb(seen, 'is', 'are')} flagged and looked "
        f"at. After that, {percent(rates.sensitivity, 4)} of infected and {percent(rates.false_positive_rate)} of "
        "uninfected cells count as flagged; all numbers on this page are for these."
    )


def draw_required(rule: SampleRule, inputs: Inputs) -> None:
    """Draw what the cells would have to be read with, and the notebook's answer to the same question."""
    st.header("What cells must be read with, and what the notebook said", anchor="required")
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
            ["Positive at", "Specificity needed", "Sensitivity needed", "The same, false alarms helping"],
            rows,
        )
    )
    number = required_cells(p, rates, **inputs.targets)
    st.markdown(
        f"With the rates above, infections of {percent(p)} need "
        + (f"**{count(number, 'cell')}**." if number else "more cells than ten million, if any number is enough.")
        + " The sensitivity needed counts infected cells alone, so that no sample owes its answer to a wrong cell; "
        "beside it what is needed where false alarms at the rate above may help to reach the threshold."
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


def draw_real_count(inputs: Inputs) -> None:
    """Draw the estimate from a real count."""
    st.header("Estimate from a real count", anchor="count")
    with st.container(key="sample-count"):
        left, right = st.columns(2)
        with left:
            draw_count_entry("Flagged cells", "flagged", inputs, inputs.counted)
        with right:
            draw_count_entry("Of this many cells", "counted", inputs)
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
            "So few flagged cells would be rare even in a healthy sample at these rates: the false-positive rate is "
            "probably not that of this slide."
        )
    st.caption(
        "Corrected for cells flagged in error and missed (Rogan and Gladen), never below zero; the 95 % interval is "
        "exact (Clopper and Pearson, with slides that differ taken in) and takes the rates as known. Without any "
        f"flagged cell it ends near 3 / N, the rule of three: here {percent(3 / cells)} for a perfect reader."
    )


def _say_meaning(flagged: int, cells: int, inputs: Inputs) -> str:
    rates = inputs.rates
    after = post_test_probability(inputs.prevalence, flagged, cells, inputs.parasitaemia, rates)
    as_many = estimate_parasitaemia(flagged, cells, rates).as_many_in_healthy
    told = f"Of healthy samples {chance(as_many)} show as many flagged cells or more. "
    if math.isnan(after):
        return told
    return told + (
        f"If {percent(inputs.prevalence)} of those tested are infected, at {percent(inputs.parasitaemia)} of their "
        f"cells, this count makes the probability of infection {chance(after)}."
    )


def write_inputs(inputs: Inputs) -> None:
    """Write the inputs as text, for the print view, which leaves the controls out."""
    rates = inputs.rates
    said = (
        f"Inputs: {count(inputs.cells, 'cell')}; {percent(rates.sensitivity, 5)} of infected and "
        f"{percent(rates.false_positive_rate, 5)} of uninfected cells flagged; overdispersion "
        f"{plain(rates.overdispersion)}; wanted {percent(inputs.target_sensitivity, 4)} of infected samples found and "
        f"{percent(inputs.target_specificity, 4)} of healthy ones cleared; "
        f"{count(round(inputs.red_cells_per_ul), 'red cell')} per microlitre; "
        f"infected sample at {percent(inputs.parasitaemia)}; prevalence {percent(inputs.prevalence)}."
    )
    st.html(Markup('<p class="sample-inputs sample-only-print">{}</p>').format(said))


def draw_best(scores: Scores | None, point: OperatingPoint | None, inputs: Inputs) -> None:
    """Draw the limit of detection at every threshold, and offer the lowest."""
    st.header("Which threshold of the model detects most", anchor="threshold")
    if scores is None or point is None:
        st.markdown(NEEDS_SCORES)
        return
    reading = pick_reading(scores, inputs)
    found = list_choices(scores, scores.token, reading, inputs.cells, **inputs.targets)
    lowest = best_threshold(found)
    st.markdown(
        "A higher threshold flags fewer infected cells, and far fewer uninfected ones. For a whole sample the second "
        "counts for more, until too few infected cells are left to be flagged."
    )
    now = ThresholdChoice(point, sample_rule(inputs.cells, point.cautious_rates, **inputs.targets))
    charts.draw_thresholds(found, now, lowest, inputs.red_cells_per_ul)
    if lowest is None:
        st.markdown("No threshold detects any infection often enough.")
        return
    st.button(
        f"Use the threshold with the lowest limit of detection, {plain(lowest.point.threshold, 5)}",
        icon=":material/my_location:",
        key="sample-best",
        disabled=abs(lowest.point.threshold - inputs.threshold) < 1e-12,
        on_click=lambda: measure_again(threshold=lowest.point.threshold),
    )
    st.markdown(_say_worst(lowest, inputs))
    st.caption(
        "Here each rate has half a case added on either side, so that no threshold wins by a false-positive rate of 0 "
        "seen in few cells. The best of thirty is still a little lucky, and at high thresholds patients differ most in "
        "sensitivity: on other patients expect a higher limit."
    )


def _say_worst(choice: ThresholdChoice, inputs: Inputs) -> str:
    point = choice.point
    low, high = rule_interval(
        inputs.cells,
        point.sensitivity,
        point.false_positive_rate,
        point.overdispersion,
        target_sensitivity=inputs.target_sensitivity,
        target_specificity=inputs.target_specificity,
    ).limit_of_detection
    ends = f"between {percent(low or 0.0)} and {percent(high)}" if high is not None else "or does not exist"
    return f"As well as its rates are known, that limit lies {ends} (95 % interval)."
