"""The report of a triage: one HTML file without scripts or links to elsewhere, that opens anywhere and prints well."""

import base64
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import numpy as np

from malaria.review import ANSWERS, UNUSABLE, Decision, compare_pairs
from malaria.smear import sentences
from malaria.smear.decisions import Cell
from malaria.smear.field.objects import RGB, Box
from malaria.smear.result import Result
from malaria.smear.triage import FieldTriage, SuspectCell, Triage
from malaria.wording.words import count, probability

Look: TypeAlias = Callable[[str, Box], RGB]
"""Cuts a place out of a field, given by its name: RGB uint8."""

MOST_PICTURES: Final = 500
"""The most suspects that a report shows, unless people decided on more; cells.csv has them all."""

_FIRST: Final = 10
"""Ranks drawn with a full line; later ones are dashed, so that the difference does not rest on colour."""
_STYLE: Final = Path(__file__).with_name("report.css")


def report_html(result: Result, *, look: Look | None = None, made_at: datetime | None = None) -> str:
    """Return the report of a sample. It holds no more about a patient than its name, which the user typed.

    `look` shows cells of which the triage kept no picture, those that people added; without it they come from the
    field's overview. `made_at` is now unless given.
    """
    triage, moment = result.triage, made_at or datetime.now().astimezone()
    title = f"Smear triage: {result.sample}" if result.sample else "Smear triage"
    shown = look or _from_overview(triage)
    elsewhere = {None, *(suspect.row for suspect in triage.suspects)}
    pictured = _pictured(result, shown)
    below = [cell for cell, said in result.decisions.answers.items() if cell.row not in elsewhere and said != UNUSABLE]
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{_STYLE.read_text(encoding='utf-8')}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            '<p class="use">For research use only. Not for diagnosis: a suspect is a cell that a human should look at, '
            "and a cell that is not listed may still be parasitized.</p>",
            f"<p>Made {moment:%Y-%m-%d %H:%M %Z} with model {escape(triage.model)}, "
            f"version {escape(triage.model_version)}.</p>",
            _result(result),
            _machine(triage),
            _people(result),
            _fields(triage),
            _suspects(result, pictured),
            _cells("Below the threshold, decided by people", below, result, shown),
            _cells("Cells that people added", result.added, result, shown),
            _cells("Outlines that people removed", result.removed, result, shown),
            *(_picture(field, result, pictured) for field in triage.fields),
            "</body></html>",
        ]
    )


# Figures


def _result(result: Result) -> str:
    columns = sentences.figures(result)
    rows = [[name, *(column[name] for column in columns.values())] for name in next(iter(columns.values()))]
    types = sentences.types(result.triage.leukocyte_counts)
    says = [sentences.needed(result), types, sentences.assumed(result), sentences.caveats(result)]
    warning = f'<p class="use">{escape(unfit)}</p>' if (unfit := sentences.unfit(result)) else ""
    return (
        "<h2>The sample, over all its fields</h2>"
        + warning
        + _table(rows, ["", *columns])
        + "".join(f"<p>{escape(line)}</p>" for line in says if line)
    )


def _machine(triage: Triage) -> str:
    share = triage.discarded_share
    clumps = sum(item.is_clump for field in triage.fields for item in field.outlines)
    rows = {
        "Fields": f"{len(triage.fields):,}",
        "Red cells found": f"{triage.red_cells:,} ({count(clumps, 'outline')} of clumps or parts of cells)",
        "Threshold (p_parasitized)": f"{triage.threshold:g}",
        "Kept for a human": f"{len(triage.suspects):,}",
        "Discarded": "none" if share is None else f"{triage.red_cells - len(triage.suspects):,} ({share:.1%})",
        "Platelets": f"{sum(field.count('platelet') for field in triage.fields):,}",
        "Artefacts": f"{sum(field.count('artefact') for field in triage.fields):,}",
    }
    return "<h2>What the machine did</h2>" + _table([[name, value] for name, value in rows.items()])


def _fields(triage: Triage) -> str:
    suspects = Counter(suspect.field.field for suspect in triage.suspects)
    rows = [
        [
            field.field,
            f"{field.count('red_cell'):,}",
            f"{field.count('leukocyte'):,}",
            f"{suspects[field.field]:,}",
            " ".join(concern.sentence for concern in field.concerns) or "Good.",
        ]
        for field in triage.fields
    ]
    rows += [
        [name, *[sentences.DASH] * 3, f"Rejected: {sentences.why(name, why)}"]
        for name, why in triage.unreadable.items()
    ]
    copies = "".join(f"<p>{escape(copy.sentence)}</p>" for copy in triage.copies)
    return "<h2>Fields</h2>" + _table(rows, ["Field", "Red cells", "Leukocytes", "Suspects", "Quality"]) + copies


