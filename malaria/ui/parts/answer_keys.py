"""What the answers are called on a smear's keys, and the signs they leave beside a number."""

from typing import Final

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import UNSURE, UNUSABLE

KEYS: Final = {PARASITIZED: "P", UNINFECTED: "U", UNSURE: "N", UNUSABLE: "X"}
"""The key of each answer, as in the label review."""
WORDS: Final = {PARASITIZED: "Confirm", UNINFECTED: "Reject", UNSURE: "Not sure", UNUSABLE: "No cell"}
SIGNS: Final = {PARASITIZED: "+", UNINFECTED: "-", UNSURE: "?", UNUSABLE: "x"}
