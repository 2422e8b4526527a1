"""The journal of a browser session: where this app is configured to keep decisions."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st

from malaria.review import CsvJournal, Log, MemoryStore, Store, is_address
from malaria.ui.parts import account
from malaria.ui.parts.annotator import get_annotator

if TYPE_CHECKING:
    from sqlalchemy import Engine

CONNECTION: Final = "corrections"
"""The connection in .streamlit/secrets.toml that names the database's address as well, and then alone."""
ENVIRONMENT: Final = "MALARIA_JOURNAL"
"""The environment variable, or the secret, that names the journal's path or the address of its database."""
DEFAULT: Final = "corrections.csv"
"""The journal, in the working directory, where nothing else is said."""

_LOG: Final = "journal.log"


def open_log() -> Log:
    """Return this session's journal, read once for whoever decides; raises JournalError while it cannot be."""
    wanted = (account.is_kept(), None if account.sees_all() else get_annotator())
    known, log = st.session_state.get(_LOG, (None, None))
    if known != wanted:
        before: Log | None = log
        log = Log(_choose_store(), wanted[1])
        if before and known[0] == wanted[0]:
            log.unsaved = before.unsaved
        st.session_state[_LOG] = (wanted, log)
    found: Log = log
    return found


def _choose_store() -> Store:
    """Return the place for decisions. Raises JournalError."""
    if not account.is_kept():
        return MemoryStore()
    if engine := open_database():
        from malaria.review.sql import SqlJournal  # only here: most journals are files

        return SqlJournal(engine)
    return CsvJournal(find_file() or DEFAULT)


def open_database() -> "Engine | None":
    """Return the database that this host names; None where it names none. Raises JournalError."""
    place = get_place()
    return _connect(place) if is_address(place) else None


def find_file() -> Path | None:
    """Return the journal's file where this host names one."""
    place = get_place()
    return None if not place or is_address(place) else Path(place)


def get_place() -> str:
    """Return the path or address that this host names, empty where it names none; not for showing to anybody."""
    if st.secrets.load_if_toml_exists() and (found := st.secrets.get("connections", {}).get(CONNECTION)) is not None:
        return str(found.get("url", "://"))  # without one, an address that cannot be read: a file would not be meant
    return os.environ.get(ENVIRONMENT, "").strip()


@st.cache_resource(show_spinner=False)  # one engine for all sessions
def _connect(address: str) -> "Engine":
    from malaria.review.sql import connect

    return connect(address)
