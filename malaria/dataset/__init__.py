"""What is in a data set of cells: counts, sizes, means, duplicates, the leak of a split by image; and how to get one.

`describe` looks at every image once, keeps none, and returns a `Description`.
"""

from malaria.dataset.describing import Description, describe
from malaria.dataset.duplicates import (
    GREY_LEVELS,
    HASH_DISTANCE,
    Filed,
    Group,
    exact_duplicates,
    near_duplicates,
    perceptual_hashes,
)
from malaria.dataset.facts import SIDE, Facts, Look, look, shrunk, thumbnail
from malaria.dataset.known import Known
from malaria.dataset.means import HUES, Means, absolute_difference
from malaria.dataset.public_zip import KNOWN_SHA256, Fetched, fetch
from malaria.dataset.splitting import Leak, split_by_image, split_by_patient

__all__ = [
    "GREY_LEVELS",
    "HASH_DISTANCE",
    "HUES",
    "KNOWN_SHA256",
    "SIDE",
    "Description",
    "Facts",
    "Fetched",
    "Filed",
    "Group",
    "Known",
    "Leak",
    "Look",
    "Means",
    "absolute_difference",
    "describe",
    "exact_duplicates",
    "fetch",
    "look",
    "near_duplicates",
    "perceptual_hashes",
    "shrunk",
    "split_by_image",
    "split_by_patient",
    "thumbnail",
]
