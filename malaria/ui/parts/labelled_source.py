"""What one session evaluates: a labelled source and each model's answers to it. No other session sees it."""

import io
from dataclasses import dataclass, field, replace
from typing import Final

import pandas as pd
import streamlit as st

from malaria import phantom
from malaria.batch import Batch, Labelling, Reading, Scoring, apply_corrections, sentences
from malaria.cells import Labels, Once, count_once, read_table
from malaria.images import Source, open_source
from malaria.metrics import Readings
from malaria.review import out_of_sample, read_corrections
from malaria.ui.parts import links
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.held_out import read_answers
from malaria.ui.parts.thumbnails import Thumbnails

BATCH: Final = "batch"
"""Where in the session's state other pages find the `malaria.batch.Batch` that was last on show here."""

EXAMPLE: Final = "synthetic"
"""The built-in example in the address: `?example=synthetic`."""
EXAMPLE_CELLS: Final = 200
EXAMPLE_WRONG: Final = 10
"""So many of its labels are wrong on purpose: 5 %, about the share that is disputed in the public set."""
_SYNTHETIC: Final = "These cells are synthetic: the figures show how the page works, not how good the model is."


@dataclass(eq=False)
class LabelledSource:
    """One labelled source, what is known of its labels, and what the models answered so far."""

    name: str
    source: Source
    csv: bytes | None = None
    """Labels or corrections that came with the images."""
    synthetic: bool = False
    column: str | None = None
    """The column of the CSV that holds the labels, where it had to be asked."""
    meaning: dict[str, str | None] = field(default_factory=dict)
    """What words that are no class were said to mean."""
    labelling: Labelling | None = None
    once: Once | None = None
    """The cells, each once, as they were last measured."""
    thumbnails: Thumbnails = field(init=False)
    _scorings: dict[str, Scoring] = field(default_factory=dict)
    _batches: dict[tuple[str, Reading], tuple[object, Batch]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.thumbnails = Thumbnails(self.source.read)

    @classmethod
    def example(cls) -> "LabelledSource":
        """The built-in synthetic cells."""
        source = open_source(io.BytesIO(_draw_example()), "synthetic.zip")
        return cls(f"{EXAMPLE_CELLS} synthetic cells", source, synthetic=True)

    def bring_csv(self, csv: bytes) -> None:
        """Take labels or corrections from this CSV; what was scored stays scored."""
        self.csv, self.labelling, self.column = csv, None, None

    def label(self) -> None:
        """Find out which image has which label. Raises LabelsError or JournalError when that cannot be."""
        files = self.source.files
        if self.csv is None:
            labelling = Labelling.from_folders(files, self.meaning)
        elif _is_journal(self.csv):
            labelling = Labelling.from_folders(files, self.meaning)
            labelling = replace(labelling, corrections=read_corrections(self.csv))
        else:
            labelling = Labelling.from_csv(self.csv, files, self.column, self.meaning)
        labelling.check(files, self.name)
        self.labelling = labelling

    @property
    def is_labelled(self) -> bool:
        """Whether it is settled which image has which label; while it is not, `labelling.words` are to be asked."""
        return self.labelling is not None and not self.labelling.words

    def scoring(self, frame: Frame) -> Scoring:
        """The picked model's answers, in the making since this was first asked for."""
        key = _name_model(frame)
        if key not in self._scorings:
            self._scorings[key] = Scoring(frame.classifier, self.source)
        return self._scorings[key]

    def batch(self, frame: Frame, reading: Reading = Reading.AS_GIVEN) -> Batch:
        """The picked model's answers so far, at its own threshold, against one reading of the labels."""
        scoring = self.scoring(frame)
        corrections = (self.labelling and self.labelling.corrections) or st.session_state.get(links.CORRECTIONS)
        state = (scoring.progress.done, self.labelling, corrections)
        key = (_name_model(frame), reading)
        if key not in self._batches or self._batches[key][0] != state:
            as_given = reading == Reading.AS_GIVEN
            batch = self._measure(frame, corrections) if as_given else self.batch(frame).read_as(reading)
            self._batches[key] = (state, batch)
        return self._batches[key][1]

    def readings(self, frame: Frame, threshold: float) -> Readings | None:
        """The three readings side by side at a threshold; None where no label was corrected."""
        as_given = self.batch(frame)
        if not as_given.disputed.any():
            return None
        as_given, corrected, undisputed = (self.batch(frame, reading).at(threshold) for reading in Reading)
        return as_given.readings(corrected, undisputed)

    def left_out(self, batch: Batch) -> pd.DataFrame:
        """What is in no figure, with the columns file and why."""
        why = dict(zip(batch.unreadable["file"], batch.unreadable["error"], strict=True))
        why |= dict.fromkeys(batch.unlabelled["file"], "It has no label.")
        if self.once:
            why |= {file: f"A copy of {first}, counted once." for file, first in self.once.copies.items()}
            why |= dict.fromkeys(self.once.contradicted, "The same image has two different labels: keep the right one.")
        if self.labelling and len(batch.table) == batch.total:  # before that, an image may only not be reached yet
            why |= self.labelling.find_without_image(batch.table)
        why |= dict.fromkeys(self.source.skipped, "This is not an image file.")
        told = ((file, reason.removeprefix(f"{file}: ")) for file, reason in why.items())  # the column before names it
        return pd.DataFrame(told, columns=["file", "why"])

    def close(self) -> None:
        """Stop all work. The images are let go of with the source itself."""
        for scoring in self._scorings.values():
            scoring.stop()

    def _measure(self, frame: Frame, corrections: Labels | None) -> Batch:
        scoring = self.scoring(frame)
        table = (self.labelling or Labelling()).join(scoring.table())
        if corrections is not None:
            table = apply_corrections(table, corrections)
        self.once = once = count_once(table)
        copies, read = len(once.copies), self.source.read
        total = scoring.progress.total - copies
        caution = _SYNTHETIC if self.synthetic else self._warn_of_learning(once.table, frame)
        return Batch(self.name, once.table, frame.card, frame.threshold, read, total, self.synthetic, copies, caution)

    def _warn_of_learning(self, table: pd.DataFrame, frame: Frame) -> str:
        return sentences.warn_of_learning(out_of_sample(table, read_answers(frame), frame.card.name)[1])


def _name_model(frame: Frame) -> str:
    return f"{frame.model_name} {frame.card.version}"


def _is_journal(csv: bytes) -> bool:
    return "decided_at" in read_table(csv)[0]


@st.cache_resource(show_spinner="Drawing synthetic cells …")
def _draw_example() -> bytes:
    """Draw the example once for all sessions."""
    return phantom.batch_zip(EXAMPLE_CELLS, mislabelled=EXAMPLE_WRONG / EXAMPLE_CELLS)
