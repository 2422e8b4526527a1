"""Several readers of one sample: how far they agree, and the cells on which they differ."""

import streamlit as st

from malaria.smear import Cell
from malaria.smear.sentences import CONSENSUS, each
from malaria.ui.review.agreement import with_one_another
from malaria.ui.smear.bench import Bench
from malaria.ui.smear.card import where
from malaria.ui.smear.view import look_closer
from malaria.ui.text import literal


def readers(bench: Bench) -> None:
    """Draw nothing while one has read alone."""
    everyone, compared = bench.readings.annotators, bench.compared
    others = [name for name in everyone if name != bench.annotator]
    if not others:
        return
    st.subheader("Readers", anchor=False)
    if bench.blind and bench.undecided:
        st.markdown(
            f"Also read by {literal(', '.join(others))}. While you are blind you see what they said of cells that "
            "you have decided, and their counts when no suspect is left."
        )
    if len(compared.annotators) > 1:
        with st.container(key="smear-readers"):
            with_one_another(compared.of_sample)
        _differ(bench, compared.disputed)
        st.caption(f"Of cells that two have read, with 95 % intervals; kappa is Cohen’s. {CONSENSUS}")


def _differ(bench: Bench, cells: list[Cell]) -> None:
    if not cells:
        st.markdown("They differ on no cell.")
        return
    with st.expander(
        f"They differ on {len(cells):,} {'cell' if len(cells) == 1 else 'cells'}", icon=":material/group:"
    ):
        for cell in cells:
            name = f"**{cell.rank}**" if cell.rank else "Added"
            st.button(
                f"{name} · {where(bench, cell)} · {literal(each(bench.compared.said[cell]))}",
                key=f"smear-differ-{cell.image_id}",
                on_click=_show,
                args=(bench, cell),
            )


def _show(bench: Bench, cell: Cell) -> None:
    bench.choose(cell)
    look_closer()
