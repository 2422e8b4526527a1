"""Fields -> every red cell ranked, the most suspicious first, over all fields of a sample together.

Ranks and shares are pooled over fields, never averaged per field. Of all that shows one place the most suspicious is
ranked first, and alone is a suspect.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from malaria.model.classifier import Classifier
from malaria.smear.adapt import Head, check_head
from malaria.smear.columns import FOUND
from malaria.smear.field.counting import find_views
from malaria.smear.field.objects import KINDS, RGB, Outline
from malaria.smear.field_names import Copy, letters
from malaria.smear.field_triage import FieldTriage
from malaria.smear.null import STANDS_OUT, average, standing_out
from malaria.smear.sample_survey import SampleSurvey
from malaria.smear.shift import Home, Shift, home_of

SHOWN: Final = 10
"""How many of the most suspicious cells are shown at least, whether they are suspects or not."""


@dataclass(frozen=True, eq=False)
class SuspectCell:
    """A red cell for a human to look at: `rank` among all fields, from 1, and `place` in the outlines of its `field`.

    `row` is its row in `Triage.table`, and `number` what it is called, whatever its rank becomes.
    """

    row: int
    number: str
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
    where they are not known or the triage is adapted to the laboratory. `given` are the names of all fields in the
    order of upload, also of those that could not be read or are not judged yet.

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
    given: tuple[str, ...] = ()

    @cached_property
    def letters(self) -> dict[str, str]:
        """The letter of each field, by its name: it does not change when a field is left out or more are given."""
        return letters((*self.given, *(field.field for field in self.fields), *self.unreadable))

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
        suspicious row comes after all others, and `view_of` is the rank of that row. `number` is what a cell is
        called: its field's letter and its place among the field's by p_parasitized, whatever other fields hold; in a
        shifted sample, where its number must not tell, among those in reading order. leukocyte_type and
        p_leukocyte_type are empty for all but leukocytes.
        """
        places = [(field, at) for field in self.fields for at in range(len(field.outlines))]
        table = pd.DataFrame({name: [column.found(*place) for place in places] for name, column in FOUND.items()})
        table = table.astype({"p_parasitized": np.float64, "leukocyte_type": object, "p_leukocyte_type": np.float64})
        ranked = sorted(self._ranking, key=self._views.__contains__)
        rank = pd.Series(pd.NA, index=table.index, dtype="Int64")
        rank.iloc[ranked] = np.arange(1, len(ranked) + 1)
        view_of = pd.Series(self._views, dtype="Int64").map(rank).reindex(table.index)
        table = table.assign(rank=rank, view_of=view_of, stands_out=self.standing_out.round(3))
        return table.assign(number=self._number(table[rank.notna()]).reindex(table.index))

    def _number(self, judged: pd.DataFrame) -> pd.Series:
        """What each of these rows is called."""
        if not self.shift.shifted:
            judged = judged.assign(is_view=judged["view_of"].notna())
            judged = judged.sort_values(["is_view", "p_parasitized"], ascending=[True, False], kind="stable")
        at = judged.groupby("field", sort=False).cumcount() + 1
        return judged["field"].map(self.letters) + at.astype(str)

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
        listed, numbers = [], rows["number"]
        for rank, row in enumerate(rows.sort_values("rank").index.tolist(), start=first):
            at = int(np.searchsorted(starts, row, side="right"))
            place = row - int(starts[at]) + len(self.fields[at].outlines)
            listed.append(SuspectCell(row, numbers[row], rank, self.fields[at], place))
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


def pool_fields(
    fields: Iterable[FieldTriage],
    classifier: Classifier,
    threshold: float | None = None,
    unreadable: dict[str, str] | None = None,
    head: Head | None = None,
    copies: Iterable[Copy] = (),
    left_out: Iterable[str] = (),
    given: Iterable[str] = (),
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
    return Triage(tuple(fields), at, name, card.version, refused, tuple(copies), home, tuple(left_out), tuple(given))


def _part(item: Outline) -> str:
    """What an outline is, for the null: what looks alike is held against its like."""
    return f"{item.kind}, {'clump' if item.is_clump else 'at the border' if item.touches_border else 'whole'}"
