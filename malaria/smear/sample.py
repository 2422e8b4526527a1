"""The fields of one sample in memory: their bytes, what each came to, and why one was refused."""

import logging
import secrets
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Final, NamedTuple, TypeAlias

from malaria import phantom
from malaria.background import Background
from malaria.errors import ImageError
from malaria.images import RGB, ImageFile, decode, name_picture
from malaria.images.plausibility import refuse_black
from malaria.model.classifier import Classifier
from malaria.smear.adapt import Head
from malaria.smear.drawing import window_around
from malaria.smear.field.objects import Box
from malaria.smear.field_names import Copy, FieldNames
from malaria.smear.field_triage import SCAN_MAX_PIXELS, FieldTriage, triage_field
from malaria.smear.triage import Triage, pool_fields

EXAMPLE: Final = "synthetic"
"""The example's name in the address: `?example=synthetic`."""
ONE_FIELD: Final = "synthetic_field"
"""The name of its first field alone, which the home page shows."""
EXAMPLES: Final = {EXAMPLE: (3, 14), ONE_FIELD: (3,)}
"""The seeds of each example's fields, all of one slide, by its name."""
_CUTS: Final = 40  # squares that are kept; of two cells across they take a few MB

_SCAN: Final = 64 * 2**20  # bytes of pixels from which on a field is a scan: of all samples, one scan stays decoded

_log = logging.getLogger(__name__)


class Refused(NamedTuple):
    """A field that could not be used, and `why` in a sentence."""

    field: str
    why: str
    can_count: bool = False
    """Whether it could be judged, and counts when somebody takes it in."""


def refuse_unusable(judged: FieldTriage) -> FieldTriage | Refused:
    """Leave a field out that was told as unusable."""
    return _left_out(judged, "as unusable") if judged.is_unusable else judged


def _left_out(judged: FieldTriage, how: str) -> Refused:
    return Refused(judged.field, f"{judged.field}: Left out {how}. {judged.told}".strip(), can_count=True)


Judging: TypeAlias = Background[FieldTriage | Refused]
_Model: TypeAlias = tuple[str, str, Head | None]  # name, version and what it was adapted by
_Known: TypeAlias = dict[tuple[_Model, str | None], FieldTriage]  # and by image_id


