"""`evaluate`: a model against labels."""

from typing import TYPE_CHECKING, Annotated

import typer

from malaria.cells import to_csv
from malaria.commands._shared import (
    STANDARD_OUTPUT,
    CsvOption,
    JsonOption,
    LabelColumnOption,
    LabelsOption,
    MeaningOption,
    ModelOption,
    ThresholdOption,
    meanings,
    progress,
    say,
    say_unread,
    write_json,
    write_text,
)
from malaria.model.classifier import load
from malaria.scoring import flattery, measure, score_labelled
from malaria.wording.words import count

if TYPE_CHECKING:
    from malaria.metrics import Evaluation  # statistics take half a second to load, and only this verb needs them


def evaluate(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A folder or zip of labelled cells.")],
    labels: LabelsOption = None,
    label_column: LabelColumnOption = None,
    meaning: MeaningOption = None,
    model_name: ModelOption = None,
    threshold: ThresholdOption = None,
    json: JsonOption = None,
    csv: CsvOption = None,
) -> None:
    """Measure a model on labelled cells: rates with 95 % intervals, by cell and by patient.

    Labels come from the folder names, or from a CSV; images that are not in the CSV are left out and counted. Copies of
    an image count once. Exit status 2 if no cell can be measured.
    """
    if json == csv == STANDARD_OUTPUT:
        raise typer.BadParameter("Only one of --json and --csv can be -.")
    classifier = load(model_name)
    table = score_labelled(
        classifier, path, labels, label_column, threshold, meanings(meaning), watch=progress, say=say
    )
    evaluation = measure(table, classifier, threshold)
    say_unread(table)
    if csv:
        write_text(to_csv(table), csv)
    if json:
        write_json(evaluation.to_dict(), json)
    if evaluation.n and STANDARD_OUTPUT not in (json, csv):
        _print_rates(evaluation)
    left_out, bad = evaluation.left_out, evaluation.unreadable
    say(f"{count(evaluation.n, 'cell')} measured, {left_out:,} left out, {bad:,} unreadable.")
    if not evaluation.n:
        raise typer.Exit(2)
    if warning := flattery(table, classifier):
        say(warning)


def _print_rates(evaluation: "Evaluation") -> None:
    """Print every rate with its interval by cell and, where patients are known, by patient."""
    by_patient = evaluation.by_patient.rates if evaluation.by_patient else {}
    known = f"95 % by patient ({evaluation.by_patient.n})" if evaluation.by_patient else ""
    typer.echo(f"{'':28}{'value':>8}  {'95 % by cell':18}  {known:24}  n".rstrip())
    for name, rate in evaluation.rates.items():
        value = "-" if rate.value is None else f"{rate.value:.4f}"
        patients = _interval(by_patient[name].interval if name in by_patient else None)
        row = f"{name:28}{value:>8}  {_interval(rate.interval):18}  {patients:24}  {rate.n}  {rate.reason or ''}"
        typer.echo(row.rstrip())


def _interval(interval: tuple[float, float] | None) -> str:
    return f"{interval[0]:.4f} to {interval[1]:.4f}" if interval else ""
