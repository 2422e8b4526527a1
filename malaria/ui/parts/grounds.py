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
            return Grounds("nothing", "Nothing stands out: covering any single spot barely changes the answer.")
        spread = "The evidence for a parasite is spread over the cell: covering parts of it barely changes the answer."
        return Grounds("spread over the whole cell", spread)
    if evidence.places == 1:
        where = find_place(evidence.heat)
        if parasitized:
            return Grounds(where, "Outlined in yellow: covering this spot changes the answer most.")
        return Grounds(
            where, "Outlined in yellow: the spot that looks most like a parasite. The answer is still uninfected."
        )
    turned = bool(expit(evidence.after) < threshold)
    what = (
        "turns the answer to uninfected" if turned else "changes the answer most, and the rest still looks parasitized"
    )
    return Grounds(
        "several spots together",
        f"Outlined in yellow: no single spot decides the answer. Covering all of them {what}.",
    )
