"""Fields -> every red cell ranked, the most suspicious first, over all fields of a sample together.

Ranks and shares are pooled over fields, never averaged per field. Only red cells get a probability: the classifier
knows nothing else. Clumps and cells at the border are judged too, for a parasite may lie in them, and windows over
suspicious places in heaps. Of all that shows one place the most suspicious is ranked first, and alone is a suspect.
"""

import math
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from malaria.model.classifier import Classifier
from malaria.smear.adapt import Head, cell_features, check_head
from malaria.smear.columns import FOUND
from malaria.smear.field.calibration import Calibration, calibrate
from malaria.smear.field.counting import count_cells, find_views
from malaria.smear.field.leukocyte_types import LeukocyteType, leukocyte_types
from malaria.smear.field.objects import KINDS, RGB, Kind, Outline, SmearObject, shrunk
from malaria.smear.field.quality import Concern, concerns
from malaria.smear.field.spots import darkest_spot
from malaria.smear.field.stain import find_shift, restain
from malaria.smear.field.view_area import ViewArea
from malaria.smear.field.windows import scan_with_windows
from malaria.smear.field_names import Copy
from malaria.smear.null import STANDS_OUT, average, standing_out
from malaria.smear.sample_survey import SampleSurvey
from malaria.smear.shift import Home, Shift, home_of

SCAN_MAX_PIXELS: Final = 150_000_000
"""The most pixels a field or scan may have."""

SHOWN: Final = 10
"""How many of the most suspicious cells are shown at least, whether they are suspects or not."""

_PICTURES: Final = 300
"""How many of a field's most suspicious cells keep their pictures."""
_OVERVIEW: Final = 1280
"""Longest side, in pixels, of the picture of the whole field."""


@dataclass(frozen=True, eq=False)
class FieldTriage:
    """One field, judged.

    `outlines` are the objects in it and `p_parasitized` (float64, one for each) what the classifier says of the red
    cells, NaN for other kinds; `p_restained` is what it says of them in a stain nearer to its own
    (`malaria.smear.field.stain`), `darkest_spots` how dark a spot each has (`malaria.smear.field.spots`), likewise.
    `crops` holds the pictures of the most suspicious ones by their place in `outlines`. `overview` is the field as JPEG
    bytes, its longest side at most 1280 pixels. `leukocyte_types` holds the type of each leukocyte by its place in
    `outlines`; it is empty where the network for them is missing or broken. `view` is
    what of the field is slide: the circle of an eyepiece, say.
    """

    field: str
    width: int
    height: int
    diameter: float
    outlines: tuple[Outline, ...]
    p_parasitized: NDArray[np.float64]
    p_restained: NDArray[np.float64]
    darkest_spots: NDArray[np.float64]
    crops: dict[int, RGB]
    concerns: tuple[Concern, ...]
    overview: bytes
    leukocyte_types: dict[int, LeukocyteType]
    view: ViewArea

    @property
    def picture(self) -> RGB:
        """The overview as pixels."""
        return np.asarray(cv2.imdecode(np.frombuffer(self.overview, np.uint8), cv2.IMREAD_COLOR_RGB), np.uint8)

    @property
    def told(self) -> str:
        """What is wrong with the field, in sentences; empty where nothing is."""
        return " ".join(concern.sentence for concern in self.concerns)

    @property
    def is_unusable(self) -> bool:
        """Whether the field counts only when somebody says so."""
        return any(concern.unusable for concern in self.concerns)

    def count(self, kind: Kind) -> int:
        """How many objects of a kind were found, clumps included."""
        return sum(item.kind == kind for item in self.outlines)

    @cached_property
    def cells(self) -> NDArray[np.float64]:
        """How many red cells each of `outlines` stands for, float64 (n,)."""
        return count_cells(self.outlines, self.diameter)

    @property
    def red_cells(self) -> float:
        """How many red cells the field holds; halves are cells that the border cuts."""
        return float(self.cells.sum())


