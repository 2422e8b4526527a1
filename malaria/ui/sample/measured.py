"""The sections that rest on measured cells: where rates start, the best threshold, overdispersion, the real check."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from malaria.cells import to_csv
from malaria.errors import SampleError
from malaria.sample import (
    MeasuredRate,
    OperatingPoint,
    RealCheck,
    Scores,
    SharePredicted,
    ThresholdChoice,
    best_threshold,
    fit_overdispersion,
    real_check,
    rule_interval,
    sample_rule,
)
from malaria.sample.numbers import percent, plain
from malaria.ui.frame import Frame
from malaria.ui.sample import charts
from malaria.ui.sample.inputs import PARAMETERS, Inputs, change
from malaria.ui.sample.scores import brought, choices, forget, from_card, held_out_scores
from malaria.ui.sample.sections import cached_rule
from malaria.ui.sample.tables import table
from malaria.ui.sample.text import READING_WORDS, cited, words
from malaria.ui.text import literal

_OF_A_BATCH = (
    "What may **not** be concluded: that the rule works in a clinic. The predicted figures use rates measured on the "
    "same patients, and the share of infected cells is that of the batch, not of a smear."
)
_FEWEST_PATIENTS = 10
_SAME = 1e-9  # the address holds ten digits
_LISTED = 12  # patients named on the page; all are in the file
_FOLLOW = "sample.follow"  # set where the rates must be measured anew: another threshold, other labels
_LAST = "sample.measured"  # the rates that were last measured, to see whether the inputs still are those


def scores_of(frame: Frame) -> Scores | None:
    """Return the cells the rates are measured on: those brought from a batch, else the picked model's held-out ones."""
    return brought() or (held_out_scores(frame.model_name) if frame.model_name else None)


def point_of(scores: Scores | None, frame: Frame, inputs: Inputs) -> OperatingPoint | None:
    """Return the rates as measured at the chosen threshold, or None where nothing was measured."""
    if scores is not None:
        return scores.at(reading_of(scores, inputs), inputs.threshold)
    return from_card(frame.card) if frame.model_name else None


def reading_of(scores: Scores, inputs: Inputs) -> str:
    """Return the chosen reading of the labels, or the first that they allow."""
    return inputs.reading if inputs.reading in scores.readings else scores.readings[0]


def with_point(inputs: Inputs, point: OperatingPoint) -> Inputs:
    """Return the inputs with the rates of `point`."""
    return replace(
        inputs,
        sensitivity=point.rates.sensitivity,
        false_positive_rate=point.rates.false_positive_rate,
        overdispersion=_overdispersion(point),
        sensitivity_cells=0.0,
        false_positive_cells=0.0,
    )


def follow(inputs: Inputs, point: OperatingPoint | None) -> Inputs:
    """Return the inputs with newly measured rates where they were measured ones so far, or are asked for."""
    last = st.session_state.get(_LAST)
    asked = st.session_state.pop(_FOLLOW, False)
    st.session_state[_LAST] = point
    if point is None or (not asked and (last is None or last == point or not is_measured(inputs, last))):
        return inputs
    followed = with_point(inputs, point)
    typed = not asked and last is not None and abs(inputs.overdispersion - _overdispersion(last)) >= _SAME
    return replace(followed, overdispersion=inputs.overdispersion) if typed else followed


def _overdispersion(point: OperatingPoint) -> float:
    return min(point.overdispersion, PARAMETERS["overdispersion"].high)


def is_measured(inputs: Inputs, point: OperatingPoint | None) -> bool:
    """Say whether sensitivity and false-positive rate are those of `point`, not typed in; the overdispersion may be."""
    if point is None:
        return False
    pairs = (
        (inputs.sensitivity, point.rates.sensitivity),
        (inputs.false_positive_rate, point.rates.false_positive_rate),
    )
    return all(abs(one - other) < _SAME for one, other in pairs)


def known(inputs: Inputs, point: OperatingPoint | None) -> tuple[MeasuredRate, MeasuredRate] | None:
    """Return both cell rates with the numbers behind them, or None where they were only typed in."""
    if point is not None and is_measured(inputs, point):
        return point.sensitivity, point.false_positive_rate
    if inputs.sensitivity_cells >= 1 and inputs.false_positive_cells >= 1:
        return (
            MeasuredRate(inputs.sensitivity * inputs.sensitivity_cells, inputs.sensitivity_cells),
            MeasuredRate(inputs.false_positive_rate * inputs.false_positive_cells, inputs.false_positive_cells),
        )
    return None


def start_over() -> None:
    """Have the rates measured anew when the page is drawn next."""
    st.session_state[_FOLLOW] = True


def _again(**values: object) -> None:
    start_over()
    change(**values)


def _forget() -> None:
    forget()
    start_over()


# Where the rates come from


