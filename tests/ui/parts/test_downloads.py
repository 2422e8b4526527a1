"""Files to take away: made when asked for, CSVs so that spreadsheets read them."""

import re
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from malaria.ui.parts.downloads import offer_download

UI = Path(__file__).resolve().parents[3] / "malaria" / "ui"


def offered(monkeypatch: pytest.MonkeyPatch, made: str | bytes, file: str) -> tuple[str | bytes, str]:
    """What the button hands over, and as what kind of file."""
    buttons: list[tuple[Any, ...]] = []
    monkeypatch.setattr(st, "download_button", lambda *arguments, **_: buttons.append(arguments))
    offer_download("Take it", lambda: made, file)
    ((_, make, _, kind),) = buttons
    return make(), kind


def test_a_csv_is_made_fit_for_spreadsheets(monkeypatch: pytest.MonkeyPatch) -> None:
    made, kind = offered(monkeypatch, "file,note\nżółw.png,a;b\n", "cells.csv")
    assert made == '\ufefffile,note\nżółw.png,"a;b"\n'
    assert kind == "text/csv"


@pytest.mark.parametrize(("made", "file"), [("{}", "cells.json"), ("<html>", "report.html"), (b"PK", "cells.zip")])
def test_other_files_are_handed_over_as_they_are(monkeypatch: pytest.MonkeyPatch, made: str | bytes, file: str) -> None:
    assert offered(monkeypatch, made, file)[0] == made


def test_every_page_hands_its_files_over_in_this_way() -> None:
    buttons = [path for path in UI.rglob("*.py") if re.search(r"\bst\.download_button\b", path.read_text())]
    assert buttons == [UI / "parts" / "downloads.py"]
    assert [path for path in UI.rglob("*.py") if re.search(r"\w\.to_csv\(", path.read_text())] == []
