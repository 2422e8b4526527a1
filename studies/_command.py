"""Runs a study's `main` as a command: arguments from its signature, and what cannot be done as a sentence."""

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from malaria.errors import MalariaError

Folder: TypeAlias = Annotated[
    Path,
    typer.Argument(metavar="FOLDER", exists=True, file_okay=False, help="Holds the archives, see docs/studies.md."),
]
Model: TypeAlias = Annotated[str | None, typer.Argument(metavar="MODEL", help="Name of a folder in models/.")]


def run(main: Callable[..., None]) -> None:
    """Run `main` with the arguments of the command line; exit status 2 and one sentence when it cannot be done."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(main)
    try:
        app()
    except OSError as error:
        sys.exit(_stopped(f"{error.filename} cannot be used ({error.strerror})."))
    except zipfile.BadZipFile as error:
        sys.exit(_stopped(f"An archive cannot be read ({error})."))
    except (MalariaError, RuntimeError) as error:
        sys.exit(_stopped(str(error)))


def _stopped(why: str) -> int:
    typer.echo(why, err=True)
    return 2
