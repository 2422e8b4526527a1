"""The two charts of the answer: how many cells are flagged, and which infections are found."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from malaria.sample import SampleRule, histogram, quantile
from malaria.ui.parts import plots
from malaria.ui.parts.plots import BLUE, ORANGE, show
from malaria.ui.sample.axes import HEIGHT, add_label, add_landmark, add_line, set_parasitaemia_axis
from malaria.wording.numbers import per_ul, percent
from malaria.wording.words import count

_BARS: Final = 60
_NEAR: Final = 0.3  # of the axis: labels this near each other stand one above the other


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
    figure = plots.new_figure("Flagged cells in the sample", "Share of samples", HEIGHT, top=40)
    middles, peaks = np.array(edges) + (step - 1) / 2, []
    for p, name, colour, shape in ((0.0, "healthy", BLUE, ""), (parasitaemia, "infected", ORANGE, "/")):
        shares = histogram(counted, cells, p, rates)
        figure.add_bar(
            x=middles,
            y=shares,
            width=step,
            marker={"color": colour, "pattern": {"shape": shape}, "line": {"width": 0}},
            opacity=0.75,
            customdata=[f"{flagged} flagged: {percent(share)}" for flagged, share in zip(named, shares, strict=True)],
            hovertemplate=f"%{{customdata}} of {name} samples<extra></extra>",
        )
        peaks.append((float(middles[np.argmax(shares)]), float(shares.max())))
    (healthy, _), (infected, height) = peaks
    near = abs(infected - healthy) < _NEAR * (edges[-1] + step - edges[0])
    top = max(height for _, height in peaks)
    add_label(figure, *peaks[0], "○ healthy", yanchor="bottom")
    above = top if near else height
    add_label(figure, infected, above, f"● {percent(parasitaemia)} infected", yanchor="bottom", yshift=18 * near)
    figure.update_layout(barmode="overlay")
    figure.update_yaxes(tickformat=".0%", range=[0, 1.22 * top])
    add_line(figure, least - 0.5, f"positive from {least:,}")
    missed, alarm = 1 - rule.sensitivity_at(parasitaemia), 1 - rule.sample_specificity
    told = (
        f"{percent(alarm)} of healthy samples reach {count(least, 'flagged cell')}: false alarms. "
        f"{percent(missed)} of samples with {percent(parasitaemia)} infected cells "
        f"({per_ul(parasitaemia, red_cells_per_ul)}) stay below and are missed."
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
    figure = plots.new_figure("Parasitaemia, and infected cells per µL", "Probability of being called positive", 360)
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
            add_landmark(figure, share, name, at_top=rule.sensitivity_at(share) < 0.5)
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
        beside = {"xanchor": "right", "xshift": -14} if limit > shares[0] * 30 else {"xanchor": "left", "xshift": 14}
        add_label(figure, np.log10(limit), rule.target_sensitivity, f"limit {percent(limit)}", **beside)
    set_parasitaemia_axis(figure, shares[0], red_cells_per_ul)
    figure.update_yaxes(range=[-0.02, 1.05], tickformat=".0%")
    at = (
        f"{percent(rule.target_sensitivity)} of samples are called positive from {percent(limit, 4)} infected cells on "
        f"({per_ul(limit, red_cells_per_ul)}), the limit of detection. "
        if limit
        else "There is no limit of detection: no parasitaemia is called positive often enough. "
    )
    marked = [f"{name}: {percent(rule.sensitivity_at(share))}" for share, name in landmarks if shares[0] <= share <= 1]
    listed = f"At the landmarks: {'; '.join(marked)}."
    show(figure, "sample-detection", at + listed, title="Which infections are found", caption=True)
