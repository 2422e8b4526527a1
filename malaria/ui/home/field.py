"""The synthetic field on the home page, with the suspects that its triage ranks."""

from typing import Final, NamedTuple

import cv2

from malaria.model.classifier import Classifier
from malaria.smear import Box, Triage
from malaria.smear.drawing import SURE, Mark, draw_marks
from malaria.smear.sample import ONE_FIELD, Sample
from malaria.ui.parts.gallery import enlarge, name_place
from malaria.wording.words import count, probability

_SIDE: Final = 960  # twice as wide as it is shown, for sharp screens; the numbers stay large enough to read


class MarkedField(NamedTuple):
    """The field as JPEG bytes, what it shows for those who do not see it, and what was found in it."""

    jpeg: bytes
    alt: str
    suspects: int
    red_cells: int
    parasitized: int
    """How many cells were drawn parasitized."""


def mark_field(classifier: Classifier, threshold: float) -> MarkedField:
    """Draw the field and outline what the triage of that very field lists, by its ranks."""
    sample = Sample.synthetic(ONE_FIELD)
    sample.judging(classifier).wait()
    triage = sample.triage(classifier, threshold)
    (about,) = triage.fields
    picture = enlarge(about.picture, _SIDE)
    marks = [
        Mark(one.outline.box, None, "square" if one.p_parasitized >= SURE else "diamond", str(one.rank))
        for one in triage.suspects
    ]
    drawn = draw_marks(picture, Box(0, 0, about.width, about.height), marks, picture.shape[1] / about.width)
    jpeg = cv2.imencode(".jpg", drawn[..., ::-1])[1].tobytes()
    return MarkedField(jpeg, _tell(triage), len(marks), round(triage.red_cells), sample.parasitized or 0)


def _tell(triage: Triage) -> str:
    told = [f"A synthetic microscope field with {count(len(triage.suspects), 'suspect')} outlined and numbered"]
    for one in triage.suspects:
        x, y = one.outline.box.centre
        where = name_place(x / one.field.width, y / one.field.height)
        told.append(f"{one.rank} {where}, p {probability(one.p_parasitized)}")
    return f"{'; '.join(told)}."
