"""`models`: which models there are, and how good each was on patients it had not seen."""

import typer

from malaria.errors import ModelError
from malaria.model import list_models


def models() -> None:
    """List the models with their size and held-out figures; broken ones with the reason."""
    found = list_models()
    for name, card in found.items():
        if isinstance(card, ModelError):
            typer.echo(f"{name:16} unusable: {card}")
            continue
        reading, figures = card.reading()
        low, high = figures["intervals"]["accuracy"]
        typer.echo(
            f"{name:16} {card.parameters:>9,} parameters {card.macs / 1e6:6.1f} M multiply-accumulates  accuracy "
            f"{figures['accuracy']:.4f} [{low:.4f}, {high:.4f}] on {figures['n']:,} cells of {figures['patients']['n']} "
            f"unseen patients ({reading.replace('_', ' ')} labels)"
        )
    if not found:
        typer.echo("There are no models. Train one: python -m malaria train --help")
