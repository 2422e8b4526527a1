"""The frame every page stands in: title, navigation, model picker, disclaimer, and no traceback ever."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Final, TypeAlias

import streamlit as st

from malaria.budget import MAPS
from malaria.errors import ModelError
from malaria.images import RGB
from malaria.model import classifier as model
from malaria.model.card import FILE as CARD_FILE
from malaria.model.evidence import Evidence
from malaria.model.network import FILE as NETWORK_FILE
from malaria.ui.parts import account, address, failures, links, visitors
from malaria.ui.parts.component import load_component
from malaria.ui.parts.text import literal

PARTS: Final = Path(__file__).resolve().parent
"""This folder: styles and scripts that several pages use stand here."""
ROOT: Final = PARTS.parents[2]
DISCLAIMER: Final = "For research and review. A cell's answer is not a diagnosis."

failures.tell_failures()

_Stamp: TypeAlias = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class PageEntry:
    """One page as the navigation and the home page show it. `line` says in one sentence what one leaves with.

    `group` is what the home page puts it under, empty for the home page itself.
    """

    file: str
    title: str
    icon: str
    line: str
    group: str = ""


PAGES: Final = (
    PageEntry(links.HOME, "Home", ":material/home:", "What this is, and where to start."),
    PageEntry(
        links.CELL,
        "Single cell",
        ":material/search:",
        "Upload one or more cells. See the model's answer, how sure it is, and where it looked.",
        "Try",
    ),
    PageEntry(
        links.TRIAGE,
        "Smear triage",
        ":material/biotech:",
        "Upload microscope fields, decide on the ranked suspects, and download a report on the sample.",
        "Try",
    ),
    PageEntry(
        links.READERS,
        "Reader test",
        ":material/visibility:",
        "Ten cells in thirty seconds: can you beat the network? Then a real test, and how good you are.",
        "Try",
    ),
    PageEntry(
        links.BATCH,
        "Batch evaluation",
        ":material/grid_view:",
        "Upload labelled cells. See how accurate the model is, where it fails, and which threshold to use.",
        "Measure",
    ),
    PageEntry(
        links.SAMPLE,
        "Sample threshold",
        ":material/rule:",
        "How many flagged cells make a patient's sample positive, and which infections it can detect.",
        "Measure",
    ),
    PageEntry(
        links.MODELS,
        "Models",
        ":material/model_training:",
        "Compare networks by accuracy and cost, and look inside one.",
        "Measure",
    ),
    PageEntry(
        links.REVIEW,
        "Label review",
        ":material/fact_check:",
        "Go through the labels that are probably wrong, by keyboard, and download the corrected ones.",
        "Curate",
    ),
    PageEntry(
        links.DATASET,
        "Dataset",
        ":material/dataset:",
        "See what a set of cells contains: labels, patients, duplicates, and what a bad split leaks.",
        "Curate",
    ),
)
"""Every page, in the order of the navigation. A page that is missing here fails a test."""
GROUPS: Final = {group: list(entries) for group, entries in groupby(PAGES, lambda entry: entry.group)}
"""The same by what the home page puts them under."""


_out_of_the_way = load_component("navigation", PARTS / "navigation.js")
_tell_scrolling = load_component("scrolling", PARTS / "scrolling.js")
_refused_uploads = load_component("uploads", PARTS / "uploads.js")


class Frame:
    """What a page knows of the model that the user picked. Pages that need none never load one."""

    def __init__(self, model_name: str | None, models: dict[str, model.Card | ModelError]) -> None:
        self.model_name, self._models = model_name, models

    @property
    def card(self) -> model.Card:
        """The picked model's card. Raises ModelError where no model can be used."""
        entry = self._models.get(self.model_name or "")
        if isinstance(entry, model.Card):
            return entry
        raise ModelError("There is no usable model here. Put a model folder into models/, then reload this page.")

    @property
    def cards(self) -> dict[str, model.Card]:
        """Every model that can be used, by name, the default first."""
        return {name: entry for name, entry in self._models.items() if isinstance(entry, model.Card)}

    @property
    def broken(self) -> dict[str, str]:
        """Every folder of models that cannot be used, by name, with the sentence that says why."""
        return {name: str(entry) for name, entry in self._models.items() if isinstance(entry, ModelError)}

    def of(self, name: str) -> "Frame":
        """What this would be, had the user picked the model called `name`."""
        return Frame(name, self._models)

    @property
    def threshold(self) -> float:
        """The picked model's own threshold (0 to 1)."""
        return self.card.threshold

    @cached_property
    def classifier(self) -> model.Classifier:
        """The picked model, shared by all sessions. Raises ModelError where it cannot be loaded."""
        folder = model.MODELS_DIR / self.card.name
        return _load_model(str(folder), _stamp(folder))

    def find_evidence(self, image_id: str, rgb: RGB) -> Evidence:
        """What speaks for a parasite to the picked model: computed once for an image."""
        return _find_evidence(image_id, self.card.name, self.card.version, self.threshold, rgb, self)


