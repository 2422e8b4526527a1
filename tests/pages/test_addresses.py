"""What an address asks for that cannot be: one sentence that is seen, and stays while the page draws itself again."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from malaria.ui.parts.frame import ROOT

BATCH, SAMPLE, MODELS, DATA_SET = (
    f"pages/{name}.py" for name in ("2_Batch_evaluation", "4_Sample_threshold", "6_Models", "7_Dataset")
)


def start(page: str, **query: str) -> AppTest:
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=120)
    app.switch_page(page)
    app.query_params.update(query)
    app.run()
    assert not app.exception
    return app


def left_out(app: AppTest) -> list[str]:
    """What the page says of its address, as its reader sees it."""
    said = [re.sub(r"\\(\W)", r"\1", str(one.value)) for one in app.warning]
    return [one for one in said if "These parts of the address" in one]


@pytest.mark.parametrize(
    ("page", "value"),
    [(BATCH, value) for value in ("2", "-0.1", "nan", "inf", "half", "", "0,5")] + [(SAMPLE, "2"), (SAMPLE, "nan")],
)
def test_a_threshold_that_is_none_is_said(page: str, value: str) -> None:
    app = start(page, threshold=value)
    expected = [f"These parts of the address were ignored: threshold={value} must be a number from 0 to 1."]
    assert left_out(app) == expected
    assert left_out(app.run()) == expected, "the page draws itself again while it works"


@pytest.mark.parametrize(
    ("page", "query", "rule"),
    [
        (SAMPLE, {"n": "-5"}, "n=-5 must be a whole number from 1 to 10,000,000"),
        (SAMPLE, {"cells": "-5"}, "cells=-5 must be a whole number from 1 to 10,000,000"),
        (SAMPLE, {"cells": "nan"}, "cells=nan must be a whole number from 1 to 10,000,000"),
        (SAMPLE, {"n": "2.5"}, "n=2.5 must be a whole number from 1 to 10,000,000"),
        (SAMPLE, {"sensitivity": "95 %"}, "sensitivity=95 % must be a number from 0 to 1"),
        (SAMPLE, {"section": "nan"}, "section=nan must be one of What is found,"),
        (SAMPLE, {"cost": "0"}, "cost=0 must be a number from 0.001 to 1,000,000"),
        (SAMPLE, {"labels": "nan"}, "labels=nan must be one of"),
        (BATCH, {"view": "nan"}, "view=nan must be one of Rates, Curves,"),
        (MODELS, {"section": "nan"}, "section=nan must be one of Leaderboard,"),
        (MODELS, {"reading": "nan"}, "reading=nan must be one of"),
        (DATA_SET, {"section": "nan"}, "section=nan must be one of What is in it,"),
        (BATCH, {"threshold": "9" * 500}, f"threshold={'9' * 60}… must be"),
        (BATCH, {"threshold": "[a](b)"}, "threshold=[a](b) must be"),
    ],
)
def test_each_thing_that_cannot_be_is_said(page: str, query: dict[str, str], rule: str) -> None:
    app = start(page, **query)
    (said,) = left_out(app)
    assert said.startswith(f"These parts of the address were ignored: {rule}")
    assert left_out(app.run()) == [said]


def test_several_are_one_sentence() -> None:
    (said,) = left_out(start(SAMPLE, threshold="2", cells="-5", sens="nan"))
    assert all(name in said for name in ("threshold=2", "cells=-5", "sens=nan"))
    (said,) = left_out(start(BATCH, threshold="2", view="nan"))
    assert "; view=nan" in said


@pytest.mark.parametrize(
    ("page", "query"),
    [
        (SAMPLE, {"threshold": "0.5", "cells": "500"}),
        (SAMPLE, {"section": "Trust", "cost": "20"}),
        (BATCH, {"threshold": "1", "view": "Curves"}),
        (MODELS, {"section": "Inside", "reading": "nan"}),
        (MODELS, {"reading": "expert"}),
        (DATA_SET, {"section": "Splits"}),
        (BATCH, {"utm_source": "mail"}),
    ],
)
def test_nothing_is_said_of_what_can_be_or_is_not_read(page: str, query: dict[str, str]) -> None:
    assert left_out(start(page, **query)) == []


def test_numbers_may_be_called_as_on_the_command_line() -> None:
    app = start(SAMPLE, cells="500", sensitivity="0.9")
    assert app.query_params["n"] == "500"
    assert app.query_params["sens"] == "0.9"
    assert "cells" not in app.query_params


def test_the_sentence_goes_when_a_threshold_is_chosen() -> None:
    app = start(BATCH, threshold="2", example="synthetic")
    while any("Stop" in button.label for button in app.button):
        for one in app.session_state["batch.source"]._scorings.values():
            one.wait()
        app.run()
    assert left_out(app)
    app.slider(key="batch.threshold.slider").set_value(0.25).run()
    assert left_out(app) == []
    assert app.query_params["threshold"] == "0.25"
