"""The journal of a browser session: where this app is configured to keep decisions."""

import os
from typing import Final

import streamlit as st

from malaria.review import CsvJournal, Log, MemoryStore, Store
from malaria.ui.parts import account
from malaria.ui.parts.annotator import get_annotator

CONNECTION: Final = "corrections"
"""The name of the database connection in .streamlit/secrets.toml."""
ENVIRONMENT: Final = "MALARIA_JOURNAL"
"""The environment variable that names the journal's path."""
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
    if has_database():
        from malaria.review.sql import SqlJournal  # only here: most journals are files

        return SqlJournal(st.connection(CONNECTION, type="sql").engine)
    return CsvJournal(os.environ.get(ENVIRONMENT) or DEFAULT)


def has_database() -> bool:
    """Whether the journal is in a database."""
    return st.secrets.load_if_toml_exists() and CONNECTION in st.secrets.get("connections", {})
