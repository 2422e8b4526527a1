"""The command line: `python -m malaria VERB`. Each verb's code is a module of `malaria.commands`."""

import sys

import typer

from malaria.commands._shared import say, write_every_name
from malaria.commands.benchmark import benchmark
from malaria.commands.data import app as data
from malaria.commands.evaluate import evaluate
from malaria.commands.export import export
from malaria.commands.journal import journal
from malaria.commands.leaderboard import leaderboard
from malaria.commands.models import models
from malaria.commands.predict import predict
from malaria.commands.reader_test import app as reader_test
from malaria.commands.sample import sample
from malaria.commands.suspects import suspects
from malaria.commands.train import train
from malaria.commands.triage import triage
from malaria.commands.triage_adapt import triage_adapt
from malaria.errors import MalariaError

app = typer.Typer(
    name="malaria",
    help="Malaria cell images: predictions, label review, sample thresholds, smear triage. For research only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text: an error is a line that can be read, searched and copied
)
VERBS = (
    predict,
    evaluate,
    suspects,
    train,
    sample,
    triage,
    triage_adapt,
    export,
    journal,
    models,
    benchmark,
    leaderboard,
)
for verb in VERBS:
    app.command()(verb)
app.add_typer(data, name="data")
app.add_typer(reader_test, name="reader-test")


def main() -> None:
    """Run the verb of the command line; what cannot be done is one sentence on standard error and exit status 2."""
    write_every_name(sys.stdout, sys.stderr)
    try:
        app()
    except MalariaError as error:
        say(str(error))
        sys.exit(2)