@dataclass(frozen=True, eq=False)
class SuspectCell:
    """A red cell for a human to look at: `rank` among all fields, from 1, and `place` in the outlines of its `field`.

    `row` is its row in `Triage.table`.
    """

    row: int
    rank: int
    field: FieldTriage
    place: int

    @property
    def outline(self) -> Outline:
        """Where it lies."""
        return self.field.outlines[self.place]

    @property
    def p_parasitized(self) -> float:
        """What the classifier says, 0 to 1."""
        return float(self.field.p_parasitized[self.place])

    @property
    def crop(self) -> RGB | None:
        """Its picture, or None if many cells of its field are more suspicious."""
        return self.field.crops.get(self.place)


@dataclass(frozen=True, eq=False)
class Triage:
    """The fields of one sample, judged together. `unreadable` says of every field that could not be read why.

    `left_out` names those among them that were left out though they can be judged, as unusable or by hand.
    `copies` are files that were given more than once. `home` are the patients that the model was measured on, None
    where they are not known or the triage is adapted to the laboratory.

    Where the sample is not like those (`shift`), cells are ranked by how far they stand out of the sample's own null,
    and those are suspects that stand out `STANDS_OUT` spreads, unless somebody chose another threshold than the card's.
    """

    fields: tuple[FieldTriage, ...]
    threshold: float
    model: str
    model_version: str
    unreadable: dict[str, str]
    copies: tuple[Copy, ...] = ()
    home: Home | None = None
    left_out: tuple[str, ...] = ()

    @cached_property
    def shift(self) -> Shift:
        """Whether the sample is like those that the model was measured on."""
        if self.home is None:
            return Shift()
        p = self._p_parasitized
        judged = ~np.isnan(p)
        return self.home.look(p[judged], self._field_numbers[judged])

    @property
    def is_by_null(self) -> bool:
        """Whether suspects are those that stand out of the sample's own null, not those from the threshold on."""
        return self.shift.shifted and self.home is not None and self.threshold == self.home.threshold

    @cached_property
    def standing_out(self) -> NDArray[np.float64]:
        """How far each row of `table` stands out of the sample's null, float64 (n,); NaN where it was not judged."""
        again = np.concatenate([np.empty(0), *(field.p_restained for field in self.fields)])
        p, far = average(self._p_parasitized, again), np.full(len(again), np.nan)
        judged = ~np.isnan(p)
        parts = np.array([_part(item) for field in self.fields for item in field.outlines], dtype=str)
        dark = np.concatenate([np.empty(0), *(field.darkest_spots for field in self.fields)])
        far[judged] = standing_out(p[judged], self._field_numbers[judged], parts[judged], dark[judged])
        return far

    @cached_property
    def survey(self) -> SampleSurvey | None:
        """The cells as a reader gets them for an estimate; None where the machine's error rates hold."""
        if not self.shift.shifted:
            return None
        outlines = [(field.field, item.box) for field in self.fields for item in field.outlines]
        far = self.standing_out
        rows = sorted((row for row in self._ranking if row not in self._views), key=lambda row: -far[row])
        seed = " ".join(f"{one.field} {len(one.outlines)}" for one in self.fields)
        return SampleSurvey(rows, far[rows], [outlines[row] for row in rows], len(self.suspects), seed)

    @property
    def _p_parasitized(self) -> NDArray[np.float64]:
        return np.concatenate([np.empty(0), *(field.p_parasitized for field in self.fields)])

    @property
    def _field_numbers(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(len(self.fields)), [len(field.outlines) for field in self.fields])

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row for each object, by field and in reading order, with the columns of `malaria.smear.columns.FOUND`.

        `rank` counts the red cells of all fields from 1, the most suspicious, and `stands_out` is how many spreads each
        lies above the sample's null; they and p_parasitized are empty for other kinds. What shows the place of a more
        suspicious row comes after all others, and `view_of` is the rank of that row. leukocyte_type and
        p_leukocyte_type are empty for all but leukocytes.
        """
        places = [(field, at) for field in self.fields for at in range(len(field.outlines))]
        table = pd.DataFrame({name: [column.found(*place) for place in places] for name, column in FOUND.items()})
        table = table.astype({"p_parasitized": np.float64, "leukocyte_type": object, "p_leukocyte_type": np.float64})
        ranked = sorted(self._ranking, key=self._views.__contains__)
        rank = pd.Series(pd.NA, index=table.index, dtype="Int64")
        rank.iloc[ranked] = np.arange(1, len(ranked) + 1)
        view_of = pd.Series(self._views, dtype="Int64").map(rank).reindex(table.index)
        return table.assign(rank=rank, view_of=view_of, stands_out=self.standing_out.round(3))

    @cached_property
    def _ranking(self) -> list[int]:
        """The rows that were judged, the most suspicious first, whatever place they show."""
        suspicion = self.standing_out if self.is_by_null else self._p_parasitized
        order = np.argsort(np.where(np.isnan(suspicion), np.inf, -suspicion), kind="stable")
        return [int(row) for row in order[: np.count_nonzero(~np.isnan(suspicion))]]

    @cached_property
    def _views(self) -> dict[int, int]:
        """Which rows show the place of a more suspicious one: {row: the other's row}."""
        numbers, boxes = self._field_numbers, [item.box for field in self.fields for item in field.outlines]
        in_field: list[list[int]] = [[] for _ in self.fields]
        for row in self._ranking:
            in_field[numbers[row]].append(row)
        return {row: other for rows in in_field for row, other in find_views(boxes, rows).items()}

    @cached_property
    def suspects(self) -> tuple[SuspectCell, ...]:
        """The places that a human should see, the most suspicious first."""
        level, at = (self.standing_out, STANDS_OUT) if self.is_by_null else (self._p_parasitized, self.threshold)
        return self._ranked(self.table[(level >= at) & self.table["view_of"].isna()])

    @cached_property
    def below(self) -> tuple[SuspectCell, ...]:
        """The most suspicious places that are no suspects, as many as are missing of the first `SHOWN`."""
        ranked = self.table[self.table["rank"].notna() & self.table["view_of"].isna()].sort_values("rank")
        return self._ranked(ranked.iloc[len(self.suspects) : SHOWN], first=len(self.suspects) + 1)

    def _ranked(self, rows: pd.DataFrame, first: int = 1) -> tuple[SuspectCell, ...]:
        """Rows of the table as cells, the most suspicious first; ranks count from `first`."""
        starts = np.cumsum([len(field.outlines) for field in self.fields])
        listed = []
        for rank, row in enumerate(rows.sort_values("rank").index.tolist(), start=first):
            at = int(np.searchsorted(starts, row, side="right"))
            place = row - int(starts[at]) + len(self.fields[at].outlines)
            listed.append(SuspectCell(row, rank, self.fields[at], place))
        return tuple(listed)

    @property
    def red_cells(self) -> int:
        """Red cells of all fields, to the nearest whole number."""
        return math.floor(sum(field.red_cells for field in self.fields) + 0.5)

    @property
    def judged(self) -> int:
        """Outlines that the classifier was asked about."""
        return int(self.table["p_parasitized"].notna().sum())

    @property
    def discarded(self) -> int:
        """Outlines of red cells below the threshold, which nobody need look at."""
        return int((self.table["p_parasitized"] < self.threshold).sum())

    @property
    def discarded_share(self) -> float | None:
        """The share of the outlines of red cells that nobody need look at (0 to 1); None without any."""
        return self.discarded / self.judged if self.judged else None

    @property
    def leukocyte_counts(self) -> dict[str, int]:
        """How many leukocytes of each type all fields have, `unsure` being one, the commonest first."""
        found = Counter(one.name for field in self.fields for one in field.leukocyte_types.values())
        return dict(found.most_common())

    def summary(self) -> dict[str, object]:
        """The figures of the sample, fit for JSON."""
        return {
            "model": self.model,
            "model_version": self.model_version,
            "threshold": self.threshold,
            "shift": asdict(self.shift),
            "stands_out": STANDS_OUT if self.is_by_null else None,
            "fields": len(self.fields),
            **{f"{kind}s": sum(field.count(kind) for field in self.fields) for kind in KINDS},
            "red_cells": self.red_cells,
            "leukocyte_types": self.leukocyte_counts,
            "clumps": sum(item.is_clump for field in self.fields for item in field.outlines),
            "kept": len(self.suspects),
            "discarded": self.discarded,
            "discarded_share": self.discarded_share,
            "concerns": {
                field.field: {concern.code: concern.sentence for concern in field.concerns}
                for field in self.fields
                if field.concerns
            },
            "slide_share": {field.field: field.view.share for field in self.fields if not field.view.is_whole},
            "unreadable": self.unreadable,
            "left_out": list(self.left_out),
            "copies": [copy._asdict() for copy in self.copies],
        }


def triage_field(rgb: RGB, classifier: Classifier, field: str = "field", head: Head | None = None) -> FieldTriage:
    """Find and judge everything in one field or scan (RGB uint8, any size), tile by tile. `field` is its name.

    With a `head`, the triage is adapted to the laboratory that made it.
    """
    about = calibrate(rgb)
    outlines: list[Outline] = []
    odds: list[float] = []
    restained: list[float] = []
    spots: list[float] = []
    shift = find_shift(about)
    crops: dict[int, RGB] = {}
    types: dict[int, LeukocyteType] = {}
    for part in scan_with_windows(rgb, classifier, about):
        types |= {len(outlines) + place: found for place, found in leukocyte_types(part).items()}
        for item, p in zip(part, judge(part, classifier, about, head), strict=True):
            crops[len(outlines)] = item.crop
            outlines.append(item.outline)
            odds.append(p)
            spots.append(darkest_spot(item, about) if item.is_judged else np.nan)
        again = [restain(item, shift) if item.is_judged else item for item in part]
        restained += judge(again, classifier, about).tolist()
        crops = _most_suspicious(crops, odds)
    return FieldTriage(
        field=field,
        width=rgb.shape[1],
        height=rgb.shape[0],
        diameter=about.diameter,
        outlines=tuple(outlines),
        p_parasitized=np.array(odds, dtype=np.float64),
        p_restained=np.array(restained, dtype=np.float64),
        darkest_spots=np.array(spots, dtype=np.float64),
        crops=crops,
        concerns=tuple(concerns(rgb, about, outlines)),
        overview=_overview(rgb),
        leukocyte_types=types,
        view=about.view,
    )


def judge(
    objects: Sequence[SmearObject], classifier: Classifier, about: Calibration, head: Head | None = None
) -> NDArray[np.float64]:
    """Return p_parasitized of each object, float64 (n,), NaN where it is no red cell; on all processors."""
    p = np.full(len(objects), np.nan)
    cells = [number for number, item in enumerate(objects) if item.is_judged]
    if cells:
        shares = np.array_split(cells, min(len(cells), os.cpu_count() or 1))
        with ThreadPoolExecutor(len(shares), thread_name_prefix="judge") as pool:
            answers = pool.map(
                lambda share: _judge_cells([objects[at] for at in share], classifier, about, head), shares
            )
            p[cells] = np.concatenate(list(answers))
    return p


def _judge_cells(
    cells: Sequence[SmearObject], classifier: Classifier, about: Calibration, head: Head | None
) -> NDArray[np.float64]:
    p = classifier.predict([cell.crop for cell in cells])
    return p if head is None else head.apply(cell_features(cells, p, about))


def pool_fields(
    fields: Iterable[FieldTriage],
    classifier: Classifier,
    threshold: float | None = None,
    unreadable: dict[str, str] | None = None,
    head: Head | None = None,
    copies: Iterable[Copy] = (),
    left_out: Iterable[str] = (),
) -> Triage:
    """Put the fields of one sample together. `threshold` (0 to 1) is the head's or the model's unless given.

    Raises ModelError when `head` was made for another classifier.
    """
    card = classifier.card
    if head is not None:
        check_head(head, card)
    usual = card.threshold if head is None else head.threshold
    at = usual if threshold is None else threshold
    name = card.name if head is None else f"{card.name}, adapted"
    home = home_of(card) if head is None else None
    refused = dict(unreadable or {})
    return Triage(tuple(fields), at, name, card.version, refused, tuple(copies), home, tuple(left_out))


def _part(item: Outline) -> str:
    """What an outline is, for the null: what looks alike is held against its like."""
    return f"{item.kind}, {'clump' if item.is_clump else 'at the border' if item.touches_border else 'whole'}"


def _most_suspicious(crops: dict[int, RGB], p: Sequence[float]) -> dict[int, RGB]:
    ranked = sorted((place for place in crops if not np.isnan(p[place])), key=lambda place: -p[place])
    return {place: crops[place] for place in ranked[:_PICTURES]}


def _overview(rgb: RGB) -> bytes:
    scale = min(1.0, _OVERVIEW / max(rgb.shape[:2]))
    return cv2.imencode(".jpg", shrunk(rgb, scale)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