def source(scores: Scores | None, point: OperatingPoint | None, frame: Frame, inputs: Inputs) -> None:
    """Say where the rates come from, and draw what can be chosen there: labels, threshold, back to measured ones."""
    measured = is_measured(inputs, point)
    with st.container(key="sample-source", border=True):
        if scores is None:
            name = f" of {literal(frame.model_name)}" if frame.model_name else ""
            at = "from the model's card" if measured else "typed in"
            st.markdown(
                f"Rates of cells: **{at}**. Held-out scores{name} are not here, so the threshold stays as it is."
            )
        else:
            _choose(scores, inputs)
            of = f"measured on {literal(scores.name)}" if measured else "typed in, or from a link"
            own = point is not None and abs(inputs.overdispersion - _overdispersion(point)) >= _SAME
            st.markdown(f"Rates of cells: **{of}**{', the overdispersion typed in' if measured and own else ''}.")
            if brought():
                st.button("Back to the model's own cells", on_click=_forget)
        if point is not None and not measured:
            st.button("Use the measured rates", icon=":material/undo:", on_click=_again)
        if point is not None and measured:
            said = [_evidence(point)]
            if scores:
                said += [_by_other_labels(scores, inputs), _by_patient(scores, inputs)]
            st.caption(" ".join(filter(None, said)))


def _evidence(point: OperatingPoint) -> str:
    said = []
    named = (("Flagged", "infected", point.sensitivity), ("", "uninfected", point.false_positive_rate))
    for word, cells, rate in named:
        low, high = rate.interval()
        said.append(
            f"{word} {rate.events:,.0f} of {rate.trials:,.0f} {cells} cells ({percent(low)} to {percent(high)})".strip()
        )
    return (
        f"{' and '.join(said)}; 95 % Jeffreys intervals, the cells discounted for coming from the same slides by "
        f"factors of {plain(point.sensitivity.design_effect)} and {plain(point.false_positive_rate.design_effect)}."
    )


def _by_patient(scores: Scores, inputs: Inputs) -> str:
    shares = scores.held_out(reading_of(scores, inputs)).sensitivity_by_patient(inputs.threshold)
    if len(shares) < _FEWEST_PATIENTS:
        return ""
    return (
        "Taken as the same in all patients, the sensitivity is not: in one patient in ten fewer than "
        f"{percent(float(np.quantile(shares, 0.1)))} of infected cells are flagged. Such patients are missed more "
        "often than this page says."
    )


def _by_other_labels(scores: Scores, inputs: Inputs) -> str:
    """Say what the answer would be by the other readings of the labels."""
    said = []
    for reading in scores.readings:
        if reading != reading_of(scores, inputs):
            rates = scores.at(reading, inputs.threshold).rates.reviewed(inputs.kept, inputs.fooled)
            rule = cached_rule(
                inputs.cells, rates.sensitivity, rates.false_positive_rate, rates.overdispersion, **inputs.targets
            )
            limit = "no limit" if rule.limit_of_detection is None else f"a limit of {percent(rule.limit_of_detection)}"
            said.append(f"by {READING_WORDS[reading]}, positive from {rule.count_threshold:,} with {limit}")
    return f"The answer hangs on the labels: {'; '.join(said)}." if said else ""


def _choose(scores: Scores, inputs: Inputs) -> None:
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    with left:
        st.session_state["sample.labels"] = reading_of(scores, inputs)
        st.selectbox(
            "Labels the rates are measured by",
            scores.readings,
            key="sample.labels",
            format_func=READING_WORDS.__getitem__,
            on_change=lambda: _again(reading=st.session_state["sample.labels"]),
            help="Specialists read the NIH cells again and disputed one label in twenty. Without the disputed cells "
            "the rates are those on clear cells; as given, mislabelled cells count as the model's errors.",
        )
    with right, st.container(horizontal=True, vertical_alignment="bottom"):
        stops = sorted({point.threshold for point in scores.curve(reading_of(scores, inputs))} | {inputs.threshold})
        st.session_state["sample.threshold.slider"] = inputs.threshold
        st.session_state["sample.threshold"] = inputs.threshold
        st.select_slider(
            "Threshold of the model",
            stops,
            key="sample.threshold.slider",
            format_func=lambda stop: plain(stop, 5),
            on_change=lambda: _again(threshold=st.session_state["sample.threshold.slider"]),
            help="A cell is flagged when p_parasitized is at least this.",
        )
        st.number_input(
            "Threshold of the model, exactly",
            0.0,
            1.0,
            step=None,
            format="%.6g",
            key="sample.threshold",
            label_visibility="collapsed",
            on_change=lambda: _again(threshold=st.session_state["sample.threshold"] or 0.0),
            width=140,
        )


# The threshold with the lowest limit of detection


