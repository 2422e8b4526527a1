"""The fields of one sample as a session has them: their bytes, what each came to, and why one was refused."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from malaria import phantom
from malaria.errors import ImageError
from malaria.images import RGB, ImageFile, decode
from malaria.smear import SCAN_MAX_PIXELS, FieldTriage, Triage, pooled, triage_field
from malaria.ui.frame import Frame

EXAMPLE: Final = "synthetic"
"""The example's name in the address: `?example=synthetic`."""
_SEEDS: Final = (3, 14)


@dataclass(eq=False)
class Desk:
    """One sample. `files` are its fields as they came, by name; nothing of them is ever written to the disk."""

    files: dict[str, ImageFile]
    synthetic: bool = False
    parasitized: int | None = None
    """How many cells are parasitized, where that is known because they were drawn so."""
    twice: tuple[str, ...] = ()
    """Fields that were given more than once and count once."""
    faces: dict[str, str] = field(default_factory=dict)
    """Small pictures of suspects for the list, by image_id."""
    _unreadable: dict[str, str] = field(default_factory=dict)
    _judged: dict[tuple[str, str], dict[str, FieldTriage]] = field(default_factory=dict)
    _decoded: tuple[str, RGB] | None = None  # the last one only: a scan takes hundreds of MB

    @classmethod
    def of(cls, files: list[ImageFile], *, synthetic: bool = False, parasitized: int | None = None) -> "Desk":
        """Put fields together: the same bytes count once, and two files of one name get different names."""
        kept: dict[str, ImageFile] = {}
        seen: set[str | None] = set()
        twice = []
        for one in files:
            if one.image_id is not None and one.image_id in seen:
                twice.append(one.file)
                continue
            seen.add(one.image_id)
            name, copy = one.file, 2
            while name in kept:
                name, copy = f"{one.file} ({copy})", copy + 1
            kept[name] = one
        unreadable = {name: one.error or "" for name, one in kept.items() if one.data is None}
        return cls(kept, synthetic, parasitized, tuple(twice), _unreadable=unreadable)

    @classmethod
    def example(cls) -> "Desk":
        """Two synthetic fields of one slide."""
        fields = [phantom.field(seed=seed, slide=_SEEDS[0]) for seed in _SEEDS]
        infected = sum(item.kind == "red_cell" and item.form != "uninfected" for one in fields for item in one.truth)
        return cls.of([ImageFile(one.file, one.png) for one in fields], synthetic=True, parasitized=infected)

    def judge(self, frame: Frame) -> Iterator[str]:
        """Judge what the picked model has not judged yet, yielding each field's name before it is begun."""
        judged = self._judged.setdefault((frame.card.name, frame.card.version), {})
        for name in self.files:
            if name not in judged and name not in self._unreadable:
                yield name
                try:
                    judged[name] = triage_field(self.rgb(name), frame.classifier, name)
                except ImageError as error:
                    self._unreadable[name] = str(error)

    def triage(self, frame: Frame, threshold: float) -> Triage:
        """All fields that were judged, as one sample."""
        judged = self._judged[frame.card.name, frame.card.version]
        fields = (judged[name] for name in self.files if name in judged)
        return pooled(fields, frame.classifier, threshold, self._unreadable)

    @property
    def ids(self) -> dict[str, str]:
        """The image_id of each field that has bytes, by its name."""
        return {name: one.image_id for name, one in self.files.items() if one.image_id}

    def rgb(self, name: str) -> RGB:
        """The pixels of one field. Raises ImageError."""
        if self._decoded is None or self._decoded[0] != name:
            self._decoded = None
            self._decoded = name, decode(self.files[name].data or b"", name, max_pixels=SCAN_MAX_PIXELS)
        return self._decoded[1]
