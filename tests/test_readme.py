"""The README is kept true: it names every page, every verb, every column and every variable."""

import typer.main

from malaria.cells import COLUMNS
from malaria.cli import app
from malaria.ui.parts.frame import PAGES, ROOT

README = (ROOT / "README.md").read_text()


def test_names_every_page() -> None:
    assert [entry.title for entry in PAGES if f"\n| {entry.title} |" not in README] == []


def test_names_every_verb_of_the_command_line() -> None:
    verbs = getattr(typer.main.get_command(app), "commands", {})
    assert verbs
    assert [verb for verb in verbs if f"python -m malaria {verb}" not in README] == []


def test_names_every_column_of_the_table_of_cells() -> None:
    assert [column for column in COLUMNS if f"`{column}`" not in README] == []


def test_names_only_files_that_exist() -> None:
    layout = README.split("## How it is laid out")[1].split("```")[1]
    named = [word.removesuffix("NAME/") for word in layout.split() if word.endswith((".py", "/"))]
    assert len(named) > 10
    missing = [name for name in named if not any((ROOT / place / name).exists() for place in ("", "malaria", "tests"))]
    assert missing == []
