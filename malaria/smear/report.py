"""The report of a triage: one HTML file without scripts or links to elsewhere, that opens anywhere and prints well."""

import base64
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from typing import Final, NamedTuple

import cv2

from malaria.cells import neutralised
from malaria.smear.objects import KINDS, RGB
from malaria.smear.triage import FieldTriage, Suspect, Triage

MOST_PICTURES: Final = 500
"""The most suspects that a report shows; cells.csv has them all."""

_FIRST: Final = 10
"""Ranks drawn with a full line; later ones are dashed, so that the difference does not rest on colour."""

_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1b1f24; background: #fff; max-width: 70rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; break-after: avoid; }
.use { border: 2px solid #8a3b00; padding: .5rem 1rem; font-weight: 600; }
table { border-collapse: collapse; } td, th { padding: .25rem .8rem .25rem 0; text-align: left; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.field { position: relative; break-inside: avoid; } .field img, .field svg { width: 100%; display: block; }
.field svg { position: absolute; inset: 0; }
polygon { fill: transparent; stroke: #c1121f; stroke-dasharray: 6 4; } polygon.first { stroke-dasharray: none; }
.field text { fill: #c1121f; stroke: #fff; paint-order: stroke; font-weight: 700; }
.suspects { display: flex; flex-wrap: wrap; gap: .8rem; padding: 0; list-style: none; }
.suspects li { width: 9rem; border: 1px solid #c9ced6; padding: .5rem; break-inside: avoid; font-size: .85rem;
                overflow-wrap: anywhere; }
.suspects li:target { outline: 3px solid #c1121f; }
.suspects img { width: 100%; height: 7rem; object-fit: contain; background: #000; image-rendering: auto; }
.suspects b { font-size: 1rem; } a { color: inherit; }
@media print { body { margin: 0; max-width: none; } .suspects li:target { outline: none; } }
"""


class Decision(NamedTuple):
    """What a human said of one suspect: the `answer` in words, who gave it, and when."""

    answer: str
    by: str
    at: str


def cells_csv(triage: Triage) -> str:
    """The table of a triage as CSV; names of fields that a spreadsheet would run as a formula get an apostrophe."""
    return triage.table.assign(field=triage.table["field"].map(neutralised)).to_csv(index=False, lineterminator="\n")


def report_html(
    triage: Triage,
    *,
    sample: str = "",
    decisions: Mapping[int, Decision] | None = None,
    made_at: datetime | None = None,
) -> str:
    """Return the report of a triage. It holds no more about a patient than `sample`, the name that the user typed.

    `decisions` are those of humans, by row of `triage.table`. `made_at` is now unless given.
    """
    moment = (made_at or datetime.now().astimezone()).strftime("%Y-%m-%d %H:%M %Z")
    title = f"Smear triage: {sample}" if sample else "Smear triage"
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            '<p class="use">For research use only. Not for diagnosis: a suspect is a cell that a human should look at, '
            "and a cell that is not listed may still be parasitized.</p>",
            f"<p>Made {escape(moment)} with model {escape(triage.model)}, version {escape(triage.model_version)}.</p>",
            _figures(triage, decisions or {}),
            _fields(triage),
            _suspects(triage, decisions or {}),
            *(_picture(field, triage.suspects) for field in triage.fields),
            "</body></html>",
        ]
    )


def _figures(triage: Triage, decisions: Mapping[int, Decision]) -> str:
    share = triage.discarded_share
    clumps = sum(item.is_clump for field in triage.fields for item in field.outlines)
    answers = Counter(decision.answer for decision in decisions.values())
    rows = {
        "Fields": len(triage.fields),
        "Red cells found": f"{triage.red_cells} ({clumps} outlines are clumps or parts of cells)",
        "Threshold (p_parasitized)": f"{triage.threshold:g}",
        "Kept for a human": len(triage.suspects),
        "Discarded": "none" if share is None else f"{triage.red_cells - len(triage.suspects)} ({share:.1%})",
        **{
            f"{kind.capitalize()}s": sum(field.count(kind) for field in triage.fields)
            for kind in KINDS
            if kind != "red_cell"
        },
        **{f"Decided: {answer}": count for answer, count in sorted(answers.items())},
    }
    return "<h2>Figures</h2>" + _table([[name, str(value)] for name, value in rows.items()])


def _fields(triage: Triage) -> str:
    rows = [
        [field.field, str(field.count("red_cell")), " ".join(concern.sentence for concern in field.concerns) or "Good."]
        for field in triage.fields
    ]
    rows += [[name, "", f"Not read: {why}"] for name, why in triage.unreadable.items()]
    return "<h2>Fields</h2>" + _table(rows, ["Field", "Red cells", "Quality"])


def _table(rows: list[list[str]], header: list[str] | None = None) -> str:
    lines = ["<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in header) + "</tr>"] if header else []
    lines += ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return "<table>" + "".join(lines) + "</table>"


def _suspects(triage: Triage, decisions: Mapping[int, Decision]) -> str:
    if not triage.suspects:
        return "<h2>Suspects</h2><p>No red cell reaches the threshold.</p>"
    pictured = [(suspect, crop) for suspect in triage.suspects if (crop := suspect.crop) is not None][:MOST_PICTURES]
    left = len(triage.suspects) - len(pictured)
    more = f"<p>{len(pictured)} of them in pictures; {left} more are in cells.csv.</p>" if left else ""
    cards = [_card(suspect, crop, decisions.get(suspect.row)) for suspect, crop in pictured]
    return f'<h2>Suspects</h2>{more}<ol class="suspects">{"".join(cards)}</ol>'


def _card(suspect: Suspect, crop: RGB, decision: Decision | None) -> str:
    outline, rank = suspect.outline, suspect.rank
    lines = [
        f'<b><a href="#f{rank}">{rank}</a></b> p {_probability(suspect.p_parasitized)}',
        escape(f"{suspect.field.field}, x {outline.box.x}, y {outline.box.y}"),
        "clump" if outline.is_clump else "",
        "at the border" if outline.touches_border else "",
        escape(f"{decision.answer}, {decision.by}, {decision.at}") if decision else "",
    ]
    picture = base64.b64encode(cv2.imencode(".png", crop[..., ::-1])[1].tobytes()).decode()
    text = "<br>".join(line for line in lines if line)
    return f'<li id="s{rank}"><img alt="Suspect {rank}" src="data:image/png;base64,{picture}">{text}</li>'


def _probability(p: float) -> str:
    return "over 0.999" if p > 0.999 else f"{p:.3f}"


def _picture(field: FieldTriage, suspects: Iterable[Suspect]) -> str:
    """The field with the outlines of its suspects over it, each a link to its card."""
    shapes = [_shape(suspect) for suspect in suspects if suspect.field is field]
    picture = base64.b64encode(field.overview).decode()
    return (
        f'<h2>{escape(field.field)}</h2><div class="field">'
        f'<img alt="{escape(field.field)}" src="data:image/jpeg;base64,{picture}">'
        f'<svg viewBox="0 0 {field.width} {field.height}" stroke-width="{max(1.0, field.diameter / 25):.0f}">'
        f"{''.join(shapes)}</svg></div>"
    )


def _shape(suspect: Suspect) -> str:
    points = " ".join(f"{x},{y}" for x, y in suspect.outline.contour[::3].tolist())
    kind = ' class="first"' if suspect.rank <= _FIRST else ""
    size = suspect.field.diameter / 3
    x, top = suspect.outline.box.centre[0], suspect.outline.box.y
    return (
        f'<a id="f{suspect.rank}" href="#s{suspect.rank}"><polygon{kind} points="{points}"/>'
        f'<text x="{x:.0f}" y="{max(top, size):.0f}" text-anchor="middle" font-size="{size:.0f}" '
        f'stroke-width="{size / 7:.0f}">{suspect.rank}</text></a>'
    )
