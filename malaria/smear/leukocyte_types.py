"""Leukocytes -> their types, by a small network that is part of the project (`models/leukocyte-types`).

How good it is on fields it had not seen, and from which probability on an answer is given, its card says. It was
trained on fields of one laboratory (BCCD): where leukocytes are stained otherwise nobody has measured it. It knows the
types of its card only; any other leukocyte gets one of those too, or none.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from malaria import model
from malaria.errors import ModelError
from malaria.network import Network
from malaria.smear.objects import SmearObject

FOLDER: Final = "leukocyte-types"
UNSURE: Final = "unsure"
"""The type of a leukocyte whose most likely type is less likely than the card's threshold."""


class LeukocyteType(NamedTuple):
    """A leukocyte's type, a class of the network's card or `UNSURE`, and the probability (0 to 1) of the likeliest."""

    name: str
    p: float


def leukocyte_types(objects: Sequence[SmearObject]) -> dict[int, LeukocyteType]:
    """Return the type of each leukocyte by its place in `objects`; nothing without a network that can be used."""
    places = [place for place, item in enumerate(objects) if item.kind == "leukocyte"]
    try:
        network = _network(model.MODELS_DIR / FOLDER) if places else None
    except ModelError:  # the triage of red cells does not need it; `python -m malaria models` says what is wrong
        network = None
    if network is None:
        return {}
    pixels = np.stack([network.card.preprocessing.pixels(objects[place].crop) for place in places])
    return {place: _named(network, p) for place, p in zip(places, probabilities(network, pixels), strict=True)}


def probabilities(network: Network, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return each class's probability, float64 (n, classes), for uint8 crops (n, height, width, 3) as it sees them.

    The network's own are brought to the temperature of its card (Guo et al. 2017, arXiv:1706.04599).
    """
    odds = np.log(np.clip(network.outputs(pixels), 1e-9, 1)) / network.card.temperature
    return np.asarray(softmax(odds, axis=1), np.float64)


def _named(network: Network, p: NDArray[np.float64]) -> LeukocyteType:
    best = int(p.argmax())
    name = network.card.classes[best] if p[best] >= network.card.threshold else UNSURE
    return LeukocyteType(name, float(p[best]))


@lru_cache(maxsize=2)
def _network(folder: Path) -> Network:
    """The network of a folder, loaded once. Raises `ModelError`, which is not kept: a mended folder works at once."""
    network = Network.from_folder(folder)
    if network.card.output != "softmax":
        raise ModelError(f"{folder.name}: answers with a {network.card.output}, not with a share for each type.")
    return network
