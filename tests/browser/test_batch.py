"""The batch page as a user meets it: a zip goes in, the matrix is clicked, the files come out."""

import csv
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, FilePayload, Page, expect

from malaria import phantom
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import CsvJournal, Log
from tests.browser.test_every_page import pale

SCREEN = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def app(app_with_journal: str) -> str:
    return app_with_journal


def upload(page: Page, *files: tuple[str, bytes]) -> None:
    payloads: list[FilePayload] = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in files
    ]
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(payloads)


def measured(page: Page, words: str = "of the parasitized cells") -> None:
    expect(page.get_by_role("heading", name=re.compile(words))).to_be_visible()
    expect(page.get_by_role("heading", name="Next steps")).to_be_visible()


def download(page: Page, name: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    return Path(download.value.path()).read_text("utf-8-sig")


def test_a_zip_is_measured_a_matrix_cell_clicked_and_the_files_downloaded(page: Page) -> None:
    page.goto("/Batch_evaluation")
    upload(page, ("cells.zip", phantom.batch_zip(40, mislabelled=0.2)))
    measured(page)
    figures = json.loads(download(page, "Figures (JSON)"))
    missed = figures["confusion"]["fn"]
    assert figures["n"] == 40
    assert missed > 0
    field = page.get_by_role("button", name=re.compile("false negative"))
    expect(field).to_have_accessible_name(re.compile(f"^{missed} "))
    field.click()
    gallery = page.locator("[class*=st-key-batch-gallery-]").get_by_role("button")
    expect(gallery).to_have_count(missed)
    expect(gallery.first.get_by_role("img")).to_have_attribute("alt", re.compile(f"labelled {PARASITIZED}"))

    rows = list(csv.DictReader(download(page, "Predictions (CSV)").splitlines()))
    assert len(rows) == 40
    assert list(rows[0])[:6] == ["file", "patient", "given_label", "p_parasitized", "label", "error"]
    answers = Counter((row["given_label"], row["label"]) for row in rows)
    assert answers[PARASITIZED, UNINFECTED] == missed
    report = download(page, "Report (HTML)")
    assert report.startswith("<!doctype html>")
    assert "cells.zip" in report

    gallery.first.click()
    page.get_by_role("button", name="See where the model looked").click()
    expect(page.get_by_role("heading", name="What the network saw")).to_be_visible()
    expect(page.get_by_text(f"the given label is {PARASITIZED}, and the model says {UNINFECTED}")).to_be_visible()
    page.get_by_role("link", name="Back to the batch").click()
    measured(page)
    expect(page.get_by_text(f"1 of {missed} false negative")).to_be_visible()
    page.get_by_role("button", name="All pictures").click()
    expect(gallery).to_have_count(missed)


def test_a_link_shows_the_same_view_of_the_example(page: Page, context: BrowserContext) -> None:
    page.goto("/Batch_evaluation")
    page.get_by_role("button", name="Try it on 200 synthetic cells").click()
    measured(page, "At threshold 0.5 the model")
    exact = page.get_by_label("Exact threshold")
    exact.fill("0.987")
    exact.press("Enter")
    measured(page, "At threshold 0.987 the model")
    page.get_by_role("tab", name="Curves").click()
    expect(page.get_by_text("ROC curve")).to_be_visible()
    expect(page).to_have_url(re.compile(r"view=Curves"))
    words = page.get_by_role("heading", name=re.compile("At threshold")).inner_text()
    other = context.new_page()
    other.goto(page.url)
    measured(other, "At threshold 0.987 the model")
    assert other.get_by_role("heading", name=re.compile("At threshold")).inner_text() == words
    expect(other.get_by_text("ROC curve")).to_be_visible()


def test_a_click_at_once_after_an_exact_threshold_does_not_undo_it(page: Page) -> None:
    page.goto("/Batch_evaluation?example=synthetic")
    measured(page, "At threshold 0.5 the model")
    at_rest(page)
    # The heading comes before the slider beside the entry, which the browser then still has at 0.5.
    page.evaluate("""() => new MutationObserver((_, self) => {
        const named = (tags, words) => [...document.querySelectorAll(tags)].find(e => e.innerText.includes(words));
        if (named("h2, h3", "At threshold 0.987")) { self.disconnect(); named("[role=tab]", "Curves").click(); }
    }).observe(document.body, {subtree: true, childList: true, characterData: true})""")
    exact = page.get_by_label("Exact threshold")
    exact.fill("0.987")
    exact.press("Enter")
    expect(page.get_by_text("ROC curve")).to_be_visible()
    at_rest(page)
    measured(page, "At threshold 0.987 the model")
    expect(page).to_have_url(re.compile(r"(?=.*threshold=0\.987)(?=.*view=Curves)"))


def test_by_keyboard_alone(page: Page) -> None:
    page.goto("/Batch_evaluation?example=synthetic")
    measured(page)
    field = page.get_by_role("button", name=re.compile("false positive"))
    field.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("5 false positives")).to_be_visible()
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    measured(page, "At threshold 0.501 the model")


def at_rest(page: Page) -> None:
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)


def test_three_clicks_from_the_empty_page_to_the_corrected_figures(page: Page, journal: CsvJournal) -> None:
    page.goto("/Batch_evaluation")
    clicks = 0
    for name in ("Try it on 200 synthetic cells", "Relabel these 5", "Uninfected Shortcut U"):
        page.get_by_role("button", name=name).first.click()
        clicks += 1
    expect(page.get_by_role("table", name="Corrected figures")).to_be_in_viewport()
    assert clicks == 3
    expect(page.get_by_text("These figures favour the model")).to_be_visible()
    (row,) = Log(journal).state.rows
    assert (row.given_label, row.final_answer) == (PARASITIZED, UNINFECTED)


