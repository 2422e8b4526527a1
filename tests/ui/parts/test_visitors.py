"""Uploads stay within the budget and say so where they do not, and those who are gone leave nothing behind."""

import asyncio
import weakref
from collections.abc import AsyncGenerator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from starlette.datastructures import Headers, UploadFile
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.session_manager import SessionInfo
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from malaria import budget, phantom
from malaria.ui.parts import visitors
from studies._app import Visitor, start_server, visit

Result = TypeVar("Result")
MB = 2**20


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "VISITOR_MB", 2)
    monkeypatch.setattr(visitors, "ALL_MB", 3)
    monkeypatch.setattr(visitors, "_refused", {})


def upload(store: MemoryUploadedFileManager, session: str, name: str, data: bytes) -> bool:
    """Whether an upload is held."""
    store.add_file(session, UploadedFileRec(name, name, "application/zip", data))
    return bool(store.get_files(session, [name]))


def test_one_visitor_holds_no_more_than_a_visitor_may_and_is_told() -> None:
    store = MemoryUploadedFileManager("/upload")
    assert upload(store, "a", "1.zip", bytes(MB))
    assert not upload(store, "a", "2_3.zip", bytes(MB + 1))
    assert visitors._refused == {
        "a": "2_3.zip was not taken: with it, your uploads would take 3 MB, and one visitor's may take 2 MB. Close "
        "what you have open, or upload less."
    }
    assert upload(store, "b", "2.zip", bytes(2 * MB)), "what one holds is not taken from another"
    store.remove_file("a", "1.zip")
    assert upload(store, "a", "2.zip", bytes(MB + 1))
    assert visitors._refused == {}


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Await it in a thread of its own: in this one, a browser that other tests drive may have a loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def send(size: int) -> bytes:
    """Send an upload of `size` bytes through the parser, and return what it keeps of it."""
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f.zip"\r\n\r\n' + bytes(size) + b"\r\n--x--\r\n"

    async def stream() -> AsyncGenerator[bytes, None]:
        for start in range(0, len(body), 2**16):
            yield body[start : start + 2**16]
            await asyncio.sleep(0)  # another may come in between

    headers = Headers({"content-type": "multipart/form-data; boundary=x", "content-length": str(len(body))})
    form = await visitors.BoundedParser(headers, stream()).parse()
    file = form["f"]
    assert isinstance(file, UploadFile)
    data = await file.read()
    await file.close()
    return data


def test_an_upload_for_which_there_is_no_room_in_all_is_not_kept_while_it_arrives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(visitors, "_count_held", lambda: 2 * MB)
    assert run(send(MB // 2)) == bytes(MB // 2)
    dropped = run(send(MB + 1))
    assert len(dropped) < 100
    assert not upload(MemoryUploadedFileManager("/upload"), "a", "f.zip", dropped)
    assert visitors._refused["a"].startswith("f.zip was not taken: the app holds as much for its visitors now")
    assert not visitors._coming, "what has arrived is under way no more"


def test_uploads_that_arrive_together_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    async def send_both() -> list[bytes]:
        return await asyncio.gather(send(2 * MB), send(2 * MB))

    monkeypatch.setattr(visitors, "_count_held", lambda: 0)
    assert sorted(len(data) > MB for data in run(send_both())) == [False, True]


def test_a_session_whose_visitor_did_not_come_back_leaves_nothing_behind() -> None:
    class Held: ...

    ended: list[str] = []

    def make(name: str) -> Any:
        return SimpleNamespace(
            id=name, shutdown=lambda: ended.append(name), _session_state={}, _fragment_storage={"fragment": Held()}
        )

    storage = MemorySessionStorage(ttl_seconds=0)
    gone = make("gone")
    gone._session_state["batch"] = held = Held()
    left = weakref.ref(held), weakref.ref(gone._fragment_storage["fragment"])
    del held
    storage.save(SessionInfo(client=None, session=gone, script_run_count=1))
    assert run(visitors._end_sessions(storage)) == 1
    assert ended == ["gone"]
    assert [ref() for ref in left] == [None, None]
    assert run(visitors._end_sessions(storage)) == 0


def test_a_session_that_may_come_back_is_kept() -> None:
    storage = MemorySessionStorage(ttl_seconds=1000)
    session: Any = SimpleNamespace(id="back")
    storage.save(SessionInfo(client=None, session=session, script_run_count=1))
    assert run(visitors._end_sessions(storage)) == 0
    assert storage.get("back")


@pytest.mark.parametrize(("given", "limit"), [("", 7), ("12", 12), (" 3 ", 3), ("0", 7), ("-1", 7), ("many", 7)])
def test_a_limit_is_a_whole_number_or_the_usual_one(
    given: str, limit: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MALARIA_X", given)
    assert budget._read_limit("MALARIA_X", 7) == limit
    assert bool(caplog.messages) == (given in ("0", "-1", "many"))


# On the running app


@pytest.fixture(scope="module")
def visitor() -> Iterator[Visitor]:
    with start_server(MALARIA_VISITOR_MB="1") as (server, port), visit(server, port) as visitor:
        yield visitor


@pytest.mark.parametrize("page", ["Batch_evaluation", "Dataset", "Smear_triage", "Single_cell"])
def test_an_upload_that_is_not_taken_is_one_sentence_on_every_page(page: str, visitor: Visitor) -> None:
    opened = list(visitor.open(page))
    (uploader,) = {message.delta.new_element.file_uploader.id for message in opened} - {""}
    with pytest.raises(
        RuntimeError, match=r"cells.*zip was not taken.* your uploads would take 3 MB, and one visitor.*s may take 1 MB"
    ):
        list(visitor.upload(uploader, "cells.zip", phantom.batch_zip(120)))
