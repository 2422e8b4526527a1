"""What the visitors of one app share: how much work goes on at once, and how many bytes of uploads are held.

Each limit is an environment variable, read when the app starts.
"""

import logging
import os
import threading
import time
from typing import Final

_log = logging.getLogger(__name__)


def _read_limit(name: str, usual: int) -> int:
    """The variable's value, a whole number from 1 on; for anything else the usual one, and a line in the log."""
    given = os.environ.get(name, "").strip() or str(usual)
    if given.isdecimal() and int(given) >= 1:
        return int(given)
    _log.warning("%s=%s is not a whole number from 1 on, so it is %d.", name, given, usual)
    return usual


AT_ONCE: Final = _read_limit("MALARIA_AT_ONCE", 2)
"""Long works (batches, samples of fields, descriptions of a set) that go on at once; the others wait in line."""
VISITOR_MB: Final = _read_limit("MALARIA_VISITOR_MB", 400)
"""MB of 2**20 bytes that one visitor's uploads may take."""
ALL_MB: Final = _read_limit("MALARIA_UPLOADS_MB", 400)
"""MB that all visitors' uploads together may take. With the public set's 337 the app stays below 690 MB in all."""

_SLICE: Final = 2.0  # seconds of work after which another work has its turn
_LOOK: Final = 0.2  # seconds after which one who waits looks whether it was stopped


class Turns:
    """Lets only so many works go on at once. The others wait in line, and long ones go to its end every so often."""

    def __init__(self, at_once: int = AT_ONCE, seconds: float = _SLICE) -> None:
        self._at_once, self._seconds = at_once, seconds
        self._line: list[object] = []  # those who wait, the next one first
        self._going: dict[object, float] = {}  # those who do not, and since when
        self._change = threading.Condition()

    def take(self, who: object, stop: threading.Event) -> None:
        """Wait for the turn of `who`, or until `stop` is set."""
        with self._change:
            self._line.append(who)
            while not stop.is_set() and (self._line[0] is not who or len(self._going) >= self._at_once):
                self._change.wait(_LOOK)
            self._line.remove(who)
            self._going[who] = time.monotonic()
            self._change.notify_all()

    def let_others(self, who: object, stop: threading.Event) -> None:
        """Give the turn away if it has lasted long enough and somebody waits, and wait for the next."""
        with self._change:
            if not self._line or time.monotonic() - self._going[who] < self._seconds:
                return
            del self._going[who]
            self._change.notify_all()
        self.take(who, stop)

    def end(self, who: object) -> None:
        """Give the turn back for good."""
        with self._change:
            self._going.pop(who, None)
            self._change.notify_all()

    def count_ahead(self, who: object) -> int | None:
        """How many others have or get their turn before `who`; None for one who does not wait."""
        with self._change:
            return self._line.index(who) + len(self._going) if who in self._line else None


TURNS: Final = Turns()
"""Those of all long works of this process."""
MAPS: Final = threading.Semaphore()
"""One map of what an answer rests on is made at a time, so that answers, which are quick, come first."""
