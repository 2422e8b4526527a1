"""A model folder becomes a Classifier: preprocessing by its card, LiteRT inference on all cores, p_parasitized out."""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from malaria.errors import ImageError, ModelError
from malaria.images import ImageFile, decode, name_picture
from malaria.images.plausibility import refuse_black
from malaria.labels import PARASITIZED, label_for
from malaria.model.card import Card
from malaria.model.evidence import Evidence, find_evidence
from malaria.model.network import BATCH, Network, threads

__all__ = [
    "BATCH",
    "DEFAULT_MODEL",
    "MODELS_DIR",
    "Card",
    "Classifier",
    "Row",
    "list_models",
    "list_other_models",
    "load",
    "tabulate",
    "threads",
]

DEFAULT_MODEL = "cell-resnet"
_PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED = _PACKAGE / "_models"
"""Where a wheel keeps the models; a checkout has them beside the package."""
MODELS_DIR = Path(
    os.environ.get("MALARIA_MODELS") or (_INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / "models")
)
_AHEAD = 8
"""Batches a thread that may be begun before the oldest is done: one slow thread must not make the others wait."""
_BATCH_BYTES = 2**20
"""A batch of large files is shorter than `BATCH`: it ends when it has so many bytes."""
_BYTES_AHEAD = 8 * 2**20
"""Of large files fewer are begun, so that enormous images do not add up: about this many bytes are held."""
_SHARPEST = 1e-9
"""Probabilities are kept this far from 0 and 1, so that log-odds stay finite."""


@dataclass(frozen=True, slots=True)
class Row:
    """One image's line in the table of cells. With an `error` there is no answer, and the other way round.

    Its fields are the columns that a model adds to the table, wherever one is written: a new one is added here alone.
    """

    file: str
    patient: str | None
    p_parasitized: float | None
    label: str | None
    error: str | None
    image_id: str | None
    picture: str | None = None
    """Which of a file's several pictures it is about, as in "page 1 of 3"."""


def tabulate(rows: Iterable[Row]) -> pd.DataFrame:
    """Return rows as a table of cells: a column for each field of `Row`, p_parasitized float64 and NaN without one.

    The column `picture` is there only where a file held several.
    """
    columns = [field.name for field in fields(Row)]
    table = pd.DataFrame([asdict(row) for row in rows], columns=columns, dtype=object)
    if table["picture"].isna().all():
        table = table.drop(columns="picture")
    return table.astype({"p_parasitized": np.float64})


def list_models(folder: Path | None = None) -> dict[str, Card | ModelError]:
    """Return every model of `folder` (default: `MODELS_DIR`) by name, the default first; broken ones as their error.

    Networks for other tasks than malaria cells are in `list_other_models`.
    """
    found = _folders(folder)
    return {name: card for name, card in found.items() if isinstance(card, ModelError) or card.judges_cells}


def list_other_models(folder: Path | None = None) -> dict[str, Card]:
    """Return the networks of `folder` (default: `MODELS_DIR`) that tell other classes apart, by name."""
    found = _folders(folder)
    return {name: card for name, card in found.items() if isinstance(card, Card) and not card.judges_cells}


def load(name: "str | Classifier | None" = None, folder: Path | None = None) -> "Classifier":
    """Return the model called `name` in `folder` (default: `MODELS_DIR`), or the default model; a loaded one is itself.

    Raises `ModelError` for one that is missing, broken or unsafe.
    """
    if isinstance(name, Classifier):
        return name
    place = MODELS_DIR if folder is None else folder
    wanted = name or DEFAULT_MODEL
    if wanted not in {entry.name for entry in (place.iterdir() if place.is_dir() else ())}:
        there = ", ".join(list_models(place)) or "none"
        raise ModelError(f"There is no model named {wanted!r}. There are: {there}.")
    return Classifier.from_folder(place / wanted)


