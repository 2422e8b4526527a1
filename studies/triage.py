"""How many parasitized cells a triage keeps: `python -m studies.triage FOLDER [MODEL]`.

FOLDER holds iml_smears_dev.zip, fields of a laboratory, microscope and species that no classifier here has seen.
The threshold is where 85 % of all red cells found are discarded: one for all fields ("pooled"), or one for each field
("per field"). A parasitized cell is kept when the outline that finds its box (at an intersection over union of 0.5)
reaches the threshold; one that no outline finds is lost. "In view" counts it as kept also when an outline that
reaches the threshold covers half of its box, as clumps do: the human sees it. Cells at the border count too.
Cells marked "difficult" count as neither.

As shipped, nothing of that laboratory was used but the width of the edge that crops leave out, chosen on half of the
fields, and where windows are laid (`malaria.smear.field.windows`): that was built after looking at every parasite
that was lost, of both halves, so the held-out half is no unseen one there. Adapted, a head is fitted on the other nine
tenths of the fields.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from malaria.metrics import Rate
from malaria.model.classifier import Classifier, load
from malaria.smear.adapt import DISCARD, LabelledCells, cell_features, cross_validate, find_threshold, join_cells
from malaria.smear.field.calibration import calibrate
from malaria.smear.field.objects import SmearObject, pairs
from malaria.smear.field.windows import scan_with_windows
from studies._command import Folder, Model, run
from studies.annotated_fields import PARASITES, SMEARS, AnnotatedField, is_held_out, smear_fields

_COVERS: Final = 0.5


@dataclass(frozen=True, eq=False)
class Judged:
    """The red cells of annotated fields, and for each annotated parasite which of them show it.

    `finds` holds the row in `cells` of the outline that finds each parasite, -1 for none; `covers` the rows of the
    outlines that cover half of its box; `parasite_field` its field.
    """

    cells: LabelledCells
    finds: NDArray[np.int64]
    covers: tuple[NDArray[np.int64], ...]
    parasite_field: NDArray[np.str_]


def judge_fields(fields: Iterable[AnnotatedField], classifier: Classifier) -> Judged:
    """Find and judge the red cells of annotated fields."""
    parts: list[LabelledCells] = []
    finds: list[int] = []
    covers: list[NDArray[np.int64]] = []
    names: list[str] = []
    start = 0
    for field in fields:
        about = calibrate(field.rgb)
        shown = [item for part in scan_with_windows(field.rgb, classifier, about) for item in part]
        found = [item for item in shown if item.is_judged]
        cells = _without_difficult(field, found)
        finder = dict(pairs(field.boxes, [cell.box for cell in cells]))
        parasites = [at for at, kind in enumerate(field.types) if kind in PARASITES]
        is_parasitized = np.zeros(len(cells), dtype=bool)
        is_parasitized[[finder[at] for at in parasites if at in finder]] = True
        features = cell_features(cells, classifier.predict([cell.crop for cell in cells]), about)
        parts.append(LabelledCells(features, is_parasitized, np.array([field.name] * len(cells))))
        finds += [start + finder[at] if at in finder else -1 for at in parasites]
        covers += [start + _covering(field, at, cells) for at in parasites]
        names += [field.name] * len(parasites)
        start += len(cells)
    return Judged(join_cells(parts), np.array(finds), tuple(covers), np.array(names))


def figures(
    judged: Judged, scores: NDArray[np.float64], discard: float = DISCARD, held_out: bool = False
) -> dict[str, Rate]:
    """The shares of parasitized cells that are kept when cells with the lowest scores are discarded.

    With `held_out`, only the parasitized cells of those fields count; thresholds are those of all fields.
    """
    field = judged.cells.field
    among = np.array([is_held_out(name) or not held_out for name in judged.parasite_field], dtype=bool)
    pooled = np.full(len(scores), find_threshold(scores, discard))
    own = np.empty(len(scores))
    for name in np.unique(field):
        own[field == name] = find_threshold(scores[field == name], discard)
    kept = {title: _kept(judged, scores >= limit) for title, limit in {"pooled": pooled, "per field": own}.items()}
    named = judged.parasite_field
    whole = [bool(kept["per field"][0][named == name].all()) for name in np.unique(named[among])]
    none = "There are none."
    return {
        **{
            f"{title}, {way}": _share(part[among])
            for title, both in kept.items()
            for way, part in zip(_WAYS, both, strict=True)
        },
        "fields that keep all of theirs": Rate.share(sum(whole), len(whole), none),
    }


_WAYS: Final = ("found", "in view")


def _kept(judged: Judged, is_kept: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    found = (judged.finds >= 0) & is_kept[judged.finds]
    return found, found | np.array([bool(is_kept[rows].any()) for rows in judged.covers])


def _share(kept: NDArray[np.bool_]) -> Rate:
    return Rate.share(int(kept.sum()), len(kept), "There are none.")


def _covering(field: AnnotatedField, parasite: int, cells: list[SmearObject]) -> NDArray[np.int64]:
    box = field.boxes[parasite]
    rows = [at for at, cell in enumerate(cells) if box.shared_area(cell.box) >= _COVERS * box.width * box.height]
    return np.array(rows, dtype=np.int64)


def _without_difficult(field: AnnotatedField, cells: list[SmearObject]) -> list[SmearObject]:
    found = {column: row for row, column in pairs(field.boxes, [cell.box for cell in cells])}
    return [cell for at, cell in enumerate(cells) if at not in found or field.types[found[at]] != "difficult"]


def main(folder: Folder, model: Model = None) -> None:
    """Print which share of parasitized cells a triage keeps, as shipped and adapted."""
    classifier = load(model)
    judged = judge_fields(smear_fields(folder / SMEARS), classifier)
    ways = {"as shipped": judged.cells.features[:, 0], "adapted": cross_validate(judged.cells, 10)}
    for title, scores in ways.items():
        for part, held_out in (("all fields", False), ("parasites of held-out fields", True)):
            print(f"{classifier.card.name}, {title}, {DISCARD:.0%} of {len(scores)} red cells discarded, {part}")
            for name, rate in figures(judged, scores, held_out=held_out).items():
                low, high = rate.interval or (np.nan, np.nan)
                print(f"  {name:32s} {rate.value:.4f}  [{low:.4f}, {high:.4f}]  {rate.numerator}/{rate.n}")


if __name__ == "__main__":
    run(main)
