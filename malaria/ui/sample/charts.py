"""The page's charts: drawn from `malaria.sample`, told apart without colour, each with its content in a sentence."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from malaria.sample import (
    SampleRoc,
    SampleRule,
    ThresholdChoice,
    histogram,
    predictive_values,
    quantile,
)
from malaria.ui.parts import plots
from malaria.ui.parts.plots import BLUE, GREY, ORANGE, show
from malaria.wording.numbers import per_ul, percent, plain
from malaria.wording.words import count

_HEIGHT: Final = 340
_BARS: Final = 60
_DECADES: Final = np.arange(-6, 1)


def draw_distributions(rule: SampleRule, parasitaemia: float, red_cells_per_ul: float) -> None:
    """The counts of flagged cells in healthy and in infected samples, and the count threshold between them."""
    rates, cells, least = rule.rates, rule.cells, rule.count_threshold
    ends = [quantile(tail, cells, p, rates) for p in (0.0, parasitaemia) for tail in (0.0005, 0.9995)]
    low, high = max(0, min(*ends, least) - 1), min(cells, max(*ends, least) + 1)
    step = max(1, -(-(high - low + 1) // _BARS))
    first = least - step * -(-(least - low) // step)  # so that one bar begins at the threshold
    edges = list(range(first, high + step, step))
    counted = np.clip([*edges, edges[-1] + step], 0, cells + 1).tolist()
    named = [f"{max(0, edge):,}" + (f" to {min(cells, edge + step - 1):,}" if step > 1 else "") for edge in edges]
    figure = plots.new_figure("Flagged cells in the sample", "Share of samples", _HEIGHT, legend=True)
    for p, name, colour, shape in ((0.0, "healthy", BLUE, ""), (parasitaemia, "infected", ORANGE, "/")):
        shares = histogram(counted, cells, p, rates)
        figure.add_bar(
            x=np.array(edges) + (step - 1) / 2,
            y=shares,
            width=step,
            name=f"{'○' if p == 0 else '●'} {name}" + ("" if p == 0 else f", {percent(p)} of cells"),
            marker={"color": colour, "pattern": {"shape": shape}, "line": {"width": 0}},
            opacity=0.75,
            customdata=[f"{flagged} flagged: {percent(share)}" for flagged, share in zip(named, shares, strict=True)],
            hovertemplate=f"%{{customdata}} of {name} samples<extra></extra>",
        )
    figure.update_layout(barmode="overlay")
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    _add_line(figure, least - 0.5, f"positive from {least:,}")
    missed, alarm = 1 - rule.sensitivity_at(parasitaemia), 1 - rule.sample_specificity
    told = (
        f"Of healthy samples {percent(alarm)} reach {count(least, 'flagged cell')} and are called positive in error; "
        f"of samples with {percent(parasitaemia)} infected cells ({per_ul(parasitaemia, red_cells_per_ul)}) "
        f"{percent(missed)} stay below and are missed."
    )
    show(figure, "sample-distributions", told, title="How many cells are flagged", caption=True)


def draw_detection(
    rule: SampleRule,
    interval: tuple[float | None, float | None] | None,
    landmarks: Sequence[tuple[float, str]],
    red_cells_per_ul: float,
) -> None:
    """The probability of being called positive against parasitaemia, with the limit of detection and landmarks."""
    lowest = min([share for share, _ in landmarks] + [rule.limit_of_detection or 1.0]) / 3
    shares = np.geomspace(max(1e-7, min(lowest, 1e-4)), 1, 60)
    figure = plots.new_figure("Parasitaemia, and infected cells per µL", "Probability of being called positive", 400)
    figure.add_scatter(
        x=shares,
        y=[rule.sensitivity_at(float(share)) for share in shares],
        mode="lines",
        line={"color": BLUE, "width": 2.5},
        customdata=[f"{percent(share)} ({per_ul(share, red_cells_per_ul)})" for share in shares],
        hovertemplate="%{customdata}: called positive with probability %{y:.3f}<extra></extra>",
    )
    for share, name in landmarks:
        if shares[0] <= share <= 1:
            _add_landmark(figure, share, name, at_top=rule.sensitivity_at(share) < 0.5)
    limit = rule.limit_of_detection
    if limit:
        ends = [limit if end is None else end for end in interval] if interval else [limit, limit]
        figure.add_scatter(
            x=[limit],
            y=[rule.target_sensitivity],
            mode="markers",
            marker={"color": ORANGE, "size": 13, "symbol": "diamond"},
            error_x=plots.error_bars([limit], ends[0], ends[1]),
            hovertemplate=f"limit of detection {percent(limit, 4)}<extra></extra>",
        )
    _set_parasitaemia_axis(figure, shares[0], red_cells_per_ul)
    figure.update_yaxes(range=[-0.02, 1.05], tickformat=".0%")
    at = (
        f"The limit of detection, the diamond, is at {percent(limit, 4)} of cells ({per_ul(limit, red_cells_per_ul)}): "
        f"there {percent(rule.target_sensitivity)} of samples are called positive. "
        if limit
        else "There is no limit of detection: no parasitaemia is called positive often enough. "
    )
    marked = [f"{name}: {percent(rule.sensitivity_at(share))}" for share, name in landmarks if shares[0] <= share <= 1]
    listed = f"Called positive at the landmarks: {'; '.join(marked)}."
    show(figure, "sample-detection", at + listed, title="What is detected, by parasitaemia", caption=True)


def draw_against_cells(
    cells: Sequence[int], curves: Sequence[tuple[float, Sequence[SampleRule]]], now: int, red_cells_per_ul: float
) -> None:
    """Limit of detection and count threshold against the number of cells, one line for each overdispersion."""
    looks = [("solid", "circle", BLUE), ("dash", "diamond", ORANGE), ("dot", "square", GREY), ("dashdot", "x", GREY)]
    limits = plots.new_figure("Cells read", "Limit of detection", _HEIGHT, legend=True)
    counts = plots.new_figure("Cells read", "Count threshold", _HEIGHT, legend=True)
    for (rho, rules), (dash, symbol, colour) in zip(curves, looks, strict=False):
        look: dict[str, Any] = {
            "x": list(cells),
            "mode": "lines+markers",
            "name": "slides alike" if rho == 0 else f"overdispersion {plain(rho)}",
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
    for figure in (limits, counts):
        figure.update_xaxes(type="log", tickvals=[10**n for n in range(8)], ticktext=_write_powers(range(8)))
        figure.update_yaxes(type="log")
        _add_line(figure, np.log10(now), f"{now:,}", log=now)
    _set_percent_axis(limits)
    counts.update_yaxes(tickvals=[10**n for n in range(8)], ticktext=_write_powers(range(8)))
    last = [(rho, rules[-1].limit_of_detection) for rho, rules in curves]
    named = "; ".join(
        f"{'slides alike' if rho == 0 else f'at overdispersion {plain(rho)}'}: "
        + ("none" if limit is None else f"{percent(limit)} ({per_ul(limit, red_cells_per_ul)})")
        for rho, limit in last
    )
    told = f"Limit of detection with {count(cells[-1], 'cell')}; {named}."
    told += " Reading more cells helps little once slides differ."
    left, right = st.columns(2)
    with left:
        show(limits, "sample-limit-by-cells", told, title="Limit of detection against the cells read", caption=True)
    with right:
        thresholds = "; ".join(f"{rules[-1].count_threshold:,}" for _, rules in curves)
        told = f"Count thresholds with {count(cells[-1], 'cell')}, in the order of the legend: {thresholds}."
        show(counts, "sample-count-by-cells", told, title="Count threshold against the cells read", caption=True)


def draw_trust(rule: SampleRule, parasitaemia: float, prevalence: float) -> None:
    """Predictive values against prevalence, for infections at `parasitaemia`."""
    sensitivity, specificity = rule.sensitivity_at(parasitaemia), rule.sample_specificity
    share = np.geomspace(0.001, 0.999, 80)
    positive, negative = predictive_values(share, sensitivity, specificity)
    figure = plots.new_figure("Prevalence: infected among those tested", "Predictive value", _HEIGHT, legend=True)
    for values, name, dash, colour in (
        (positive, "called positive, and infected", "solid", ORANGE),
        (negative, "called negative, and healthy", "dash", BLUE),
    ):
        figure.add_scatter(
            x=share,
            y=values,
            mode="lines",
            name=name,
            line={"dash": dash, "color": colour, "width": 2.5},
            customdata=[f"prevalence {percent(x)}: {percent(y)}" for x, y in zip(share, values, strict=True)],
            hovertemplate=f"%{{customdata}} {name}<extra></extra>",
        )
    _add_line(figure, np.log10(max(prevalence, 1e-3)), percent(prevalence), log=max(prevalence, 1e-3))
    figure.update_xaxes(type="log", tickvals=[0.001, 0.01, 0.1, 1], ticktext=["0.1 %", "1 %", "10 %", "100 %"])
    figure.update_yaxes(range=[-0.02, 1.05], tickformat=".0%")
    now = [float(value) for value in predictive_values(prevalence, sensitivity, specificity)]
    words = ["–" if np.isnan(value) else percent(value) for value in now]
    told = (
        f"With {percent(prevalence)} of those tested infected, {words[0]} of the samples called positive are infected "
        f"and {words[1]} of those called negative are healthy."
    )
    show(figure, "sample-trust", told, title=f"Predictive values, infections at {percent(parasitaemia)}", caption=True)


def draw_sample_roc(curve: SampleRoc, rule: SampleRule, parasitaemia: float) -> None:
    """The sample ROC over count thresholds, with the rule's on it."""
    figure = plots.new_figure("Healthy samples called positive", "Infected samples called positive", _HEIGHT)
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
    figure = plots.new_figure("Uninfected cells flagged in error", "Limit of detection", _HEIGHT, legend=True)
    figure.add_scatter(
        x=[choice.rule.rates.false_positive_rate for choice in able],
        y=[choice.rule.limit_of_detection for choice in able],
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        customdata=[_describe(choice) for choice in able],
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
    )
    for choice, name, symbol, colour in ((now, "now", "circle-open", GREY), (best, "lowest", "diamond", ORANGE)):
        if choice and choice.rule.limit_of_detection:
            figure.add_scatter(
                x=[choice.rule.rates.false_positive_rate],
                y=[choice.rule.limit_of_detection],
                mode="markers",
                name=f"{name}: threshold {plain(choice.point.threshold, 5)}",
                marker={"color": colour, "size": 15, "symbol": symbol, "line": {"width": 3}},
                hovertemplate=f"{_describe(choice)}<extra></extra>",
            )
    figure.update_xaxes(
        type="log", tickvals=10.0**_DECADES, ticktext=[percent(10.0 ** int(n)) for n in _DECADES], autorange=True
    )
    figure.update_yaxes(type="log")
    _set_percent_axis(figure)
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


