"""Label review: which labels are probably wrong, what annotators decided about them, and what came of it.

`rank` orders cells by doubt, `CsvJournal` (or `malaria.review.sql.SqlJournal`) keeps decisions, `Log` says what they
add up to, a `Session` puts cards before an annotator, and `corrected_labels` is the result.
"""

from malaria.review.agreement import RULE, Consensus, Pair, consensus, everyone, in_dispute, pairs, with_oneself
from malaria.review.decisions import ANSWERS, COLUMNS, SKIPPED, UNSURE, UNUSABLE, Decision, to_csv
from malaria.review.export import CORRECTED_COLUMNS, corrected_labels, corrected_zip, in_order
from malaria.review.imports import corrections, read_corrections, read_journal, relabel
from malaria.review.journal import CsvJournal
from malaria.review.lookalikes import LookAlikes
from malaria.review.queue import Filter, Suspect, chosen, next_card, repeat_due, seconds_per_card, suspects, waiting
from malaria.review.ranking import SUSPECTS_COLUMNS, Basis, HeldOut, out_of_sample, rank, read_held_out, suspicion
from malaria.review.session import Progress, Session, Settings
from malaria.review.state import Reading, State, replay
from malaria.review.store import Log, News, Store
from malaria.review.summary import Piece, Summary, summarise

__all__ = [
    "ANSWERS",
    "COLUMNS",
    "CORRECTED_COLUMNS",
    "RULE",
    "SKIPPED",
    "SUSPECTS_COLUMNS",
    "UNSURE",
    "UNUSABLE",
    "Basis",
    "Consensus",
    "CsvJournal",
    "Decision",
    "Filter",
    "HeldOut",
    "Log",
    "LookAlikes",
    "News",
    "Pair",
    "Piece",
    "Progress",
    "Reading",
    "Session",
    "Settings",
    "State",
    "Store",
    "Summary",
    "Suspect",
    "chosen",
    "consensus",
    "corrected_labels",
    "corrected_zip",
    "corrections",
    "everyone",
    "in_dispute",
    "in_order",
    "next_card",
    "out_of_sample",
    "pairs",
    "rank",
    "read_corrections",
    "read_held_out",
    "read_journal",
    "relabel",
    "repeat_due",
    "replay",
    "seconds_per_card",
    "summarise",
    "suspects",
    "suspicion",
    "to_csv",
    "waiting",
    "with_oneself",
]