# People


def _people(result: Result) -> str:
    decisions = result.decisions
    if not decisions.said:
        return "<h2>Decisions</h2><p>Nobody has decided on any cell yet.</p>"
    rows = []
    for name in decisions.annotators:
        mine = [said[name] for said in decisions.of(name).said.values()]
        answers = Counter(one.final_answer for one in mine)
        when = sorted(one.decided_at for one in mine)
        counts = [f"{answers[answer]:,}" for answer in ANSWERS]
        rows.append([name, *counts, f"{_moment(when[0])} to {_moment(when[-1])}"])
    head = ["Annotator", *(sentences.SAID[answer].capitalize() for answer in ANSWERS), "When"]
    return "<h2>Decisions</h2>" + _table(rows, head) + _agreement(result)


def _agreement(result: Result) -> str:
    decisions = result.decisions
    if len(decisions.annotators) < 2:
        return ""
    rows = [
        [
            f"{pair.a}, {pair.b}",
            f"{pair.agreement.raw.n:,}",
            sentences.rate(pair.agreement.raw),
            sentences.rate(pair.agreement.kappa),
        ]
        for pair in compare_pairs(decisions.of_sample)
    ]
    differ = [[_about(cell), sentences.each(decisions.said[cell])] for cell in decisions.disputed]
    return (
        "<h2>Agreement</h2>"
        + _table(rows, ["Annotators", "Cells both read", "Alike", "Cohen’s kappa"])
        + f'<p class="small">First answers, with 95 % intervals. {sentences.CONSENSUS}</p>'
        + (_table(differ, ["They differ on", "Answers"]) if differ else "<p>They differ on no cell.</p>")
    )


# Cells


def _pictured(result: Result, look: Look) -> dict[int, RGB]:
    """The suspects that are shown, by rank, with their pictures: all that people decided on, then the first ranks."""
    decided = {cell.row for cell in result.decisions.said}
    told = [suspect for suspect in result.triage.suspects if suspect.row in decided]
    others = [one for one in result.triage.suspects if one.row not in decided and one.crop is not None]
    shown = told + others[: max(0, MOST_PICTURES - len(told))]
    return {
        one.rank: look(one.field.field, one.outline.box) if one.crop is None else one.crop
        for one in sorted(shown, key=lambda one: one.rank)
    }


def _suspects(result: Result, pictured: dict[int, RGB]) -> str:
    triage = result.triage
    if not triage.suspects:
        return "<h2>Suspects</h2><p>No red cell reaches the threshold.</p>"
    total = len(triage.suspects)
    more = (
        f"<p>{len(pictured):,} of {total:,} in pictures; cells.csv has them all.</p>" if len(pictured) < total else ""
    )
    said = {cell.row: list(by.values()) for cell, by in result.decisions.said.items() if cell.row is not None}
    cards = [
        _suspect(suspect, pictured[suspect.rank], said.get(suspect.row, []))
        for suspect in triage.suspects
        if suspect.rank in pictured
    ]
    return f'<h2>Suspects</h2>{more}<ol class="cells">{"".join(cards)}</ol>'


def _suspect(suspect: SuspectCell, crop: RGB, said: Iterable[Decision]) -> str:
    outline, rank = suspect.outline, suspect.rank
    lines = [
        f'<b><a href="#f{rank}">{rank}</a></b> p {probability(suspect.p_parasitized)}',
        escape(f"{suspect.field.field}, x {outline.box.x}, y {outline.box.y}"),
        "clump" if outline.is_clump else "",
        "at the border" if outline.touches_border else "",
        *map(_said, said),
    ]
    return _card(crop, f"Suspect {rank}", lines, f' id="s{rank}"')


def _cells(title: str, cells: Sequence[Cell], result: Result, look: Look) -> str:
    """Cells other than suspects, each with what was said of it."""
    cards = [
        _card(
            look(cell.field, cell.box),
            _about(cell),
            [escape(_about(cell)), *map(_said, result.decisions.said[cell].values())],
        )
        for cell in sorted(cells, key=lambda one: (one.field, one.box.y, one.box.x))
    ]
    return f'<h2>{title}</h2><ol class="cells">{"".join(cards)}</ol>' if cards else ""


