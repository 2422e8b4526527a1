"""Long work in the background: results as they come, progress to look at, a stop that keeps what is done."""

import atexit
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from malaria.budget import TURNS, Turns

Result = TypeVar("Result")
Work: TypeAlias = Callable[[int, threading.Event], Iterator[Result]]
"""Yields the results from a place on (0 is the first), and ends early, with no result lost, once the event is set."""

_LAST_SECONDS: Final = 5
"""How long a process that ends waits for each work."""


class Progress(NamedTuple):
    """How far the work is: `done` results of `total`, in `seconds` since its first turn."""

    done: int
    total: int
    seconds: float
    ahead: int | None = None
    """How many other works have their turn before; None for one that does not wait for its first."""

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.done / self.total if self.total else 1.0

    @property
    def per_second(self) -> float | None:
        """Results per second; None before the first."""
        return self.done / self.seconds if self.done and self.seconds else None

    @property
    def seconds_left(self) -> float | None:
        """None before the first result."""
        return None if self.per_second is None else (self.total - self.done) / self.per_second


class Background(Generic[Result]):
    """Work in a thread of its own, which ends by itself when nobody holds this object any more.

    `work` makes `total` results; it must not hold this object, which could then not be let go of. It begins at once, or
    as soon as it has a turn of those that are in all, and lets others have theirs between two results.
    """

    def __init__(self, work: Work[Result], total: int, name: str, turns: Turns = TURNS) -> None:
        self._state, self._total, self._name = _State(work, turns), total, name
        weakref.finalize(self, self._state.stop.set)
        self.start()

    def start(self) -> None:
        """Go on after a stop."""
        if self.finished:
            self._state.stop.clear()
            self._state.thread = threading.Thread(target=self._state.run, name=self._name, daemon=True)
            self._state.thread.start()
            _STATES.add(self._state)

    def stop(self) -> None:
        """End soon, and keep what is done."""
        self._state.stop.set()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until the work has ended, at most so long. Raises what ended it, if anything did."""
        if self._state.thread is not None:
            self._state.thread.join(seconds)
        if self._state.failure is not None:
            raise self._state.failure

    @property
    def results(self) -> list[Result]:
        """What is done so far, in the order in which it was done."""
        return self._state.results[:]

    @property
    def finished(self) -> bool:
        """Whether the work has ended: done, stopped or failed."""
        return self._state.thread is None or not self._state.thread.is_alive()

    @property
    def complete(self) -> bool:
        """Whether all of it is done."""
        return self.finished and len(self._state.results) == self._total

    @property
    def progress(self) -> Progress:
        """How far it is."""
        ahead = None if self._state.seconds else self._state.turns.count_ahead(self._state)
        return Progress(len(self._state.results), self._total, self._state.seconds, ahead)


class _State(Generic[Result]):
    """What the thread holds: never the `Background` itself."""

    def __init__(self, work: Work[Result], turns: Turns) -> None:
        self.work, self.turns = work, turns
        self.results: list[Result] = []
        self.stop = threading.Event()
        self.thread: threading.Thread | None = None
        self.failure: Exception | None = None
        self._worked, self._since = 0.0, 0.0

    def run(self) -> None:
        self.failure = None
        self.turns.take(self, self.stop)
        self._since = time.perf_counter()
        try:
            for result in self.work(len(self.results), self.stop):
                self.results.append(result)
                self.turns.let_others(self, self.stop)
        except Exception as failure:  # told to whoever waits, in a thread that can show it
            self.failure = failure
        finally:
            self.turns.end(self)
            self._worked, self._since = self.seconds, 0.0

    @property
    def seconds(self) -> float:
        return self._worked + (time.perf_counter() - self._since if self._since else 0.0)


_STATES: Final[weakref.WeakSet[_State[Any]]] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    """Let all work end before the process does: a thread torn out of native code would abort it."""
    for state in (states := list(_STATES)):
        state.stop.set()
    for state in states:
        if state.thread is not None:
            state.thread.join(_LAST_SECONDS)
