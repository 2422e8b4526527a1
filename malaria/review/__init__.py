"""Label review: which labels are probably wrong, what annotators decided about them, and what came of it.

`rank` orders cells by doubt, `CsvJournal` (or `malaria.review.sql.SqlJournal`) keeps decisions, `Log` says what they
add up to, a `ReviewSession` puts cards before an annotator, and `correct_labels` gives the result.
"""

from malaria.review.agreement import (
    RULE,
    Consensus,
    Pair,
    compare_all,
    compare_pairs,
    compare_with_oneself,
    consensus,
    is_disputed,
)
from malaria.review.corrected import CORRECTED_COLUMNS, correct_labels
from malaria.review.decisions import ANSWERS, COLUMNS, SKIPPED, UNSURE, UNUSABLE, Decision, to_csv
from malaria.review.imports import corrections, read_corrections, read_journal, relabel
from malaria.review.journal import CsvJournal
from malaria.review.lookalikes import LookAlikes
from malaria.review.queue import (
    Filter,
    SuspectLabel,
    choose_cards,
    find_repeat,
    list_waiting,
    make_cards,
    next_card,
    seconds_per_card,
)
from malaria.review.ranking import SUSPECTS_COLUMNS, Basis, out_of_sample, rank, suspicion
from malaria.review.session import QueueProgress, ReviewSession, Settings
from malaria.review.state import Opinion, State, replay
from malaria.review.store import Log, News, Store
from malaria.review.summary import Piece, Summary, summarise
from malaria.review.turn import Turn

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
    "Log",
    "LookAlikes",
    "News",
    "Opinion",
    "Pair",
    "Piece",
    "QueueProgress",
    "ReviewSession",
    "Settings",
    "State",
    "Store",
    "Summary",
    "SuspectLabel",
    "Turn",
    "choose_cards",
    "compare_all",
    "compare_pairs",
    "compare_with_oneself",
    "consensus",
    "correct_labels",
    "corrections",
    "find_repeat",
    "is_disputed",
    "list_waiting",
    "make_cards",
    "next_card",
    "out_of_sample",
    "rank",
    "read_corrections",
    "read_journal",
    "relabel",
    "replay",
    "seconds_per_card",
    "summarise",
    "suspicion",
    "to_csv",
]
