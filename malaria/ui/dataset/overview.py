"""What is in the set: counts, files, sizes, what cannot be read, what an expert disputes, balance by patient."""

import json
from functools import partial
from typing import Any

import streamlit as st

from malaria.cells import to_csv
from malaria.dataset import Description, Leak, split_by_image, split_by_patient
from malaria.labels import CLASSES
from malaria.metrics import wilson
from malaria.report.html import render_table
from malaria.ui.dataset import charts
from malaria.ui.dataset.data_set import PLANTED, DataSet
from malaria.ui.parts.downloads import offer_download
from malaria.ui.parts.text import literal
from malaria.wording.numbers import interval, percent
from malaria.wording.words import choose_verb, count, list_some


def draw_overview(data_set: DataSet, found: Description) -> None:
    """Draw the section."""
    _draw_headline(found)
    if data_set.synthetic:
        st.caption(f"These cells are synthetic, drawn by this program. {PLANTED}")
    if data_set.csv is not None and not found.classes and not found.readable.empty:
        called = literal(found.readable["file"].iloc[0])
        st.warning(
            f"The CSV labels none of these images. Put the image names, such as {called}, in its column file, and each "
            "image's label in its column of labels.",
            icon=":material/label_off:",
        )
    if found.readable.empty:
        _draw_unreadable(found)
        return
    told = found.to_dict()
    left, right = st.columns(2, gap="large")
    with left:
        readable = told["readable"]
        rows = [[label, f"{n:,}", percent(n / readable, n=readable)] for label, n in told["classes"].items()]
        rows += [["without a label", f"{told['unlabelled']:,}", percent(told["unlabelled"] / readable, n=readable)]]
        st.html(render_table(f"Labels of {count(readable, 'readable image')}", ["", "Images", "Share"], rows))
        _draw_disputed(found)
    with right:
        _draw_files(told)
    st.header("Sizes", anchor=False)
    charts.draw_sizes(found.readable)
    st.header("Balance by patient", anchor=False)
    _draw_patients(found)
    _draw_unreadable(found)
    _offer_downloads(found)


def _draw_headline(found: Description) -> None:
    classes = ", ".join(f"{n:,} {literal(label)}" for label, n in found.classes.items()) or "without labels"
    patients = len(found.patients)
    of = f", of {count(patients, 'patient')}" if patients else ""
    bad = len(found.unreadable)
    unread = f" **{bad:,} cannot be read.**" if bad else " All can be read."
    st.markdown(f"## {count(len(found.table), 'image')}: {classes}{of}.{unread}")


def _draw_files(told: dict[str, Any]) -> None:
    sizes, pixels = told["sizes"], told["pixels"]
    rows = [
        ["Formats", ", ".join(f"{name} {n:,}" for name, n in told["formats"].items())],
        ["Channels", ", ".join(f"{name} {n:,}" for name, n in told["channels"].items())],
        ["Pixel values", f"{pixels['lowest']} to {pixels['highest']}"],
        *([f"{name.capitalize()} by area", "{} × {}".format(*sizes[name])] for name in ("smallest", "largest")),
        ["Mean width × height", "{} × {}".format(*sizes["mean"])],
        *([f"Longer side below {side} pixels", percent(share)] for side, share in sizes["below"].items()),
        ["Not images by name", _name_skipped(told["skipped"])],
    ]
    st.html(render_table(f"Files, n = {told['readable']:,}", ["", ""], rows))


def _name_skipped(files: list[str]) -> str:
    return count(len(files), "file") + (f": {list_some(files, 10)}" if files else "")


