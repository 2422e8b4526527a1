"""The synthetic field on the home page, with the suspects that its triage ranks."""

from typing import Final, NamedTuple

from malaria.model.classifier import Classifier
from malaria.smear import Box, Triage
from malaria.smear.sample import ONE_FIELD, Sample
from malaria.ui.parts.gallery import enlarge, name_place
from malaria.ui.parts.marked_field import SURE, Mark, draw_field, encode_picture
from malaria.wording.words import count, probability

_SIDE: Final = 960  # twice as wide as it is shown, for sharp screens


class MarkedField(NamedTuple):
    """The field as a data URI, what it shows for those who do not see it, and what was found in it."""

    picture: str
    alt: str
    window: Box
    marks: list[Mark]
    cells: list[Box]
    red_cells: int
    parasitized: int
    """How many cells were drawn parasitized."""


def mark_field(classifier: Classifier, threshold: float) -> MarkedField:
    """Triage the field, and mark what is listed by that."""
    sample = Sample.synthetic(ONE_FIELD)
    sample.judging(classifier).wait()
    triage = sample.triage(classifier, threshold)
    (about,) = triage.fields
    window = Box(0, 0, about.width, about.height)
    marks = [
        Mark(one.outline.box, one.outline.contour, one.number, one.p_parasitized >= SURE) for one in triage.suspects
    ]
    cells = [item.box for item in about.outlines if item.kind in ("red_cell", "leukocyte")]
    picture = encode_picture(enlarge(about.picture, _SIDE))
    return MarkedField(picture, _tell(triage), window, marks, cells, triage.red_cells, sample.parasitized or 0)


def draw(shown: MarkedField) -> None:
    """Draw the field; there is nothing to be picked in it."""
    draw_field("home-field", shown.picture, shown.alt, shown.window, shown.marks, shown.cells)


def _tell(triage: Triage) -> str:
    told = [f"A synthetic microscope field with {count(len(triage.suspects), 'suspect')} outlined and numbered"]
    for one in triage.suspects:
        x, y = one.outline.box.centre
        where = name_place(x / one.field.width, y / one.field.height)
        told.append(f"{one.number} {where}, p {probability(one.p_parasitized)}")
    return f"{'; '.join(told)}."
