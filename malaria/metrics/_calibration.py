"""Whether 0.9 means nine in ten: Brier score, reliability bins, expected calibration error, temperature scaling."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from malaria.errors import MetricsError
from malaria.metrics._checks import Floats, is_parasitized, probabilities
from malaria.metrics._rates import Rate

BINS: Final = 15
TEMPERATURES: Final = (0.05, 20.0)
"""The range searched by `fit_temperature`: beyond it the classes separate perfectly or the scores say nothing."""

ROUNDING: Final = 1e-7
"""The resolution of a float32 sigmoid near 1; a p of exactly 0 or 1 is read as this far inside when fitting."""


@dataclass(frozen=True)
class Bin:
    """Cells with p_parasitized in [low, high): how many, their mean p, and the share that is parasitized."""

    low: float
    high: float
    n: int
    mean_p: float | None
    observed: Rate


def brier(y_true: ArrayLike, p: ArrayLike) -> float | None:
    """Mean squared difference of p_parasitized from what is labelled (1 or 0): 0 is perfect; None without cells."""
    true = is_parasitized(y_true)
    scores = probabilities(p, true.size)
    return float(np.mean((scores - true) ** 2)) if true.size else None


def reliability(y_true: ArrayLike, p: ArrayLike, bins: int = BINS) -> tuple[Bin, ...]:
    """Split the cells by p_parasitized into `bins` bins of equal width, the last one including 1."""
    true = is_parasitized(y_true)
    scores = probabilities(p, true.size)
    if bins < 1:
        raise MetricsError(f"A reliability diagram needs at least one bin, not {bins}.")
    edges = np.linspace(0, 1, bins + 1)
    which = np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, bins - 1)
    n, positive, total = (np.bincount(which, weights, bins) for weights in (None, true, scores))
    return tuple(
        Bin(
            float(edges[i]),
            float(edges[i + 1]),
            int(n[i]),
            float(total[i] / n[i]) if n[i] else None,
            Rate.share(int(positive[i]), int(n[i]), "No cell scores in this range."),
        )
        for i in range(bins)
    )


def expected_calibration_error(bins: tuple[Bin, ...]) -> float | None:
    """Mean over cells of |share parasitized - mean p| of the cell's bin, 0 to 1; None without cells.

    This is the calibration of p_parasitized itself, over 15 equal-width bins unless said otherwise; papers that bin
    the confidence in the answer (0.5 to 1) get a different number from the same scores.
    """
    n = sum(b.n for b in bins)
    gaps = (b.n * abs((b.observed.value or 0.0) - b.mean_p) for b in bins if b.mean_p is not None)
    return sum(gaps) / n if n else None


def fit_temperature(p: ArrayLike, y_true: ArrayLike) -> float:
    """The temperature T that makes expit(logit(p) / T) most likely given the labels; above 1 softens the scores.

    Believe it only for cells the model was not trained on. Guo et al., "On Calibration of Modern Neural Networks",
    ICML 2017. Raises MetricsError unless both classes are present.
    """
    from scipy.optimize import minimize_scalar  # only here: 23 MB that measuring does not need

    true = is_parasitized(y_true)
    logits = logit(np.clip(probabilities(p, true.size), ROUNDING, 1 - ROUNDING))
    if not 0 < true.sum() < true.size:
        raise MetricsError("Fitting a temperature needs cells of both classes.")
    towards_truth = np.where(true, logits, -logits)

    def loss(log_t: float) -> float:
        return float(np.logaddexp(0, -towards_truth / np.exp(log_t)).mean())

    low, high = np.log(TEMPERATURES)
    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-6}).x))


def is_at_bound(temperature: float) -> bool:
    """Whether a fitted temperature is an end of `TEMPERATURES`: none in the range then calibrates the scores."""
    low, high = TEMPERATURES
    return not 1.001 * low < temperature < high / 1.001  # the search stops just short of an end


def apply_temperature(p: ArrayLike, temperature: float) -> Floats:
    """p_parasitized, shape (n,), after division of its logit by `temperature` (above 0); 0, 0.5 and 1 stay."""
    if not temperature > 0:
        raise MetricsError(f"A temperature must be above 0, not {temperature}.")
    return np.asarray(expit(logit(probabilities(p)) / temperature), dtype=np.float64)
