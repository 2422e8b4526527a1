"""Sixty hostile texts as names, notes, cards and addresses, over all pages and both HTML reports: none is ever run.

And no page tells where on the server anything lies.
"""

import html
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import cv2
import numpy as np
import pandas as pd
import pytest
from markupsafe import escape
from playwright.sync_api import Browser, BrowserContext, Page, expect

from malaria.cells import format_csv
from malaria.images.naming import image_id
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.model.classifier import Classifier, load
from malaria.review import CsvJournal, Decision, replay
from malaria.smear import Cells, Result, pool_fields, report_html, triage_field
from malaria.ui.parts.frame import PAGES
from tests.browser import server
from tests.browser.test_every_page import ADDRESSES, open_page
from tests.models import write_model

RUN = "console.log('hostile-ran')"
WAYS = (
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg onload={RUN}>",
    f'"><script>{RUN}</script>',
    f"' onmouseover='{RUN}' autofocus onfocus='{RUN}'",
    f"</style><script>{RUN}</script>",
    f"</title></textarea></script><script>{RUN}</script>",
    f"--><script>{RUN}</script><!--",
    f"]]><script>{RUN}</script>",
    f'<iframe srcdoc="<script>{RUN}</script>">',
    f"<details open ontoggle={RUN}>",
    f"[a](javascript:{RUN})",
    f'![a](x" onerror="{RUN})',
    f"$\\href{{javascript:{RUN}}}{{a}}$",
    f"<a href=javascript:{RUN}>a</a><style>@import 'javascript:{RUN}'</style>",
)


def in_other_letters(way: str) -> str:
    """Large letters for small ones, but in the script itself."""
    return way.replace(RUN, "\0").swapcase().replace("\0", RUN)


HOSTILE = [text for way in WAYS for text in (way, in_other_letters(way), f"`{way}`", html.escape(way))]
"""Each way into a page as it is, in other letters, as code and already escaped."""
NAME = WAYS[1]
"""A hostile text that a folder can be called."""


def test_there_are_sixty() -> None:
    assert len(set(HOSTILE)) == 60


def test_what_runs_is_noticed(browser: Browser) -> None:
    page = browser.new_page()
    ran = watch(page)
    for way in WAYS[:3]:
        with page.expect_console_message(lambda message: message.text == "hostile-ran"):
            page.set_content(way)
    assert len(ran) == 3
    page.close()


def picture(number: int) -> bytes:
    """A cell that looks like no other."""
    pixels = np.random.default_rng(number).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


def file_of(number: int) -> str:
    """The hostile name of a cell, in the folder of its class."""
    return f"{CLASSES[number % 2]}/{HOSTILE[number].replace('/', '∕')}.png"


PICTURES = {file_of(number): picture(number) for number in range(len(HOSTILE))}


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for file, data in PICTURES.items():
            archive.writestr(file, data)
    return target.getvalue()


CARD_TEXTS = ("about", "architecture", "version", "limits", "intended_use", "threshold_chosen", "licence", "commit")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight networks whose cards are hostile from top to bottom; the name of the last one's folder is, too."""
    folder = tmp_path_factory.mktemp("models")
    for number in range(8):
        texts = [HOSTILE[(8 * number + place) % 60] for place in range(8)]
        name = f"hostile-{number}" if number < 7 else NAME
        card = dict(zip(CARD_TEXTS, texts, strict=True)) | {"trained_on": {"data": texts[0], "labels": texts[1]}}
        made = write_model(folder, f"m{number}", **card)
        made.rename(folder / name)
    (folder / "broken").mkdir()
    (folder / "broken" / "card.json").write_text(json.dumps({HOSTILE[0]: HOSTILE[1], "name": HOSTILE[2]}))
    return folder


@pytest.fixture(scope="module")
def classifier(models: Path) -> Classifier:
    return load("hostile-0", models)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("journal")
    journal = CsvJournal(folder / "corrections.csv")
    journal.append(
        [
            Decision(annotator, image_id(data), file, PARASITIZED, answer, note=note, given_label=UNINFECTED)
            for annotator, note, answer, (file, data) in zip(
                HOSTILE, HOSTILE[::-1], [PARASITIZED, UNINFECTED] * 30, PICTURES.items(), strict=True
            )
        ]
    )
    with server.running(folder / "log", MALARIA_JOURNAL=str(journal.path), MALARIA_MODELS=str(models)) as address:
        yield address


@pytest.fixture
def page(context: BrowserContext, models: Path) -> Iterator[Page]:
    page = context.new_page()
    ran = watch(page)
    yield page
    check(page, ran, str(models.parent))


def watch(page: Page) -> list[str]:
    """Return a list that fills with what ran."""
    ran: list[str] = []
    page.on("console", lambda message: ran.append(message.text) if "hostile-ran" in message.text else None)
    page.on("dialog", lambda dialog: ran.append(dialog.message))
    return ran


