"""What watches over a training: keeps the best weights and what a killed run needs, stops it, tells how it goes."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from malaria.training.records import BEST, whole
from malaria.wording.words import count, duration

SAVE_EVERY = 5
"""Epochs between the states that a killed run goes on from."""


class Keeper(keras.callbacks.Callback):  # type: ignore[misc]
    """Keep the best weights, stop when the validation loss no longer falls, remember enough to go on after a kill.

    Without `patience` there is no validation: every epoch is trained and the last weights are kept. `set_epoch` draws
    the order of an epoch; so many trainings follow `after` this one.
    """

    def __init__(
        self,
        folder: Path,
        set_epoch: Callable[[int], None],
        patience: int | None,
        after: int,
        report: Callable[[str], None],
    ) -> None:
        super().__init__()
        self.folder, self.set_epoch, self.patience, self.after, self.report = folder, set_epoch, patience, after, report
        self.best, self.latest = folder / BEST, folder / "latest.npz"
        self.history: list[dict[str, float]] = []

    def restore(self) -> int:
        """Load the state of a killed run, if there is one, and return the epoch to go on from."""
        if not self.latest.exists():
            return 0
        with np.load(self.latest) as state:
            self.history = json.loads(str(state["history"]))
            for number, variable in enumerate(self._variables()):
                variable.assign(state[f"variable_{number}"])
        return len(self.history)

    def _save(self) -> None:
        """Write everything a resumed run needs, in one step that a kill cannot leave half done."""
        values = {f"variable_{number}": ops.convert_to_numpy(v) for number, v in enumerate(self._variables())}
        with whole(self.latest) as partial:
            np.savez(partial, history=json.dumps(self.history), **values)

    def _variables(self) -> list[keras.Variable]:
        return [*self.model.network.variables, *self.model.optimizer.variables, self.model.augment.random.state]

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Draw this epoch's order."""
        self.set_epoch(epoch)
        self.began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Record the epoch, save what is better, stop when nothing has been for long."""
        row = {"epoch": epoch + 1, **{name: round(float(value), 6) for name, value in (logs or {}).items()}}
        self.history.append(row)
        line = f"epoch {row['epoch']}/{self.params['epochs']}  loss {row['loss']:.4f}"
        best = row
        if self.patience is not None:
            best = min(self.history, key=lambda past: past["val_loss"])
            line += (
                f"  validation loss {row['val_loss']:.4f}  validation accuracy {row['val_accuracy']:.4f}  "
                f"lowest validation loss {best['val_loss']:.4f} (epoch {best['epoch']})"
            )
            self.model.stop_training = row["epoch"] - best["epoch"] >= self.patience
        if best is row:
            with whole(self.best) as partial:
                self.model.network.save_weights(partial)
        self.report(line + self._tell_time_left(epoch + 1, time.monotonic() - self.began))
        if row["epoch"] % SAVE_EVERY == 0:
            self._save()

    def _tell_time_left(self, epoch: int, seconds: float) -> str:
        """How long it can still take, if epochs go on to take `seconds`; nothing after the last."""
        epochs: int = self.params["epochs"]
        here = 0 if self.model.stop_training else epochs - epoch
        left = here + self.after * epochs
        if not left:
            return ""
        whole_run = f" with the {count(self.after, 'training')} after this one" if self.after else ""
        return f"  at most {duration(left * seconds)} left{whole_run}"
