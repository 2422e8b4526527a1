"""What a triage says of slides of other laboratories: `python -m studies.abroad FOLDER [MODEL]`.

FOLDER holds iml_smears_dev.zip (malaria, every parasite marked), leukocytes_dev.zip and chula_fields_dev.zip (both
free of malaria, so that every suspect is a false alarm). For each laboratory: whether its slides are told apart from
the patients that the model was measured on, all together and field by field; which share of its red cells are suspects,
together and each field by itself, by what is said of its shift; which share of rows without a parasite lie above the
card's threshold; how far they stand out of the sample's own null, which is what `malaria.smear.null.expected_false`
states; and how many different answers the model gives. For the parasites: how many rows have to be walked by rank until
98 % are in view, a row covering half of a parasite's box, by p, by the null of p alone, and as the table ranks them
(with each place once, and its darkest spot). And what a reader comes to who decides as the annotation does, on the
first 24 fields, stopping after so many cells.

What was chosen on these fields, and on which: `malaria.smear.null` and docs/smear-triage.md. The limit of the shift
was not.
"""

import csv
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from malaria.images import decode
from malaria.metrics import Rate
from malaria.model.classifier import Classifier, load
from malaria.smear import Box, FieldTriage, Triage, pool_fields, triage_field
from malaria.smear.counts import estimate_share
from malaria.smear.decisions import Cell, Cells, places
from malaria.smear.field.objects import RGB
from malaria.smear.null import standing_out
from malaria.smear.survey import Found
from malaria.wording.numbers import estimate, percent
from studies._command import Folder, Model, run
from studies.annotated_fields import LEUKOCYTES, PARASITES, SMEARS, leukocyte_fields, smear_fields

CHULA: Final = "chula_fields_dev.zip"
READ: Final = 24
STOPS: Final = (50, 100, 200, 400)
FAR: Final = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_COVERS: Final = 0.5


class Field(NamedTuple):
    """A field (RGB uint8) by its name, and the boxes of its parasites."""

    name: str
    rgb: RGB
    parasites: list[Box]


Parasites: TypeAlias = dict[str, list[Box]]
"""The boxes of each field's parasites, by its name."""


class Judged(NamedTuple):
    """Fields triaged together; `covers` has the rows of the table that show each parasite."""

    triage: Triage
    covers: list[NDArray[np.int64]]

    @property
    def is_free(self) -> NDArray[np.bool_]:
        """Which rows were judged and show no parasite."""
        free = ~np.isnan(self.triage.standing_out)
        free[[row for rows in self.covers for row in rows.tolist()]] = False
        return free


def laboratories(folder: Path) -> Iterator[tuple[str, Iterator[Field]]]:
    """Yield each laboratory with its fields."""
    yield (
        "IML",
        (
            Field(
                one.name,
                one.rgb,
                [box for box, kind in zip(one.boxes, one.types, strict=True) if kind in PARASITES],
            )
            for one in smear_fields(folder / SMEARS)
        ),
    )
    yield "BCCD", (Field(one.name, one.rgb, []) for one in leukocyte_fields(folder / LEUKOCYTES))
    yield "Chula", _chula_fields(folder / CHULA)


def _chula_fields(file: Path) -> Iterator[Field]:
    with zipfile.ZipFile(file) as archive:
        names = {row["file"] for row in csv.DictReader(archive.read("points.csv").decode().splitlines())}
        for name in sorted(names):
            path = name if name in archive.namelist() else f"fields/{name}"
            yield Field(name, decode(archive.read(path), name), [])


def judge(fields: Iterable[Field], classifier: Classifier) -> tuple[list[FieldTriage], Parasites]:
    """Triage fields one by one, and take note of their parasites."""
    judged, parasites = [], {}
    for field in fields:
        judged.append(triage_field(field.rgb, classifier, field.name))
        parasites[field.name] = field.parasites
    return judged, parasites


def pool(fields: Sequence[FieldTriage], parasites: Parasites, classifier: Classifier) -> Judged:
    """Put fields together as one sample, and find which rows show each of their parasites."""
    triage = pool_fields(fields, classifier)
    rows: dict[str, list[tuple[int, Box]]] = {}
    outlines = [(field.field, item.box) for field in triage.fields for item in field.outlines]
    for row, (name, box) in enumerate(outlines):
        if not np.isnan(triage.standing_out[row]):
            rows.setdefault(name, []).append((row, box))
    covers = [
        np.array([row for row, other in rows.get(one.field, []) if box.shared_area(other) >= _COVERS * box.area], int)
        for one in fields
        for box in parasites[one.field]
    ]
    return Judged(triage, covers)


