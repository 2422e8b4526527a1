"""The answer in words, and as files: the same numbers that `python -m malaria sample` gives."""

import json
from dataclasses import asdict
from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from malaria.cells import to_csv
from malaria.sample import RuleInterval, SampleRule, limit_of_detection, summarize_cost, summary
from malaria.ui.parts.downloads import offer_download
from malaria.ui.sample.inputs import Inputs
from malaria.wording.numbers import per_ul, percent, plain
from malaria.wording.words import count


def say_answer(rule: SampleRule, red_cells_per_ul: float) -> str:
    """Return the answer as one sentence that needs no statistics."""
    cells = f"With {count(rule.cells, 'cell')}"
    if rule.count_threshold > rule.cells:
        return (
            f"{cells}, no sample can be called positive: even with every cell flagged, the sample could too easily be "
            "healthy."
        )
    number = f"{rule.count_threshold:,} or more flagged cells" if rule.count_threshold < rule.cells else "all flagged"
    positive = f"{cells}, call the sample positive at {number}"
    limit = rule.limit_of_detection
    if limit is None:
        return f"{positive}. No infection, however heavy, is then found often enough."
    density = per_ul(limit, red_cells_per_ul).replace("/µL", " parasites per microlitre")
    found = (
        f"{percent(rule.target_sensitivity)} of infections with {percent(limit, 2)} of cells infected ({density}) "
        "are found"
    )
    half = limit_of_detection(rule.count_threshold, rule.cells, rule.rates, 0.5)
    missed = f"; below {percent(half, 2)}, most are missed" if half else ""
    return f"{positive}. Then {found}{missed}."


def say_certainty(interval: RuleInterval | None, red_cells_per_ul: float) -> str:
    """Return how sure the answer is, given how well the rates of cells are known."""
    if interval is None:
        return "The rates are treated as exact: they were typed in, or came without numbers of cells."
    (fewest, most), (low, high) = interval.count_threshold, interval.limit_of_detection
    if low is None:
        limits = "it is uncertain whether any infection is detected"
    elif high is None:
        limits = f"the limit of detection is {percent(low)} of cells at best, and there may be none"
    else:
        limits = (
            f"the limit of detection lies between {percent(low)} and {percent(high)} of cells "
            f"({per_ul(low, red_cells_per_ul)} to {per_ul(high, red_cells_per_ul)})"
        )
    return (
        f"Given how well the cell rates are known, the threshold lies between {fewest:,} and {most:,}, and {limits} "
        "(95 % intervals)."
    )


def show(rule: SampleRule, interval: RuleInterval | None, inputs: Inputs) -> None:
    """Draw the answer: one sentence, how well it holds, and how sure it is."""
    words = say_answer(rule, inputs.red_cells_per_ul)
    st.html(Markup('<p class="answer sample-answer" role="status">{}</p>').format(words))
    said = say_certainty(interval, inputs.red_cells_per_ul)
    if rule.count_threshold <= rule.cells:
        said = f"{percent(rule.sample_specificity, 4)} of healthy samples stay below {rule.count_threshold:,}. {said}"
    st.markdown(said)


def collect_results(rule: SampleRule, interval: RuleInterval | None, inputs: Inputs) -> dict[str, Any]:
    """Return inputs and answer as the downloads have them: the keys of the command line, and more."""
    return {
        "inputs": asdict(inputs),
        "command": write_command(inputs),
        **summary(rule, inputs.red_cells_per_ul),
        **_weigh(rule, inputs),
        "intervals": None if interval is None else asdict(interval),
        "sensitivity_at_parasitaemia": rule.sensitivity_at(inputs.parasitaemia),
    }


def _weigh(rule: SampleRule, inputs: Inputs) -> dict[str, Any]:
    """Return the count that costs least, unless it is certain who is infected."""
    if not 0 < inputs.prevalence < 1:
        return {}
    asked = {"prevalence": inputs.prevalence, "cost_of_missed": inputs.cost_of_missed}
    return {"least_cost": summarize_cost(rule, inputs.parasitaemia, **asked)}


def write_command(inputs: Inputs) -> str:
    """Return the command line that gives the same numbers."""
    rates = inputs.rates
    options = {
        "cells": inputs.cells,
        "sensitivity": rates.sensitivity,
        "false-positive-rate": rates.false_positive_rate,
        "overdispersion": rates.overdispersion,
        "target-sensitivity": inputs.target_sensitivity,
        "target-specificity": inputs.target_specificity,
    }
    if 0 < inputs.prevalence < 1:
        options |= {
            "cost-of-missed": inputs.cost_of_missed,
            "prevalence": inputs.prevalence,
            "parasitaemia": inputs.parasitaemia,
        }
    given = " ".join(f"--{name} {plain(value, 17)}" for name, value in options.items())
    return f"python -m malaria sample {given} --json -"


def offer_downloads(rule: SampleRule, interval: RuleInterval | None, inputs: Inputs) -> None:
    """Draw both downloads, worked out when they are asked for, the command line, and how to print."""

    def collect() -> dict[str, Any]:
        return collect_results(rule, interval, inputs)

    def tabulate() -> str:
        return to_csv(pd.DataFrame(_flatten(collect()), columns=["name", "value"]))

    with st.container(horizontal=True, key="sample-downloads"):
        offer_download("Download as CSV", tabulate, "sample.csv")
        offer_download(
            "Download as JSON", lambda: json.dumps(collect(), indent=2, allow_nan=False) + "\n", "sample.json"
        )
        with st.popover("Link, command line, print", icon=":material/terminal:"):
            st.markdown("The same numbers on the command line:")
            st.code(write_command(inputs), language=None, wrap_lines=True)
            st.caption(
                "The address of this page holds every input: anyone who opens it sees the same calculation. When you "
                "print the page, the controls are left out. The answer, inputs, charts and text stay."
            )


def _flatten(value: dict[str, Any], above: str = "") -> list[tuple[str, Any]]:
    """Return nested results as lines of one name and one value; the ends of an interval become low and high."""
    lines: list[tuple[str, Any]] = []
    for name, entry in value.items():
        if isinstance(entry, dict):
            lines += _flatten(entry, f"{above}{name}.")
        elif isinstance(entry, list | tuple):
            lines += [(f"{above}{name}.{end}", part) for end, part in zip(("low", "high"), entry, strict=True)]
        else:
            lines.append((f"{above}{name}", "" if entry is None else entry))
    return lines
