"""The answer in words, and as files: the same numbers that `python -m malaria sample` gives."""

import json
from dataclasses import asdict
from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from malaria.cells import to_csv
from malaria.sample import RuleInterval, SampleRule, summary
from malaria.ui.parts.downloads import offer_download
from malaria.ui.sample.inputs import Inputs
from malaria.wording.numbers import per_ul, percent, plain
from malaria.wording.words import count


def say_answer(rule: SampleRule, red_cells_per_ul: float) -> str:
    """Return the answer as one sentence that needs no statistics."""
    cells = f"With {count(rule.cells, 'cell')}"
    if rule.count_threshold > rule.cells:
        return (
            f"{cells}, no sample can be called positive: even all of them flagged would be too common in healthy ones."
        )
    number = f"{rule.count_threshold:,} or more flagged cells" if rule.count_threshold < rule.cells else "all flagged"
    positive = f"{cells}, call the sample positive at {number}"
    limit = rule.limit_of_detection
    if limit is None:
        return f"{positive}; no infection, however heavy, is then found often enough."
    return (
        f"{positive}; infections below {percent(limit, 2)} of cells "
        f"({per_ul(limit, red_cells_per_ul).replace('/µL', ' parasites per microlitre')}) will often be missed."
    )


def say_certainty(interval: RuleInterval | None, red_cells_per_ul: float) -> str:
    """Return how sure the answer is, given how well the rates of cells are known."""
    if interval is None:
        return "The rates are taken as exactly known: they were typed in, or came without their numbers of cells."
    (fewest, most), (low, high) = interval.count_threshold, interval.limit_of_detection
    if low is None:
        limits = "whether anything is detected is uncertain"
    elif high is None:
        limits = f"the limit of detection is {percent(low)} of cells at best, and there may be none"
    else:
        limits = (
            f"the limit of detection lies between {percent(low)} and {percent(high)} of cells "
            f"({per_ul(low, red_cells_per_ul)} to {per_ul(high, red_cells_per_ul)})"
        )
    return (
        f"As well as the rates of cells are known, the threshold lies between {fewest:,} and {most:,}, and {limits} "
        "(95 % intervals; the overdispersion is taken as known)."
    )


def show(rule: SampleRule, interval: RuleInterval | None, inputs: Inputs) -> None:
    """Draw the answer: one sentence, how well it holds, and how sure it is."""
    words, positive = say_answer(rule, inputs.red_cells_per_ul), rule.count_threshold <= rule.cells
    st.html(Markup('<p class="answer sample-answer" role="status">{}</p>').format(words))
    if positive:
        of = f"{percent(rule.sample_specificity, 4)} of healthy samples stay below {rule.count_threshold:,}"
        found = f"at the limit of detection {percent(rule.target_sensitivity)} of samples reach it"
        st.markdown(f"{of}; {found}." if rule.limit_of_detection else f"{of}.")
    st.markdown(say_certainty(interval, inputs.red_cells_per_ul))


def collect_results(rule: SampleRule, interval: RuleInterval | None, inputs: Inputs) -> dict[str, Any]:
    """Return inputs and answer as the downloads have them: the keys of the command line, and more."""
    return {
        "inputs": asdict(inputs),
        "command": write_command(inputs),
        **summary(rule, inputs.red_cells_per_ul),
        "intervals": None if interval is None else asdict(interval),
        "sensitivity_at_parasitaemia": rule.sensitivity_at(inputs.parasitaemia),
    }


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
    given = " ".join(f"--{name} {plain(value, 17)}" for name, value in options.items())
    return f"python -m malaria sample {given} --json -"


def offer_downloads(answer: dict[str, Any]) -> None:
    """Draw both downloads, the command line and how to print."""
    lines = pd.DataFrame(_flatten(answer), columns=["name", "value"])
    with st.container(horizontal=True, key="sample-downloads"):
        offer_download("Download as CSV", lambda: to_csv(lines), "sample.csv")
        offer_download("Download as JSON", lambda: json.dumps(answer, indent=2, allow_nan=False) + "\n", "sample.json")
    st.markdown("The same numbers on the command line:")
    st.code(answer["command"], language=None, wrap_lines=True)
    st.caption(
        "The address of this page holds every input: whoever opens it sees this calculation. Printed by the browser, "
        "the page leaves out its controls and keeps answer, inputs, pictures and text."
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