def _card(picture: RGB, alt: str, lines: Iterable[str], place: str = "") -> str:
    text = "<br>".join(line for line in lines if line)
    return f'<li{place}><img alt="{escape(alt)}" src="data:image/png;base64,{_png(picture)}">{text}</li>'


def _about(cell: Cell) -> str:
    return f"{f'Rank {cell.rank}, ' if cell.rank else ''}{cell.field}, x {cell.box.x}, y {cell.box.y}"


def _said(decision: Decision) -> str:
    note = f" “{decision.note}”" if decision.note else ""
    words = sentences.SAID[decision.final_answer]
    return escape(f"{words}, {decision.annotator}, {_moment(decision.decided_at)}{note}")


def _moment(decided_at: str) -> str:
    return f"{decided_at[:16].replace('T', ' ')} UTC"


def _from_overview(triage: Triage) -> Look:
    fields = {field.field: field for field in triage.fields}

    def look(name: str, box: Box) -> RGB:
        picture = fields[name].picture
        scale = picture.shape[1] / fields[name].width
        left, top, width, height = (max(0, round(scale * length)) for length in box)
        left, top = min(left, picture.shape[1] - 1), min(top, picture.shape[0] - 1)  # of a cell at the very edge
        return picture[top : top + max(1, height), left : left + max(1, width)]

    return look


# Pictures of whole fields


def _picture(field: FieldTriage, result: Result, pictured: Container[int]) -> str:
    """The field with the outlines of its suspects over it, each a link to its card if any, and what was added."""
    suspects = [suspect for suspect in result.triage.suspects if suspect.field is field]
    added = [cell for cell in result.added if cell.field == field.field]
    shapes = [_leukocyte(field, place) for place, item in enumerate(field.outlines) if item.kind == "leukocyte"]
    shapes += [_shape(suspect, linked=suspect.rank in pictured) for suspect in suspects]
    shapes += [_added(cell, field) for cell in added]
    outlined = f"{count(len(suspects), 'suspect')} and {count(field.count('leukocyte'), 'leukocyte')} outlined"
    alt = f"{field.field}: {outlined}"
    picture = base64.b64encode(field.overview).decode()
    return (
        f'<h2>{escape(field.field)}</h2><div class="field">'
        f'<img alt="{escape(alt)}" src="data:image/jpeg;base64,{picture}">'
        f'<svg viewBox="0 0 {field.width} {field.height}" stroke-width="{max(1.0, field.diameter / 25):.0f}">'
        f"{''.join(shapes)}</svg></div>"
    )


def _shape(suspect: SuspectCell, *, linked: bool) -> str:
    kind = ' class="first"' if suspect.rank <= _FIRST else ""
    x, top = suspect.outline.box.centre[0], suspect.outline.box.y
    drawn = (
        f'<polygon{kind} points="{_points(suspect.outline.contour)}"/>'
        f"{_label(str(suspect.rank), x, top, suspect.field)}"
    )
    return f'<a id="f{suspect.rank}" href="#s{suspect.rank}">{drawn}</a>' if linked else drawn


def _leukocyte(field: FieldTriage, place: int) -> str:
    outline, found = field.outlines[place], field.leukocyte_types.get(place)
    label = _label(found.name, outline.box.centre[0], outline.box.y, field, "leukocyte") if found else ""
    return f'<polygon class="leukocyte" points="{_points(outline.contour)}"/>{label}'


def _added(cell: Cell, field: FieldTriage) -> str:
    x, y, width, height = cell.box
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}"/>{_label("added", cell.box.centre[0], y, field)}'


def _label(text: str, x: float, top: float, field: FieldTriage, kind: str = "") -> str:
    size = field.diameter / 3
    return (
        f'<text class="{kind}" x="{x:.0f}" y="{max(top, size):.0f}" text-anchor="middle" font-size="{size:.0f}" '
        f'stroke-width="{size / 7:.0f}">{escape(text)}</text>'
    )


def _points(contour: np.ndarray) -> str:
    return " ".join(f"{x},{y}" for x, y in contour[::3].tolist())


# HTML


def _table(rows: list[list[str]], header: list[str] | None = None) -> str:
    """The first of each row is its heading."""
    columns = "".join(f'<th scope="col">{escape(name)}</th>' for name in header or ())
    lines = [
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row)}</tr>'
        for name, *row in rows
    ]
    head = f"<thead><tr>{columns}</tr></thead>" if header else ""
    return f'<div class="wide"><table>{head}<tbody>{"".join(lines)}</tbody></table></div>'


def _png(rgb: RGB) -> str:
    return base64.b64encode(cv2.imencode(".png", rgb[..., ::-1])[1].tobytes()).decode()
