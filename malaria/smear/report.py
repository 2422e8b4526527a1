"""The report of a triage: one HTML file without scripts or links to elsewhere, that opens anywhere and prints well."""

import base64
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
from markupsafe import Markup

from malaria.report.html import render, render_page, render_table
from malaria.report.rates import describe_rate
from malaria.review import ANSWERS, UNUSABLE, Decision, compare_pairs
from malaria.review.moments import say_moment
from malaria.smear import sentences
from malaria.smear.decisions import Cell
from malaria.smear.field.objects import RGB, Box
from malaria.smear.field_triage import FieldTriage
from malaria.smear.null import STANDS_OUT
from malaria.smear.result import Result
from malaria.smear.triage import SuspectCell, Triage
from malaria.wording.numbers import DASH, coefficient, percent
from malaria.wording.words import count, probability

Look: TypeAlias = Callable[[str, Box], RGB]
"""Cuts a place out of a field, given by its name: RGB uint8."""

MOST_PICTURES: Final = 500
"""The most suspects that a report shows, unless people decided on more; cells.csv has them all."""

_FIRST: Final = 10
"""Ranks drawn with a full line; later ones are dashed, so that the difference does not rest on colour."""


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
    says = [sentences.say_surer(result, name) for name in result.decisions.annotators]
    says += [sentences.say_needed(result), sentences.say_types(result.triage.leukocyte_counts)]
    says += [sentences.say_assumed(result), sentences.say_caveats(result)]
    quality = (sentences.say_left_out(triage), sentences.say_unfit(result), sentences.say_concerns(triage))
    body = render(
        "smear/report.html",
        title=title,
        triage=triage,
        made_at=f"{moment:%Y-%m-%d %H:%M %Z}",
        shift=sentences.say_shift(triage),
        quality=[line for line in quality if line],
        says=[line for line in says if line],
        consensus=sentences.CONSENSUS,
        tables={
            "sample": _sample_table(result),
            "machine": _machine_table(triage),
            "fields": _fields_table(triage),
            "decisions": _decisions_table(result),
            "agreement": _agreement_table(result),
            "differ": _differences_table(result),
        },
        suspects=_suspects(result, pictured),
        below=[_suspect(one, _picture(one, shown), [], is_linked=False) for one in triage.below],
        others={
            "Below the threshold, decided by people": _cells(below, result, shown),
            "Cells that people added": _cells(result.added, result, shown),
            "Outlines that people removed": _cells(result.removed, result, shown),
        },
        fields=[_field(field, result, pictured) for field in triage.fields],
    )
    return render_page(title, Path(__file__).with_name("report.css"), body)


# Tables


def _sample_table(result: Result) -> Markup:
    columns = sentences.figures(result)
    rows = [[name, *(column[name] for column in columns.values())] for name in next(iter(columns.values()))]
    return render_table("", ["", *columns], rows)


def _machine_table(triage: Triage) -> Markup:
    share = triage.discarded_share
    clumps = sum(item.is_clump for field in triage.fields for item in field.outlines)
    rows = {
        "Fields": f"{len(triage.fields):,}",
        "Red cells found": f"{triage.red_cells:,} ({count(clumps, 'outline')} of clumps or parts of cells)",
        **_level(triage),
        "Kept for a human": f"{len(triage.suspects):,}",
        "Discarded": "none" if share is None else f"{triage.discarded:,} ({percent(share, n=triage.judged)})",
        "Platelets": f"{sum(field.count('platelet') for field in triage.fields):,}",
        "Artefacts": f"{sum(field.count('artefact') for field in triage.fields):,}",
    }
    return render_table("", [], list(rows.items()))


def _level(triage: Triage) -> dict[str, str]:
    """From where on a cell is a suspect."""
    if triage.is_by_null:
        return {"Suspects stand out from the rest of this sample by": f"{STANDS_OUT:g} spreads"}
    return {"Threshold (p_parasitized)": f"{triage.threshold:g}"}


def _fields_table(triage: Triage) -> Markup:
    suspects = Counter(suspect.field.field for suspect in triage.suspects)
    rows = [
        [
            f"{triage.letters[field.field]} · {field.field}",
            f"{field.red_cells:,.0f}",
            f"{field.count('leukocyte'):,}",
            f"{suspects[field.field]:,}",
            field.told or "Good.",
        ]
        for field in triage.fields
    ]
    rows += [
        [f"{triage.letters[name]} · {name}", *[DASH] * 3, f"Rejected: {sentences.why(name, why)}"]
        for name, why in triage.unreadable.items()
    ]
    return render_table("", ["Field", "Red cells", "Leukocytes", "Suspects", "Quality"], rows)


def _decisions_table(result: Result) -> Markup | None:
    """What each annotator decided; None where nobody did."""
    decisions = result.decisions
    rows = []
    for name in decisions.annotators:
        mine = [said[name] for said in decisions.of(name).said.values()]
        answers = Counter(one.final_answer for one in mine)
        when = sorted(one.decided_at for one in mine)
        counts = [f"{answers[answer]:,}" for answer in ANSWERS]
        rows.append([name, *counts, f"{say_moment(when[0])} to {say_moment(when[-1])}"])
    head = ["Annotator", *(sentences.SAID[answer].capitalize() for answer in ANSWERS), "When"]
    return render_table("", head, rows) if rows else None


