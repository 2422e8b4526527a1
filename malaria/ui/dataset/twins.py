"""Duplicates: the same bytes, and one picture saved again; those across classes or patients come first."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Final

import streamlit as st

from malaria.dataset import GREY_LEVELS, HASH_DISTANCE, Description, Group
from malaria.ui.dataset.data_set import DataSet
from malaria.ui.parts.text import literal
from malaria.ui.parts.tiles import Tile, draw_tiles
from malaria.wording.words import count

_SHOWN: Final = 12
_PICTURES: Final = 6


def draw_duplicates(data_set: DataSet, found: Description) -> None:
    """Draw the section."""
    _draw_kind("Exact copies", "the same bytes, by SHA-256", found.exact, data_set, found)
    _draw_kind(
        "Near duplicates",
        "the same picture saved again: in another format or size, brighter or darker, or slightly blurred",
        found.near,
        data_set,
        found,
    )
    st.caption(
        f"Near duplicates are pairs whose perceptual hashes differ in at most {HASH_DISTANCE} of 64 bits and whose "
        f"thumbnails, at equal brightness, differ by at most {GREY_LEVELS:g} grey levels. No pair among 23,521 "
        "different NIH cells meets both limits. Pictures that were turned, mirrored or cropped are not found."
    )


def _draw_kind(title: str, meaning: str, groups: tuple[Group, ...], data_set: DataSet, found: Description) -> None:
    st.header(title, anchor=False)
    if not groups:
        st.markdown(f"None: no two images are {meaning}.")
        return
    classes, patients = sum(group.across_classes for group in groups), sum(group.across_patients for group in groups)
    images = sum(len(group.files) for group in groups)
    counted = count(len(groups), "group")
    st.markdown(
        f"**{counted}**, {count(images, 'image')} ({meaning}). Across classes, where one label must be wrong: "
        f"{classes:,}. Across patients, where even a split by patient leaks: {patients:,}."
    )
    worst = sorted(groups, key=lambda group: -(2 * group.across_classes + group.across_patients))
    table = found.table
    labels = dict(zip(table["file"], table["given_label"], strict=True))
    origins = dict(zip(table["file"], zip(table["given_label"], table["patient"], strict=True), strict=True))
    for group in worst[:_SHOWN]:
        _draw_group(_sort_unlike_first(group.files, origins), group, data_set, labels)
    if len(groups) > _SHOWN:
        st.caption(f"{len(groups) - _SHOWN:,} more groups are in the JSON of the first section.")


def _sort_unlike_first(files: Sequence[str], origins: Mapping[str, Hashable]) -> list[str]:
    """One file of each origin (class and patient) before the second of any: the first few show what is wrong."""
    before: Counter[Hashable] = Counter()
    place = {}
    for file in files:
        place[file] = before[origins[file]]
        before[origins[file]] += 1
    return sorted(files, key=place.__getitem__)


def _draw_group(files: Sequence[str], group: Group, data_set: DataSet, labels: dict[str, str | None]) -> None:
    problems = [
        words
        for words, there in (("⚠ across classes", group.across_classes), ("⚠ across patients", group.across_patients))
        if there
    ]
    more = f" and {len(files) - _PICTURES:,} more" if len(files) > _PICTURES else ""
    st.markdown(
        f"{', '.join(problems) or 'within one class and patient'}: {literal(' = '.join(files[:_PICTURES]))}{more}"
    )
    shown = []
    for file in files[:_PICTURES]:
        picture = data_set.read_picture(file)
        if picture is not None:
            label = labels.get(file) or "no label"
            name = file.rpartition("/")[2]
            shown.append(Tile(picture, f"{name}, labelled {label}", f"{label}\n{name}"))
    draw_tiles(shown, side=110)
