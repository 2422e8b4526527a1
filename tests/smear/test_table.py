"""cells.csv is written as others rely on it, with what people decided behind."""

import io
from pathlib import Path

import pandas as pd
import pytest

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import UNUSABLE
from malaria.smear import COLUMNS, Result, cells_csv, pool_fields, triage_field

DECIDED = ["source", "answer", "answers", "decided_by", "decided_at", "note"]
ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "=1+1.png"


@pytest.fixture
def triage(spotted, lone_cells, classifier):
    return pool_fields([triage_field(spotted(lone_cells(4, 3, 60), 3), classifier, HOSTILE)], classifier)


def table(result):
    text = cells_csv(result)
    assert text.splitlines()[0].startswith(",".join(COLUMNS))
    return pd.read_csv(io.StringIO(text), keep_default_na=False)


def test_without_decisions_it_is_the_table_of_the_triage(triage):
    found = table(Result(triage))
    assert list(found.columns) == [*triage.table.columns, "chance", *DECIDED]
    assert set(found["field"]) == {"'" + HOSTILE}, "no spreadsheet runs it"
    assert sorted(found["rank"]) == list(range(1, 13))
    assert found["p_parasitized"].between(0, 1).all()
    assert set(found["source"]) == {"machine"}
    assert set(found["answer"]) == {""}


def test_who_decided_what_stands_behind_and_added_cells_below(triage, read):
    decided = [
        ("ann", 0, PARASITIZED, "=ring"),
        ("bo", 0, PARASITIZED, ""),
        ("ann", 1, PARASITIZED, ""),
        ("bo", 1, UNINFECTED, ""),
        ("ann", 2, UNUSABLE, ""),
        ("ann", (5, 7), PARASITIZED, ""),
        ("ann", (40, 7), UNUSABLE, ""),
    ]
    found = table(Result(triage, read(triage, *decided)))
    assert len(found) == 13, "what was marked and then called no cell is none"
    first, second, third = (found[found["rank"].astype(str) == rank].iloc[0] for rank in "123")
    assert list(first[DECIDED[:4]]) == ["machine", PARASITIZED, "Parasitized; Parasitized", "ann; bo"]
    assert first["note"] == "'=ring"
    assert first["decided_at"] == "2026-01-02T03:00:00.000000Z; 2026-01-02T03:00:01.000000Z"
    assert list(second[DECIDED[1:3]]) == ["", "Parasitized; Uninfected"]
    assert third["answer"] == UNUSABLE
    added = found.iloc[-1]
    assert list(added[list(COLUMNS)]) == ["'" + HOSTILE, 5, 7, 20, 20, "red_cell", 1.0, "", ""]
    assert list(added[DECIDED[:4]]) == ["human", PARASITIZED, PARASITIZED, "ann"]


def test_every_column_is_documented(triage):
    documented = (ROOT / "docs/smear-triage.md").read_text(encoding="utf-8")
    assert [name for name in table(Result(triage)).columns if f"`{name}`" not in documented] == []
