"""What the page says beyond its numbers. Every claim about malaria carries its source."""

from pathlib import Path
from typing import Final

from malaria.labels import name_reading
from malaria.sample import CellRates, Scores, required_cells

WHO_LEVEL_PER_UL: Final = 200

SOURCES: Final = {
    "Counting": (
        "Malaria diagnosis in a malaria non-endemic high-resource country: high variation of diagnostic strategy in "
        "clinical laboratories in the Netherlands. Malaria Journal 20, 2021, figure 3",
        "https://malariajournal.biomedcentral.com/articles/10.1186/s12936-021-03889-7/figures/3",
    ),
    "White cells": (
        "Laman M. et al.: Comparison of an assumed versus measured leucocyte count in parasite density calculations in "
        "Papua New Guinean children with uncomplicated malaria. Malaria Journal 13:145, 2014",
        "https://doi.org/10.1186/1475-2875-13-145",
    ),
    "Red cells": (
        "Dhorda M. et al.: Towards harmonization of microscopy methods for malaria clinical research studies. "
        "Malaria Journal 19:324, 2020, table 3",
        "https://doi.org/10.1186/s12936-020-03352-z",
    ),
    "WHO round 3": (
        "WHO: Malaria rapid diagnostic test performance. Results of WHO product testing of malaria RDTs: Round 3, 2011",
        "https://www.who.int/publications/i/item/9789241502566",
    ),
    "WHO programme": (
        "Cunningham J. et al.: A review of the WHO malaria rapid diagnostic test product testing programme "
        "(2008–2018): performance, procurement and policy. Malaria Journal 18:387, 2019",
        "https://doi.org/10.1186/s12936-019-3028-z",
    ),
    "Thin film": (
        "Pilot assessment of the sensitivity of the malaria thin film. Malaria Journal 7:22, 2008",
        "https://doi.org/10.1186/1475-2875-7-22",
    ),
    "CDC": (
        "CDC: Malaria, evaluation and diagnosis",
        "https://www.cdc.gov/malaria/hcp/clinical-guidance/evaluation-diagnosis.html",
    ),
    "Thick film": (
        "Limit of blank and limit of detection of Plasmodium falciparum thick blood smear microscopy in a routine "
        "setting in Central Africa. Malaria Journal 13:234, 2014",
        "https://doi.org/10.1186/1475-2875-13-234",
    ),
    "High counts": (
        "WHO: Guidelines for the treatment of malaria, 2006, section 8.13",
        "http://helid.digicollection.org/en/d/Js13418e/10.13.html",
    ),
    "Metrics": (
        "Delahunt C. B., Gachuhi N., Horning M. P.: Metrics to guide development of machine learning algorithms for "
        "malaria diagnosis. Frontiers in Malaria 2, 2024",
        "https://doi.org/10.3389/fmala.2024.1250220",
    ),
    "Metz": (
        "Metz C. E.: Basic principles of ROC analysis. Seminars in Nuclear Medicine 8, 1978",
        "https://doi.org/10.1016/S0001-2998%2878%2980014-2",
    ),
    "NIH cells": (
        "Rajaraman S. et al.: Pre-trained convolutional neural networks as feature extractors toward improved malaria "
        "parasite detection in thin blood smear images. PeerJ 6:e4568, 2018",
        "https://doi.org/10.7717/peerj.4568",
    ),
    "Re-reading": (
        "Fuhad K. M. F. et al.: Deep learning based automatic malaria parasite detection from blood smear and its "
        "smartphone based application. Diagnostics 10:329, 2020",
        "https://pmc.ncbi.nlm.nih.gov/articles/PMC7277980",
    ),
}
"""What each claim rests on: title and address."""

LANDMARKS: Final = ((88, "thick film 88/µL"), (WHO_LEVEL_PER_UL, "WHO tests 200/µL"))
"""Densities per microlitre marked on the axis of parasitaemia."""

HIGH: Final = ((0.05, "high 5 %"), (0.1, "high 10 %"))
"""Parasitaemias marked on it."""

LANDMARKS_EXPLAINED: Final = (
    "**The landmarks of the chart.** 88 per microlitre is the limit of detection of one research laboratory's thick "
    "films by WHO's method {Thick film}; at 200 per microlitre WHO evaluates rapid tests {WHO round 3}; 5 % and 10 % "
    "are commonly used definitions of a high count in low and in higher transmission {High counts}."
)

NEEDS_SCORES: Final = (
    "This needs answers for held-out cells. The line about the cell rates, above, says why they are missing. You can "
    "also bring a batch with patients from the batch page."
)


def name_labels(scores: Scores, reading: str) -> str:
    """Return whose labels a reading goes by: for the second one also who read again, an expert or annotators."""
    reader = (scores.second or "").removesuffix("_label")
    return f"labels {name_reading(reader if reading == 'expert' else reading)}"


def read_words(file: str) -> str:
    """Return a text that stands in a file beside this one."""
    return Path(__file__).with_name(file).read_text(encoding="utf-8")


def cite(text: str, **values: str) -> str:
    """Return `text` with each {source} turned into a linked number, and {other words} into `values`."""
    numbered = {name: f"[[{number}]]({url})" for number, (name, (_, url)) in enumerate(SOURCES.items(), 1)}
    return text.format(**(numbered | values))


def list_references() -> str:
    """Return the list of sources as markdown."""
    return "\n".join(f"{number}. [{title}]({url})" for number, (title, url) in enumerate(SOURCES.values(), 1))


def write_background(red_cells_per_ul: float) -> str:
    """Return the text on how malaria microscopy counts and where thin-film cells stand in it, as markdown."""
    share = WHO_LEVEL_PER_UL / red_cells_per_ul
    perfect = required_cells(share, CellRates(1, 0))
    return cite(
        read_words("background.md"),
        red_cells=f"{red_cells_per_ul:,.0f}",
        one_in=f"{round(1 / share):,}",
        needed=f"{perfect:,}" if perfect else "more than ten million",
    )
