"""Numbers of things in words, as messages and pages say them."""


def count(n: int, noun: str) -> str:
    """A number of things: "1 cell", "2,000 cells"."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
