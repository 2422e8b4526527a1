"""The result of a sample in words and figures as text, the same on the page and in the report."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import UNSURE, UNUSABLE, Decision
from malaria.smear.counts import Count, Range
from malaria.smear.result import Result
from malaria.smear.sample_survey import MORE
from malaria.smear.triage import Triage
from malaria.wording import words
from malaria.wording.numbers import DASH, estimate, interval, keep_together, percent, round_figures

SAID: Final = {
    PARASITIZED: "confirmed",
    UNINFECTED: "rejected",
    UNSURE: "unsure",
    UNUSABLE: "no cell",
    None: "disputed",
}
"""What an answer is called on a smear; None is what readers differ on."""
CARD_STANDS_IN: Final = "So the error rates are those of the model's card, at its own threshold only."
CONSENSUS: Final = (
    "The consensus is what more than half of a cell’s readers say. Without a consensus a cell stays open, unless no "
    "reader calls it parasitized."
)


def figures(result: Result) -> dict[str, dict[str, str]]:
    """Every way of counting the sample, by its heading, each with the same rows of text."""
    return {name: _column(result, count) for name, count in result.counts.items()}


def say_assumed(result: Result) -> str:
    """What the densities rest on."""
    given = result.assumed
    red_cells = words.count(round(given.red_cells_per_ul), "red cell")
    leukocytes = words.count(round(given.leukocytes_per_ul), "leukocyte")
    return (
        f"Parasites per µL assume {red_cells} or {leukocytes} per µL. The patient’s own counts are better. The figure "
        "by leukocytes needs your decisions and is less certain, because a thin smear has few leukocytes."
    )


def say_unfit(result: Result) -> str:
    """How many fields count although they hardly should; empty if none does."""
    n, total = len(result.unfit), len(result.triage.fields)
    if not n:
        return ""
    verb, it = words.choose_verb(n, "was", "were"), words.choose_verb(n, "it", "them")
    return (
        f"{n:,} of {words.count(total, 'field')} {verb} reported as unusable, but somebody chose to count {it}. These "
        f"figures include {it}."
    )


def say_concerns(triage: Triage) -> str:
    """What is wrong with how many of the fields that count; empty where all are good."""
    codes = Counter(one.code.replace("_", " ") for field in triage.fields for one in field.concerns)
    n, total = sum(bool(field.concerns) for field in triage.fields), len(triage.fields)
    if not n:
        return ""
    listed = ", ".join(f"{code} {many:,}" for code, many in codes.most_common())
    return (
        f"Of {words.count(total, 'field')} that {words.choose_verb(total, 'counts', 'count')}, {n:,} could be better "
        f"({listed}). The list of fields below says why and what to do."
    )


def say_left_out(triage: Triage) -> str:
    """How many fields do not count though they can be judged; empty where all do."""
    n = len(triage.left_out)
    verb = words.choose_verb(n, "is left out and does", "are left out and do")
    return f"{words.count(n, 'field')} {verb} not count. The list of fields below says why." if n else ""


def say_shift(triage: Triage) -> str:
    """That the machine alone says nothing of this sample, and what to do; empty where it does."""
    survey = triage.survey
    if survey is None:
        return ""
    return (
        f"{triage.shift.reason} So there is no parasitaemia from the machine alone. Decide on "
        f"{words.count(survey.goal, 'cell')}, one in four of them drawn at random, and the parasitaemia is estimated "
        "from your answers. Or adapt the triage to your laboratory."
    )


def say_surer(result: Result, reader: str) -> str:
    """What a reader's decisions say so far and what more of them would bring; empty without any, or without a shift."""
    said, ahead = result.by_reader.get(reader), result.forecast(reader) if reader in result.by_reader else None
    if said is None or said.found is None or said.parasitaemia is None or ahead is None:
        return ""
    now = f"From {words.count(said.found.decided, 'decision')}: parasitaemia {_share(said)}."
    if said.found.decided == said.found.cells:
        return f"{now} You have decided on every cell."
    more = min(MORE, said.found.cells - said.found.decided)
    range_ahead = keep_together(interval(ahead.low, ahead.high))
    return f"{now} {words.count(more, 'more decision')} would narrow it to about {range_ahead}."


