"""From a labelled set to a test: which cells, in which order, which of them twice, and where a call stands."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from malaria.batch.labelling import CORRECTING, find_readings
from malaria.cells import count_once, read_table
from malaria.errors import ReaderTestError
from malaria.images import ImageFile
from malaria.labels import CLASSES, PARASITIZED, label_for
from malaria.model.classifier import Classifier, tabulate
from malaria.phantom import batch
from malaria.readers._files import Card, Difficulty, Key, KeyCell, ReaderTest, Settings
from malaria.review import Basis, suspicion
from malaria.wording.words import choose_verb, count

SUSPECT: Final = 0.99
"""A label that the held-out network contradicts as strongly as this is disputed, where no second reading is there."""
_EASIEST: Final = 0.5
_HARDEST: Final = 0.25
_GAP: Final = 10
"""At least so many cards lie between the two looks at one cell, in a test long enough."""
_PHANTOMS: Final = 4
"""So many phantoms of a class are drawn for each that the test needs of it: enough for hard ones alone."""


def make_test(
    table: pd.DataFrame,
    settings: Settings | None = None,
    *,
    threshold: float = 0.5,
    basis: Basis | None = None,
    leave_out_suspects: bool = True,
    facts: Sequence[str] = (),
) -> Key:
    """Make a test, with its key, of a table of cells (image_id, file, given_label; where known p_parasitized, patient).

    `p_parasitized` (0 to 1) should be out of sample: `malaria.review.out_of_sample` gives such a table and its `basis`.
    Cells without a label or with an error are left out, and so are disputed references: where there is a column
    `corrected_label`, those that differ from the given ones; else, unless `leave_out_suspects` is off, those that
    `p_parasitized` contradicts (`SUSPECT`). The network calls a cell parasitized from `threshold` on. `facts` are
    columns whose text is kept for each cell. All choices follow from `settings.seed` and the image_ids alone.

    Raises ReaderTestError, saying how many cells there are, where the set is too small for the settings.
    """
    settings = settings or Settings()
    table, notes = _usable(table, leave_out_suspects)
    notes += _say_basis(basis, settings)
    chosen = pd.concat([_choose(table, label, settings) for label in CLASSES])
    ids = sorted(chosen["image_id"], key=lambda name: _lot(settings, "order", name))
    order, again = _with_repeats(ids, settings)
    cells = {
        row["image_id"]: KeyCell(
            reference=row["given_label"],
            file=str(row["file"])[:1000],
            patient=_text(row.get("patient")),
            p_parasitized=None if pd.isna(row["p_parasitized"]) else float(row["p_parasitized"]),
            call=None if pd.isna(row["p_parasitized"]) else label_for(row["p_parasitized"], threshold),
            facts={name: text for name in facts if (text := _text(row.get(name)))},
        )
        for row in chosen.to_dict("records")
    }
    shown = _shown(cells, again, settings) if settings.show_calls else set()
    cards = tuple(Card(image_id=name, call=cells[name].call if name in shown else None) for name in order)
    return Key(test=ReaderTest(name=settings.name, cards=cards), settings=settings, cells=cells, notes=tuple(notes))


def find_columns(
    labels: bytes | Path | str | None, given: str | None = None, re_read: str | None = None
) -> tuple[str | None, str | None]:
    """Return which columns of a CSV hold the given and the re-read labels: those named, else found by their names.

    Raises LabelsError for a CSV that cannot be read.
    """
    if labels is None:
        return given, re_read
    given, found = find_readings(read_table(labels)[0], given)
    re_read = found if re_read is None else re_read
    return (given, re_read) if given else (None, None if re_read in CORRECTING else re_read)


def make_phantom_test(settings: Settings, classifier: Classifier) -> tuple[Key, dict[str, bytes]]:
    """Make a test of synthetic cells, and return its key and the cells' PNG files by image_id.

    Every cell's truth is known, and no network has learned from one. It does not say how good a reader is on real
    cells.
    """
    parasitized = round(settings.cells * settings.parasitized)
    most = max(parasitized, settings.cells - parasitized)  # half of a batch is of either class
    phantoms = batch(max(2 * _PHANTOMS * most, 40), seed=settings.seed, artefacts=0.25)
    files = [ImageFile(one.file, one.png) for one in phantoms]
    table = tabulate(classifier.score(files)).assign(
        given_label=[one.true_label for one in phantoms], form=[one.form for one in phantoms]
    )
    key = make_test(
        table, settings, threshold=classifier.card.threshold, leave_out_suspects=False, facts=("form", "patient")
    )
    note = "All cells are synthetic: the test shows how it works, not how good a reader is on real cells."
    images = {str(file.image_id): file.data for file in files if file.data is not None}
    return key.model_copy(update={"notes": (note, *key.notes)}), {name: images[name] for name in key.cells}


def _usable(table: pd.DataFrame, leave_out_suspects: bool) -> tuple[pd.DataFrame, list[str]]:
    """The cells with an undisputed reference, each image once, and what is to be said of the others."""
    table = table.assign(p_parasitized=table.get("p_parasitized", np.nan))
    unread = table["error"].notna() if "error" in table else pd.Series(False, table.index)
    once = count_once(table[~unread & table["image_id"].notna()])
    labelled = once.table[once.table["given_label"].isin(CLASSES)]
    notes = list(once.sentences)
    if left_out := len(once.table) - len(labelled):
        notes.append(f"{count(left_out, 'cell')} without a label left out.")
    if unread.any():
        notes.append(f"{count(int(unread.sum()), 'image')} could not be read.")
    if "corrected_label" in labelled:
        read_again = labelled["corrected_label"].notna()
        disputed = read_again & (labelled["corrected_label"] != labelled["given_label"])
        n = int(disputed.sum())
        notes.append(
            f"{count(n, 'cell')} left out because the given and re-read "
            f"{choose_verb(n, 'label differs', 'labels differ')}; {int(read_again.sum()):,} of {len(labelled):,} were "
            "read again."
        )
    elif leave_out_suspects and labelled["p_parasitized"].notna().any():
        p = labelled["p_parasitized"].to_numpy(np.float64)
        disputed = pd.Series(suspicion(p, labelled["given_label"].to_numpy(object)) >= SUSPECT, labelled.index)
        notes.append(
            f"{count(int(disputed.sum()), 'cell')} left out because the network contradicts the label with a "
            f"probability of {SUSPECT:g} or more. This flatters the network: do not compare readers with it on this "
            "test."
        )
    else:
        return labelled, notes
    return labelled[~disputed], notes


def _say_basis(basis: Basis | None, settings: Settings) -> list[str]:
    """What the network's answers rest on, where anything of the test rests on them."""
    if basis is None:
        return []
    about = (
        "Difficulty and the network's calls" if settings.show_calls else "Difficulty, and the network beside readers,"
    )
    if basis.unknown:
        return [f"{about} may mean little: whether {basis.model} was trained on these cells is not known."]
    if basis.seen:
        return [
            f"{about} mean little for {count(basis.seen, 'cell')} of the set: {basis.model} was trained on them, and "
            "there is no held-out answer."
        ]
    if basis.known_patient:
        return [
            f"{basis.model} was trained on other cells from the same patients as {count(basis.known_patient, 'cell')}."
        ]
    return []