def _agreement_table(result: Result) -> Markup | None:
    """How far annotators agree, two by two; None where there is only one."""
    rows = [
        [
            f"{pair.a}, {pair.b}",
            f"{pair.agreement.raw.n:,}",
            describe_rate(pair.agreement.raw),
            describe_rate(pair.agreement.kappa, coefficient),
        ]
        for pair in compare_pairs(result.decisions.of_sample)
    ]
    head = ["Annotators", "Cells both read", "Alike", "Cohen’s kappa"]
    return render_table("", head, rows) if len(result.decisions.annotators) > 1 else None


def _differences_table(result: Result) -> Markup | None:
    decisions = result.decisions
    differ = [[_about(cell), sentences.each(decisions.said[cell])] for cell in decisions.disputed]
    return render_table("", ["They differ on", "Answers"], differ) if differ else None


# Cells


def _pictured(result: Result, look: Look) -> dict[str, RGB]:
    """The suspects that are shown, by number, with their pictures: all that people decided on, then the first ranks."""
    decided = {cell.row for cell in result.decisions.said}
    told = [suspect for suspect in result.triage.suspects if suspect.row in decided]
    others = [one for one in result.triage.suspects if one.row not in decided and one.crop is not None]
    shown = told + others[: max(0, MOST_PICTURES - len(told))]
    return {one.number: _picture(one, look) for one in sorted(shown, key=lambda one: one.rank)}


def _picture(cell: SuspectCell, look: Look) -> RGB:
    return look(cell.field.field, cell.outline.box) if cell.crop is None else cell.crop


def _suspects(result: Result, pictured: dict[str, RGB]) -> list[dict[str, Any]]:
    """The card of each suspect that is shown."""
    said = {cell.row: list(by.values()) for cell, by in result.decisions.said.items() if cell.row is not None}
    return [
        _suspect(suspect, pictured[suspect.number], said.get(suspect.row, []))
        for suspect in result.triage.suspects
        if suspect.number in pictured
    ]


def _suspect(suspect: SuspectCell, crop: RGB, said: Iterable[Decision], *, is_linked: bool = True) -> dict[str, Any]:
    outline = suspect.outline
    lines = [
        f"p {probability(suspect.p_parasitized)}",
        f"{suspect.field.field}, x {outline.box.x}, y {outline.box.y}",
        "clump" if outline.is_clump else "",
        "at the border" if outline.touches_border else "",
        *map(_said, said),
    ]
    return _card(crop, f"Suspect {suspect.number}", lines, suspect.number, is_linked=is_linked)


def _cells(cells: Sequence[Cell], result: Result, look: Look) -> list[dict[str, Any]]:
    """The cards of cells other than suspects, each with what was said of it."""
    return [
        _card(
            look(cell.field, cell.box),
            _about(cell),
            [_about(cell), *map(_said, result.decisions.said[cell].values())],
        )
        for cell in sorted(cells, key=lambda one: (one.field, one.box.y, one.box.x))
    ]


def _card(picture: RGB, alt: str, lines: Iterable[str], number: str = "", *, is_linked: bool = False) -> dict[str, Any]:
    png = base64.b64encode(cv2.imencode(".png", picture[..., ::-1])[1].tobytes()).decode()
    told = [line for line in lines if line]
    return {"png": png, "alt": alt, "lines": told, "number": number, "is_linked": is_linked}


def _about(cell: Cell) -> str:
    return f"{f'{cell.number}, ' if cell.number else ''}{cell.field}, x {cell.box.x}, y {cell.box.y}"


def _said(decision: Decision) -> str:
    note = f" “{decision.note}”" if decision.note else ""
    words = sentences.SAID[decision.final_answer]
    return f"{words}, {decision.annotator}, {say_moment(decision.decided_at)}{note}"


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


def _field(field: FieldTriage, result: Result, pictured: Container[str]) -> dict[str, Any]:
    """The field with the outlines of its suspects over it, each a link to its card if any, and what was added."""
    suspects = [suspect for suspect in result.triage.suspects if suspect.field is field]
    outlined = f"{count(len(suspects), 'suspect')} and {count(field.count('leukocyte'), 'leukocyte')} outlined"
    return {
        "name": field.field,
        "letter": result.triage.letters[field.field],
        "alt": f"{field.field}: {outlined}",
        "jpeg": base64.b64encode(field.overview).decode(),
        "width": field.width,
        "height": field.height,
        "stroke": f"{max(1.0, field.diameter / 25):.0f}",
        "edges": [_points(edge, every=1) for edge in field.view.edges],
        "leukocytes": [_leukocyte(field, at) for at, item in enumerate(field.outlines) if item.kind == "leukocyte"],
        "suspects": [
            {
                "number": one.number,
                "first": one.rank <= _FIRST,
                "linked": one.number in pictured,
                "points": _points(one.outline.contour),
                "label": _label(one.number, one.outline.box, field),
            }
            for one in suspects
        ],
        "added": [
            {"box": cell.box, "label": _label("added", cell.box, field)}
            for cell in result.added
            if cell.field == field.field
        ],
    }


def _leukocyte(field: FieldTriage, place: int) -> dict[str, Any]:
    outline, found = field.outlines[place], field.leukocyte_types.get(place)
    label = _label(found.name, outline.box, field) if found else None
    return {"points": _points(outline.contour), "label": label}


def _label(text: str, box: Box, field: FieldTriage) -> dict[str, str]:
    """Words above a box, inside the field."""
    size = field.diameter / 3
    place = {"x": f"{box.centre[0]:.0f}", "y": f"{max(box.y, size):.0f}"}
    return {"text": text, **place, "size": f"{size:.0f}", "halo": f"{size / 7:.0f}"}


def _points(contour: np.ndarray, every: int = 3) -> str:
    return " ".join(f"{x},{y}" for x, y in contour[::every].tolist())