def _add_line(figure: go.Figure, x: float, text: str, *, log: float | None = None) -> None:
    """Mark one place of the x axis. Shapes take the value and annotations its logarithm where the axis is one."""
    place = log or x
    dashed = {"color": GREY, "dash": "dash", "width": 2}
    figure.add_shape(type="line", x0=place, x1=place, y0=0, y1=1, yref="paper", line=dashed)
    figure.add_annotation(x=x, y=1, yref="paper", text=text, showarrow=False, yanchor="bottom", font={"size": 12})
    figure.update_layout(legend_y=1.1)  # above that text


def _add_landmark(figure: go.Figure, share: float, text: str, *, at_top: bool) -> None:
    """Mark a parasitaemia with its name along the line, where the curve is not."""
    dotted = {"color": GREY, "dash": "dot", "width": 1.5}
    figure.add_shape(type="line", x0=share, x1=share, y0=0, y1=1, yref="paper", line=dotted)
    place = {"y": 0.98, "yanchor": "top"} if at_top else {"y": 0.02, "yanchor": "bottom"}
    look = {"textangle": -90, "showarrow": False, "xanchor": "right", "font": {"size": 12}}
    figure.add_annotation(x=np.log10(share), yref="paper", text=text, **place, **look)


def _set_parasitaemia_axis(figure: go.Figure, lowest: float, red_cells_per_ul: float) -> None:
    decades = [10.0 ** int(n) for n in np.arange(np.ceil(np.log10(lowest)), 1)]
    ticks = [f"{percent(share)}<br>{_shorten(share * red_cells_per_ul)}/µL" for share in decades]
    figure.update_xaxes(type="log", tickvals=decades, ticktext=ticks, tickangle=0, range=[np.log10(lowest), 0.02])


def _shorten(number: float) -> str:
    """Return a density as short as a phone needs it: 50, 5k, 5M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            return plain(number / size, 2) + letter
    return plain(number, 2)


def _set_percent_axis(figure: go.Figure) -> None:
    shares = [factor * 10.0 ** int(n) for n in _DECADES for factor in (1, 3)]
    figure.update_yaxes(tickvals=shares, ticktext=[percent(share) for share in shares])


def _write_powers(exponents: range) -> list[str]:
    return [f"{10**n:,}" for n in exponents]
