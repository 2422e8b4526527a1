"""How work tells its user things: sentences, which are warnings of Python unless asked otherwise, and how far it is."""

import warnings
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

Say: TypeAlias = Callable[[str], None]
"""Takes a sentence that a user should read."""
Watch: TypeAlias = Callable[..., Iterable[Any]]
"""Passes items on and shows how far they are: `watch(items, total=n)`. `tqdm.tqdm` is one."""


def warn(sentence: str) -> None:
    """Say it as a warning, which a program may show, collect or silence."""
    warnings.warn(sentence, stacklevel=3)