def say_needed(result: Result) -> str:
    """How many red cells the wished limit of detection takes, and how many are missing."""
    wished, per_ul = result.assumed.wished_per_ul, result.assumed.red_cells_per_ul
    aim = f"To find {wished:,.0f} parasites per µL ({percent(min(1.0, wished / per_ul))}) in 95 of 100 samples"
    if result.rates is None or result.triage.survey is not None:
        return f"{aim}, the number of red cells needed is not known, because the error rates are not known."
    if result.needed is None or result.missing is None:
        return f"{aim}, no number of red cells is enough at these error rates."
    told = f"{aim}, {words.count(result.needed, 'red cell')} {words.choose_verb(result.needed, 'is', 'are')} needed"
    if not result.missing:
        return f"{told}. You have enough."
    more = f", about {words.count(result.missing_fields, 'more field')} like these" if result.missing_fields else ""
    return f"{told}. You still need {result.missing:,} more{more}."


def say_caveats(result: Result) -> str:
    """How far the figures can be trusted."""
    return (
        f"Figures are pooled over fields, never averaged. {_corrected(result)}A clump counts as the number of cells "
        "that its area suggests, a cell cut by the border as half, and fragments and windows as none. A cell confirmed "
        "in two outlines counts once."
    )


def why(field: str, reason: str) -> str:
    """Why a field was rejected, without its name in front."""
    return reason.removeprefix(f"{field}: ")


def say_types(counts: dict[str, int]) -> str:
    """Leukocyte types with their numbers, the most frequent first; empty without any."""
    listed = ", ".join(f"{name} {n:,}" for name, n in sorted(counts.items(), key=lambda one: (-one[1], one[0])))
    return f"Leukocyte types, n = {sum(counts.values()):,}: {listed}. For research use." if counts else ""


def each(said: Mapping[str, Decision]) -> str:
    """What each reader says of one cell."""
    return "; ".join(f"{name}: {SAID[decision.final_answer]}" for name, decision in said.items())


def _corrected(result: Result) -> str:
    if result.triage.survey is not None:
        return (
            "The error rates measured on held-out patients do not hold here, so the machine alone gives no "
            "parasitaemia, and cells are ranked by how far each one stands out from the rest of its sample and field. "
            "A reader’s parasitaemia is estimated from the cells decided so far: the first ranks, and cells drawn at "
            "random from all others, each with a known chance. The interval allows for parasites in undecided cells, "
            "for parasites that the machine does not see, and for these cells being only a sample of the blood. It "
            "leaves out parasites where no red cell was outlined, and the reader’s own errors. A cell that a reader is "
            "not sure of counts as parasitized at the upper end. Intervals are 95 %. "
        )
    if result.rates is None:
        return "The error rates of this model at this threshold are not known, so no parasitaemia is given. "
    return (
        "Parasitaemia is corrected for the cells that the model misses and flags in error, as measured on held-out "
        f"cells at this threshold (sensitivity {percent(result.rates.sensitivity)}, false alarms "
        f"{percent(result.rates.false_positive_rate, 2)} of cells); the model can be worse on another laboratory’s "
        "slides. The calculation assumes that readers confirm every parasite the model shows them and no false alarm. "
        "What readers find themselves counts towards what the model missed. A count by hand is assumed to be right. "
        "Intervals hold 95 %, treating these rates as known. While decisions are open, the range runs from none to all "
        "of the open cells parasitized. "
    )


def _column(result: Result, count: Count) -> dict[str, str]:
    densities = result.densities(count)
    return {
        "Red cells": _number(count.red_cells),
        "Parasitized": _parasitized(result, count),
        "Parasitaemia": _share(count),
        "Parasites per µL, by red cells": _density(densities["per_ul_by_red_cells"], count.red_cells),
        "Parasites per µL, by leukocytes": _density(densities["per_ul_by_leukocytes"], count.leukocytes),
        "Leukocytes": _number(count.leukocytes),
    }


def _parasitized(result: Result, count: Count) -> str:
    """How many were found. Of a shifted sample the machine alone finds none, only suspects, and a reader's are some."""
    if result.triage.survey is not None and count.found is None and count.rates is None:
        return DASH
    of = f" of {count.found.decided:,} decided" if count.found else ""
    return f"{_number(count.parasitized)}{of}" + (f", and {count.open:,} open" if count.open else "")


def _number(count: int | None) -> str:
    return DASH if count is None else f"{count:,}"


def _share(count: Count) -> str:
    return _range(count.parasitaemia, count.red_cells, percent)


def _density(found: Range | None, n: int | None) -> str:
    return _range(found, n, lambda number: f"{round_figures(number):,}")


def _range(found: Range | None, n: int | None, write: Callable[[float], str]) -> str:
    """A value with its range, or, while decisions are open, the range alone."""
    if found is None:
        return DASH
    if found.value is not None:
        return keep_together(estimate(found.value, (found.low, found.high), n, write))
    return keep_together(f"{interval(found.low, found.high, write)}, n = {n:,}")