@dataclass(eq=False)
class Sample:
    """One sample. `files` are its fields as they came, by name; nothing of them is ever written to the disk."""

    files: dict[str, ImageFile]
    example: str = ""
    """Which of `EXAMPLES` it is; empty for a sample of somebody's own."""
    parasitized: int | None = None
    """How many cells are parasitized, where that is known because they were drawn so."""
    copies: tuple[Copy, ...] = ()
    """Files that were given more than once."""
    skipped: tuple[str, ...] = ()
    """Sentences that name the files passed over, as they are no images."""
    ids: dict[str, str] = field(default_factory=dict)
    """The image_id of each field that has bytes, by its name."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Who left a field out of the sample, by its image_id."""
    taken_in: set[str] = field(default_factory=set)
    """The image_id of each field that counts though it was told as unusable: somebody said so."""
    faces: dict[str, str] = field(default_factory=dict)
    """Small pictures of suspects for the list, by image_id."""
    _known: _Known = field(default_factory=dict)
    _judging: tuple[_Model, Judging] | None = None
    _decoded: tuple[str, RGB] | None = None  # the last one only: a scan takes hundreds of MB
    _cuts: dict[tuple[str, Box, float], RGB] = field(default_factory=dict)  # the card's, and those to come

    @classmethod
    def of(
        cls,
        files: Sequence[ImageFile],
        *,
        example: str = "",
        parasitized: int | None = None,
        skipped: Iterable[str] = (),
    ) -> "Sample":
        """Put fields together: the same bytes count once, and two files of one name get different names."""
        names = FieldNames()
        kept = dict(names.name(files))
        return cls(kept, example, parasitized, tuple(names.copies), tuple(skipped), names.ids)

    @classmethod
    def synthetic(cls, example: str = EXAMPLE) -> "Sample":
        """Synthetic fields of one slide, as one of `EXAMPLES` names them."""
        seeds = EXAMPLES[example]
        fields = [phantom.field(seed=seed, slide=seeds[0]) for seed in seeds]
        infected = sum(item.kind == "red_cell" and item.form != "uninfected" for one in fields for item in one.truth)
        return cls.of([ImageFile(one.file, one.png) for one in fields], example=example, parasitized=infected)

    def with_more(self, files: Sequence[ImageFile], skipped: Iterable[str] = ()) -> "Sample":
        """The same sample with more fields. What was judged is not judged again."""
        self.stop()
        more = Sample.of([*self.files.values(), *files], skipped=dict.fromkeys((*self.skipped, *skipped)))
        more.copies = tuple(dict.fromkeys(self.copies + more.copies))
        more._known, more.faces, more.left_out = self._known, self.faces, self.left_out
        more.taken_in = self.taken_in
        return more

    def judging(self, classifier: Classifier, head: Head | None = None) -> Judging:
        """The fields as the picked model judges them, in the making since this was first asked for."""
        key = (classifier.card.name, classifier.card.version, head)
        if self._judging is None or self._judging[0] != key:
            self.stop()
            work = partial(_judge_all, list(self.files.items()), classifier, head, self._known)
            self._judging = key, Background(work, len(self.files), "smear")
        return self._judging[1]

    def stop(self) -> None:
        """Stop judging; what is done stays."""
        if self._judging is not None:
            self._judging[1].stop()

    def triage(self, classifier: Classifier, threshold: float, head: Head | None = None) -> Triage:
        """All fields that were judged so far, as one sample."""
        judged = [self._without(one) for one in self.judging(classifier, head).results]
        fields = [one for one in judged if isinstance(one, FieldTriage)]
        refused = {one.field: one.why for one in judged if isinstance(one, Refused)}
        left_out = [one.field for one in judged if isinstance(one, Refused) and one.can_count]
        return pool_fields(fields, classifier, threshold, refused, head, self.copies, left_out, self.files)

    def leave_out(self, fields: Iterable[str], who: str) -> None:
        """Let fields count no more, until `take_in`."""
        self.left_out |= {self._id(name): who for name in fields}

    def take_in(self, field: str) -> None:
        """Let a field count that was left out, by hand or as unusable."""
        self.left_out.pop(self._id(field), None)
        self.taken_in.add(self._id(field))

    def is_left_out(self, field: str) -> bool:
        """Whether a field was left out by hand."""
        return self._id(field) in self.left_out

    @cached_property
    def pictures(self) -> dict[str, str]:
        """Which picture is read of each field whose file holds several, as in "page 1 of 3"."""
        named = ((name, name_picture(file.data or b"")) for name, file in self.files.items())
        return {name: picture for name, picture in named if picture}

    def _without(self, judged: FieldTriage | Refused) -> FieldTriage | Refused:
        """A field as the sample has it: refused where it was left out."""
        if isinstance(judged, Refused):
            return judged
        image_id = self._id(judged.field)
        if image_id in self.left_out:
            return _left_out(judged, f"by {self.left_out[image_id]}")
        return judged if image_id in self.taken_in else refuse_unusable(judged)

    def _id(self, field: str) -> str:
        """The image_id of a field; empty where it has no bytes."""
        return self.ids.get(field, "")

    def rgb(self, name: str) -> RGB:
        """The pixels of one field. Raises ImageError."""
        decoded = self._decoded
        if decoded is None or decoded[0] != name:
            self._decoded = decoded = None
            decoded = name, decode_field(name, self.files[name])
            if decoded[1].nbytes > _SCAN:
                for other in list(_SCANS):
                    other._decoded = None
                _SCANS.clear()
                _SCANS.add(self)
            self._decoded = decoded
        return decoded[1]

    def cut(self, name: str, box: Box, side: float) -> RGB:
        """A square of a field around a box, `side` pixels wide. Raises ImageError."""
        key = name, box, side
        cut = self._cuts.pop(key, None)
        if cut is None:
            rgb = self.rgb(name)
            window = window_around(box.centre, rgb.shape[1], rgb.shape[0], side, square=True)
            cut = rgb[window.y : window.y + window.height, window.x : window.x + window.width].copy()
        self._cuts[key] = cut  # now the last to be dropped
        for old in list(self._cuts)[:-_CUTS]:
            del self._cuts[old]
        return cut

    def is_at_hand(self, name: str, box: Box, side: float) -> bool:
        """Whether `cut` needs no field to be decoded."""
        decoded = self._decoded
        return (name, box, side) in self._cuts or (decoded is not None and decoded[0] == name)


_SCANS: Final[weakref.WeakSet[Sample]] = weakref.WeakSet()
"""The sample that holds a scan decoded."""


def _judge_all(
    files: Sequence[tuple[str, ImageFile]],
    classifier: Classifier,
    head: Head | None,
    known: _Known,
    done: int,
    stop: threading.Event,
) -> Iterator[FieldTriage | Refused]:
    for name, file in files[done:]:
        if stop.is_set():
            return
        yield _judge(name, file, classifier, head, known)


def _judge(
    name: str, file: ImageFile, classifier: Classifier, head: Head | None, known: _Known
) -> FieldTriage | Refused:
    """Judge one field. Whatever goes wrong with it is told, and keeps no other field from being judged."""
    key = ((classifier.card.name, classifier.card.version, head), file.image_id)
    try:
        found = known.get(key) or judge_field(name, file, classifier, head)
    except Exception:
        reference = secrets.token_hex(4)
        _log.exception("The field %s could not be triaged, reference %s", name, reference)
        return Refused(
            name,
            f"{name}: An error in the app kept it from being triaged. The details are in the server's log under "
            f"{reference}.",
        )
    if isinstance(found, Refused):
        return found
    known[key] = found
    return found if found.field == name else replace(found, field=name)


def judge_field(name: str, file: ImageFile, classifier: Classifier, head: Head | None = None) -> FieldTriage | Refused:
    """Judge one field as it came; one that cannot be read is refused."""
    try:
        rgb = decode_field(name, file)
        refuse_black(rgb, name)
        return triage_field(rgb, classifier, name, head)
    except ImageError as error:
        return Refused(name, file.error or str(error))


def decode_field(name: str, file: ImageFile) -> RGB:
    """Return the pixels of a field, which is called `name` where it cannot be read. Raises ImageError."""
    if (data := file.data) is None:
        raise ImageError(name, file.error or "It could not be read.", "")
    return decode(data, name, max_pixels=SCAN_MAX_PIXELS)