class Classifier(Network):
    """A network that tells malaria cells apart, with p_parasitized as its answer."""

    def __init__(self, card: Card, litert: bytes) -> None:
        """Check that `litert` (a LiteRT file) fits its card; raises `ModelError` if it does not."""
        if not card.judges_cells:
            raise ModelError(
                f"{card.name}: tells {', '.join(card.classes)} apart, not malaria cells. It cannot answer here."
            )
        super().__init__(card, litert)

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """Return p_parasitized, shape (n,), for RGB cells of any size, in their order."""
        pixels = [self.card.preprocessing.pixels(rgb) for rgb in images]
        return self.predict_pixels(np.stack(pixels)) if pixels else np.empty(0)

    def score(self, files: Iterable[ImageFile], threshold: float | None = None) -> Iterator[Row]:
        """Yield a row for each file, in order, while later files are decoded and scored on all cores.

        Only a few files are held at a time, so a stream of any length passes in bounded memory. `threshold` (0 to 1)
        is the card's unless given. Closing the iterator stops the work.
        """
        at = self.card.threshold if threshold is None else threshold
        workers = threads()
        pending: deque[tuple[Future[list[Row]], int]] = deque()
        held = 0
        pool = ThreadPoolExecutor(workers, thread_name_prefix="score")
        try:
            for batch, size in _batches(files):
                pending.append((pool.submit(self._score_batch, batch, at), size))
                held += size
                while pending and (pending[0][0].done() or len(pending) > _AHEAD * workers or held > _BYTES_AHEAD):
                    oldest, size = pending.popleft()
                    held -= size
                    yield from oldest.result()
            for rest, _ in pending:
                yield from rest.result()
        finally:
            pool.shutdown(cancel_futures=True)

    def evidence(self, rgb: NDArray[np.uint8], threshold: float | None = None) -> Evidence:
        """Return what speaks for a parasite, also where only several places together do: see `find_evidence`.

        `threshold` (0 to 1) is the card's unless given.
        """
        at = self.card.threshold if threshold is None else threshold
        turn = float(logit(np.clip(at, _SHARPEST, 1 - _SHARPEST)))
        return find_evidence(self.ask_odds, self.card.preprocessing, rgb, turn)

    def _score_batch(self, files: Sequence[ImageFile], threshold: float) -> list[Row]:
        pixels: list[NDArray[np.uint8]] = []
        errors: list[str | None] = []
        for file in files:
            try:
                if file.data is None:
                    raise ImageError(file.file, file.error or "It could not be read.", "")
                rgb = decode(file.data, file.file)
                refuse_black(rgb, file.file)
                pixels.append(self.card.preprocessing.pixels(rgb))
                errors.append(None)
            except ImageError as error:
                errors.append(file.error or str(error))
        answers = iter(self.predict_pixels(np.stack(pixels)).tolist() if pixels else ())
        return [_row(file, error, answers, threshold) for file, error in zip(files, errors, strict=True)]

    def predict_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return p_parasitized, shape (n,), of cells already preprocessed: uint8 (n, height, width, 3), n > 0."""
        return self.p_from_outputs(self.outputs(pixels))

    def ask_odds(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the log-odds of p_parasitized for the same: of a network that ends in logits as far as they go."""
        return self._odds_from_outputs(self.outputs(pixels))

    def p_from_outputs(self, raw: NDArray[np.float32]) -> NDArray[np.float64]:
        """Bring a network's raw outputs (n, outputs), of any kind and class order, to p_parasitized, shape (n,)."""
        return np.clip(expit(self._odds_from_outputs(raw)), _SHARPEST, 1 - _SHARPEST)

    def _odds_from_outputs(self, raw: NDArray[np.float32]) -> NDArray[np.float64]:
        card = self.card
        place = card.classes.index(PARASITIZED)
        values = raw[:, place if card.output == "softmax" else 0].astype(np.float64)
        odds = values if card.output == "logit" else logit(np.clip(values, _SHARPEST, 1 - _SHARPEST))
        if card.output != "softmax" and place == 0:  # a single output is about the second class
            odds = -odds
        return np.asarray(odds / card.temperature, np.float64)


def _batches(files: Iterable[ImageFile]) -> Iterator[tuple[list[ImageFile], int]]:
    """The files in lists of `BATCH`, of fewer where they are large, with the bytes of each list."""
    batch: list[ImageFile] = []
    size = 0
    for file in files:
        batch.append(file)
        size += len(file.data or b"")
        if len(batch) == BATCH or size > _BATCH_BYTES:
            yield batch, size
            batch, size = [], 0
    if batch:
        yield batch, size


def _row(file: ImageFile, error: str | None, answers: Iterator[float], threshold: float) -> Row:
    if error is not None:
        return Row(file.file, file.patient, None, None, error, file.image_id)
    p, picture = next(answers), name_picture(file.data or b"")
    return Row(file.file, file.patient, p, label_for(p, threshold), None, file.image_id, picture)


def _folders(folder: Path | None) -> dict[str, Card | ModelError]:
    """Every model folder, whatever its task, by name, the default first."""
    place = MODELS_DIR if folder is None else folder
    names = sorted(entry.name for entry in place.iterdir() if _may_be_model(entry)) if place.is_dir() else []
    found: dict[str, Card | ModelError] = {}
    for name in sorted(names, key=lambda name: name != DEFAULT_MODEL):
        try:
            found[name] = Network.from_folder(place / name).card
        except ModelError as error:
            found[name] = error
    return found


def _may_be_model(entry: Path) -> bool:
    return entry.is_dir() and not entry.name.startswith((".", "_"))