def _draw_disputed(found: Description) -> None:
    disputed = found.disputed
    if disputed is None:
        st.caption("To count disputed labels here, upload a CSV with a column **expert_label** with the zip.")
        return
    n, of = len(disputed), found.twice_labelled
    if not of:
        st.markdown("No image has both a given and an expert label, so no dispute can be found.")
        return
    low, high = map(float, wilson(n, of))
    write = partial(percent, n=of)
    words = ", ".join(
        f"{int((disputed['expert_label'] == label).sum()):,} to {label}"
        for label in sorted(disputed["expert_label"].unique(), key=_order)
    )
    st.markdown(
        f"**The expert disputes {n:,} of {count(of, 'label')}**, {write(n / of)} ({interval(low, high, write)}, 95 %)"
        + (f": {literal(words)}." if words else ".")
    )


def _order(label: str) -> tuple[int, str]:
    return (CLASSES.index(label) if label in CLASSES else len(CLASSES), label)


def _draw_patients(found: Description) -> None:
    patients = found.patients
    without = int(found.readable["patient"].isna().sum())
    if patients.empty:
        st.markdown(
            "No patient is known: the files are not named as in the NIH set, and no CSV has a column **patient**. "
            "Training can then only split by image, which gives flattering figures."
        )
        return
    charts.draw_balance(patients)
    alone = [
        f"{n:,} {choose_verb(n, 'has', 'have')} only {literal(str(label))} cells"
        for label, n in (patients.drop(columns="n").eq(patients["n"], axis=0)).sum().items()
    ]
    unknown = f" Without a patient: {count(without, 'image')}." if without else ""
    st.markdown(f"Of {count(len(patients), 'patient')} {' and '.join(alone)}.{unknown}")
    with st.expander("Every patient"):
        st.dataframe(patients.reset_index(names="patient"), hide_index=True, alt="Cells of each patient by class")


def _draw_unreadable(found: Description) -> None:
    bad = found.unreadable
    if bad.empty:
        return
    st.header(f"{len(bad):,} unreadable", anchor=False)
    why = [error.removeprefix(f"{file}: ") for file, error in zip(bad["file"], bad["error"], strict=True)]
    st.dataframe({"file": bad["file"].tolist(), "why": why}, hide_index=True, alt="Files that cannot be read, and why")


def _offer_downloads(found: Description) -> None:
    with st.container(horizontal=True):
        description = partial(json.dumps, found.to_dict(), indent=2, allow_nan=False)
        offer_download("Every image as CSV", lambda: to_csv(found.table), "cells.csv")
        offer_download("The description as JSON", description, "description.json")


def draw_leak(found: Description) -> None:
    """Draw the section."""
    known = found.readable.dropna(subset=["patient"])
    names = known["patient"].tolist()
    if len(set(names)) < 2:
        st.markdown(
            "A split by patient needs at least two patients, and fewer are known here. Upload a CSV with a column "
            "**patient** with the zip."
        )
        return
    by_image, by_patient = split_by_image(names), split_by_patient(names)
    st.markdown(
        "To measure a network, about a fifth of the cells is held out. **Which** cells are held out decides what the "
        "figure means. Cells of one patient share a stain, a lamp and a camera, so a network that has seen some of "
        "them has an advantage on the rest."
    )
    st.header("By image: it leaks", anchor=False)
    charts.draw_split(by_image.counts(), "image", _tell(by_image))
    st.header("By patient: it does not", anchor=False)
    charts.draw_split(by_patient.counts(), "patient", _tell(by_patient))
    st.caption(
        "`python -m malaria train` splits by patient. Use `--by-image` only to see the difference: it prints a warning."
    )


def _tell(split: Leak) -> str:
    n, patients = split.n_held_out, len(split.counts())
    share = percent(split.leaked / n if n else 0.0, n=n)
    return (
        f"Of {count(n, 'cell')} held out, {split.leaked:,} ({share}) {choose_verb(split.leaked, 'belongs', 'belong')} "
        f"to a patient whose other cells are used for training; {split.patients_on_both_sides:,} of "
        f"{count(patients, 'patient')} {choose_verb(split.patients_on_both_sides, 'is', 'are')} on both sides."
    )
