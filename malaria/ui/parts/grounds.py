"""What an answer rests on, in words beside its map."""

from typing import NamedTuple

from scipy.special import expit

from malaria.model.evidence import Evidence
from malaria.ui.parts.gallery import find_place


class Grounds(NamedTuple):
    """Where a map marks something, for those who do not see it, and the sentence below it."""

    where: str
    said: str


def say_grounds(evidence: Evidence, threshold: float) -> Grounds:
    """Return the words for a map; `threshold` (0 to 1) is that of the answer."""
    parasitized = bool(expit(evidence.before) >= threshold)
    if evidence.places == 0:
        if not parasitized:
            return Grounds("nothing", "Nothing stands out: covering any one place changes the answer little.")
        spread = "What speaks for a parasite is spread over the cell: covering parts of it changes the answer little."
        return Grounds("spread over the whole cell", spread)
    if evidence.places == 1:
        where = find_place(evidence.heat)
        if parasitized:
            return Grounds(where, "Yellow, outlined: covering this place would change the answer most.")
        return Grounds(
            where, "Yellow, outlined: what looks most like a parasite here. The answer is uninfected all the same."
        )
    turned = bool(expit(evidence.after) < threshold)
    what = "turns the answer to uninfected" if turned else "changes it most, and what is left still looks parasitized"
    return Grounds(
        "several places together",
        f"Yellow, outlined: no one place carries the answer. Covering all that is outlined {what}.",
    )
