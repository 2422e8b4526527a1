"""How well fields are segmented, against boxes that people drew: `python -m studies.segmentation FOLDER`.

FOLDER holds iml_smears_dev.zip (thin smears with a box around every red cell and parasite) and leukocytes_dev.zip.
The rule: an outline's box finds an annotated box, one to one, at an intersection over union of at least 0.5. What
touches the border of the field, annotated or found, is neither missed nor false; annotators skipped many such cells.
Two annotated boxes that share at least 0.8 of their union are one. Outlines flagged as clumps claim no cell: they
count neither as found nor as false, only a parasite inside one has been seen if its box fits.

Thresholds and weights were chosen on the half of the fields whose names have an even CRC-32 ("chosen on"); the other
half ("held out") was not looked at. Of that, 25 fields were read again afterwards (`studies.second_reading`):
their figures stand there against the boxes as given, and against the amended ones.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from malaria.metrics import Rate
from malaria.smear.field.calibration import calibrate
from malaria.smear.field.cells import Region, propose
from malaria.smear.field.objects import Box, SmearObject, overlaps, pairs
from malaria.smear.field.segment import prepare, segment
from malaria.wording.words import count
from studies._command import Folder, run
from studies.annotated_fields import (
    COUNT_WITHIN,
    LEUKOCYTES,
    PARASITES,
    SMEARS,
    UNSURE,
    AnnotatedField,
    at_border,
    leukocyte_fields,
    smear_fields,
)
from studies.second_reading import amended, sampled, unread, verdicts

_WHOLE: Final = 0.65
_RESAMPLES: Final = 2000


class Estimate(NamedTuple):
    """A figure that is no share, with its interval."""

    value: float
    low: float
    high: float


def count_field(field: AnnotatedField, objects: list[SmearObject]) -> Counter[str]:
    """Count what was found of one smear field: see the names in `summary`."""
    cells = [item for item in objects if item.is_whole_cell]
    any_cells = [item for item in objects if item.kind == "red_cell"]
    known = [kind != UNSURE for kind in field.types]
    inner = [known[at] and not at_border(box, field.rgb.shape) for at, box in enumerate(field.boxes)]
    hits = pairs(field.boxes, [cell.box for cell in cells])
    seen = {row for row, _ in pairs(field.boxes, [cell.box for cell in any_cells])}
    unsure = {column for row, column in hits if not known[row]}
    claims = [at not in unsure and not at_border(cell.box, field.rgb.shape) for at, cell in enumerate(cells)]
    parasites = [at for at, kind in enumerate(field.types) if kind in PARASITES and inner[at]]
    counted, annotated = sum(claims), sum(inner)
    return Counter(
        fields=1,
        annotated=annotated,
        found=sum(inner[row] for row, _ in hits),
        outlines=counted,
        right=sum(claims[column] for _, column in hits),
        parasites=len(parasites),
        parasites_seen=sum(at in seen for at in parasites),
        counts_close=int(abs(counted - annotated) <= COUNT_WITHIN * annotated),
        clumps=sum(item.is_clump for item in any_cells),
    )


def count_kind(field: AnnotatedField, objects: list[SmearObject], kind: str, label: str) -> Counter[str]:
    """Count what was found of one kind of object, those at the border included: leukocytes are large."""
    truth = [box for box, name in zip(field.boxes, field.types, strict=True) if name == label]
    found = [item.box for item in objects if item.kind == kind]
    hits = len(pairs(truth, found))
    return Counter(fields=1, annotated=len(truth), found=hits, outlines=len(found), right=hits)


def summary(counts: Counter[str]) -> dict[str, Rate]:
    """The figures of a set of fields, pooled over them, each with its Wilson interval."""
    figures = {
        "recall": ("found", "annotated"),
        "precision": ("right", "outlines"),
        "parasitized cells found": ("parasites_seen", "parasites"),
        "fields counted within 5 %": ("counts_close", "fields"),
    }
    return {
        name: Rate.share(counts[part], counts[whole], "There are none.")
        for name, (part, whole) in figures.items()
        if part in counts
    }


def fit_likeness(fields: Iterable[AnnotatedField]) -> tuple[NDArray[np.float64], float]:
    """Fit what `malaria.smear.field.cells` knows of outlines: (weights, intercept) of a logistic regression.

    An outline is one whole cell when its box shares at least 0.65 of the union with an annotated one; those at the
    border are left out. Printed by `python -m studies.segmentation FOLDER --fit`.
    """
    features: list[NDArray[np.float64]] = []
    is_cell: list[bool] = []
    for field in fields:
        about = calibrate(field.rgb)
        ready = prepare(field.rgb, about)
        regions = list(propose(ready.green, float(about.red_cell[1]), ready.closed))
        boxes = [_box_of(region, ready.scale) for region in regions]
        best = overlaps(boxes, field.boxes).max(axis=1)
        inner = [at for at, box in enumerate(boxes) if not at_border(box, field.rgb.shape)]
        features += [regions[at].features for at in inner]
        is_cell += [bool(best[at] >= _WHOLE) for at in inner]
    table = np.array(features)
    middle, spread = table.mean(axis=0), table.std(axis=0)
    fit = LogisticRegression(max_iter=2000).fit((table - middle) / spread, is_cell)
    weights = np.asarray(fit.coef_[0] / spread, np.float64)
    return weights, float(fit.intercept_[0] - weights @ middle)


def _box_of(region: Region, scale: float) -> Box:
    """The box of a proposed outline in pixels of the field, with the edge that cells are given in the end."""
    rows, columns = region.window
    corners = (columns.start - 1, rows.start - 1, columns.stop - columns.start + 2, rows.stop - rows.start + 2)
    return Box(*(round(corner / scale) for corner in corners))


def count_agreement(fields: Sequence[Counter[str]]) -> dict[str, Estimate]:
    """How far counts agree: of the usual field, and of all fields together; 95 % intervals by drawing fields anew."""
    counted = np.array([counts["outlines"] for counts in fields], dtype=np.float64)
    annotated = np.array([counts["annotated"] for counts in fields], dtype=np.float64)
    draws = np.random.default_rng(0).integers(len(fields), size=(_RESAMPLES, len(fields)))
    off = np.abs(counted - annotated) / annotated
    usual, pooled = np.median(off[draws], axis=1), counted[draws].sum(axis=1) / annotated[draws].sum(axis=1)
    return {
        "median difference of a field": _estimate(float(np.median(off)), usual),
        "counted of those annotated": _estimate(float(counted.sum() / annotated.sum()), pooled),
    }


def _estimate(value: float, resampled: NDArray[np.float64]) -> Estimate:
    low, high = np.percentile(resampled, (2.5, 97.5))
    return Estimate(value, float(low), float(high))


def report(name: str, fields: Sequence[Counter[str]]) -> str:
    """One block of text for the counts of some fields: `summary` of all of them, and `count_agreement`."""
    pooled = pool(fields)
    lines = [f"{name} ({count(len(fields), 'field')})"]
    for figure, rate in summary(pooled).items():
        if rate.value is not None and rate.interval is not None:
            low, high = rate.interval
            lines.append(f"  {figure:28s} {rate.value:.4f}  [{low:.4f}, {high:.4f}]  {rate.numerator}/{rate.n}")
    agreement = count_agreement(fields) if "counts_close" in pooled else {}
    for figure, (value, low, high) in agreement.items():
        lines.append(f"  {figure:28s} {value:.4f}  [{low:.4f}, {high:.4f}]")
    return "\n".join(lines)


def pool(fields: Iterable[Counter[str]]) -> Counter[str]:
    """The counts of fields, added up."""
    pooled: Counter[str] = Counter()
    for counts in fields:
        pooled.update(counts)
    return pooled


def main(
    folder: Folder,
    fit: Annotated[bool, typer.Option("--fit", help="Fit the weights of outlines anew and print only them.")] = False,
) -> None:
    """Print the figures of all fields, of those on which thresholds were chosen, and of those held out."""
    if fit:
        print(fit_likeness(field for field in smear_fields(folder / SMEARS) if not field.is_held_out))
        return
    tallies: dict[str, list[Counter[str]]] = {}
    for part, counts in [*_smears(folder / SMEARS), *_leukocytes(folder / LEUKOCYTES)]:
        tallies.setdefault(part, []).append(counts)
    for title in sorted(tallies, reverse=True):
        print(report(title, tallies[title]))


def _smears(file: Path) -> Iterator[tuple[str, Counter[str]]]:
    """(a part that a field belongs to, its counts), for each part of each field."""
    fields = list(smear_fields(file))
    again, said = sampled(field.name for field in fields if field.is_held_out), verdicts()
    for field in fields:
        objects = segment(field.rgb)
        counts = count_field(field, objects)
        yield "Red cells, all", counts
        yield f"Red cells, {_half(field)}", counts
        if field.name in again:
            mine = said.get(field.name, [])
            yield "Red cells, read again: boxes as given", counts
            yield "Red cells, read again: boxes amended", count_field(amended(field, mine), objects)
            inner = [item for item in objects if not at_border(item.box, field.rgb.shape)]
            for box in unread(inner, mine, field):
                print(f"{field.name},outline,{','.join(map(str, box))} has no verdict", file=sys.stderr)


def _leukocytes(file: Path) -> Iterator[tuple[str, Counter[str]]]:
    for field in leukocyte_fields(file):
        counts = count_kind(field, segment(field.rgb), "leukocyte", "WBC")
        yield "Leukocytes, all", counts
        yield f"Leukocytes, {_half(field)}", counts


def _half(field: AnnotatedField) -> str:
    return "held out" if field.is_held_out else "chosen on"


if __name__ == "__main__":
    run(main)
