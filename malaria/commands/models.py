"""`models`: which models there are, and how good each was on patients it had not seen."""

import typer

from malaria.errors import ModelError
from malaria.model.classifier import Card, list_models, list_other_models
from malaria.wording.words import count


def models() -> None:
    """List the models with their size and held-out figures; broken ones with the reason."""
    found = list_models()
    for name, card in found.items():
        typer.echo(f"{name:16} {f'unusable: {card}' if isinstance(card, ModelError) else _in_words(card)}")
    if not found:
        typer.echo("There are no models. Train one: python -m malaria train --help")
    others = list_other_models()
    if others:
        typer.echo("\nFor other tasks:")
    for name, card in others.items():
        typer.echo(f"{name:16} {_in_words(card)}: {', '.join(card.classes)}")


def _in_words(card: Card) -> str:
    reading, figures = card.reading()
    interval = figures.interval("accuracy")
    accuracy = "-" if figures.accuracy is None else f"{figures.accuracy:.4f}"
    between = f" [{interval[0]:.4f}, {interval[1]:.4f}]" if interval else ""
    n = figures.patients and figures.patients.n  # 0 after a split by image
    patients = f" of {n} unseen patients" if n else ""
    return (
        f"{card.parameters:>9,} parameters {card.macs / 1e6:6.1f} M multiply-accumulates  accuracy {accuracy}{between} "
        f"on {count(figures.n, 'cell')}{patients} ({reading.replace('_', ' ')} labels)"
    )
