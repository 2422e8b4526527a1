"""A data set is described in the background: progress to look at, a stop, and what went wrong kept for later."""

import threading
import time
import weakref

from malaria.dataset import Description, Known, describe
from malaria.images import Source


class Job:
    """One description, while it is being made and afterwards. The work ends when nobody holds this any more."""

    def __init__(self, source: Source, known: Known | None = None) -> None:
        self._work = _Work(source, known)
        weakref.finalize(self, self._work.stop.set)
        self._thread = threading.Thread(target=self._work.run, name="describing", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End soon; a description that was stopped is lost."""
        self._work.stop.set()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until the work has ended, at most so long."""
        self._thread.join(seconds)

    @property
    def finished(self) -> bool:
        """Whether the work has ended: done, stopped or failed."""
        return not self._thread.is_alive()

    @property
    def progress(self) -> tuple[int, int, float]:
        """Images looked at, all images, and seconds of work so far."""
        return self._work.done, self._work.total, time.perf_counter() - self._work.since

    def description(self) -> Description | None:
        """What was found; None when it was stopped. Raises what ended the work, if anything did."""
        if self._work.failure is not None:
            raise self._work.failure
        return self._work.description


class _StoppedError(Exception):
    """Somebody stopped the work."""


class _Work:
    """What the thread holds: never the `Job` itself, which could then not be let go of."""

    def __init__(self, source: Source, known: Known | None) -> None:
        self.source, self.known = source, known
        self.done, self.total, self.since = 0, len(source), time.perf_counter()
        self.stop = threading.Event()
        self.description: Description | None = None
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            self.description = describe(self.source, self.known, self._count)
        except _StoppedError:
            return
        except Exception as failure:  # told to whoever asks, in a thread that can show it
            self.failure = failure

    def _count(self, images: int) -> None:
        self.done += images
        if self.stop.is_set():
            raise _StoppedError
