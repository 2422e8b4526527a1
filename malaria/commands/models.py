"""`models`: which models there are, and how good each was on patients it had not seen."""

import typer

from malaria.errors import ModelError
from malaria.labels import name_reading
from malaria.model.classifier import Card, list_models, list_other_models
from malaria.wording.numbers import DASH, estimate
from malaria.wording.words import count


def models() -> None:
    """List the models with their size and held-out figures. Broken models are listed with the reason."""
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
    accuracy = DASH if figures.accuracy is None else estimate(figures.accuracy, interval, write="{:.4f}".format)
    n = figures.patients and figures.patients.n  # 0 after a split by image
    patients = f" of {count(n, 'unseen patient')}" if n else ""
    return (
        f"{card.parameters:>9,} parameters {card.macs / 1e6:6.1f} M multiply-accumulates  accuracy {accuracy} "
        f"on {count(figures.n, 'cell')}{patients}, labels {name_reading(reading)}"
    )
