"""The smear triage page before slides that the model does not know: the answers say what the machine cannot."""

import cv2
import numpy as np
import pytest

from malaria import phantom
from malaria.smear import Refused
from tests.pages.test_smear import figures, journal, key, press, said, session, start, upload  # noqa: F401

PLAIN = phantom.field(seed=3, slide=3, cells=110)
HSV = cv2.cvtColor(PLAIN.rgb, cv2.COLOR_RGB2HSV).astype(np.float64)
HSV[..., 1] = np.clip(3 * HSV[..., 1], 0, 255)
MAGENTA = cv2.imencode(".png", cv2.cvtColor(HSV.astype(np.uint8), cv2.COLOR_HSV2BGR))[1].tobytes()
"""A field as another laboratory may stain it."""


@pytest.fixture(scope="module")
def names():
    return [("magenta.png", MAGENTA)]


def test_the_page_says_it_first_gives_cells_that_do_not_tell_and_a_number_that_grows_surer(names, journal):  # noqa: F811
    app = upload(start(example=None), names)
    first = app.warning[0].value
    assert "not like those of the 170 patients" in first
    assert "there is no parasitaemia from the machine alone" in first
    assert figures(app, "Machine alone")["Parasitaemia"] == "–"
    assert f"**Cell {session(app).current.number}**" in said(app)
    assert "p 0." not in "\n".join(one.value for one in app.markdown), "an answer would tell"
    assert all("p 0." not in button.label for button in app.button)
    for _ in range(5):
        key(app, "U")
    told = next(one.value for one in app.info if "From 5 decisions" in one.value)
    assert "parasitaemia" in told
    assert "more decisions would narrow it to about" in told
    assert "**5 of" in said(app)
    assert not any(isinstance(one, Refused) for one in session(app).triage.fields)


def test_a_sample_like_those_at_home_is_shown_as_ever():
    app = upload(start(example=None), [("plain.png", PLAIN.png)])
    assert "not like those" not in said(app)
    assert "**Suspect A1**" in said(app)
    assert figures(app, "Machine alone")["Parasitaemia"] != "–"
    assert "below the usual level" in "\n".join(button.label for button in app.button), "fewer than ten are suspects"


def test_when_the_cells_are_decided_the_page_offers_more_of_them(names, monkeypatch):
    monkeypatch.setattr("malaria.smear.sample_survey.FIRST_GOAL", 20)
    app = upload(start(example=None), names)
    for _ in range(20):
        key(app, "U")
    assert "You have decided on these 20." in said(app)
    press(app, "Decide on 100 more")
    assert "**20 of" in said(app)
    assert session(app).current is not None
