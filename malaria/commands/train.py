"""`train`: a model folder from labelled cells."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

import typer

from malaria.commands._shared import say

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def _installed(asked: bool) -> bool:
    """Refuse TensorBoard logs where they cannot be written, before training and not after its first epoch."""
    if asked and find_spec("tensorboard") is None:
        raise typer.BadParameter(
            "TensorBoard is not installed: the app does not need it, so it is only in requirements-dev.txt. Install it "
            "from there, or leave this option out. history.json has the same figures."
        )
    return asked


def train(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A folder or zip with a folder for each class.")],
    architecture: Annotated[str, typer.Option(help="Name of a recipe. A wrong name lists them all.")],
    output: Annotated[Path, typer.Option(help="The model folder to make; its name is the model's.")],
    labels: Annotated[Path | None, typer.Option(help="CSV with a `file` column and labels.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the CSV to train on.")] = None,
    corrections: Annotated[Path | None, typer.Option(help="Journal or CSV with `corrected_label`.")] = None,
    folds: Annotated[int, typer.Option(min=0, help="Folds by patient; 0 holds out a fifth of the patients.")] = 0,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs. Default: the recipe's.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="The same seed gives the same split and order.")] = 0,
    by_image: Annotated[bool, typer.Option("--by-image", help="Split by image, not patient. Flatters.")] = False,
    leave_out_disputed: Annotated[
        bool, typer.Option("--leave-out-disputed", help="Do not train on cells whose `given_label` differs.")
    ] = False,
    distrust: Annotated[
        Path | None,
        typer.Option(help="held_out.csv.gz of an earlier run: its answers say which labels not to train on."),
    ] = None,
    teacher: Annotated[list[Path] | None, typer.Option(help="Earlier run of the same folds to learn from.")] = None,
    member: Annotated[
        int, typer.Option(min=0, max=10**6, help="Another start of the same folds, for several teachers.")
    ] = 0,
    without: Annotated[list[str] | None, typer.Option(help="Augmentation to switch off.")] = None,
    oversample: Annotated[
        bool, typer.Option("--oversample", help="Show rare classes as often as the most frequent one.")
    ] = False,
    blocks: Annotated[
        int | None, typer.Option(min=1, max=12, help="Residual blocks of mini-resnet, usually 4.")
    ] = None,
    channels: Annotated[
        int | None, typer.Option(min=1, max=256, help="Channels of its first block, usually 16; they double.")
    ] = None,
    schedule: Annotated[
        Literal["constant", "exponential", "cosine"] | None,
        typer.Option(help="How the learning rate falls. Default: as the recipe says."),
    ] = None,
    all_epochs: Annotated[
        bool, typer.Option("--all-epochs", help="Do not stop early. Train on the cells kept for early stopping too.")
    ] = False,
    eight_bit: Annotated[
        bool,
        typer.Option(
            "--eight-bit", help="Serve with 8-bit weights and activations: a smaller file, but cells can tie."
        ),
    ] = False,
    only_fold: Annotated[list[int] | None, typer.Option(help="Train these folds only (0 is the first).")] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", callback=_installed, help="Write TensorBoard logs (needs tensorboard).")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in the output folder.")] = False,
) -> None:
    """Train a network and write its model folder: card, LiteRT and Keras files, history, held-out answers.

    Measured on patients that the network has not seen. To continue a run that was killed, use --resume.
    """
    # Keras takes seconds to load: only here, so that the other verbs start at once.
    from malaria.training.publish import publish
    from malaria.training.run import Options, check_options, read_cells, train_folds

    options = Options(
        str(path),
        architecture,
        labels=str(labels) if labels else None,
        label_column=label_column,
        corrections=str(corrections) if corrections else None,
        folds=folds,
        epochs=epochs,
        seed=seed,
        by_image=by_image,
        leave_out_disputed=leave_out_disputed,
        distrust=str(distrust) if distrust else None,
        teachers=tuple(map(str, teacher or ())),
        member=member,
        without=tuple(without or ()),
        oversample=oversample,
        blocks=blocks,
        channels=channels,
        schedule=schedule,
        all_epochs=all_epochs,
        eight_bit=eight_bit,
    )
    check_options(options, output, resume, only_fold or ())
    if by_image:
        say("Warning: split by image. Cells of one patient are on both sides, so the figures will be too good.")
    dataset = read_cells(options, say)
    train_folds(
        options, output, dataset, only=only_fold or (), final=not only_fold, tensorboard=tensorboard, report=say
    )
    if only_fold:
        say("The other folds are not trained here; repeat with --resume and without --only-fold to finish.")
        return
    publish(options, output, dataset, say)
    say(f"Wrote {output}")
