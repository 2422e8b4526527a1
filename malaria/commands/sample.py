"""`sample`: from rates of cells to a rule for a whole sample."""

from typing import Annotated

import typer

from malaria.commands._shared import STANDARD_OUTPUT, JsonOption, write_json
from malaria.sample import CellRates, SampleRule, sample_rule, summarize_cost, summary
from malaria.wording.numbers import percent, plain
from malaria.wording.words import count


def sample(
    cells: Annotated[int, typer.Option(help="Red cells that are read in one sample, 1 to 10,000,000.")],
    sensitivity: Annotated[float, typer.Option(help="Share of infected cells that are flagged, 0 to 1.")],
    false_positive_rate: Annotated[float, typer.Option(help="Share of uninfected cells that are flagged, 0 to 1.")],
    overdispersion: Annotated[
        float, typer.Option(help="Intra-class correlation of false alarms within a slide, 0 to below 1.")
    ] = 0.0,
    target_sensitivity: Annotated[float, typer.Option(help="Target for the whole sample, between 0 and 1.")] = 0.95,
    target_specificity: Annotated[float, typer.Option(help="Target for the whole sample, between 0 and 1.")] = 0.95,
    cost_of_missed: Annotated[
        float | None,
        typer.Option(help="Cost of a missed infection, in false alarms. Also prints which count costs least."),
    ] = None,
    prevalence: Annotated[
        float, typer.Option(help="Share of tested people who are infected, between 0 and 1; used for the cost only.")
    ] = 0.1,
    parasitaemia: Annotated[
        float,
        typer.Option(help="Share of an infected person's red cells that are infected, 0 to 1; used for the cost only."),
    ] = 0.01,
    json: JsonOption = None,
) -> None:
    """Say how many flagged cells make a sample positive, and which infections it can then detect.

    The required cell rates are those with which any one flagged cell could make the sample positive: the specificity
    for healthy samples, the sensitivity at a parasitaemia of 1 %; null where no sensitivity is enough. With
    --cost-of-missed, say also which count costs least, if every infected person has the given parasitaemia.
    """
    rates = CellRates(sensitivity, false_positive_rate, overdispersion)
    rule = sample_rule(cells, rates, target_sensitivity=target_sensitivity, target_specificity=target_specificity)
    least = (
        None
        if cost_of_missed is None
        else summarize_cost(rule, parasitaemia, prevalence=prevalence, cost_of_missed=cost_of_missed)
    )
    if json is not None:
        write_json(summary(rule) | ({"least_cost": least} if least else {}), json)
    if json != STANDARD_OUTPUT:
        typer.echo(in_words(rule))
        if least:
            typer.echo(say_cost(**least))


def in_words(rule: SampleRule) -> str:
    """Return the rule as two sentences for a person."""
    if rule.count_threshold > rule.cells:
        return f"No count of flagged cells among {rule.cells:,} is rare enough in healthy samples to call one positive."
    positive = (
        f"With {count(rule.cells, 'cell')}, call the sample positive at {rule.count_threshold:,} or more flagged cells "
        f"(specificity {rule.sample_specificity:.4f})."
    )
    if rule.limit_of_detection is None:
        return f"{positive} No infection is then detected with a sensitivity of {rule.target_sensitivity:g}."
    return (
        f"{positive} Infections of {percent(rule.limit_of_detection, 4)} of the red cells "
        f"({rule.limit_of_detection_per_ul():,.0f} per microlitre) are then detected with a sensitivity of "
        f"{rule.target_sensitivity:g}; below that, infections are missed more often."
    )


def say_cost(
    *,
    parasitaemia: float,
    prevalence: float,
    cost_of_missed: float,
    count_threshold: int,
    sensitivity: float,
    specificity: float,
    expected_cost: float,
) -> str:
    """Return what costs least as two sentences for a person."""
    return (
        f"If one missed infection costs as much as {plain(cost_of_missed)} false alarms, {count_threshold:,} or more "
        f"flagged cells cost least: {plain(expected_cost)} false alarms per person tested, with a sensitivity of "
        f"{sensitivity:.4f} and a specificity of {specificity:.4f}. That is with {percent(prevalence, 4)} of those "
        f"tested infected, each in {percent(parasitaemia, 4)} of the red cells."
    )
