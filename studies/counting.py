"""Whether a field's numbers are right: `python -m studies.counting FOLDER [MODEL]`.

FOLDER holds iml_smears_dev.zip. Four things are measured on its fields:

- red cells: the sum of `cells` over what does not touch the border, against the boxes amended by a second reading
  (`studies.second_reading`);
- through an eyepiece: three held-out fields made round, in three sizes, with a hard and with a soft edge. The sum of
  `cells` against that of the cells of the whole field whose middles lie inside the circle: to where its edge has half
  of the light, and to where it has all of it, which is the same for a hard edge;
- parasites: how many a reader ends with who decides on every cell as the annotation does;
- processor time, all cores added up.
"""

import time
from collections.abc import Iterator
from itertools import product
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from malaria.model.classifier import Classifier, load
from malaria.smear import FieldTriage, triage_field
from malaria.smear.field.objects import RGB
from studies._command import Folder, Model, run
from studies.abroad import pool, read, tell_share
from studies.annotated_fields import COUNT_WITHIN, PARASITES, SMEARS, UNSURE, AnnotatedField, at_border, smear_fields
from studies.second_reading import amended, sampled, verdicts

SIZES: Final = (0.36, 0.43, 0.5)
"""Radius of an eyepiece's circle, as a share of the field's height."""
SOFT: Final = 0.06
"""How wide a soft edge is, as a share of the radius."""
ROUND: Final = 3
_CELLS_WITHIN: Final = 0.1


class Round(NamedTuple):
    """Red cells counted in a round picture, and those of the whole field to where it has half of its light, and all."""

    counted: float
    half: float
    lit: float


def eyepiece(rgb: RGB, radius: float, middle: tuple[float, float], soft: float = 0.0) -> RGB:
    """The field as through an eyepiece: nearly black outside a circle (pixels), whose edge is `soft` pixels wide."""
    rows, columns = np.mgrid[: rgb.shape[0], : rgb.shape[1]]
    inside = radius - np.hypot(columns - middle[0], rows - middle[1])
    share = np.clip(inside / max(soft, 1e-3) + 0.5, 0, 1)[..., np.newaxis]
    noise = np.random.default_rng(0).normal(0, 1, rgb.shape)
    return np.asarray(np.clip(rgb * share + (1 - share) * 6 + noise, 0, 255), np.uint8)


def count_round(field: AnnotatedField, whole: FieldTriage, classifier: Classifier) -> Iterator[Round]:
    """Count the cells of each round picture made of a field."""
    height, width = field.rgb.shape[:2]
    middle = (width / 2, height / 2)
    away = np.array([np.hypot(*np.subtract(item.box.centre, middle)) for item in whole.outlines])
    for radius, soft in product([size * height for size in SIZES], (0.0, SOFT)):
        seen = triage_field(eyepiece(field.rgb, radius, middle, soft * radius), classifier, field.name)
        half, lit = (float(whole.cells[away < radius * size].sum()) for size in (1, 1 - soft / 2))
        yield Round(seen.red_cells, half, lit)


def count_inner(field: AnnotatedField, triage: FieldTriage) -> tuple[float, int]:
    """(red cells counted, red cells annotated) of what does not touch the field's border."""
    shape = field.rgb.shape
    inner = np.array([not at_border(item.box, shape) for item in triage.outlines], bool)
    boxes = zip(field.boxes, field.types, strict=True)
    return float(triage.cells[inner].sum()), sum(not at_border(box, shape) and kind != UNSURE for box, kind in boxes)


def main(folder: Folder, model: Model = None) -> None:
    """Print how far counts agree with what people counted, and the time it takes."""
    classifier = load(model)
    fields = list(smear_fields(folder / SMEARS))
    held_out = [field for field in fields if field.is_held_out]
    again, said = sampled(field.name for field in held_out), verdicts()
    judged, seconds, counts = [], [], []
    circles: list[Round] = []
    rounded = {field.name for field in held_out[:: len(held_out) // ROUND][:ROUND]}
    for field in fields:
        started = time.process_time()
        judged.append(triage_field(field.rgb, classifier, field.name))
        seconds.append(time.process_time() - started)
        if field.name in again:
            counts.append(count_inner(amended(field, said.get(field.name, [])), judged[-1]))
        if field.name in rounded:
            circles += count_round(field, judged[-1], classifier)
    found, annotated = (np.array(numbers) for numbers in zip(*counts, strict=True))
    _print_close("fields counted within 5 %", np.abs(found / annotated - 1) <= COUNT_WITHIN)
    print(f"  of all fields together: {found.sum():.1f} of {annotated.sum()}, {found.sum() / annotated.sum():.3f}")
    seen, *inside = np.array(circles).T
    for title, cells in zip(("half of the light", "all of the light"), inside, strict=True):
        _print_close(f"eyepiece pictures within 10 %, to {title}", np.abs(seen / cells - 1) <= _CELLS_WITHIN)
        least, most = np.quantile(seen / cells, [0, 1])
        print(f"  together {seen.sum() / cells.sum():.3f} of the cells there, each {least:.3f} to {most:.3f}")
    parasites = {
        field.name: [box for box, kind in zip(field.boxes, field.types, strict=True) if kind in PARASITES]
        for field in fields
    }
    together = pool(judged, parasites, classifier)
    if reader := read(together):
        truth = len(together.covers)
        print(f"parasites of a reader without error: {reader.confirmed} of {truth}, {reader.confirmed / truth:.3f}")
    low, usual, high = np.quantile(seconds, [0.05, 0.5, 0.95])
    print(f"processor time: {usual:.2f} s a field (5 to 95 %: {low:.2f} to {high:.2f}), {len(seconds)} fields")


def _print_close(title: str, close: NDArray[np.bool_]) -> None:
    print(f"{title}: {tell_share(close.sum(), len(close))}")


if __name__ == "__main__":
    run(main)
