"""The charts behind the tabs: cells read, trust, thresholds of the model, costs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from malaria.sample import SampleCost, SampleRoc, SampleRule, ThresholdChoice, predictive_values
from malaria.ui.parts import plots
from malaria.ui.parts.plots import BLUE, GREY, ORANGE, show
from malaria.ui.sample.axes import DECADES, HEIGHT, add_label, add_line, set_percent_axis, write_powers
from malaria.wording.numbers import per_ul, percent, plain
from malaria.wording.words import count


def draw_against_cells(
    cells: Sequence[int], curves: Sequence[tuple[float, Sequence[SampleRule]]], now: int, red_cells_per_ul: float
) -> None:
    """Limit of detection and count threshold against the number of cells, one line for each overdispersion."""
    looks = [("solid", "circle", BLUE), ("dash", "diamond", ORANGE), ("dot", "square", GREY), ("dashdot", "x", GREY)]
    limits = plots.new_figure("Cells read", "Limit of detection", HEIGHT)
    counts = plots.new_figure("Cells read", "Count threshold", HEIGHT)
    for (rho, rules), (dash, symbol, colour) in zip(curves, looks, strict=False):
        look: dict[str, Any] = {
            "x": list(cells),
            "mode": "lines+markers",
            "line": {"dash": dash, "color": colour},
            "marker": {"symbol": symbol, "size": 7},
        }
        found = [rule.limit_of_detection for rule in rules]
        limits.add_scatter(
            y=found,
            customdata=[None if share is None else percent(share) for share in found],
            hovertemplate="cells read: %{x:,}, limit: %{customdata}<extra></extra>",
            **look,
        )
        counts.add_scatter(
            y=[rule.count_threshold for rule in rules],
            hovertemplate="cells read: %{x:,}, positive from %{y:,}<extra></extra>",
            **look,
        )
        for figure, last in ((limits, found[-1]), (counts, rules[-1].count_threshold)):
            if last:
                at_end = {"xanchor": "left", "xshift": 6, "font": {"size": 12}}
                add_label(figure, np.log10(cells[-1]), np.log10(last), _name_slides(rho, short=True), **at_end)
    ticks = {"tickvals": [10**n for n in range(8)], "ticktext": write_powers(range(8))}
    for figure in (limits, counts):
        figure.update_xaxes(type="log", range=[1.9, 6.9], **ticks)  # room for the labels at the ends of the lines
        add_line(figure, np.log10(now), f"{now:,}", log=now)
    set_percent_axis(limits)
    counts.update_yaxes(type="log", **ticks)
    named = "; ".join(
        f"{_name_slides(rho)}: "
        + ("none" if limit is None else f"{percent(limit)} ({per_ul(limit, red_cells_per_ul)})")
        for rho, limit in ((rho, rules[-1].limit_of_detection) for rho, rules in curves)
    )
    thresholds = "; ".join(f"{_name_slides(rho)}: {rules[-1].count_threshold:,}" for rho, rules in curves)
    most = count(cells[-1], "cell")
    left, right = st.columns(2)
    with left:
        told = f"With {most}, by the overdispersion: {named}. Once slides differ, more cells help little."
        show(limits, "sample-limit-by-cells", told, title="Limit of detection, by cells read", caption=True)
    with right:
        told = f"With {most}, by the overdispersion: {thresholds}."
        show(counts, "sample-count-by-cells", told, title="Count threshold, by cells read", caption=True)


def _name_slides(rho: float, *, short: bool = False) -> str:
    if rho == 0:
        return "alike" if short else "slides alike"
    return plain(rho, 2 if short else 3)


def draw_trust(rule: SampleRule, parasitaemia: float, prevalence: float) -> None:
    """Predictive values against prevalence, for infections at `parasitaemia`."""
    sensitivity, specificity = rule.sensitivity_at(parasitaemia), rule.sample_specificity
    share = np.geomspace(0.001, 0.999, 80)
    positive, negative = predictive_values(share, sensitivity, specificity)
    figure = plots.new_figure("Prevalence: share of tested people who are infected", "Predictive value", HEIGHT)
    for values, name, dash, colour in (
        (positive, "called positive, and infected", "solid", ORANGE),
        (negative, "called negative, and healthy", "dash", BLUE),
    ):
        figure.add_scatter(
            x=share,
            y=values,
            mode="lines",
            line={"dash": dash, "color": colour, "width": 2.5},
            customdata=[f"prevalence {percent(x)}: {percent(y)}" for x, y in zip(share, values, strict=True)],
            hovertemplate=f"%{{customdata}} {name}<extra></extra>",
        )
    below = {"xanchor": "left", "yanchor": "top", "align": "left", "xshift": 6, "font": {"size": 12}}
    add_label(figure, -2.97, float(negative[0]), "called negative,<br>and healthy", **below)
    add_label(figure, -1, float(np.interp(0.1, share, positive)), "called positive,<br>and infected", **below)
    add_line(figure, np.log10(max(prevalence, 1e-3)), percent(prevalence), log=max(prevalence, 1e-3))
    figure.update_xaxes(type="log", tickvals=[0.001, 0.01, 0.1, 1], ticktext=["0.1 %", "1 %", "10 %", "100 %"])
    figure.update_yaxes(range=[-0.02, 1.05], tickformat=".0%")
    now = [float(value) for value in predictive_values(prevalence, sensitivity, specificity)]
    words = ["–" if np.isnan(value) else percent(value) for value in now]
    told = (
        f"With {percent(prevalence)} of the people tested infected, {words[0]} of samples called positive are "
        f"infected, and {words[1]} of samples called negative are healthy."
    )
    show(figure, "sample-trust", told, title=f"Predictive values, infections at {percent(parasitaemia)}", caption=True)


def draw_sample_roc(curve: SampleRoc, rule: SampleRule, parasitaemia: float) -> None:
    """The sample ROC over count thresholds, with the rule's on it."""
    figure = plots.new_figure("Healthy samples called positive", "Infected samples called positive", HEIGHT)
    plots.add_diagonal(figure)
    figure.add_scatter(
        x=curve.false_positive_rate,
        y=curve.sensitivity,
        mode="lines+markers",
        line={"color": BLUE, "width": 2.5},
        marker={"size": 5},
        customdata=[
            f"positive from {least:,}: {percent(found)} found, {percent(alarm)} false alarms"
            for least, found, alarm in zip(curve.counts, curve.sensitivity, curve.false_positive_rate, strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    found, alarm = rule.sensitivity_at(parasitaemia), 1 - rule.sample_specificity
    figure.add_scatter(
        x=[alarm],
        y=[found],
        mode="markers",
        marker={"color": ORANGE, "size": 13, "symbol": "diamond"},
        hovertemplate=f"positive from {rule.count_threshold:,}<extra></extra>",
    )
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%")
    figure.update_yaxes(range=[-0.02, 1.05], tickformat=".0%")
    told = (
        f"At {rule.count_threshold:,} or more flagged cells, the diamond, {percent(found)} of samples at "
        f"{percent(parasitaemia)} parasitaemia and {percent(alarm)} of healthy ones are called positive."
    )
    show(
        figure,
        "sample-roc",
        told,
        title=f"Sample ROC over the count threshold, infections at {percent(parasitaemia)}",
        caption=True,
    )


def draw_thresholds(
    choices: Sequence[ThresholdChoice], now: ThresholdChoice, best: ThresholdChoice | None, red_cells_per_ul: float
) -> None:
    """The limit of detection at every threshold of the model, by the false-positive rate of the cells."""
    able = [choice for choice in choices if choice.rule.limit_of_detection]
    figure = plots.new_figure("Uninfected cells flagged in error", "Limit of detection", HEIGHT)
    figure.add_scatter(
        x=[choice.rule.rates.false_positive_rate for choice in able],
        y=[choice.rule.limit_of_detection for choice in able],
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        customdata=[_describe(choice) for choice in able],
        hovertemplate="%{customdata}<extra></extra>",
    )
    for choice, name, symbol, colour in ((now, "now", "circle-open", GREY), (best, "lowest", "diamond", ORANGE)):
        if choice and choice.rule.limit_of_detection:
            figure.add_scatter(
                x=[choice.rule.rates.false_positive_rate],
                y=[choice.rule.limit_of_detection],
                mode="markers",
                marker={"color": colour, "size": 15, "symbol": symbol, "line": {"width": 3, "color": colour}},
                hovertemplate=f"{_describe(choice)}<extra></extra>",
            )
            above = {"yanchor": "bottom", "yshift": 10} if name == "now" else {"yanchor": "top", "yshift": -10}
            x, y = np.log10([choice.rule.rates.false_positive_rate, choice.rule.limit_of_detection]).tolist()
            add_label(figure, x, y, f"{name}: {plain(choice.point.threshold, 5)}", **above)
    figure.update_xaxes(
        type="log", tickvals=10.0**DECADES, ticktext=[percent(10.0 ** int(n)) for n in DECADES], autorange=True
    )
    set_percent_axis(figure)
    told = f"Now: {_describe(now)}."
    if best and best.rule.limit_of_detection:
        told += f" Lowest: {_describe(best)}, that is {per_ul(best.rule.limit_of_detection, red_cells_per_ul)}."
    show(figure, "sample-thresholds", told, title="Limit of detection at every threshold of the model", caption=True)


def _describe(choice: ThresholdChoice) -> str:
    limit = choice.rule.limit_of_detection
    return (
        f"threshold {plain(choice.point.threshold, 5)}, sensitivity {percent(choice.point.sensitivity.estimate, 4)}, "
        f"false alarms {percent(choice.point.false_positive_rate.estimate)}, positive from "
        f"{choice.rule.count_threshold:,}, limit of detection {'none' if limit is None else percent(limit)}"
    )


def draw_costs(costs: Sequence[SampleCost], least: SampleCost, now: SampleCost) -> None:
    """What each count threshold costs, with the one that costs least and the one of the answer."""
    figure = plots.new_figure("Count threshold", "Expected cost, in false alarms", HEIGHT)
    figure.add_scatter(
        x=[cost.count_threshold for cost in costs],
        y=[cost.expected_cost for cost in costs],
        mode="lines+markers",
        line={"color": BLUE, "width": 2.5},
        marker={"size": 5},
        customdata=[_describe_cost(cost) for cost in costs],
        hovertemplate="%{customdata}<extra></extra>",
    )
    marked = [(least, "least", "diamond", ORANGE)]
    if now.count_threshold != least.count_threshold:
        marked.append((now, "the answer above", "circle-open", GREY))
    for cost, name, symbol, colour in marked:
        figure.add_scatter(
            x=[cost.count_threshold],
            y=[cost.expected_cost],
            mode="markers",
            marker={"color": colour, "size": 14, "symbol": symbol, "line": {"width": 3, "color": colour}},
            hovertemplate=f"{_describe_cost(cost)}<extra></extra>",
        )
        above = {"yanchor": "bottom", "yshift": 10} if name == "least" else {"yanchor": "top", "yshift": -10}
        add_label(figure, cost.count_threshold, cost.expected_cost, f"{name}: {cost.count_threshold:,}", **above)
    figure.update_yaxes(rangemode="tozero")
    told = f"Least: {_describe_cost(least)}."
    if len(marked) > 1:
        told += f" The answer above: {_describe_cost(now)}."
    show(figure, "sample-costs", told, title="What each count threshold costs", caption=True)


def _describe_cost(cost: SampleCost) -> str:
    return (
        f"positive from {cost.count_threshold:,}, {plain(cost.expected_cost)} false alarms per person tested, "
        f"{percent(cost.sensitivity)} of infected samples found, {percent(cost.specificity)} of healthy ones cleared"
    )
