"""The home page: what it outlines is what the triage finds, and its figures are those of the sample page."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from malaria.model import classifier as model
from malaria.model.held_out import FILE
from malaria.ui.parts import links
from tests.pages.test_every_page import press, sentences, start
from tests.pages.test_review import sent
from tests.pages.test_smear import settled


def shown(app: AppTest) -> str:
    return "\n".join(html.proto.body for html in app.get("html"))


def outlined(app: AppTest) -> list[str]:
    """The numbers of the suspects, which are told to those who do not see the picture, too."""
    field = sent(app, "marked_field")
    assert [mark["tag"] for mark in field["marks"]] == re.findall(r"; (\w+) ", field["alt"])
    return [str(mark["tag"]) for mark in field["marks"]]


def test_one_click_triages_the_very_field_and_finds_what_was_outlined() -> None:
    app = start(links.HOME)
    assert sum(button.proto.type == "primary" for button in app.button) == 1
    numbers = outlined(app)
    assert numbers == [f"A{number + 1}" for number in range(len(numbers))]
    assert f"outlined {len(numbers)} suspects" in sentences(app)
    app = press(app, "Triage this field")
    assert app.title[0].value.endswith("Smear triage")
    app = settled(start(links.TRIAGE, example=app.query_params["example"]))
    assert f"**0 of {len(numbers)} suspects** decided" in [bar.proto.text for bar in app.get("progress")]


def test_its_figures_are_those_of_the_sample_page() -> None:
    home, sample = start(links.HOME), start(links.SAMPLE)
    found, cleared, limit = re.findall(r"<strong>([\d.]+)\s%</strong>", shown(home))
    assert re.search(rf"infections with {re.escape(limit)}\s% of cells infected", shown(sample))
    n = [int(number.replace(",", "")) for number in re.findall(r"n\s=\s([\d,]+)", shown(home))]
    flagged, infected, wrong, uninfected = (
        int(number.replace(",", ""))
        for number in re.search(
            r"flagged ([\d,]+) of ([\d,]+) infected cells .* and ([\d,]+) of ([\d,]+) uninfected", sentences(sample)
        ).groups()  # type: ignore[union-attr]
    )
    assert n == [infected, uninfected]
    assert float(found) == pytest.approx(100 * flagged / infected, abs=0.005)
    assert float(cleared) == pytest.approx(100 - 100 * wrong / uninfected, abs=0.005)
    assert "With all labels as given" in sentences(home)


def test_without_held_out_answers_the_figures_are_the_cards(tmp_path, monkeypatch) -> None:
    folder = tmp_path / model.DEFAULT_MODEL
    folder.mkdir()
    for path in (model.MODELS_DIR / model.DEFAULT_MODEL).iterdir():
        if path.name != FILE:
            (folder / path.name).symlink_to(path)
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path)
    app = start(links.HOME)
    assert not app.error
    assert len(re.findall(r"<strong>[\d.]+\s%</strong>", shown(app))) == 3
    assert "With all labels as given" not in sentences(app)
