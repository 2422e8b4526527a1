"""The journal of a browser session: where this app is configured to keep decisions."""

import os
from typing import Final

import streamlit as st

from malaria.review import CsvJournal, Log, Store

CONNECTION: Final = "corrections"
"""The name of the database connection in .streamlit/secrets.toml."""
ENVIRONMENT: Final = "MALARIA_JOURNAL"
"""The environment variable that names the journal's path."""
DEFAULT: Final = "corrections.csv"
"""The journal, in the working directory, where nothing else is said."""

_LOG: Final = "journal.log"


def open_log() -> Log:
    """Return this session's journal, read once; raises JournalError while it cannot be."""
    if _LOG not in st.session_state:
        st.session_state[_LOG] = Log(_choose_store())
    found: Log = st.session_state[_LOG]
    return found


def _choose_store() -> Store:
    """Return the place for decisions. Raises JournalError."""
    if has_database():
        from malaria.review.sql import SqlJournal  # only here: most journals are files

        return SqlJournal(st.connection(CONNECTION, type="sql").engine)
    return CsvJournal(os.environ.get(ENVIRONMENT) or DEFAULT)


def has_database() -> bool:
    """Whether the journal is in a database."""
    return st.secrets.load_if_toml_exists() and CONNECTION in st.secrets.get("connections", {})
