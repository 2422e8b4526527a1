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
    do_readers_differ,
    is_disputed,
)
from malaria.review.corrected import CORRECTED_COLUMNS, correct_labels
from malaria.review.decisions import ADJUDICATION, ANSWERS, COLUMNS, SKIPPED, UNSURE, UNUSABLE, Decision, to_csv
from malaria.review.filters import Filter, choose_cards
from malaria.review.imports import corrections, read_corrections, read_journal, relabel
from malaria.review.journal import CsvJournal
from malaria.review.lookalikes import LookAlikes
from malaria.review.places import copy_journal, is_address, open_store
from malaria.review.queue import (
    SuspectLabel,
    find_repeat,
    list_waiting,
    make_cards,
    next_card,
    seconds_per_card,
)
from malaria.review.ranking import SUSPECTS_COLUMNS, Basis, out_of_sample, rank, suspicion
from malaria.review.session import QueueProgress, ReviewSession, Settings
from malaria.review.several import AS_GIVEN, Answered, answer_several, list_page
from malaria.review.state import Opinion, State, replay
from malaria.review.store import Log, MemoryStore, News, Store
from malaria.review.summary import Decided, Piece, Summary, count_decided, summarise
from malaria.review.turn import AHEAD, Press, Turn, read_presses

__all__ = [
    "ADJUDICATION",
    "AHEAD",
    "ANSWERS",
    "AS_GIVEN",
    "COLUMNS",
    "CORRECTED_COLUMNS",
    "RULE",
    "SKIPPED",
    "SUSPECTS_COLUMNS",
    "UNSURE",
    "UNUSABLE",
    "Answered",
    "Basis",
    "Consensus",
    "CsvJournal",
    "Decided",
    "Decision",
    "Filter",
    "Log",
    "LookAlikes",
    "MemoryStore",
    "News",
    "Opinion",
    "Pair",
    "Piece",
    "Press",
    "QueueProgress",
    "ReviewSession",
    "Settings",
    "State",
    "Store",
    "Summary",
    "SuspectLabel",
    "Turn",
    "answer_several",
    "choose_cards",
    "compare_all",
    "compare_pairs",
    "compare_with_oneself",
    "consensus",
    "copy_journal",
    "correct_labels",
    "corrections",
    "count_decided",
    "do_readers_differ",
    "find_repeat",
    "is_address",
    "is_disputed",
    "list_page",
    "list_waiting",
    "make_cards",
    "next_card",
    "open_store",
    "out_of_sample",
    "rank",
    "read_corrections",
    "read_journal",
    "read_presses",
    "relabel",
    "replay",
    "seconds_per_card",
    "summarise",
    "suspicion",
    "to_csv",
]
