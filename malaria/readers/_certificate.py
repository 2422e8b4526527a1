"""What a test gave, to keep and to send: one HTML file that needs no other, and a CSV with a row for each reader."""

import base64
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd
from markupsafe import Markup

from malaria.cells import format_csv
from malaria.metrics import Rate
from malaria.readers._answers import NETWORK
from malaria.readers._bias import Bias
from malaria.readers._field_test import FieldKey
from malaria.readers._fields import OF_FIELDS, FieldsGrade
from malaria.readers._files import Key
from malaria.readers._grading import Grade
from malaria.readers._group import Group
from malaria.readers._levels import OF_SLIDES
from malaria.readers._rule import Rule
from malaria.report.html import render, render_page, render_table
from malaria.wording.numbers import DASH, coefficient, estimate, percent, plain
from malaria.wording.words import count

_NAMES: Final = {
    "sensitivity": "Sensitivity: parasitized cells found",
    "specificity": "Specificity: uninfected cells cleared",
    "accuracy": "Accuracy: all cells called correctly",
    "kappa": "Kappa with the reference",
}


def write_certificate(
    key: Key, group: Group, *, pictures: Mapping[str, bytes] | None = None, today: date | None = None
) -> str:
    """Return the results of one or more readers as one HTML page; `today` is the date it bears.

    `pictures` are PNG files by image_id: mistakes are shown where theirs is there, else named by position and file.
    """
    body = render(
        "readers/certificate.html",
        key=key,
        day=today or date.today(),
        readers=[
            _about(key, one, group.beside[name], pictures or {})
            | {"rule": render_rule(group.rules[name]) if name in group.rules else ""}
            for name, one in group.grades.items()
        ],
        together=render_pairs(group) if len(group.pairs) else "",
        of_slides=OF_SLIDES,
    )
    names = ", ".join(group.grades)
    return render_page(f"Reader test: {names}", Path(__file__).with_name("certificate.css"), body)


def grades_to_csv(grades: Iterable[Grade]) -> str:
    """Return a CSV with a row for each reader: every rate with its low and high end and its n."""
    rows = []
    for one in grades:
        row: dict[str, object] = {"test": one.test, "reader": one.reader, "cards": one.cards, "answered": one.answered}
        row |= {"began": one.began, "ended": one.ended}
        row |= {
            "unsure": one.unsure,
            "level": one.level.decided,
            "levels_possible": " ".join(map(str, one.level.possible)),
        }
        rates = {
            **one.rates,
            **{f"{name}_decided": rate for name, rate in one.decided.items()},
            "agreement_with_oneself": one.with_oneself.raw,
            "kappa_with_oneself": one.with_oneself.kappa,
            "seconds": one.seconds,
        }
        rows.append(row | _spread(rates))
    return format_csv(pd.DataFrame(rows, dtype=object))


def fields_to_csv(key: FieldKey, grades: Mapping[str, FieldsGrade]) -> str:
    """Return a CSV with a row for each reader of a test of fields, as `grades_to_csv`."""
    rows = []
    for name, one in grades.items():
        row: dict[str, object] = {"test": key.test.id, "reader": name, "fields": one.fields}
        row |= {"level": one.level.decided, "levels_possible": " ".join(map(str, one.level.possible))}
        rows.append(row | _spread(_field_rates(one)))
    return format_csv(pd.DataFrame(rows, dtype=object))


def write_fields_certificate(key: FieldKey, grades: Mapping[str, FieldsGrade], *, today: date | None = None) -> str:
    """Return the results of one or more readers of a test of fields as one HTML page; `today` is the date it bears."""
    body = render(
        "readers/fields_certificate.html",
        key=key,
        day=today or date.today(),
        readers=[(name, one.sentence, render_fields(one)) for name, one in grades.items()],
        of_fields=OF_FIELDS,
    )
    return render_page(f"Test of fields: {', '.join(grades)}", Path(__file__).with_name("certificate.css"), body)


def render_fields(one: FieldsGrade) -> Markup:
    """Return a table of all figures of one reader of fields."""
    return render_table(
        "Value (95 % interval), n",
        (),
        [
            ("Parasites found", describe(one.sensitivity)),
            ("False alarms a field", describe(one.false_alarms, "plain")),
            ("Counts within 25 %", describe(one.within)),
            ("Time per field, median", describe(one.seconds, "seconds")),
        ],
    )


def _field_rates(one: FieldsGrade) -> dict[str, Rate]:
    return {
        "sensitivity": one.sensitivity,
        "false_alarms": one.false_alarms,
        "within": one.within,
        "seconds": one.seconds,
    }


