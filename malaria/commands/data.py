"""`data describe` and `data fetch`: what is in a data set, and how to get the public one."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from tqdm import tqdm

from malaria.cells import read_labels, say_no_match
from malaria.commands._shared import (
    STANDARD_OUTPUT,
    JsonOption,
    LabelColumnOption,
    LabelsOption,
    open_sources,
    say,
    write_json,
)
from malaria.wording.numbers import percent
from malaria.wording.words import NAMED, count

app = typer.Typer(name="data", help="Describe a data set of cells, or fetch the public one.", no_args_is_help=True)


@app.command("describe")
def data_describe(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A folder, a zip, or one image.")],
    labels: LabelsOption = None,
    label_column: LabelColumnOption = None,
    expert_column: Annotated[
        str | None, typer.Option(help="Column of the CSV that holds an expert's labels. Default: expert_label.")
    ] = None,
    json: JsonOption = None,
) -> None:
    """Describe a data set: classes, patients, files, sizes, duplicates across classes or patients, mean colours.

    Labels come from the folders, or from a CSV. Exit status 2 if no image can be read.
    """
    from malaria.dataset import Known, describe  # only here: it takes half a second to load

    (source,) = open_sources([path])
    with source:
        known = Known.from_csv(labels, source.files, label_column, expert_column) if labels else None
        with tqdm(total=len(source), unit="image", disable=None) as bar:
            description = describe(source, known, bar.update)
    if json:
        write_json(description.to_dict(), json)
    if json != STANDARD_OUTPUT:
        _print(description.to_dict())
    if source.skipped:
        say(source.told_skipped)
    if description.readable.empty:
        say("No image could be read.")
        raise typer.Exit(2)
    if labels and not description.classes:
        say(f"{labels}: {say_no_match(source.files, read_labels(labels, column=label_column, classes=None).names)}")


@app.command("fetch")
def data_fetch(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the zip; created if it does not exist.")],
    url: Annotated[str | None, typer.Option(help="Address of another copy of the public zip.")] = None,
    sha256: Annotated[str | None, typer.Option(help="What the file's SHA-256 must be, in hexadecimal.")] = None,
) -> None:
    """Download the public NIH set of 27,558 cells (337 MB). An interrupted download resumes where it stopped."""
    from malaria.dataset import fetch

    with tqdm(unit="B", unit_scale=True, unit_divisor=1000, disable=None) as bar:

        def progress(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        fetched = fetch(folder, url, sha256, progress)
    typer.echo(f"{fetched.path}: {count(fetched.images, 'image')}, SHA-256 {fetched.sha256}")
    if fetched.checked_against is None:
        say(
            "The hash was not checked, because this program has none for this file. It is saved next to the zip, and "
            "later downloads into this folder are checked against it."
        )
    else:
        say(f"The hash matches the one {fetched.checked_against}.")


def _print(told: dict[str, Any]) -> None:
    """Print the description as a table of two columns."""
    sizes, pixels, patients = told["sizes"], told["pixels"], told["patients"]
    rows: list[tuple[str, str]] = [("images", f"{told['images']:,}, of which {told['readable']:,} can be read")]
    rows += [(label, _of(n, told["readable"])) for label, n in told["classes"].items()]
    rows.append(("without a label", f"{told['unlabelled']:,}"))
    rows.append(("patients", f"{patients['n']:,}; {count(patients['images_without_patient'], 'image')} without one"))
    rows += _balance(patients["each"], told["classes"])
    rows.append(("formats", _counts(told["formats"])))
    rows.append(("channels", _counts(told["channels"])))
    rows.append(("pixel values", f"{pixels['lowest']} to {pixels['highest']}"))
    if sizes["mean"]:
        rows += [(f"{name} by area", "{} x {}".format(*sizes[name])) for name in ("smallest", "largest")]
        rows.append(("mean width x height", "{} x {}".format(*sizes["mean"])))
        rows += [(f"longer side < {side}", percent(share)) for side, share in sizes["below"].items()]
    for kind in ("exact", "near"):
        rows += _duplicates(kind, told[f"{kind}_duplicates"])
    if told["disputed"] is not None:
        rows.append(("disputed by the expert", _of(told["disputed"]["n"], told["disputed"]["of"])))
    for label, mean in told["means"].items():
        rows.append((f"mean colour of {label}", "red {:.1f}, green {:.1f}, blue {:.1f}".format(*mean["rgb"])))
    rows += [("unreadable", entry["error"]) for entry in told["unreadable"][:NAMED]]
    if len(told["unreadable"]) > NAMED:
        rows.append(("", f"and {len(told['unreadable']) - NAMED:,} more; all are in the JSON"))
    rows.append(("not images by name", count(len(told["skipped"]), "file")))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        typer.echo(f"{name:{width}}  {value}")


def _balance(patients: dict[str, dict[str, int]], classes: Iterable[str]) -> list[tuple[str, str]]:
    """How many patients have cells of one class only, and how many of each."""
    if not patients:
        return []
    cells = sorted(counts["n"] for counts in patients.values())
    rows = [("cells a patient", f"{cells[0]:,} to {cells[-1]:,}, median {cells[len(cells) // 2]:,}")]
    for label in classes:
        alone = sum(counts[label] == counts["n"] for counts in patients.values())
        rows.append((f"only {label}", count(alone, "patient")))
    return rows


def _duplicates(kind: str, told: dict[str, Any]) -> list[tuple[str, str]]:
    across = f"{told['across_classes']:,} across classes, {told['across_patients']:,} across patients"
    found = (
        f"{count(told['groups'], 'group')} of {count(told['images'], 'image')}; {across}" if told["groups"] else "none"
    )
    crossing = [group for group in told["each"] if len(group["labels"]) > 1 or len(group["patients"]) > 1]
    return [(f"{kind} duplicates", found), *(("", " = ".join(group["files"])) for group in crossing[:NAMED])]


def _of(n: int, total: int) -> str:
    return f"{n:,} of {total:,} ({percent(n / total, n=total)})" if total else "0"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counts.items()) or "none"