def walk(judged: Judged, suspicion: NDArray[np.float64], share: float = 0.98) -> float:
    """Return how many rows, for each parasite, are walked until that share of parasites is in view, highest first."""
    order = np.argsort(np.where(np.isnan(suspicion), np.inf, -suspicion), kind="stable")
    rank = np.empty(len(order))
    rank[order] = np.arange(1, len(order) + 1)
    first = np.sort([rank[rows].min() if len(rows) else np.inf for rows in judged.covers])
    return float(first[int(np.ceil(share * len(first))) - 1] / len(first))


def read(judged: Judged, stop: int | None = None) -> Found | None:
    """Return what a reader comes to who decides on so many cells, None: on all, as the annotation does."""
    survey, triage = judged.triage.survey, judged.triage
    if survey is None:
        return None
    cells = Cells(triage, {one.field: one.field for one in triage.fields}).by_row
    infected = {row for rows in judged.covers for row in rows.tolist()}
    shown = survey.order[:stop]
    confirmed: list[Cell] = places(cells[row] for row in shown if row in infected)
    return survey.estimate(confirmed, [row for row in shown if row not in infected])


def tell_share(part: float, whole: float) -> str:
    """A share with its Wilson interval and what it is of."""
    rate = Rate.share(round(part), round(whole), "There are none.")
    if rate.value is None:
        return "none"
    return f"{estimate(rate.value, rate.interval)}, {rate.numerator} of {rate.n}"


def main(folder: Folder, model: Model = None) -> None:
    """Print what is said of other laboratories, and what is true of it."""
    classifier = load(model)
    for name, fields in laboratories(folder):
        each, parasites = judge(fields, classifier)
        judged = pool(each, parasites, classifier)
        rows = int(np.count_nonzero(~np.isnan(judged.triage.standing_out)))
        print(f"{name}: {len(each)} fields, {rows} rows judged, {len(judged.covers)} parasites")
        _print_suspects(judged.triage, [pool_fields([field], classifier) for field in each])
        _print_false_alarms(judged, classifier)
        if judged.covers:
            _print_parasites(judged, pool(each[:READ], parasites, classifier))


def _print_suspects(together: Triage, alone: list[Triage]) -> None:
    print(f"  shift: {together.shift.reason or 'none'}")
    print(f"  red cells that are suspects, fields together: {tell_share(len(together.suspects), together.red_cells)}")
    said = {
        "shift said": [one for one in alone if one.shift.shifted],
        "no shift said": [one for one in alone if one.shift.is_known and not one.shift.shifted],
        "too few cells to tell": [one for one in alone if not one.shift.is_known],
    }
    for title, some in said.items():
        suspects, cells = sum(len(one.suspects) for one in some), sum(one.red_cells for one in some)
        print(f"  the same, each field alone, {title} ({len(some)} of {len(alone)}): {tell_share(suspects, cells)}")


def _print_false_alarms(judged: Judged, classifier: Classifier) -> None:
    triage, free = judged.triage, judged.is_free
    p = np.concatenate([field.p_parasitized for field in triage.fields])
    alone = np.concatenate([pool_fields([field], classifier).standing_out for field in triage.fields])
    print(f"  different answers: {len(np.unique(p[~np.isnan(p)]))}")
    print(f"  rows without a parasite from p {triage.threshold:g} on: {percent((p[free] >= triage.threshold).mean())}")
    for title, values in (("fields together", triage.standing_out[free]), ("fields alone", alone[free])):
        shares = ", ".join(f"{far:g}: {percent((values >= far).mean())}" for far in FAR)
        print(f"  standing out, {title}: {shares}")


def _print_parasites(judged: Judged, few: Judged) -> None:
    table = judged.triage.table
    p = table["p_parasitized"].to_numpy()
    parts = table["kind"] + table["touches_border"].astype(str) + table["is_clump"].astype(str)
    null, known = np.full(len(p), np.nan), ~np.isnan(p)
    null[known] = standing_out(p[known], table["field"][known], parts[known])
    ways = {"p": p, "the null of p": null, "rank": -table["rank"].to_numpy(np.float64, na_value=np.nan)}
    told = ", ".join(f"by {name} {walk(judged, values):.1f}" for name, values in ways.items())
    print(f"  rows for each parasite until 98 % are in view: {told}")
    for title, some in ((f"first {READ} fields", few), ("all fields", judged)):
        for stop in STOPS:
            print(f"  {title}, {stop} decisions: {_tell(some, read(some, stop))}")


def _tell(judged: Judged, found: Found | None) -> str:
    told = found and estimate_share(found, 0, judged.triage.red_cells)
    if found is None or told is None or told.value is None:
        return "not shifted: no survey"
    truth = len(judged.covers)
    inside = "holds" if found.low <= truth <= found.high else "does not hold"
    return (
        f"{found.confirmed} found, {found.low} to {found.high} of {truth} ({inside}), "
        f"{estimate(told.value, (told.low, told.high))}, factor {told.high / max(told.low, 1e-9):.2f}"
    )


if __name__ == "__main__":
    run(main)