def _spread(rates: Mapping[str, Rate]) -> dict[str, object]:
    """The columns of rates: each with its low and high end and its n."""
    row: dict[str, object] = {}
    for name, rate in rates.items():
        row |= {name: rate.value, f"{name}_low": rate.low, f"{name}_high": rate.high, f"{name}_n": rate.n}
    return row


def describe(rate: Rate, write: str = "percent") -> str:
    """A rate with interval and n in words, or why there is none; `write` is percent, coefficient, seconds or plain."""
    writer: dict[str, Callable[[float], str]] = {
        "percent": partial(percent, n=rate.n),
        "coefficient": partial(coefficient, n=rate.n),
        "seconds": _seconds,
        "plain": plain,
    }
    if rate.value is None:
        return rate.reason or DASH
    said = estimate(rate.value, rate.interval, rate.n, writer[write])
    return said if rate.interval else f"{said}. {rate.reason}"


def render_rates(one: Grade, network: Mapping[str, Rate] | None = None) -> Markup:
    """Return a table of all figures of one reader; beside them those of the network on the same cells, if given."""
    beside = network or {}
    rows = [
        (name, describe(one.rates[kind], "coefficient" if kind == "kappa" else "percent"), kind)
        for kind, name in _NAMES.items()
    ]
    if one.unsure:
        rows += [
            (f"{name.partition(':')[0]}, of the cells answered", describe(one.decided[kind]), "")
            for kind, name in _NAMES.items()
            if kind in one.decided
        ]
    if one.with_oneself.raw.n:
        rows.append(("Same answer the second time", describe(one.with_oneself.raw), ""))
        rows.append(("Kappa, first and second look", describe(one.with_oneself.kappa, "coefficient"), ""))
    rows.append(("Time per cell, median", describe(one.seconds, "seconds"), ""))
    if not any(rate.n for rate in beside.values()):
        return render_table("", ("", "value (95 % interval), n"), [row[:2] for row in rows])
    told = [(name, words, describe(beside[kind]) if kind in beside else "") for name, words, kind in rows]
    return render_table("Value (95 % interval), n", ("", one.reader, NETWORK.capitalize()), told)


def _about(key: Key, one: Grade, network: Mapping[str, Rate], pictures: Mapping[str, bytes]) -> dict[str, object]:
    return {
        "grade": one,
        "rates": render_rates(one, network),
        "bias": render_bias(one.bias) if one.bias else "",
        "mistakes": [
            {
                "position": mistake.position,
                "file": key.cells[mistake.image_id].file,
                "reference": mistake.reference,
                "answer": mistake.answer,
                "png": base64.b64encode(pictures[mistake.image_id]).decode() if mistake.image_id in pictures else "",
            }
            for mistake in one.mistakes
        ],
        "unsure": f"{count(one.unsure, 'cell')} the reader could not tell: counted as wrong above."
        if one.unsure
        else "",
    }


def render_bias(bias: Bias) -> Markup:
    """Return a table of the errors with the network's call shown and without."""
    rows = [
        (
            "Network wrong",
            describe(bias.wrong_shown),
            describe(bias.wrong_hidden),
            describe(bias.automation),
        ),
        (
            "Network right",
            describe(bias.right_shown),
            describe(bias.right_hidden),
            describe(bias.on_right),
        ),
    ]
    head = ("Cells", "errors, call shown", "errors, not shown", "difference")
    return render_table("With and without the network's call", head, rows)


def render_rule(rule: Rule) -> Markup:
    """Return a table of how the network and one reader best work together."""
    sensitivity, specificity = percent(rule.wished_sensitivity), percent(rule.wished_specificity)
    rows = [(f"For a sensitivity of {sensitivity} and a specificity of {specificity}", rule.sentence)]
    if rule.looked.value is not None:
        rows += [
            ("Cells for the reader", describe(rule.looked)),
            ("Sensitivity of the pair, on cells not used to choose the rule", describe(rule.sensitivity)),
            ("Specificity of the pair, on the same cells", describe(rule.specificity)),
        ]
    return render_table("Network first, this reader for uncertain cells", (), rows)


def render_pairs(group: Group) -> Markup:
    """Return a table of every two readers, the network among them, on the cells that both read."""
    rows = [
        (
            f"{pair.a} and {pair.b}",
            describe(pair.difference),
            f"{pair.only_a} and {pair.only_b} of {pair.n}",
            f"{pair.p_value:.3f}",
            describe(pair.agreement.kappa, "coefficient"),
        )
        for pair in group.pairs
    ]
    head = ("Readers", "accuracy: first minus second", "only one right", "McNemar's p", "kappa")
    return render_table("Each pair of readers, on the cells that both read", head, rows)


def _seconds(value: float) -> str:
    return f"{value:.1f} s"
