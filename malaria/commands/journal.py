"""`journal`: copy the journal of decisions, and with it the answers of readers, from one place to another."""

from typing import Annotated

import typer

from malaria.commands._shared import say
from malaria.errors import JournalError
from malaria.wording.words import count


def journal(
    start: Annotated[str, typer.Argument(metavar="FROM", help="The journal: a CSV file, or a database's address.")],
    end: Annotated[str, typer.Argument(metavar="TO", help="An empty or new place of either kind.")],
) -> None:
    """Copy a journal from a CSV file into a database, or back.

    An address is as SQLAlchemy writes it: sqlite:///FILE, postgresql+psycopg://USER:PASSWORD@HOST/DATABASE. What
    readers answered to tests is copied with it. Stop the app first. Nothing is copied to a place that has rows. Exit
    status 2 if nothing was copied.
    """
    from malaria.readers import copy_answers
    from malaria.review import copy_journal

    try:
        decisions, answers = copy_journal(start, end), copy_answers(start, end)
    except JournalError as error:
        raise JournalError(str(error).partition(" Your ")[0]) from None  # what is said of a session is not for here
    say(f"Copied and compared: {count(decisions, 'decision')}, {count(answers, 'answer')} of readers.")
    if not decisions + answers:
        raise typer.Exit(2)
