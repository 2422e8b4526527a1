"""Speed and size as measured figures beside their targets: what `python -m malaria benchmark` prints.

A part is a function from a `Task` to figures. A new one (another page, another verb) is written in a module of its own
here and named in `PARTS`; the table, the JSON and `--only` follow.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from malaria.benchmark.fields import measure_triage
from malaria.benchmark.figures import Figure, Task
from malaria.benchmark.processes import measure_app, measure_one_cell, measure_users
from malaria.benchmark.throughput import measure_cells
from malaria.benchmark.zips import measure_batch, measure_data_set

__all__ = ["PARTS", "Figure", "Part", "Task"]

Part: TypeAlias = Callable[[Task], Iterator[Figure]]

PARTS: Final[dict[str, Part]] = {
    "cells": measure_cells,
    "one-cell": measure_one_cell,
    "app": measure_app,
    "users": measure_users,
    "batch": measure_batch,
    "dataset": measure_data_set,
    "triage": measure_triage,
}
"""Every part by its name, in the order in which they run."""
