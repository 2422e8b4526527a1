"""Where decisions go: a SQL database where one is configured, else a CSV file."""

import os
from typing import Final

import streamlit as st

from malaria.review import CsvJournal, Store

CONNECTION: Final = "corrections"
"""The name of the database connection in .streamlit/secrets.toml."""
ENVIRONMENT: Final = "MALARIA_JOURNAL"
"""The environment variable that names the journal's path."""
DEFAULT: Final = "corrections.csv"
"""The journal, in the working directory, where nothing else is said."""


def store() -> Store:
    """Return the place that this app is configured to keep decisions in. Raises JournalError."""
    if st.secrets.load_if_toml_exists() and CONNECTION in st.secrets.get("connections", {}):
        from malaria.review.sql import SqlJournal  # only here: most journals are files

        return SqlJournal(st.connection(CONNECTION, type="sql").engine)
    return CsvJournal(os.environ.get(ENVIRONMENT) or DEFAULT)