def check(page: Page, ran: list[str], *places: str) -> None:
    """See that nothing ran, that nothing could on a click, and that no place on the server is told."""
    assert not ran
    assert page.locator(":is(a, area)[href^='javascript:' i], [onerror], [onload], [ontoggle], [srcdoc]").count() == 0
    text = page.content()
    for place in (*places, str(server.ROOT)):
        assert place not in text


NAMES = ("model", "example", "annotator", "view", "section", "threshold", "queue", "cells", "sample", "test")


@pytest.mark.parametrize("number", range(len(PAGES)), ids=[entry.title for entry in PAGES])
def test_no_address_runs(page: Page, number: int) -> None:
    address = ADDRESSES[number]
    for start in range(0, 60, len(NAMES)):
        asked = zip(NAMES, [*HOSTILE, *HOSTILE][start + number : start + number + len(NAMES)], strict=True)
        open_page(page, f"{address}?{urlencode(dict(asked))}#{HOSTILE[start]}")


def test_no_card_runs(page: Page, models: Path) -> None:
    for name in (*(f"hostile-{number}" for number in range(7)), NAME):
        open_page(page, f"/Models?section=This+model&{urlencode({'model': name})}")
        expect(page.get_by_test_id("stSidebar").get_by_role("combobox")).to_have_value(name)
    for address in ("/", "/Single_cell?example=ring"):
        open_page(page, address)
    open_page(page, "/Models")
    page.get_by_text("in the models folder cannot be used").click()
    expect(page.get_by_text("broken: card.json is not a valid card")).to_be_visible()


def upload(page: Page) -> None:
    """Upload the cells, with a CSV whose patients are hostile, too."""
    labels = pd.DataFrame(
        {"file": list(PICTURES), "label": [file.split("/")[0] for file in PICTURES], "patient": HOSTILE}
    )
    files = [(f"{HOSTILE[1]}.zip".replace("/", "∕"), zipped()), ("labels.csv", format_csv(labels).encode())]
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        [{"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in files]
    )


def test_no_name_runs_on_the_batch_page_and_in_its_report(page: Page, tmp_path: Path) -> None:
    open_page(page, "/Batch_evaluation")
    upload(page)
    expect(page.get_by_role("heading", name="Next steps")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Report (HTML)").click()
    download.value.save_as(tmp_path / "report.html")
    with page.context.new_page() as report:
        ran = watch(report)
        report.goto((tmp_path / "report.html").as_uri())
        check(report, ran)


def test_no_name_or_note_runs_on_the_review_page(page: Page) -> None:
    open_page(page, f"/Label_review?{urlencode({'annotator': HOSTILE[0], 'queue': 'all'})}")
    upload(page)
    expect(page.locator(".keys[data-card]")).to_be_visible()
    for part in ("Results", "Agreement", "Journal"):
        page.get_by_text(part, exact=True).click()
        expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)
        check(page, [])


def test_no_name_runs_on_the_dataset_page(page: Page) -> None:
    open_page(page, "/Dataset")
    upload(page)
    expect(page.locator(".figures").first).to_be_visible()


def test_no_text_runs_in_the_report_on_a_sample(browser: Browser, classifier: Classifier, tmp_path: Path) -> None:
    field = np.full((400, 600, 3), (225, 222, 214), np.uint8)
    for place in range(12):
        centre = (80 + 120 * (place % 4), 80 + 110 * (place // 4))
        cv2.circle(field, centre, 30, (196, 140, 142), -1, cv2.LINE_AA)
        cv2.circle(field, centre, 5, (230, 5, 5), -1, cv2.LINE_AA)
    triage = pool_fields(
        [triage_field(cv2.GaussianBlur(field, (0, 0), 1), classifier, HOSTILE[0])],
        classifier,
        unreadable=dict(zip(HOSTILE[1:], HOSTILE, strict=False)),
    )
    cells = Cells(triage, {HOSTILE[0]: "0" * 64})
    red = list(cells.red.values())
    assert len(red) == 12
    rows = [
        Decision(
            HOSTILE[number],
            red[number % 12].image_id,
            red[number % 12].name,
            answer,
            answer,
            note=HOSTILE[-number - 1],
            decided_at=f"2026-01-02T03:04:{number:02}.000000Z",
        )
        for number, answer in enumerate([PARASITIZED, UNINFECTED] * 30)
    ]
    made = report_html(Result(triage, cells.decisions(replay(rows)), sample=HOSTILE[4]))
    assert made.count(str(escape(HOSTILE[1]))) > 1
    read_report(browser, made, tmp_path)


def read_report(browser: Browser, made: str, folder: Path) -> None:
    (folder / "report.html").write_text(made, encoding="utf-8")
    page = browser.new_page()
    ran = watch(page)
    page.goto((folder / "report.html").as_uri())
    check(page, ran)
    assert page.locator("script, iframe, object, embed").count() == 0
    page.close()
