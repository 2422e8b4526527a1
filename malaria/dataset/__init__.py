"""What is in a data set of cells: counts, sizes, means, duplicates, the leak of a split by image; and how to get one.

`describe` looks at every image once, keeps none, and returns a `Description`.
"""

from malaria.dataset.describing import Description, describe
from malaria.dataset.duplicates import (
    GREY_LEVELS,
    HASH_DISTANCE,
    Filed,
    Group,
    find_exact_duplicates,
    find_near_duplicates,
    hash_perceptually,
)
from malaria.dataset.facts import SIDE, Facts, Look, look, shrink, thumbnail
from malaria.dataset.known import Known
from malaria.dataset.means import HUES, Means, find_difference
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
    "describe",
    "fetch",
    "find_difference",
    "find_exact_duplicates",
    "find_near_duplicates",
    "hash_perceptually",
    "look",
    "shrink",
    "split_by_image",
    "split_by_patient",
    "thumbnail",
]
