"""How well a model reads single cells: the rates that every sample calculation starts from."""

from dataclasses import dataclass
from typing import NamedTuple

from scipy import special

from malaria.errors import SampleError
from malaria.sample import _checks


class Interval(NamedTuple):
    """Both ends of an interval, in the unit of what it is an interval of."""

    low: float
    high: float


@dataclass(frozen=True)
class CellRates:
    """The rates of flagged cells, as the model of `malaria.sample.flagged` uses them.

    sensitivity: share of the infected cells that are flagged, 0 to 1.
    false_positive_rate: share of the uninfected cells that are flagged, 0 to 1; 1 - cell specificity.
    overdispersion: intra-class correlation of false alarms within a slide, 0 (slides are alike) to below 1.
    Raises SampleError for anything outside these ranges.
    """

    sensitivity: float
    false_positive_rate: float
    overdispersion: float = 0.0

    def __post_init__(self) -> None:
        _checks.rate("The cell sensitivity", self.sensitivity)
        _checks.rate("The cell false-positive rate", self.false_positive_rate)
        _checks.overdispersion(self.overdispersion)

    @property
    def specificity(self) -> float:
        """Share of the uninfected cells that are not flagged, 0 to 1."""
        return 1 - self.false_positive_rate

    def flagged_share(self, parasitaemia: float) -> float:
        """Return q(p), the expected share of flagged cells at a parasitaemia of 0 to 1."""
        return parasitaemia * self.sensitivity + (1 - parasitaemia) * self.false_positive_rate

    def reviewed(self, sensitivity: float, false_positive_rate: float) -> "CellRates":
        """Return the rates after a person has looked at every flagged cell and kept some of them.

        `sensitivity` is the share of flagged infected cells the person keeps, `false_positive_rate` the share of
        flagged uninfected ones; both 0 to 1. Assumes that the person's errors do not depend on the model's. The
        overdispersion is kept: a slide rich in artefacts stays rich in them.
        """
        kept = _checks.rate("The reviewer's sensitivity", sensitivity)
        fooled = _checks.rate("The reviewer's false-positive rate", false_positive_rate)
        return CellRates(self.sensitivity * kept, self.false_positive_rate * fooled, self.overdispersion)


@dataclass(frozen=True)
class MeasuredRate:
    """A rate as it was measured: `events` among `trials`, so that its uncertainty is known.

    design_effect: how many times the variance exceeds that of independent cells, at least 1. Cells of one slide
    resemble each other, so 10,000 cells of 20 slides say less than 10,000 cells of 10,000 slides;
    `Overdispersion.design_effect` gives the value.
    """

    events: float
    trials: float
    design_effect: float = 1.0

    def __post_init__(self) -> None:
        events = _checks.number("The number of events", self.events)
        trials = _checks.number("The number of trials", self.trials)
        effect = _checks.number("The design effect", self.design_effect)
        if not (0 <= events <= trials and trials > 0):
            raise SampleError(f"A rate needs 0 <= events <= trials, trials > 0; it is {events:g} of {trials:g}.")
        if effect < 1:
            raise SampleError(f"The design effect must be at least 1; it is {effect:g}.")

    @property
    def estimate(self) -> float:
        """The rate itself: events / trials."""
        return self.events / self.trials

    @property
    def cautious(self) -> float:
        """(events + 1/2) / (trials + 1) in effective trials: the Jeffreys mean, never 0 or 1.

        A rate of 0 seen in few cells is no proof of perfection; choosing among thresholds needs this one.
        """
        return (self.events / self.design_effect + 0.5) / (self.trials / self.design_effect + 1)

    def interval(self, level: float = 0.95) -> Interval:
        """Return the equal-tailed Jeffreys interval (Brown, Cai and DasGupta, Statistical Science 16, 2001).

        By their convention its low end is 0 without events, and its high end 1 without non-events.
        """
        tail = (1 - _checks.target("The level", level)) / 2
        events, trials = self.events / self.design_effect, self.trials / self.design_effect
        a, b = events + 0.5, trials - events + 0.5
        low = 0.0 if self.events == 0 else float(special.betaincinv(a, b, tail))
        high = 1.0 if self.events == self.trials else float(special.betainccinv(a, b, tail))
        return Interval(low, high)