@contextmanager
def page(title: str, icon: str) -> Iterator[Frame]:
    """Stand one page in the frame; the first call of every page: `with page("Home", ":material/home:") as frame:`.

    Whatever goes wrong inside is shown as one sentence that says what to do: see `failures`.
    """
    st.set_page_config(page_title=f"{title} · Malaria cells", page_icon=str(PARTS / "favicon.svg"), layout="wide")
    st.html(PARTS / "style.css")
    visitors.keep_house()
    st.title(f"{icon} {title}", anchor=False)
    st.caption(f":material/science: {DISCLAIMER}")
    address.open_page(title)
    failures.draw_told()
    asked = st.query_params.get("model")
    with st.sidebar:
        frame = _draw_sidebar()
    if asked and frame.cards and asked not in frame.cards:
        st.warning(f"There is no model called {literal(asked)} here, so {literal(frame.card.name)} is used instead.")
    of_address = st.container()
    try:
        yield frame
    finally:
        with of_address:
            address.say_left_out()


def _draw_sidebar() -> Frame:
    """Draw navigation and model picker, and return the frame of the picked model."""
    st.html('<p class="brand">Malaria cells</p>')
    with st.container(key="navigation", gap="xxsmall"):
        for entries in GROUPS.values():
            with st.container(gap="xxsmall"):
                for entry in entries:
                    st.page_link(entry.file, label=entry.title, icon=entry.icon)
    account.draw_sign_in()
    frame = Frame(None, list_usable_models())
    if frame.cards:
        frame.model_name = st.selectbox(
            "Model", list(frame.cards), key="model", bind="query-params", help="Kept in the address of the page."
        )
    if frame.broken:
        with st.expander(f"{len(frame.broken)} in the models folder cannot be used", icon=":material/warning:"):
            for problem in frame.broken.values():
                st.markdown(literal(problem))
    _out_of_the_way(key="navigation-closes")
    _tell_scrolling(key="scrolling")
    _refused_uploads(key="uploads-refused")
    return frame


def list_usable_models() -> dict[str, model.Card | ModelError]:
    """Return every model by name; read again only where a folder was added, replaced or taken away."""
    place = model.MODELS_DIR
    folders = sorted(place.iterdir()) if place.is_dir() else []
    return _list_models(str(place), tuple((folder.name, _stamp(folder)) for folder in folders))


def _stamp(folder: Path) -> _Stamp:
    """Tell whether a model folder is still the one it was, without reading it: times and sizes of what answers."""
    found = []
    for name in (CARD_FILE, NETWORK_FILE):
        try:
            about = (folder / name).stat()
        except OSError:
            continue
        found.append((about.st_mtime_ns, about.st_ctime_ns, about.st_size))  # a copy may keep the first, and the last
    return tuple(found)


@st.cache_resource(max_entries=2, ttl=30, show_spinner=False)
def _list_models(place: str, stamps: tuple[tuple[str, _Stamp], ...]) -> dict[str, model.Card | ModelError]:
    """Read all cards; again after half a minute too, for what `stamps` cannot see."""
    return model.list_models(Path(place))


@st.cache_resource(max_entries=64, show_spinner="Finding what the answer depends on …")
def _find_evidence(
    image_id: str, model_name: str, version: str, threshold: float, _rgb: RGB, _frame: Frame
) -> Evidence:
    with MAPS:
        return _frame.classifier.evidence(_rgb, threshold)


@st.cache_resource(show_spinner="Loading the model …", max_entries=8)
def _load_model(folder: str, stamp: _Stamp) -> model.Classifier:
    """Load one model for all sessions; `stamp` is there so that a replaced folder is loaded anew."""
    return model.load(Path(folder).name, Path(folder).parent)
