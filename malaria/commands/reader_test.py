"""`reader-test make` and `reader-test grade`: a test of labelled cells for people, and how good they are at it."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from malaria.commands._shared import (
    STANDARD_OUTPUT,
    CsvOption,
    JsonOption,
    LabelColumnOption,
    LabelsOption,
    MeaningOption,
    ModelOption,
    meanings,
    progress,
    say,
    say_unread,
    writable,
    write_json,
    write_text,
)
from malaria.errors import ModelError, ReaderTestError
from malaria.wording.words import count, list_some

if TYPE_CHECKING:
    from malaria.model.classifier import Classifier
    from malaria.readers import Answer, Group, Key, MarkedField, Settings

_Settings = TypeVar("_Settings", bound=BaseModel)
_Row = TypeVar("_Row", "Answer", "MarkedField")

app = typer.Typer(name="reader-test", help="Make a reader test from cells, or grade one.", no_args_is_help=True)


class _Difficulty(StrEnum):
    easy = "easy"
    mixed = "mixed"
    hard = "hard"


@app.command("make")
def reader_test_make(
    output: Annotated[str, typer.Option(help="The test for the readers, without answers.", callback=writable)],
    key: Annotated[str, typer.Option(help="The key, for the person who grades.", callback=writable)],
    path: Annotated[str | None, typer.Argument(metavar="[PATH]", help="A folder or zip of labelled cells.")] = None,
    phantoms: Annotated[bool, typer.Option("--phantoms", help="Draw synthetic cells instead of PATH.")] = False,
    fields: Annotated[
        int | None, typer.Option(help="With --phantoms: draw so many whole fields instead, 1 to 50.")
    ] = None,
    images: Annotated[
        Path | None, typer.Option(help="A new or empty folder for the pictures of --phantoms.", file_okay=False)
    ] = None,
    labels: LabelsOption = None,
    label_column: LabelColumnOption = None,
    re_read_column: Annotated[
        str | None,
        typer.Option(help="Column of the CSV with re-read labels; Default: corrected_label or expert_label."),
    ] = None,
    meaning: MeaningOption = None,
    model: ModelOption = None,
    cells: Annotated[int, typer.Option(help="Number of distinct cells, 2 to 5,000.")] = 60,
    parasitized: Annotated[float, typer.Option(help="Share of them that are parasitized, 0 to 1.")] = 0.5,
    difficulty: Annotated[_Difficulty, typer.Option(help="By the held-out network.")] = _Difficulty.mixed,
    repeats: Annotated[int, typer.Option(help="How many of the cells come a second time.")] = 0,
    seed: Annotated[int, typer.Option(help="A different seed makes a different test.")] = 0,
    show_calls: Annotated[
        bool, typer.Option("--show-calls", help="Put the network's call on half of the cards.")
    ] = False,
    name: Annotated[str, typer.Option(help="What the test is called.")] = "",
) -> None:
    """Make a test of labelled cells: the same arguments and cells give the same test, in whatever order of files.

    Cells whose given and re-read labels differ are left out and counted; without re-read labels, those whose label the
    held-out network contradicts.
    """
    from malaria.model.classifier import load
    from malaria.readers import Settings, make_phantom_test, write

    if (path is None) != phantoms:
        raise typer.BadParameter("Use either PATH, a folder or zip of labelled cells, or --phantoms.")
    if fields is not None and not phantoms:
        raise typer.BadParameter("--fields goes with --phantoms: only of drawn fields every parasite is known.")
    if output == key:
        raise typer.BadParameter("--output and --key must be two files: readers get the one without the answers.")
    if fields is not None:
        _make_of_fields(fields, seed, name, images, output, key)
        return
    settings = _settings(
        Settings,
        cells=cells,
        parasitized=parasitized,
        difficulty=difficulty.value,
        repeats=repeats,
        seed=seed,
        show_calls=show_calls,
        name=name,
    )
    classifier = load(model)
    if path is None:
        made, pictures = make_phantom_test(settings, classifier)
        _write_images(pictures, images)
    else:
        made = _make_of_set(path, classifier, settings, labels, label_column, re_read_column, meaning)
    write_text(write(made.test), output)
    write_text(write(made), key)
    for note in made.notes:
        say(note)
    say(f"Test {made.test.id}: {count(len(made.test.cards), 'card')}, {len(made.test.repeats)} of them a second look.")


@app.command("grade")
def reader_test_grade(
    answers: Annotated[
        list[str],
        typer.Argument(metavar="ANSWERS...", help="Files of answers, or of marks on fields, of one or more readers."),
    ],
    key: Annotated[Path, typer.Option(help="The key that `make` wrote.")],
    reader: Annotated[str | None, typer.Option(help="Grade this reader only.")] = None,
    target_sensitivity: Annotated[
        float, typer.Option(help="Of a reader together with the network, 0 to 1.", min=0, max=1)
    ] = 0.95,
    target_specificity: Annotated[
        float, typer.Option(help="Of a reader together with the network, 0 to 1.", min=0, max=1)
    ] = 0.95,
    json: JsonOption = None,
    csv: CsvOption = None,
    html: Annotated[
        str | None, typer.Option(callback=writable, help="Write a certificate to this file; - is standard output.")
    ] = None,
) -> None:
    """Grade readers: rates, consistency, time and the WHO's level, each as far as the answers allow.

    Readers of the same test are compared with one another and with the network. Exit status 2 where no answer fits.
    """
    from malaria.readers import grade_all, grades_to_csv, is_field_key, read_answers, read_key, write_certificate

    if [json, csv, html].count(STANDARD_OUTPUT) > 1:
        raise typer.BadParameter("Only one of --json, --csv and --html can be -.")
    if is_field_key(key):
        _grade_fields(key, answers, reader, json, csv, html)
        return
    the_key = read_key(key)
    found = [answer for file in answers for answer in read_answers(Path(file))]
    others = sum(answer.test != the_key.test.id for answer in found)
    group = grade_all(
        the_key,
        _choose(found, reader),
        sensitivity=target_sensitivity,
        specificity=target_specificity,
    )
    if json:
        write_json(group.to_dict(), json)
    if csv:
        write_text(grades_to_csv(group.grades.values()), csv)
    if html:
        write_text(write_certificate(the_key, group), html)
    if STANDARD_OUTPUT not in (json, csv, html):
        _print(group)
    if others:
        say(f"{count(others, 'answer')} to other tests left out.")


def _choose(found: "list[_Row]", reader: str | None) -> "list[_Row]":
    """The rows of one reader, or of all."""
    names = {row.reader for row in found}
    if reader is not None and names and reader not in names:
        raise ReaderTestError(f"The files hold nothing by {reader}, but by: {list_some(sorted(names))}.")
    return [row for row in found if reader in (None, row.reader)]


def _settings(kind: type[_Settings], **given: object) -> _Settings:
    try:
        return kind.model_validate(given)
    except ValidationError as problem:
        first = problem.errors()[0]
        option = "--" + str(first["loc"][0]).replace("_", "-")
        raise typer.BadParameter(f"{option}: {first['msg']}.") from None


def _make_of_fields(fields: int, seed: int, name: str, images: Path | None, output: str, key: str) -> None:
    from malaria.readers import FieldSettings, make_field_test, write

    made, pictures = make_field_test(_settings(FieldSettings, fields=fields, seed=seed, name=name))
    _write_images(pictures, images)
    write_text(write(made.test), output)
    write_text(write(made), key)
    say(f"Test {made.test.id}: {count(fields, 'field')}.")


def _make_of_set(
    path: str,
    classifier: "Classifier",
    settings: "Settings",
    labels: Path | None,
    label_column: str | None,
    re_read_column: str | None,
    meaning: list[str] | None,
) -> "Key":
    from malaria.batch.labelling import apply_corrections
    from malaria.model import classifier as models
    from malaria.model.held_out import HeldOut, read_held_out
    from malaria.readers import find_columns, make_test
    from malaria.review import out_of_sample
    from malaria.scoring import read_label_column, score_labelled

    label_column, re_read_column = find_columns(labels, label_column, re_read_column)
    means = meanings(meaning)
    re_read = read_label_column(labels, re_read_column, means) if labels and re_read_column else None
    table = score_labelled(classifier, path, labels, label_column, meaning=means, watch=progress, say=say)
    say_unread(table)
    if re_read:
        table = apply_corrections(table, re_read)
    held_out: HeldOut | ModelError
    try:
        held_out = read_held_out(models.MODELS_DIR / classifier.card.name)
    except ModelError as why:
        held_out = why
    table, basis = out_of_sample(table, held_out, classifier.card.name)
    return make_test(table, settings, threshold=classifier.card.threshold, basis=basis, facts=("patient",))


def _write_images(pictures: dict[str, bytes], folder: Path | None) -> None:
    if folder is None:
        say("The pictures were not kept: name a folder with --images.")
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for image_id, png in pictures.items():
            (folder / f"SYNTHETIC_{image_id[:16]}.png").write_bytes(png)
    except OSError as problem:
        say(f"{folder} cannot be written ({problem.strerror}). Name another folder.")
        raise typer.Exit(2) from None


def _grade_fields(
    key: Path, files: list[str], reader: str | None, json: str | None, csv: str | None, html: str | None
) -> None:
    from malaria.readers import (
        describe,
        fields_to_csv,
        grade_marks,
        read_field_key,
        read_marks,
        write_fields_certificate,
    )

    the_key = read_field_key(key)
    found = [one for file in files for one in read_marks(Path(file))]
    others = sum(one.test != the_key.test.id for one in found)
    grades = grade_marks(the_key, _choose(found, reader))
    if json:
        write_json({"readers": {name: one.to_dict() for name, one in grades.items()}}, json)
    if csv:
        write_text(fields_to_csv(the_key, grades), csv)
    if html:
        write_text(write_fields_certificate(the_key, grades), html)
    if STANDARD_OUTPUT not in (json, csv, html):
        for name, one in grades.items():
            typer.echo(f"{name}: {one.sentence}")
            for words, rate in (("parasites found", one.sensitivity), ("counts within 25 %", one.within)):
                typer.echo(f"  {words:24}{describe(rate)}")
            typer.echo(f"  {'false alarms a field':24}{describe(one.false_alarms, 'plain')}")
            typer.echo(f"  {'time a field':24}{describe(one.seconds, 'seconds')}")
    if others:
        say(f"Marks on {count(others, 'field')} of other tests left out.")


def _print(group: "Group") -> None:
    from malaria.readers import describe

    for one in group.grades.values():
        typer.echo(f"{one.reader}: {one.level.sentence}")
        for name, rate in one.rates.items():
            typer.echo(f"  {name:24}{describe(rate, 'coefficient' if name == 'kappa' else 'percent')}")
        typer.echo(f"  {'kappa with oneself':24}{describe(one.with_oneself.kappa, 'coefficient')}")
        typer.echo(f"  {'time a cell':24}{describe(one.seconds, 'seconds')}")
        for note in one.notes:
            typer.echo(f"  {note}")
