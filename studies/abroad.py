"""What a triage says of slides of other laboratories: `python -m studies.abroad FOLDER [MODEL]`.

FOLDER holds iml_smears_dev.zip (malaria, every parasite marked), leukocytes_dev.zip and chula_fields_dev.zip (both
free of malaria, so that every suspect is a false alarm). For each laboratory: whether its slides are told apart from
the patients that the model was measured on, all together and field by field; which share of red cells without a
parasite are suspects, from the card's threshold on and by the sample's own null; how far they stand out of it, which is
what `malaria.smear.null.expected_false` states; and how many different answers the model gives. For the parasites: how
many rows have to be walked by rank until 98 % are in view, a row covering half of a parasite's box. And what a reader
comes to who decides as the annotation does, on the first 24 fields, stopping after so many cells.

STANDS_OUT and the shares were read off these same fields; the limit of the shift was not.
"""

import csv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from malaria.images import decode
from malaria.model.classifier import Classifier, load
from malaria.smear import Box, Triage, pool_fields, triage_field
from malaria.smear.counts import estimate_share
from malaria.smear.decisions import Cell, Cells, places
from malaria.smear.field.objects import RGB
from malaria.smear.null import STANDS_OUT
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


def judge(fields: Iterator[Field], classifier: Classifier) -> Judged:
    """Triage fields as one sample."""
    parasites: list[tuple[str, Box]] = []
    judged = []
    for field in fields:
        judged.append(triage_field(field.rgb, classifier, field.name))
        parasites += [(field.name, box) for box in field.parasites]
    return _with_covers(pool_fields(judged, classifier), parasites)


def _with_covers(triage: Triage, parasites: list[tuple[str, Box]]) -> Judged:
    rows: dict[str, list[tuple[int, Box]]] = {}
    outlines = [(field.field, item.box) for field in triage.fields for item in field.outlines]
    for row, (name, box) in enumerate(outlines):
        if not np.isnan(triage.standing_out[row]):
            rows.setdefault(name, []).append((row, box))
    covers = [
        np.array([row for row, other in rows.get(name, []) if box.shared_area(other) >= _COVERS * box.area], np.int64)
        for name, box in parasites
    ]
    return Judged(triage, covers)


def walk(judged: Judged, suspicion: NDArray[np.float64], share: float = 0.98) -> float:
    """Return how many rows, for each parasite, are walked by rank until that share of parasites is in view."""
    order = np.argsort(np.where(np.isnan(suspicion), np.inf, -suspicion), kind="stable")
    rank = np.empty(len(order))
    rank[order] = np.arange(1, len(order) + 1)
    first = np.sort([rank[rows].min() if len(rows) else np.inf for rows in judged.covers])
    return float(first[int(np.ceil(share * len(first))) - 1] / len(first))


def read(judged: Judged, stop: int) -> str:
    """Return what a reader comes to who decides on so many cells as the annotation does."""
    survey, triage = judged.triage.survey, judged.triage
    if survey is None:
        return "not shifted: no survey"
    cells = Cells(triage, {one.field: one.field for one in triage.fields}).by_row
    infected = {row for rows in judged.covers for row in rows.tolist()}
    shown = survey.order[:stop]
    confirmed: list[Cell] = places(cells[row] for row in shown if row in infected)
    found = survey.estimate(confirmed, [row for row in shown if row not in infected])
    told = estimate_share(found, 0, triage.red_cells)
    if told is None or told.value is None:
        return "no red cells"
    truth = len(judged.covers)
    inside = "holds" if found.low <= truth <= found.high else "does not hold"
    return (
        f"{found.confirmed} found, {found.low} to {found.high} of {truth} ({inside}), "
        f"{estimate(told.value, (told.low, told.high))}, factor {told.high / max(told.low, 1e-9):.2f}"
    )


def main(folder: Folder, model: Model = None) -> None:
    """Print what is said of other laboratories, and what is true of it."""
    classifier = load(model)
    for name, fields in laboratories(folder):
        judged = judge(fields, classifier)
        rows, parasites = int(np.count_nonzero(~np.isnan(judged.triage.standing_out))), len(judged.covers)
        print(f"{name}: {len(judged.triage.fields)} fields, {rows} rows judged, {parasites} parasites")
        _print_false_alarms(judged, classifier)
        if parasites:
            _print_parasites(judged, folder, classifier)


def _print_false_alarms(judged: Judged, classifier: Classifier) -> None:
    triage, free = judged.triage, judged.is_free
    single = [pool_fields([field], classifier) for field in triage.fields]
    told = [one.shift for one in single]
    p = np.concatenate([field.p_parasitized for field in triage.fields])
    alone = np.concatenate([one.standing_out for one in single])
    print(f"  shift: {triage.shift.reason or 'none'}")
    print(f"  fields alone: {sum(one.shifted for one in told)} of {sum(one.is_known for one in told)} shifted")
    print(f"  different answers: {len(np.unique(p[~np.isnan(p)]))}")
    print(f"  false suspects from p {triage.threshold:g} on: {_share_from(p[free], triage.threshold)}")
    print(f"  false suspects by the null: {_share_from(triage.standing_out[free], STANDS_OUT)}")
    for title, values in (("fields together", triage.standing_out[free]), ("fields alone", alone[free])):
        print(f"  standing out, {title}: {', '.join(f'{far:g}: {_share_from(values, far)}' for far in FAR)}")


def _print_parasites(judged: Judged, folder: Path, classifier: Classifier) -> None:
    p = np.concatenate([field.p_parasitized for field in judged.triage.fields])
    ways = {"p": p, "the null": judged.triage.standing_out}
    told = ", ".join(f"by {name} {walk(judged, values):.1f}" for name, values in ways.items())
    print(f"  rows for each parasite until 98 % are in view: {told}")
    first = judged.triage.fields[:READ]
    names = {field.field for field in first}
    parasites = [(name, box) for name, box in _parasites(folder) if name in names]
    few = _with_covers(pool_fields(first, classifier), parasites)
    for title, some in ((f"first {READ} fields", few), ("all fields", judged)):
        for stop in STOPS:
            print(f"  {title}, {stop} decisions: {read(some, stop)}")


def _share_from(values: NDArray[np.float64], level: float) -> str:
    return percent(float((values >= level).mean()))


def _parasites(folder: Path) -> Iterator[tuple[str, Box]]:
    for one in smear_fields(folder / SMEARS):
        yield from ((one.name, box) for box, kind in zip(one.boxes, one.types, strict=True) if kind in PARASITES)


if __name__ == "__main__":
    run(main)