def test_relabelling_by_keys_and_what_one_takes_along(page: Page) -> None:
    page.goto("/Batch_evaluation?example=synthetic&annotator=ann")
    measured(page)
    page.get_by_role("button", name="Relabel these 5").first.click()
    expect(page.get_by_text("1 of 5 false negatives, 0 decided")).to_be_visible()
    expect(page.locator(".keys[data-card] img")).to_be_visible()  # with it keys are heard
    for key, says in (
        ("u", "2 of 5 false negatives, 1 decided"),
        ("ArrowRight", "3 of 5 false negatives, 1 decided"),
        ("ArrowLeft", "2 of 5 false negatives, 1 decided"),
        ("x", "3 of 5 false negatives, 2 decided"),
        ("z", "2 of 5 false negatives, 1 decided"),
        ("u", "3 of 5 false negatives, 2 decided"),
    ):
        page.keyboard.press(key)
        expect(page.get_by_text(says)).to_be_visible()
        at_rest(page)
    rows = list(csv.DictReader(download(page, "Corrections (CSV)").splitlines()))
    assert [row["final_answer"] for row in rows] == [UNINFECTED, "Unusable", "", UNINFECTED]
    labels = list(csv.DictReader(download(page, "Corrected labels (CSV)").splitlines()))
    assert len(labels) == 200
    assert sum(row["given_label"] != row["corrected_label"] for row in labels) == 2
    page.get_by_role("button", name="Retrain with them").click()
    expect(page.get_by_text("--corrections corrected_labels.csv")).to_be_visible()
    page.keyboard.press("Escape")

    page.reload()  # who one is stands in the address, so what one has decided is still there
    measured(page)
    expect(page.get_by_text("You changed 2 labels")).to_be_visible()


def test_the_way_back_from_the_last_mistake_looks_open(page: Page) -> None:
    page.goto("/Batch_evaluation?example=synthetic&annotator=last")
    measured(page)
    page.get_by_role("button", name="Relabel these 5").first.click()
    for decided in range(5):
        expect(page.get_by_text(f"{decided + 1} of 5 false negatives, {decided} decided")).to_be_visible()
        expect(page.locator(".keys[data-card] img")).to_be_visible()
        page.keyboard.press("u")
    expect(page.get_by_text("You have decided on all 5 false negatives.")).to_be_visible()
    at_rest(page)
    expect(page.locator(".st-key-batch-moves")).to_have_css("opacity", "1")
    page.get_by_role("button", name="Previous").click()
    expect(page.get_by_text("5 of 5 false negatives, 5 decided")).to_be_visible()


@pytest.mark.parametrize("context", [SCREEN, SCREEN | {"color_scheme": "dark"}], indirect=True, ids=["light", "dark"])
def test_the_matrix_is_on_the_first_screen_and_reads_in_every_state(page: Page, context: BrowserContext) -> None:
    page.goto("/Batch_evaluation?example=synthetic")
    measured(page)
    at_rest(page)
    matrix = page.locator(".st-key-batch-matrix")
    box = matrix.bounding_box()
    assert box
    assert box["y"] + box["height"] <= 800
    picked = page.get_by_role("button", name=re.compile("false negative"))

    def reads() -> None:
        at_rest(page)
        assert [words for words in pale(page) if matrix.get_by_text(words.split(":")[0]).count()] == []

    picked.hover()
    reads()
    picked.click()
    expect(page.get_by_text("5 false negatives")).to_be_visible()
    expect(picked).to_have_attribute("kind", "primary")
    reads()  # the pointer still rests on it
    page.mouse.move(0, 0)
    reads()
    page.keyboard.press("Tab")
    picked.focus()
    reads()
    page.mouse.move(box["x"], box["y"])
    page.get_by_role("button", name="Relabel these 5").first.hover()
    reads()
    picked.hover()
    page.mouse.down()
    reads()
    page.mouse.up()


@pytest.mark.parametrize("context", [PHONE, PHONE | {"color_scheme": "dark"}], indirect=True, ids=["light", "dark"])
def test_on_a_phone_the_card_with_its_keys_is_on_the_first_screen(page: Page, context: BrowserContext) -> None:
    page.goto("/Batch_evaluation?example=synthetic")
    measured(page)
    page.get_by_role("button", name="Relabel these 5").first.click()
    page.get_by_test_id("stMain").evaluate("element => element.scrollTo(0, 0)")
    expect(page.get_by_role("button", name="Not usable")).to_be_in_viewport()
    at_rest(page)
    assert pale(page) == []
    wider = page.get_by_test_id("stMain").evaluate("element => element.scrollWidth - element.clientWidth")
    assert wider <= 0


@pytest.mark.parametrize("view", ["Rates", "Curves", "Patients", "Two models"])
@pytest.mark.parametrize("context", [{}, PHONE | {"color_scheme": "dark"}], indirect=True, ids=["wide", "dark phone"])
def test_fits_the_screen_and_every_picture_is_told(page: Page, context: BrowserContext, view: str) -> None:
    page.goto(f"/Batch_evaluation?example=synthetic&view={view.replace(' ', '+')}")
    measured(page)
    expect(page.get_by_role("tab", name=view)).to_have_attribute("aria-selected", "true")
    wider = page.get_by_test_id("stMain").evaluate("element => element.scrollWidth - element.clientWidth")
    assert wider <= 0, "nothing may be cut off at the side"
    untold = page.locator("img:visible").evaluate_all(
        "all => all.filter(image => !image.alt.trim()).map(image => image.src)"
    )
    assert untold == []