def _choose(table: pd.DataFrame, label: str, settings: Settings) -> pd.DataFrame:
    """The cells of one class, by lot among those of the wished difficulty."""
    parasitized = round(settings.cells * settings.parasitized)
    wanted = parasitized if label == PARASITIZED else settings.cells - parasitized
    pool = _of_difficulty(table[table["given_label"] == label], settings.difficulty)
    if len(pool) < wanted:
        kind = "" if settings.difficulty == "mixed" else f" that are {settings.difficulty}"
        raise ReaderTestError(
            f"The test needs {count(wanted, 'cell')} labelled {label}{kind}, and the set has {len(pool):,} that can be "
            "used. Ask for fewer cells, or choose another share or difficulty."
        )
    lots = pool["image_id"].map(lambda name: _lot(settings, "cell", name))
    return pool.loc[lots.sort_values().index[:wanted]]


def _of_difficulty(cells: pd.DataFrame, difficulty: Difficulty) -> pd.DataFrame:
    """The cells of one class that are so difficult to the held-out network; equal doubt is ordered by image_id."""
    if difficulty == "mixed":
        return cells
    cells = cells[cells["p_parasitized"].notna()]
    doubt = suspicion(cells["p_parasitized"].to_numpy(np.float64), cells["given_label"].to_numpy(object))
    cells = cells.assign(_doubt=doubt).sort_values(["_doubt", "image_id"], kind="stable").drop(columns="_doubt")
    n = len(cells)
    return cells.iloc[: round(n * _EASIEST)] if difficulty == "easy" else cells.iloc[n - round(n * _HARDEST) :]


def _with_repeats(ids: list[str], settings: Settings) -> tuple[list[str], set[str]]:
    """The cells in their order, with those that come again in the second half, and which these are."""
    half = len(ids) // 2
    may_repeat = ids[: max(0, half - min(_GAP, len(ids) // 4))]
    if settings.repeats > len(may_repeat):
        raise ReaderTestError(
            f"Of {count(len(ids), 'cell')} at most {len(may_repeat)} can come a second time, far enough from the first."
            " Ask for fewer repeats or more cells."
        )
    again = sorted(may_repeat, key=lambda name: _lot(settings, "again", name))[: settings.repeats]
    behind = sorted(ids[half:] + again, key=lambda name: _lot(settings, "behind", name))
    return ids[:half] + behind, set(again)


def _shown(cells: dict[str, KeyCell], again: set[str], settings: Settings) -> set[str]:
    """On which cells the call stands: every other one by lot, among those rightly and those wrongly called alike.

    Never on a cell that comes twice: whoever saw the call once knows it the second time.
    """
    can = [name for name, cell in cells.items() if name not in again and cell.call is not None]
    shown: set[str] = set()
    for rightly in (True, False):
        alike = [name for name in can if (cells[name].call == cells[name].reference) == rightly]
        by_lot = sorted(alike, key=lambda name: (cells[name].reference, _lot(settings, "call", name)))
        start = int(_lot(settings, "start", str(rightly)), 16) % 2
        shown.update(by_lot[start::2])
    return shown


def _lot(settings: Settings, about: str, image_id: str) -> str:
    """A cell's lot: the same on every machine, whatever else is in the set."""
    return hashlib.sha256(f"{settings.seed} {about} {image_id}".encode()).hexdigest()


def _text(value: object) -> str | None:
    return None if value is None or pd.isna(value) else str(value)[:1000]  # type: ignore[call-overload]