def best(scores: Scores | None, point: OperatingPoint | None, inputs: Inputs) -> None:
    """Draw the limit of detection at every threshold, and offer the lowest."""
    st.header("Which threshold of the model detects most", anchor="threshold")
    if scores is None or point is None:
        _absent()
        return
    reading = reading_of(scores, inputs)
    found = choices(scores, scores.token, reading, inputs.cells, **inputs.targets)
    lowest = best_threshold(found)
    st.markdown(
        "A higher threshold flags fewer infected cells, and far fewer uninfected ones. For a whole sample the second "
        "counts for more, until too few infected cells are left to be flagged."
    )
    now = ThresholdChoice(point, sample_rule(inputs.cells, point.cautious_rates, **inputs.targets))
    charts.thresholds(found, now, lowest, inputs.red_cells_per_ul)
    if lowest is None:
        st.markdown("No threshold detects any infection often enough.")
        return
    st.button(
        f"Use the threshold with the lowest limit of detection, {plain(lowest.point.threshold, 5)}",
        icon=":material/my_location:",
        key="sample-best",
        disabled=abs(lowest.point.threshold - inputs.threshold) < 1e-12,
        on_click=lambda: _again(threshold=lowest.point.threshold),
    )
    st.markdown(_at_worst(lowest, inputs))
    st.caption(
        "Here each rate has half a case added on either side, so that no threshold wins by a false-positive rate of 0 "
        "seen in few cells. The best of thirty is still a little lucky, and at high thresholds patients differ most in "
        "sensitivity: on other patients expect a higher limit."
    )


def _at_worst(choice: ThresholdChoice, inputs: Inputs) -> str:
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


# Overdispersion


def overdispersion(scores: Scores | None, inputs: Inputs) -> None:
    """Explain overdispersion in two sentences, and estimate it."""
    st.header("Overdispersion: how much slides differ", anchor="overdispersion")
    st.markdown(
        "One slide is stained badly and full of dirt, the next is clean, so false alarms come in clusters, and a count "
        "that would be strange on an average healthy slide is not strange on a dirty one. The overdispersion measures "
        "this between 0 (all slides alike) and 1 (each slide all or nothing), and no number of cells averages it away, "
        "because they are all from one slide."
    )
    if scores is None:
        _absent()
        return
    rows = []
    for reading in scores.readings:
        held_out = scores.held_out(reading)
        hit = pd.Series(held_out.p_parasitized >= inputs.threshold)[~held_out.infected]
        by_patient = hit.groupby(held_out.patient[~held_out.infected])
        try:
            fit = fit_overdispersion(by_patient.sum(), by_patient.size())
        except SampleError as error:
            rows.append([READING_WORDS[reading], "–", "–", literal(str(error))])
            continue
        low, high = fit.interval
        rate_low, rate_high = fit.rate_interval
        rows.append(
            [
                READING_WORDS[reading],
                f"{plain(fit.value)} ({plain(low)} to {plain(high)})",
                f"{percent(fit.rate)} ({percent(rate_low)} to {percent(rate_high)})",
                f"{fit.patients}",
            ]
        )
    table(
        f"Uninfected cells, {scores.name}, at threshold {plain(inputs.threshold, 5)}",
        ["Labels", "Overdispersion", "False-positive rate", "Patients"],
        rows,
    )
    st.caption(
        "Beta-binomial maximum likelihood over patients, with 95 % profile-likelihood intervals. Where labels are "
        "wrong on some slides more than on others, that looks like overdispersion too."
    )


# The real check


def check(scores: Scores | None, point: OperatingPoint | None, inputs: Inputs) -> None:
    """Decide the held-out patients by the rule, predicted beside observed."""
    st.header("The real check: held-out patients decided by the rule", anchor="check")
    if scores is None or point is None:
        _absent()
        return
    result = real_check(
        scores.held_out(reading_of(scores, inputs)),
        inputs.threshold,
        point.rates,
        inputs.target_specificity,
        scores.infected_patients,
    )
    table(
        f"Decided by the count threshold for the number of each patient's cells: {scores.name}",
        ["", "Predicted", "Observed", "95 % interval"],
        [
            _shares("Infected patients called positive", result.sensitivity),
            _shares("Healthy patients called negative", result.specificity),
        ],
    )
    st.markdown(_OF_A_BATCH if brought() else cited(words("check.md")))
    _patients(result)


def _shares(name: str, share: SharePredicted | None) -> list[str]:
    if share is None:
        return [name, "–", "no such patients", "–"]
    low, high = share.interval
    return [
        name,
        percent(share.predicted),
        f"{share.observed.events:.0f} of {share.observed.trials:.0f}, {percent(share.observed.estimate)}",
        f"{percent(low)} to {percent(high)}",
    ]


def _patients(result: RealCheck) -> None:
    wrong = result.patients[result.patients["called_positive"] != result.patients["infected"]]
    if not wrong.empty:
        more = f", the first {_LISTED} of {len(wrong)}" if len(wrong) > _LISTED else ""
        table(
            f"The patients called otherwise than they are{more}",
            ["Patient", "Is", "Infected of cells", "Flagged", "Positive at", "Predicted positive"],
            [
                [
                    str(row["patient"]),
                    "infected" if row["infected"] else "healthy",
                    f"{row['infected_cells']} of {row['cells']}",
                    str(row["flagged"]),
                    str(row["count_threshold"]),
                    percent(row["predicted"]),
                ]
                for row in wrong.head(_LISTED).to_dict("records")
            ],
        )
    st.download_button(
        "All patients as CSV",
        to_csv(result.patients),
        "patients.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _absent() -> None:
    st.markdown(
        "This needs the scores of held-out cells. The picked model came without them; train it again with "
        "`python -m malaria train`, which writes them beside it, or bring a batch with patients from the batch page."
    )
