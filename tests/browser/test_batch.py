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

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def upload(page: Page, *files: tuple[str, bytes]) -> None:
    payloads: list[FilePayload] = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in files
    ]
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(payloads)


def measured(page: Page, words: str = "of the parasitized cells") -> None:
    expect(page.get_by_role("heading", name=re.compile(words))).to_be_visible()
    expect(page.get_by_role("heading", name="Take it further")).to_be_visible()


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
    expect(page.get_by_role("heading", name="What the network saw")).to_be_visible()
    page.get_by_role("link", name="Batch evaluation").click()
    measured(page)
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


def test_by_keyboard_alone(page: Page) -> None:
    page.goto("/Batch_evaluation?example=synthetic")
    measured(page)
    field = page.get_by_role("button", name=re.compile("false positive"))
    field.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("labelled Uninfected and called Parasitized")).to_be_visible()
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    measured(page, "At threshold 0.501 the model")


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
