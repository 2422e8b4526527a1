"""The fields of one sample judged and pooled: what `malaria.triage` and `python -m malaria triage` do."""

import os
from collections.abc import Collection, Iterable
from itertools import chain
from pathlib import Path

from malaria.errors import JournalError, ModelError
from malaria.images import Image, ImageFile, name_images, name_picture, open_image
from malaria.labels import check_threshold
from malaria.model import classifier as models
from malaria.model.classifier import Card, Classifier
from malaria.model.held_out import read_held_out
from malaria.review import State, read_journal, replay
from malaria.sample import CellRates
from malaria.smear.adapt import Head
from malaria.smear.counts import Assumed, Count
from malaria.smear.decisions import Cells
from malaria.smear.field_names import FieldNames
from malaria.smear.field_triage import FieldTriage
from malaria.smear.result import Result, cell_rates, head_rates
from malaria.smear.sample import Refused, judge_field, refuse_unusable
from malaria.smear.sentences import CARD_STANDS_IN
from malaria.smear.triage import pool_fields
from malaria.wording.saying import Say, Watch, warn
from malaria.wording.words import say_which_picture


def triage(
    fields: Image | Iterable[Image],
    model: str | Classifier | None = None,
    threshold: float | None = None,
    *,
    adapted: str | os.PathLike[str] | None = None,
    decisions: str | os.PathLike[str] | None = None,
    by_hand: Count | None = None,
    assumed: Assumed | None = None,
    sample: str = "",
    take_in: Collection[str] = (),
    watch: Watch | None = None,
    say: Say = warn,
) -> Result:
    """Find the red cells of one sample's fields of view and rank them by p_parasitized; count and pool them.

    `fields` are paths of images, folders or zips, their bytes, or RGB uint8 (height, width, 3); the same bytes count
    once. Cells from `threshold` (0 to 1) on are kept for a human, the card's unless given. `adapted` is a file that
    `triage-adapt` wrote, `decisions` a journal of the smear triage page, `by_hand` your own count, `assumed` the
    patient's counts per microlitre, `sample` the name in the report. A field that is unusable, as a thick film is, is
    left out unless its name is in `take_in`.

    Of the result, `triage.table` has a row for each object, `triage.suspects` the cells to look at, `summary()` the
    figures with their intervals; `cells_csv` and `report_html` of `malaria.smear` write them down. A field that cannot
    be read is in `triage.unreadable`; that, copies and concerns about quality are told to `say` as well. Believe the
    machine's own count only where the fields are like those the model was measured on.

    Raises SourceError for a path that cannot be opened, ModelError, JournalError, or MetricsError for the threshold.
    """
    check_threshold(threshold)
    classifier = models.load(model)
    head = None if adapted is None else Head.from_file(Path(adapted))
    decided = replay(()) if decisions is None else _read_decisions(Path(decisions))
    sources = [open_image(image, name) for name, image in name_images(fields)]
    names = FieldNames()
    named: Iterable[tuple[str, ImageFile]] = names.name(chain.from_iterable(sources))
    if watch is not None:
        named = watch(named, total=sum(map(len, sources)))
    judged: list[FieldTriage] = []
    unreadable: dict[str, str] = {}
    left_out: list[str] = []
    for name, file in named:
        one = judge_field(name, file, classifier, head)
        if isinstance(one, FieldTriage) and name not in take_in:
            one = refuse_unusable(one)
        if isinstance(one, Refused):
            unreadable[name] = one.why
            left_out += [name] if one.can_count else []
            say(one.why)
            continue
        judged.append(one)
        if picture := name_picture(file.data or b""):
            say(f"{name}: {say_which_picture(picture)}")
        for concern in one.concerns:
            say(f"{name}: {concern.sentence}")
    for source in sources:
        if source.skipped:
            say(source.told_skipped)
    for copy in names.copies:
        say(copy.sentence)
    for name in sorted(set(take_in) - {one.field for one in judged} - set(unreadable)):
        say(f"No field is called {name}, so it cannot be taken in. Name it as cells.csv does.")
    found = pool_fields(judged, classifier, threshold, unreadable, head, names.copies, left_out, names.fields)
    rates = head_rates(head, found.threshold) if head else _card_rates(classifier.card, found.threshold, say)
    return Result(found, Cells(found, names.ids).decisions(decided), rates, by_hand, assumed or Assumed(), sample)


def _read_decisions(journal: Path) -> State:
    try:
        return replay(read_journal(journal.read_bytes()))
    except OSError as problem:
        raise JournalError(f"{journal} cannot be opened ({problem.strerror}). Check the path.") from None


def _card_rates(card: Card, threshold: float, say: Say) -> CellRates | None:
    try:
        return cell_rates(card, read_held_out(models.MODELS_DIR / card.name).scores(), threshold)
    except ModelError as why:
        say(f"{why} {CARD_STANDS_IN}")
        return cell_rates(card, None, threshold)
