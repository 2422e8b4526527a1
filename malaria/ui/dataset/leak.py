"""Two ways to split the set for training, and what the one by image leaks."""

import streamlit as st

from malaria.dataset import Description, Leak, split_by_image, split_by_patient
from malaria.ui.dataset import charts
from malaria.words import count


def leak(found: Description) -> None:
    """Draw the section."""
    known = found.readable.dropna(subset=["patient"])
    names = known["patient"].tolist()
    if len(set(names)) < 2:
        st.markdown(
            "A split by patient needs at least two patients, and fewer are known here. Give a CSV with a column "
            "**patient** beside the zip."
        )
        return
    by_image, by_patient = split_by_image(names), split_by_patient(names)
    st.markdown(
        "To measure a network, about a fifth of the cells is held out. **Who** is held out decides what the figure "
        "means: cells of one patient share a stain, a lamp and a camera, so a network that has seen some of them knows "
        "the others."
    )
    st.subheader("By image: it leaks", anchor=False)
    charts.split(by_image.counts(), "image", _told(by_image))
    st.subheader("By patient: it does not", anchor=False)
    charts.split(by_patient.counts(), "patient", _told(by_patient))
    st.caption(
        "`python -m malaria train` splits by patient; `--by-image` is there to show the difference, and says so."
    )


def _told(split: Leak) -> str:
    n, patients = split.n_held_out, len(split.counts())
    share = 100 * split.leaked / n if n else 0.0
    return (
        f"Of {count(n, 'cell')} held out, {split.leaked:,} ({share:.0f} %) belong to a patient that is trained on as "
        f"well; {split.patients_on_both_sides:,} of {patients:,} patients are on both sides."
    )
