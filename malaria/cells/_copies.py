"""One image, one cell: copies of a file, byte for byte, count once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from malaria.wording.words import choose_verb, count, list_some

_SHOWN: Final = 3


@dataclass(frozen=True, eq=False)
class Once:
    """A table of cells with each image once: `copies` maps the files left out to the file that stands for them.

    `contradicted` are files of the same bytes with different labels; the one of them that stays has lost its label.
    """

    table: pd.DataFrame
    copies: Mapping[str, str] = field(default_factory=dict)
    contradicted: tuple[str, ...] = ()

    @property
    def sentences(self) -> list[str]:
        """What is to be said of it; nothing where every image is there once, or with one label."""
        told = []
        if n := len(self.copies):
            pairs = list_some((f"{file} is {first}" for file, first in self.copies.items()), _SHOWN)
            told.append(f"{count(n, 'file')} {choose_verb(n, 'is a copy', 'are copies')}, counted once: {pairs}.")
        if self.contradicted:
            names = list_some(self.contradicted, _SHOWN)
            told.append(
                f"Left out of all rates, because these files are the same image with different labels: {names}. Keep "
                "the right one."
            )
        return told


def count_once(table: pd.DataFrame, label: str = "given_label") -> Once:
    """Leave out of a table (file, image_id, `label`) what has the same image_id as a row before it.

    A labelled row stands for its copies without a label. Different labels of one image are no label: None.
    """
    again = table["image_id"].notna() & table["image_id"].duplicated(keep=False)
    if not again.any():
        return Once(table)
    groups = table[again].groupby("image_id", sort=False)
    contradicted = groups[label].transform("nunique") > 1
    first = table[again].assign(bare=table[label].isna()).sort_values("bare", kind="stable").drop_duplicates("image_id")
    stands = dict(zip(first["image_id"], first["file"], strict=True))
    others = table[again].drop(first.index)
    kept = table.drop(others.index)
    blank = kept.index.intersection(contradicted[contradicted].index)
    kept[label] = kept[label].mask(kept.index.isin(blank), None)
    return Once(
        kept,
        {file: stands[image_id] for file, image_id in zip(others["file"], others["image_id"], strict=True)},
        tuple(table.loc[contradicted[contradicted].index, "file"]),
    )
