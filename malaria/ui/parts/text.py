"""Other people's words (file names, error sentences) made safe to stand in markdown and HTML."""

import re


def literal(text: str) -> str:
    """Return `text` so that Streamlit's markdown shows it letter for letter: no link, picture, colour or formula."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:])", r"\\\1", " ".join(text.split()))
