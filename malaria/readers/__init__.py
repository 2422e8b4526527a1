"""Reader tests: how good a person is at telling parasitized cells, alone, among others, and with the network.

`make_test` makes a test and its key of a labelled set, `AnswersFile` keeps what readers answer, `grade` says how good
one is, and `write_certificate` prints it. Numbers and files only: the page is elsewhere.
"""

from malaria.readers._answers import ANSWERS, COLUMNS, NETWORK, Answer, read_answers, tidy_name, to_csv
from malaria.readers._bias import Bias, difference, measure_bias
from malaria.readers._certificate import (
    describe,
    grades_to_csv,
    render_bias,
    render_pairs,
    render_rates,
    render_rule,
    write_certificate,
)
from malaria.readers._fields import FieldReading, FieldsGrade, grade_fields, match_marks, parasites_of
from malaria.readers._files import Card, Key, KeyCell, ReaderTest, Settings, read_key, read_test, write
from malaria.readers._grading import Grade, Mistake, by_place, fits_card, grade, median_with_interval
from malaria.readers._group import Group, Pair, compare_pair, grade_all, group_by_reader, paired_difference
from malaria.readers._levels import ALPHA, COUNTING, DETECTION, OF_SLIDES, WITHIN, Level, grade_level, name_levels
from malaria.readers._making import SUSPECT, find_columns, make_phantom_test, make_test
from malaria.readers._practice import (
    GAPS,
    PROBE_EVERY,
    Attempt,
    PracticeCard,
    PracticeCell,
    Step,
    find_weak_spots,
    learning_curve,
    next_card,
)
from malaria.readers._rule import Rule, find_rule
from malaria.readers._store import AnswersFile, AnswerStore, Kept

__all__ = [
    "ALPHA",
    "ANSWERS",
    "COLUMNS",
    "COUNTING",
    "DETECTION",
    "GAPS",
    "NETWORK",
    "OF_SLIDES",
    "PROBE_EVERY",
    "SUSPECT",
    "WITHIN",
    "Answer",
    "AnswerStore",
    "AnswersFile",
    "Attempt",
    "Bias",
    "Card",
    "FieldReading",
    "FieldsGrade",
    "Grade",
    "Group",
    "Kept",
    "Key",
    "KeyCell",
    "Level",
    "Mistake",
    "Pair",
    "PracticeCard",
    "PracticeCell",
    "ReaderTest",
    "Rule",
    "Settings",
    "Step",
    "by_place",
    "compare_pair",
    "describe",
    "difference",
    "find_columns",
    "find_rule",
    "find_weak_spots",
    "fits_card",
    "grade",
    "grade_all",
    "grade_fields",
    "grade_level",
    "grades_to_csv",
    "group_by_reader",
    "learning_curve",
    "make_phantom_test",
    "make_test",
    "match_marks",
    "measure_bias",
    "median_with_interval",
    "name_levels",
    "next_card",
    "paired_difference",
    "parasites_of",
    "read_answers",
    "read_key",
    "read_test",
    "render_bias",
    "render_pairs",
    "render_rates",
    "render_rule",
    "tidy_name",
    "to_csv",
    "write",
    "write_certificate",
]
