"""What cards said in prose before it was data, or was measured. Nothing else here reads prose."""

import re
from typing import Any, Final

_FOLDS: Final = re.compile(r"(?P<folds>\d+) folds by (?P<by>patient|image)\b")
_HOLD_OUT: Final = re.compile(r"one hold-out of (?P<held_out>\d+) of (?P<of>\d+) \w+, by (?P<by>patient|image)\b")
_SEED: Final = re.compile(r"--seed (-?\d+)")
_CLAIM: Final = re.compile(r"One half: (.+?) is calibrated on held-out patients(?:, so more likely than not)?")
_MEANT: Final = r"One half. \1 has a temperature fitted on held-out patients"
"""The claim was made whatever came out. What is true of each such card; its figures tell how far the rest is."""


def convert_old_card(card: Any) -> Any:
    """Return a card, or the figures of a run, as its JSON says it now; what was written in this form stays as it is."""
    if isinstance(card, dict) and isinstance(chosen := card.get("threshold_chosen"), str):
        card = card | {"threshold_chosen": _CLAIM.sub(_MEANT, chosen)}
    run = card.get("trained_on") if isinstance(card, dict) else None
    if not isinstance(run, dict) or isinstance(run.get("split"), dict):
        return card
    kept = {name: value for name, value in run.items() if name not in ("split", "shipped_network")}
    split, seed = read_split(str(run.get("split", ""))), kept.get("seed", read_seed(str(kept.get("command", ""))))
    return card | {"trained_on": kept | {"split": split, "seed": seed}}


def read_split(words: str) -> dict[str, Any] | None:
    """Return the `Split` that a phrase like "5 folds by patient" says, as JSON; None where it says none."""
    found = _FOLDS.match(words) or _HOLD_OUT.match(words)
    if found is None:
        return None
    said = found.groupdict()
    return {"by": said.pop("by"), "folds": 0} | {name: int(number) for name, number in said.items()}


def read_seed(command: str) -> int | None:
    """Return the seed of the run that `command` repeats, where it stands unless it is 0; None without a command."""
    found = _SEED.search(command)
    return int(found[1]) if found else 0 if command else None
