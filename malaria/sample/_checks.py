"""Ranges every sample calculation insists on; each refusal says the rule and the value it met."""

from malaria.errors import SampleError

MAX_CELLS = 10_000_000
"""The most cells of one sample that the calculations are tested for: some twenty whole thin films."""

MAX_COST = 1_000_000
"""The most false alarms that one missed infection may cost."""

Real = float | int


def number(name: str, value: Real) -> float:
    """Return `value` as a float; not a number, or something that is no number at all, is refused."""
    try:
        real = float(value)
    except (TypeError, ValueError):
        raise SampleError(f"{name} must be a number; it is {value!r}.") from None
    if real != real:
        raise SampleError(f"{name} must be a number; it is not a number (NaN).")
    return real


def whole(name: str, value: Real, low: int, high: int) -> int:
    """Return `value` as an int when it is a whole number from `low` to `high`."""
    real = number(name, value)
    if not low <= real <= high or real != int(real):
        raise SampleError(f"{name} must be a whole number from {low:,} to {high:,}; it is {value!r}.")
    return int(real)


def cells(value: Real) -> int:
    """Return a number of cells, 1 to `MAX_CELLS`."""
    return whole("The number of cells", value, 1, MAX_CELLS)


def rate(name: str, value: Real) -> float:
    """Return a proportion, 0 to 1."""
    real = number(name, value)
    if not 0 <= real <= 1:
        raise SampleError(f"{name} must lie between 0 and 1; it is {value!r}.")
    return real


def target(name: str, value: Real) -> float:
    """Return a proportion strictly between 0 and 1: certainty, and no demand at all, are no targets."""
    real = number(name, value)
    if not 0 < real < 1:
        raise SampleError(f"{name} must lie between 0 and 1, neither included; it is {value!r}.")
    return real


def overdispersion(value: Real) -> float:
    """Return an intra-class correlation, 0 to below 1."""
    real = number("The overdispersion", value)
    if not 0 <= real < 1:
        raise SampleError(f"The overdispersion must be at least 0 and below 1; it is {value!r}.")
    return real
