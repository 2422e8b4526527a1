"""Many visitors at once on the single-cell page: how long each waits, what an answer costs, and whether it is right.

`python -m malaria benchmark --only users` runs this as `python -m studies.users_timing` in a process of its own and
reads the JSON that it prints. Each visitor asks for the next answer as soon as the page with the last one has ended,
in turn by uploading a cell and by clicking an example, so that the server is never idle. Every answer is held against
the library's own. The visitors take some of the processor, too: about a tenth of what the server takes.
"""

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import chain, cycle, islice
from typing import Final, NamedTuple

import numpy as np
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from malaria import phantom, predict
from malaria.ui.parts.examples import get_examples
from malaria.ui.parts.text import literal
from studies._app import Visitor, peak_mb, processor_seconds, read_answer, start_server, visit
from studies._command import Model, run

USERS: Final = 20
ROUNDS: Final = 4
"""How often each visitor uploads a cell and clicks an example."""

_PAGE: Final = "Single_cell"
_UPLOADER: Final = "single_cell.uploader"  # in the ids that Streamlit makes of the page's keys
_EXAMPLE: Final = "example-{}"


@dataclass(frozen=True)
class UsersTiming:
    """What one run found. Figures that this system cannot give are None."""

    users: int
    answers: int
    wrong: int
    """Answers other than the library's for the same cell."""
    lost: int
    """Cells that got none."""
    p50_s: float
    """Seconds from the upload or click to the answer."""
    p95_s: float
    whole_p95_s: float
    """The same to the last part of the page, the map included."""
    answers_per_second: float
    processor_s: float | None
    """Processor time of the server for each answer, the whole page included."""
    peak_mb: float | None
    """The most resident memory of the server, in MB of 2**20 bytes."""


class Cell(NamedTuple):
    """One cell: its file, what the page is to say of it, and the example's name where it is one."""

    file: str
    png: bytes
    caption: str
    pointer: str
    example: str | None


class _Asked(NamedTuple):
    """One answer: right, wrong, or None where there was none, the seconds to it, and those to the end of the page."""

    right: bool | None
    seconds: float
    whole: float


def main(model: Model = None, users: int = USERS) -> None:
    """Time `users` visitors at once, and print what was found as JSON."""
    print(json.dumps(asdict(measure(model, users))))


def measure(model: str | None = None, users: int = USERS) -> UsersTiming:
    """Start the app, have all visitors ask at once, and weigh it.

    Raises RuntimeError when the app does not start or a page shows an error, ModelError for a model of no use.
    """
    uploads, examples = make_cells(model, users * ROUNDS)
    with start_server() as (server, port), ExitStack() as stack, ThreadPoolExecutor(users) as pool:
        visitors = [_Visitor(stack.enter_context(visit(server, port)), model) for _ in range(users)]
        shares = [
            list(chain.from_iterable(zip(uploads[number::users], islice(cycle(examples), number, None), strict=False)))
            for number in range(users)
        ]
        since, used = time.perf_counter(), processor_seconds(server.pid)
        asked = list(chain.from_iterable(pool.map(_Visitor.ask_all, visitors, shares)))
        seconds, now = time.perf_counter() - since, processor_seconds(server.pid)
        peak = peak_mb(server.pid)
    waited = [one.seconds for one in asked]
    return UsersTiming(
        users,
        len(asked),
        sum(one.right is False for one in asked),
        sum(one.right is None for one in asked),
        float(np.quantile(waited, 0.5)),
        float(np.quantile(waited, 0.95)),
        float(np.quantile([one.whole for one in asked], 0.95)),
        len(asked) / seconds,
        None if used is None or now is None else (now - used) / len(asked),
        peak,
    )


class _Visitor:
    """Somebody on the single-cell page, who knows which of its parts can be clicked."""

    def __init__(self, visitor: Visitor, model: str | None) -> None:
        self._visitor = visitor
        self._ids: dict[str, str] = {}  # of the examples' buttons and the uploader, by their keys
        for message in visitor.open(_PAGE, {"model": model} if model else {}):
            self._note(message)

    def ask_all(self, cells: Sequence[Cell]) -> list[_Asked]:
        """Ask for one answer after another."""
        return [self._ask(cell) for cell in cells]

    def _ask(self, cell: Cell) -> _Asked:
        since = time.perf_counter()
        right, seconds, named = None, 0.0, False
        if cell.example is None:
            messages = self._visitor.upload(self._ids[_UPLOADER], cell.file, cell.png)
        else:
            messages = self._visitor.click(self._ids[_EXAMPLE.format(cell.example)])
        for message in messages:
            self._note(message)
            if answer := read_answer(message):
                right, seconds = cell.pointer in answer, time.perf_counter() - since
            named = named or any(image.caption == cell.caption for image in message.delta.new_element.imgs.imgs)
        whole = time.perf_counter() - since
        return _Asked(right and named, seconds or whole, whole)

    def _note(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        for widget in filter(None, (element.button.id, element.file_uploader.id)):
            key = widget.split("-", 2)[2]  # $$ID-hash-key
            self._ids[_UPLOADER if key.startswith(_UPLOADER) else key] = widget


def make_cells(model: str | None, n: int) -> tuple[list[Cell], list[Cell]]:
    """`n` cells to upload, and the examples, with the library's answers."""
    drawn = [(cell.file, cell.png, None) for cell in phantom.batch(n)]
    shown = [(cell.file, cell.png, name) for name, cell in get_examples().items()]
    answers = predict([png for _, png, _ in (*drawn, *shown)], model)["p_parasitized"]
    cells = [
        Cell(file, png, literal(file), f'left:{100 * p:.2f}%">▼', name)
        for (file, png, name), p in zip((*drawn, *shown), answers, strict=True)
    ]
    return cells[:n], cells[n:]


if __name__ == "__main__":
    run(main)
