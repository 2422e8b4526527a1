"""Leukocytes -> their types, by a small network that is part of the project (`models/leukocyte-types`).

How good it is on fields it had not seen, and from which probability on it answers, its card says. It was trained on
fields of one laboratory (BCCD), whose stain makes leukocytes blue-violet: where they have another colour the answer is
`UNSURE`. It knows the types of its card only, and takes any other leukocyte for one of those.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from malaria.errors import ModelError
from malaria.model import classifier as model
from malaria.model.network import Network
from malaria.smear.field.objects import RGB, SmearObject

FOLDER: Final = "leukocyte-types"
UNSURE: Final = "unsure"
"""The type of a leukocyte whose likeliest type is less likely than the card's threshold, or of another stain."""
_HUES: Final = (112, 142)
"""Median hues (OpenCV's, half degrees) of leukocytes stained like those learned from, which have 116 to 139. Of 20 in
another laboratory's thin smears (IML) 19 have 146 to 158, and the network is sure that these are eosinophils."""


class LeukocyteType(NamedTuple):
    """A leukocyte's type: a class of the network's card, or `UNSURE`.

    `p` is the probability (0 to 1) of the likeliest type, NaN where the leukocyte is of another stain.
    """

    name: str
    p: float


def leukocyte_types(objects: Sequence[SmearObject]) -> dict[int, LeukocyteType]:
    """Return the type of each leukocyte by its place in `objects`; nothing without a network that can be used.

    What may be a gametocyte gets none.
    """
    places = [place for place, item in enumerate(objects) if item.kind == "leukocyte" and not item.may_be_parasite]
    try:
        network = _network(model.MODELS_DIR / FOLDER) if places else None
    except ModelError:  # the triage of red cells does not need it; `python -m malaria models` says what is wrong
        network = None
    if network is None:
        return {}
    crops = [objects[place].crop for place in places]
    shares = probabilities(network, np.stack([network.card.preprocessing.pixels(crop) for crop in crops]))
    return {place: _named(network, crop, p) for place, crop, p in zip(places, crops, shares, strict=True)}


def probabilities(network: Network, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return each class's probability, float64 (n, classes), for uint8 crops (n, height, width, 3) as it sees them.

    The network's own are brought to the temperature of its card (Guo et al. 2017, arXiv:1706.04599).
    """
    odds = np.log(np.clip(network.outputs(pixels), 1e-9, 1)) / network.card.temperature
    return np.asarray(softmax(odds, axis=1), np.float64)


def _named(network: Network, crop: RGB, p: NDArray[np.float64]) -> LeukocyteType:
    if not _is_stained_alike(crop):
        return LeukocyteType(UNSURE, math.nan)
    best = int(p.argmax())
    return LeukocyteType(network.card.classes[best] if p[best] >= network.card.threshold else UNSURE, float(p[best]))


def _is_stained_alike(crop: RGB) -> bool:
    """Whether a crop, black around the leukocyte, has a colour that the network knows."""
    hues = cv2.cvtColor(crop, cv2.COLOR_RGB2HSV)[..., 0][crop.max(axis=2) > 0]
    return bool(_HUES[0] <= np.median(hues) <= _HUES[1])


@lru_cache(maxsize=2)
def _network(folder: Path) -> Network:
    """The network of a folder, loaded once. Raises `ModelError`, which is not kept: a mended folder works at once."""
    network = Network.from_folder(folder)
    if network.card.output != "softmax":
        raise ModelError(f"{folder.name}: answers with a {network.card.output}, not with a share for each type.")
    return network
