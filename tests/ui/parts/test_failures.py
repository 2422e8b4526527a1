"""Whatever fails, and wherever: one sentence on the page, the details in the log, and the page goes on."""

import logging
import re

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from malaria.errors import ImageError, SourceError
from malaria.ui.parts.frame import ROOT, Frame
from malaria.ui.parts.text import literal

FAULT = RuntimeError("the secret of line 42")


def fail(error: Exception) -> None:
    raise error


def draw(_: Frame) -> None:
    """A page with buttons whose callbacks fail, and a fragment that fails, or whose button's callback does."""
    st.markdown("before")
    st.button("fault", on_click=fail, args=(FAULT,))
    st.button("file", on_click=fail, args=(SourceError("cells.zip: It is *broken*. Zip it again."),))
    draw_part()
    st.markdown("after")


@st.fragment
def draw_part() -> None:
    st.markdown("in part")
    st.button("fragment callback", on_click=fail, args=(FAULT,))
    if st.button("fragment fault"):
        raise FAULT
    if st.button("fragment file"):
        raise ImageError("a.png", "It is broken.", "Save it again.")


@pytest.fixture(autouse=True)
def _failing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("malaria.ui.home.page.show", draw)


def press(label: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
    assert not app.error
    return next(button for button in app.button if button.label == label).click().run()


def texts(app: AppTest) -> list[str]:
    return [element.value for element in app.markdown if element.value in ("before", "in part", "after")]


@pytest.mark.parametrize("label", ["fault", "fragment fault", "fragment callback"])
def test_a_fault_of_ours_has_a_reference_and_its_details_are_in_the_log(
    label: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        app = press(label)
    assert not app.exception
    (told,) = app.error
    assert told.value.startswith("This page stopped because of an error in the app. Reload the page")
    assert "secret" not in told.value
    reference = re.search(r"reference \*\*(\w+)\*\*", told.value)
    assert reference
    assert reference.group(1) in caplog.text
    assert caplog.text.count("RuntimeError: the secret of line 42") == 1


@pytest.mark.parametrize(
    ("label", "told"),
    [("file", "cells.zip: It is *broken*. Zip it again."), ("fragment file", "a.png: It is broken. Save it again.")],
)
def test_what_a_user_can_mend_is_said_and_no_traceback_is_logged(
    label: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        app = press(label)
    assert not app.exception
    assert [error.value for error in app.error] == [literal(told)]
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("label", ["fault", "file", "fragment callback"])
def test_after_a_callback_that_failed_the_page_stands_and_goes_on(label: str) -> None:
    app = press(label)
    assert texts(app) == ["before", "in part", "after"]
    assert not app.run().error, "it is said once"
