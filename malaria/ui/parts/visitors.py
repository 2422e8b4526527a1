"""What visitors hold in the server's memory: uploads within the budget, and of those who are gone nothing for long."""

import asyncio
import ctypes
import gc
import secrets
import sys
import threading
import time
import weakref
from math import ceil
from typing import Final

import pyarrow
import starlette.requests
import streamlit as st
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartParser
from streamlit.runtime import Runtime
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state import SessionState
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from malaria.budget import ALL_MB, VISITOR_MB

_MB: Final = 2**20
_EVERY: Final = 10.0  # seconds between two looks for sessions that are gone
_NO_ROOM: Final = secrets.token_bytes(32)
"""What comes in the place of an upload for which there is no room in all."""

_refused: dict[str, str] = {}
"""Why the last upload of a session was not taken, by its id."""
_coming: dict[int, int] = {}
"""The bytes of each upload that is under way."""


class BoundedParser(MultiPartParser):
    """Reads an upload as it comes in, and lets go of its bytes where all visitors' together would be too many."""

    # Streamlit's server writes an upload of over 1 MB to a temporary file while it arrives. Here images stay in memory.
    # A zip above this size does pass through such a file (nameless, gone when closed): in memory it would be there
    # twice.
    spool_max_size = 128 * _MB

    async def parse(self) -> FormData:
        """Read the whole upload."""
        size = int(self.headers.get("content-length") or ALL_MB * _MB)
        self._has_room = _count_held() + sum(_coming.values()) + size <= ALL_MB * _MB
        if self._has_room:
            _coming[id(self)] = size
        try:
            form = await super().parse()
        except BaseException:
            _coming.pop(id(self), None)
            raise
        weakref.finalize(form, _coming.pop, id(self), None)  # by then it is held, or was not taken
        return form

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Keep a piece, if there is room for it."""
        if self._has_room or self._current_part.file is None:
            super().on_part_data(data, start, end)

    def on_part_end(self) -> None:
        """Finish a file."""
        if not self._has_room and self._current_part.file is not None:
            self._file_parts_to_write.append((self._current_part, _NO_ROOM))
        super().on_part_end()


def _take(manager: MemoryUploadedFileManager, session_id: str, file: UploadedFileRec) -> None:
    """Hold an upload for its session; why one was not taken is kept for `take_refusal`, and no uploader finds it."""
    held = sum(len(other.data) for other in manager.file_storage.get(session_id, {}).values())
    if file.data == _NO_ROOM:
        _refused[session_id] = (
            f"{file.name} was not taken: the app holds as much for its visitors now as it can. Try again "
            "in a few minutes, or upload less."
        )
    elif held + len(file.data) > VISITOR_MB * _MB:
        _refused[session_id] = (
            f"{file.name} was not taken: with it, your uploads would take {ceil((held + len(file.data)) / _MB)} MB, "
            f"and one visitor's may take {VISITOR_MB} MB. Close what you have open, or upload less."
        )
    else:
        _refused.pop(session_id, None)
        _hold(manager, session_id, file)


_hold: Final = MemoryUploadedFileManager.add_file
starlette.requests.MultiPartParser = BoundedParser  # type: ignore[attr-defined]
MemoryUploadedFileManager.add_file = _take  # type: ignore[assignment, method-assign]


def _get_store() -> MemoryUploadedFileManager | None:
    """What holds the uploads; None outside a server, as in a test."""
    store = Runtime.instance().uploaded_file_mgr if Runtime.exists() else None
    return store if isinstance(store, MemoryUploadedFileManager) else None


def _count_held() -> int:
    store = _get_store()
    return store._total_bytes if store else 0


def take_refusal() -> str | None:
    """Return, once, why the session's last upload was not taken; None where it was."""
    context = get_script_run_ctx()
    return _refused.pop(context.session_id, None) if context else None


def let_go(file_ids: list[str]) -> None:
    """Hold these uploads of the session no longer: nothing uses them any more."""
    context, store = get_script_run_ctx(), _get_store()
    if context and store:
        for file_id in file_ids:
            store.remove_file(context.session_id, file_id)


# Those who are gone


@st.cache_resource(show_spinner=False)
def keep_house() -> None:
    """From now on let go of what sessions held that are gone, without waiting for the next visitor."""
    if _get_store() is None:  # no server, but a test
        return
    runtime = Runtime.instance()
    loop, storage = runtime._get_async_objs().eventloop, getattr(runtime._session_mgr, "_session_storage", None)
    if isinstance(storage, MemorySessionStorage):
        threading.Thread(target=_keep_house, args=(loop, storage), name="visitors", daemon=True).start()


def _keep_house(loop: asyncio.AbstractEventLoop, storage: MemorySessionStorage) -> None:
    while not loop.is_closed():
        time.sleep(_EVERY)
        try:
            gone = asyncio.run_coroutine_threadsafe(_end_sessions(storage), loop).result()
        except RuntimeError:  # the server ends
            return
        if gone:
            gc.collect()
        _ask_allocator("malloc_trim", 0)


async def _end_sessions(storage: MemorySessionStorage) -> int:
    """End the sessions whose visitors did not come back in time (`server.disconnectedSessionTTL`); say how many."""
    gone = storage._cache.expire()  # type: ignore[attr-defined]
    for session_id, about in gone:
        about.session.shutdown()
        # Streamlit's main loop remembers the session that it last sent to, until it sends to another.
        about.session._session_state = SessionState()
        about.session._fragment_storage.clear()
        _refused.pop(session_id, None)
    return len(gone)


def _ask_allocator(name: str, *values: int) -> None:
    """Call a function of the system's allocator, where it is one that has it (glibc)."""
    if sys.platform == "linux" and (function := getattr(ctypes.CDLL(None), name, None)):
        function(*values)


# Each visitor's page runs in a thread of its own. By itself glibc has up to eight pools of free memory for each core,
# and gives little of them back: 60 MB with twenty visitors. The numbers are those of malloc.h.
_ask_allocator("mallopt", -8, 2)  # M_ARENA_MAX
_ask_allocator("mallopt", -3, _MB // 4)  # M_MMAP_THRESHOLD: what is larger goes back to the system at once
pyarrow.set_memory_pool(pyarrow.system_memory_pool())  # tables, too: by itself Arrow has pools of its own
