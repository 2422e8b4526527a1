"""What the held-out patients show: how much slides differ, and how the rule decides them."""

from typing import Final

import pandas as pd
import streamlit as st

from malaria.cells import to_csv
from malaria.errors import SampleError
from malaria.report.html import render_table
from malaria.sample import OperatingPoint, RealCheck, Scores, SharePredicted, fit_overdispersion, real_check
from malaria.ui.parts.downloads import offer_download
from malaria.ui.parts.text import literal
from malaria.ui.sample.inputs import Inputs
from malaria.ui.sample.rates import get_brought, pick_reading
from malaria.ui.sample.text import NEEDS_SCORES, cite, name_labels, read_words
from malaria.wording.numbers import percent, plain

_OF_A_BATCH: Final = (
    "This does **not** show that the rule works in a clinic. The predicted figures use rates measured on the same "
    "patients, and the share of infected cells is that of the batch, not of a smear."
)
_LISTED: Final = 12  # patients named on the page; all are in the file


def draw_overdispersion(scores: Scores | None, inputs: Inputs) -> None:
    """Explain overdispersion in two sentences, and estimate it."""
    st.header("Overdispersion: how much slides differ", anchor="overdispersion")
    st.markdown(
        "One slide is badly stained and full of dirt, and the next is clean. So false alarms cluster: a count that "
        "would be unusual on an average healthy slide is normal on a dirty one. Overdispersion measures this from 0 "
        "(all slides alike) to 1 (each slide all or nothing). Reading more cells does not average it away, because "
        "they all come from the same slide."
    )
    if scores is None:
        st.markdown(NEEDS_SCORES)
        return
    rows = []
    for reading in scores.readings:
        scored = scores.cells(reading)
        hit = pd.Series(scored.p_parasitized >= inputs.threshold)[~scored.infected]
        by_patient = hit.groupby(scored.patient[~scored.infected])
        try:
            fit = fit_overdispersion(by_patient.sum(), by_patient.size())
        except SampleError as error:
            rows.append([name_labels(scores, reading), "–", "–", literal(str(error))])
            continue
        low, high = fit.interval
        rate_low, rate_high = fit.rate_interval
        rows.append(
            [
                name_labels(scores, reading),
                f"{plain(fit.value)} ({plain(low)} to {plain(high)})",
                f"{percent(fit.rate)} ({percent(rate_low)} to {percent(rate_high)})",
                f"{fit.patients}",
            ]
        )
    st.html(
        render_table(
            f"Uninfected cells, {scores.name}, at threshold {plain(inputs.threshold, 5)}",
            ["Labels", "Overdispersion", "False-positive rate", "Patients"],
            rows,
        )
    )
    st.caption(
        "Beta-binomial maximum likelihood over patients, with 95 % profile-likelihood intervals. If some slides have "
        "more wrong labels than others, that looks like overdispersion too."
    )


def draw_check(scores: Scores | None, point: OperatingPoint | None, inputs: Inputs) -> None:
    """Decide the held-out patients by the rule, predicted beside observed."""
    whose = "The patients of this batch," if get_brought() else "The real check: held-out patients"
    st.header(f"{whose} decided by the rule", anchor="check")
    if scores is None or point is None:
        st.markdown(NEEDS_SCORES)
        return
    result = real_check(
        scores.cells(pick_reading(scores, inputs)),
        inputs.threshold,
        point.rates,
        inputs.target_specificity,
        scores.infected_patients,
    )
    st.html(
        render_table(
            f"Decided by the count threshold for the number of each patient's cells: {scores.name}",
            ["", "Predicted", "Observed", "95 % interval"],
            [
                _make_row("Infected patients called positive", result.sensitivity),
                _make_row("Healthy patients called negative", result.specificity),
            ],
        )
    )
    st.markdown(f"{_OF_A_BATCH} {literal(scores.caution)}" if get_brought() else cite(read_words("check.md")))
    _draw_patients(result)


def _make_row(name: str, share: SharePredicted | None) -> list[str]:
    if share is None:
        return [name, "–", "no such patients", "–"]
    low, high = share.interval
    return [
        name,
        percent(share.predicted),
        f"{share.observed.events:.0f} of {share.observed.trials:.0f}, {percent(share.observed.estimate)}",
        f"{percent(low)} to {percent(high)}",
    ]


def _draw_patients(result: RealCheck) -> None:
    wrong = result.patients[result.patients["called_positive"] != result.patients["infected"]]
    if not wrong.empty:
        more = f", the first {_LISTED} of {len(wrong)}" if len(wrong) > _LISTED else ""
        st.html(
            render_table(
                f"Patients called wrongly{more}",
                ["Patient", "Is", "Infected cells", "Flagged", "Positive at", "Predicted positive"],
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
        )
    offer_download("All patients as CSV", lambda: to_csv(result.patients), "patients.csv")
