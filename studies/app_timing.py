"""The app as a visitor meets it, timed and weighed: a real server, and Streamlit's own messages instead of a browser.

`python -m malaria benchmark` runs this as `python -m studies.app_timing` in a process of its own and reads
the JSON that it prints. Times end when the server has sent the last part of a page; drawing it in the browser is not
in them.
"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final

from malaria.ui.parts.examples import get_examples
from studies._app import read_answer, resident_mb, start_server, visit
from studies._command import Model, run

STARTS: Final = 3
"""Servers that are started, one after the other, for the time to the first page."""
PREDICTIONS: Final = 10


@dataclass(frozen=True)
class AppTiming:
    """What one run found. Figures that this system cannot give are None."""

    first_page_s: float
    """Median seconds from starting the server to the end of the first page's script, over `STARTS` starts."""
    prediction_s: float
    """Median seconds from asking for the single-cell page with an example to its last part."""
    predictions: int
    resident_mb: float | None
    """Of the server after the predictions, in MB of 2**20 bytes, as the system counts it (RSS)."""
    tensorflow_loaded: bool | None


def main(model: Model = None) -> None:
    """Time and weigh the app, and print it as JSON."""
    print(json.dumps(asdict(measure(model))))


def measure(model: str | None = None) -> AppTiming:
    """Start the app, open its first page, have it judge example cells, and weigh it.

    Raises RuntimeError with the reason when the app does not start or a page shows an error.
    """
    shown = list(get_examples())
    query = {"model": model} if model else {}
    firsts, predictions = [], []
    for start in range(STARTS):
        started = time.perf_counter()
        with start_server() as (server, port):
            with visit(server, port) as visitor:
                list(visitor.open())
            firsts.append(time.perf_counter() - started)
            if start < STARTS - 1:
                continue
            for number in range(PREDICTIONS):
                asked = time.perf_counter()
                with visit(server, port) as visitor:
                    sent = list(visitor.open("Single_cell", query | {"example": shown[number % len(shown)]}))
                predictions.append(time.perf_counter() - asked)
                if not any(read_answer(message) for message in sent):
                    raise RuntimeError("The single-cell page gave no answer.")
            resident, loaded = resident_mb(server.pid), tensorflow_loaded(server.pid)
    return AppTiming(median(firsts), median(predictions), len(predictions), resident, loaded)


def tensorflow_loaded(pid: int) -> bool | None:
    """Whether a process has a library of the tensorflow package in its memory, or None where /proc cannot tell."""
    maps = Path(f"/proc/{pid}/maps")
    return "/tensorflow/" in maps.read_text() if maps.exists() else None


if __name__ == "__main__":
    run(main)
