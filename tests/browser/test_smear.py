"""Smear triage in a real browser: from one click to suspects, by keys and by clicks in the field, to the files."""

import csv
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from malaria import phantom
from malaria.review import CsvJournal, Log
from tests.browser.conftest import SECONDS
from tests.browser.test_every_page import PHONE, pale

FIELD = "SYNTHETIC_field_0003.png"
LAPTOP = {"viewport": {"width": 1280, "height": 800}}


@pytest.fixture(scope="module")
def app(app_with_journal: str) -> str:
    return app_with_journal


def decided(page: Page, n: int) -> None:
    """Wait until so many suspects are decided, and the keys of what follows are there."""
    expect(page.get_by_text(re.compile(rf"^{n} of \d+ suspects decided"))).to_be_visible()
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)


def triaged(page: Page, n: int) -> None:
    """Wait until so many fields are triaged, and the page says so."""
    expect(page.get_by_text(f"{n} fields triaged.")).to_be_visible()
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)


def on_view(page: Page, words: str) -> None:
    expect(page.get_by_text(words, exact=True)).to_be_visible()
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)


def listed(page: Page) -> list[str]:
    """The suspects of the list, in its order."""
    texts = page.locator(".st-key-smear-list").get_by_role("button").all_inner_texts()
    return [f"Suspect {text.split()[0]}" for text in texts]


def download(page: Page, name: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    return Path(download.value.path()).read_text("utf-8-sig")


def test_from_one_click_to_the_files(page: Page, journal: CsvJournal) -> None:
    page.goto("/Smear_triage?annotator=ann")
    page.get_by_role("button", name="Try it on two synthetic fields").click()
    triaged(page, 2)
    decided(page, 0)
    names = listed(page)
    on_view(page, names[0])

    page.keyboard.press("p")
    decided(page, 1)
    on_view(page, names[1])
    page.keyboard.press("t")
    page.keyboard.type("a platelet upon it")
    page.keyboard.press("Enter")
    page.keyboard.press("u")
    decided(page, 2)
    page.keyboard.press("z")
    decided(page, 1)

    field = page.get_by_alt_text(re.compile(r"^The field SYNTHETIC_field_\d+\.png with \d+ suspects? outlined"))
    whole = field.get_attribute("src") or ""
    page.locator(".st-key-smear-list").get_by_role("button").nth(3).click()
    on_view(page, names[3])
    expect(field).not_to_have_attribute("src", whole)
    expect(page.get_by_role("radio", name="8 cells")).to_be_checked()

    page.get_by_role("radio", name="Whole field").click()
    page.get_by_role("combobox", name="Field").click()
    page.get_by_role("option", name=FIELD).click()
    expect(page.get_by_alt_text(re.compile(f"^The field {re.escape(FIELD)}"))).to_be_visible()
    mark = page.get_by_role("button", name=re.compile(r"^Suspect [AB]\d+, p ")).last
    name = (mark.get_attribute("aria-label") or "").split(",")[0]
    mark.click()
    on_view(page, name)

    picture = field.bounding_box()
    assert picture
    x, y = bare_ground()
    field.click(position={"x": x * picture["width"], "y": y * picture["height"]})
    on_view(page, "A cell that was missed")
    page.keyboard.press("p")
    on_view(page, names[1])

    table = list(csv.DictReader(download(page, "Download cells.csv").splitlines()))
    report = download(page, "Download the report")
    names = ["field", "x", "y", "width", "height", "kind", "cells", "p_parasitized", "rank"]
    assert list(table[0])[:9] == names
    assert [row["answer"] for row in table if row["source"] == "human"] == ["Parasitized"]
    assert {row["field"] for row in table} == {FIELD, "SYNTHETIC_field_0014.png"}
    assert "research use only" in report
    assert "confirmed, ann, " in report
    assert report.count("Cells that people added") == 1
    assert "Decided by ann" in report
    rows = Log(journal).state.opinions
    assert [cell["ann"][0].decision.final_answer for cell in rows.values()] == ["Parasitized"] * 2


@pytest.mark.parametrize("context", [PHONE, PHONE | {"color_scheme": "dark"}], indirect=True, ids=["phone", "dark"])
def test_fits_a_phone_and_reads(page: Page, context: BrowserContext) -> None:
    page.goto("/Smear_triage?example=synthetic&annotator=looker")
    triaged(page, 2)
    decided(page, 0)
    expect(page.get_by_role("button", name="Download the report")).to_be_visible()
    assert page.get_by_test_id("stMain").evaluate("element => element.scrollWidth - element.clientWidth") <= 0
    assert pale(page) == []
    untold = page.locator("img:visible").evaluate_all("all => all.filter(image => !image.alt.trim()).length")
    assert untold == 0


@pytest.mark.parametrize("context", [{}, PHONE], indirect=True, ids=["wide", "phone"])
def test_the_card_stays_under_the_finger_while_fields_come_in(
    page: Page, context: BrowserContext, journal: CsvJournal
) -> None:
    annotator = f"quick {page.viewport_size}"
    page.goto(f"/Smear_triage?annotator={annotator}")
    fields = [phantom.field(seed=seed, slide=5, parasitaemia=0.15) for seed in range(5, 9)]
    give(page, {one.file: one.png for one in fields})
    confirm = page.get_by_role("button", name=re.compile("^Confirm"))
    cell = page.get_by_alt_text("The cell to be decided, enlarged")
    expect(page.locator(".st-key-smear-status").get_by_role("button", name="Stop")).to_be_visible()
    expect(cell).to_be_visible()
    expect(page.get_by_alt_text(re.compile("^The field"))).to_be_visible()  # above the card on a phone
    seen, place = cell.get_attribute("src"), confirm.bounding_box()
    triaged(page, 4)
    expect(cell).to_have_attribute("src", seen or "")
    assert confirm.bounding_box() == place
    confirm.click()
    decided(page, 1)
    assert sum(annotator in said for said in Log(journal).state.opinions.values()) == 1


def test_a_missed_cell_is_added_without_a_mouse(page: Page, journal: CsvJournal) -> None:
    page.goto("/Smear_triage?example=synthetic&annotator=keys")
    triaged(page, 2)
    decided(page, 0)
    cross = page.get_by_role("button", name="A cross: the arrow keys move it, Enter chooses the cell")
    cross.focus()
    x, y = bare_ground(half=0)  # where nobody has marked anything in another test
    for key, far in (("Right", x - 0.5), ("Down", y - 0.5)):
        for _ in range(round(abs(far) * 100)):
            page.keyboard.press(f"Arrow{key}" if far > 0 else {"Right": "ArrowLeft", "Down": "ArrowUp"}[key])
    page.keyboard.press("Enter")
    on_view(page, "A cell that was missed")
    page.keyboard.press("p")
    expect(page.get_by_text("A cell that was missed")).to_have_count(0)
    said = [cell["keys"][0].decision for cell in Log(journal).state.opinions.values() if "keys" in cell]
    assert [(one.final_answer, one.p_parasitized) for one in said] == [("Parasitized", None)]


def test_a_suspect_is_chosen_by_key_and_by_click_though_others_lie_over_it(page: Page) -> None:
    heap = phantom.field(
        seed=1, cells=16, parasitaemia=0.5, touching=0.9, width=480, height=360, leukocytes=0, artefacts=0
    )
    page.goto("/Smear_triage?annotator=chooser")
    give(page, {heap.file: heap.png})
    expect(page.get_by_text("1 field triaged.")).to_be_visible()
    decided(page, 0)
    marks = page.locator(".marked-field .places button")
    names = [(mark.get_attribute("aria-label") or "").split(",")[0] for mark in marks.all()]
    assert len(set(names)) == len(names) > 5
    names.append(names.pop(0))  # which is on view: only another one shows that a choice has arrived
    for name in names:
        page.get_by_role("button", name=re.compile(f"^{name}, p ")).press("Enter")
        on_view(page, name)
    page.get_by_role("radio", name="Whole field").click()
    for name in names:
        box = page.get_by_role("button", name=re.compile(f"^{name}, p ")).bounding_box()
        assert box
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        on_view(page, name)


@pytest.mark.parametrize("context", [{}, PHONE], indirect=True, ids=["wide", "phone"])
def test_one_looks_about_a_field_by_key_and_what_is_chosen_stays(page: Page, context: BrowserContext) -> None:
    page.goto("/Smear_triage?example=synthetic&annotator=scout")
    triaged(page, 2)
    decided(page, 0)
    on_view(page, "Suspect A1")
    page.get_by_role("combobox", name="Field").click()
    page.get_by_role("option", name="SYNTHETIC_field_0014.png").click()
    expect(page.get_by_alt_text(re.compile(r"^The field SYNTHETIC_field_0014\.png"))).to_be_visible()
    on_view(page, "Suspect A1")
    page.get_by_role("radio", name="4 cells").click()
    field = page.get_by_alt_text(re.compile(r"^The field SYNTHETIC_field_0014\.png .*In view: \d+ to \d+ % across"))
    expect(field).to_be_visible()
    right = page.get_by_role("button", name="Right", exact=True)
    for _ in range(9):
        if right.is_disabled():
            break
        before = field.get_attribute("src") or ""
        right.press("Enter")
        expect(field).not_to_have_attribute("src", before)
        on_view(page, "Suspect A1")
    expect(right).to_be_disabled()
    expect(page.get_by_alt_text(re.compile("to 100 % across"))).to_be_visible()
    expect(page.get_by_role("button", name="Left", exact=True)).to_be_enabled()
    assert page.get_by_test_id("stMain").evaluate("element => element.scrollWidth - element.clientWidth") <= 0
    assert pale(page) == []


def test_what_is_open_stays_open_and_what_is_typed_stays_while_fields_come_in(page: Page) -> None:
    page.goto("/Smear_triage?annotator=counter")
    fields = [phantom.field(seed=seed, slide=7) for seed in (5, 6)]
    big = cv2.imencode(".jpg", np.tile(fields[1].rgb[..., ::-1], (3, 3, 1)))[1].tobytes()  # takes as long as nine
    give(page, {"a.png": fields[0].png, "big.jpg": big, "no.png": b"not an image"})
    count = page.get_by_label("Red cells you counted")
    page.get_by_text("Enter your own count").click()
    page.get_by_text(re.compile(r"^Field by field \(1\)$")).click()
    count.press_sequentially("512")
    expect(page.locator(".st-key-smear-status").get_by_role("button", name="Stop")).to_be_visible()
    expect(page.get_by_text("2 fields triaged. 1 field does not count: see below.")).to_be_visible()
    expect(page.get_by_text(re.compile("^no.png"))).to_be_visible()
    expect(count).to_be_visible()
    expect(count).to_have_value("512")
    expect(page.locator(".st-key-smear-fields").get_by_test_id("stDataFrame")).to_be_visible()


def test_a_suspect_keeps_its_number(page: Page) -> None:
    fields = [phantom.field(seed=seed, slide=5, parasitaemia=0.1, width=900, height=700, cells=50) for seed in (5, 6)]
    files = {one.file: one.png for one in fields}
    page.goto("/Smear_triage?annotator=keeper")
    give(page, dict([next(iter(files.items()))]))
    expect(page.get_by_text("1 field triaged.")).to_be_visible()
    decided(page, 0)
    alone = listed(page)
    assert sorted(alone) == sorted(f"Suspect A{n + 1}" for n in range(len(alone)))
    on_view(page, alone[0])
    page.get_by_text("Add fields, or start another sample").click()
    give(page, files)
    triaged(page, 2)
    decided(page, 0)
    both = listed(page)
    kept = [name for name in both if name in alone]  # of the first field, as far as they are listed still
    assert kept == alone[: len(kept)] != []
    assert {name[: len("Suspect B")] for name in both if name not in alone} == {"Suspect B"}

    page.locator(".st-key-smear-list").get_by_role("button", name=re.compile(f"^{kept[-1]} ")).click()
    on_view(page, kept[-1])
    page.get_by_role("radio", name="Whole field").click()
    expect(page.get_by_alt_text(re.compile("In view"))).to_have_count(0)
    tags = page.locator(".marked-field svg text").all_text_contents()
    assert sorted(f"Suspect {tag}" for tag in tags) == sorted(kept)
    table = csv.DictReader(download(page, "Download cells.csv").splitlines())
    ranked = sorted((row for row in table if row["rank"]), key=lambda row: int(row["rank"]))
    assert [f"Suspect {row['number']}" for row in ranked[: len(both)]] == both
    pictured = re.findall(r'alt="(Suspect [^"]+)"', download(page, "Download the report"))
    assert pictured[: len(both)] == both

    page.reload()
    give(page, files)
    triaged(page, 2)
    decided(page, 0)
    assert listed(page) == both


@pytest.mark.parametrize("context", [{}, PHONE], indirect=True, ids=["wide", "phone"])
def test_in_a_crowd_no_number_covers_a_suspect_or_another_number(page: Page, context: BrowserContext) -> None:
    crowd = phantom.field(seed=8, cells=130, parasitaemia=0.3, touching=0.8)
    page.goto("/Smear_triage?annotator=crowd")
    give(page, {crowd.file: crowd.png})
    expect(page.get_by_text("1 field triaged.")).to_be_visible()
    decided(page, 0)
    field = page.locator(".marked-field")
    whole = tags_in(page)
    suspects = field.get_by_role("button", name=re.compile("^Suspect ")).count()
    assert suspects > 30
    assert whole["covered"] == []
    assert whole["numbers"] + whole["left_out"] == suspects
    assert whole["numbers"] > suspects / 3
    assert whole["height"] >= 10, "it can be read on a phone, too"
    assert all((dashes == "none") == (kind == "sure") for kind, dashes in whole["lines"]), "they differ without colour"
    page.get_by_role("radio", name="4 cells").click()
    expect(page.get_by_alt_text(re.compile("In view"))).to_be_visible()
    near = tags_in(page)
    assert near["covered"] == []
    assert near["numbers"] > near["left_out"]


@pytest.mark.parametrize("context", [LAPTOP, PHONE], indirect=True, ids=["laptop", "phone"])
def test_stop_stays_in_view_however_far_one_scrolls(page: Page, context: BrowserContext) -> None:
    page.goto("/Smear_triage?annotator=stopper")
    fields = [phantom.field(seed=seed, slide=7) for seed in (5, 6)]
    big = cv2.imencode(".jpg", np.tile(fields[1].rgb[..., ::-1], (2, 2, 1)))[1].tobytes()  # takes as long as four
    give(page, {"a.png": fields[0].png, "big.jpg": big, "b.png": fields[1].png})
    status = page.locator(".st-key-smear-status")
    stop = status.get_by_role("button", name="Stop")
    expect(page.get_by_role("button", name="Download the report")).to_be_attached()
    for end in ("element.scrollHeight", "300", "0"):
        page.get_by_test_id("stMain").evaluate(f"element => element.scrollTo(0, {end})")
        expect(stop).to_be_in_viewport(ratio=1)
        expect(status.get_by_text(re.compile("of 3 fields"))).to_be_in_viewport(ratio=1)
        assert stop.evaluate(
            "button => {const {x, y, width, height} = button.getBoundingClientRect();"
            "return button.contains(document.elementFromPoint(x + width / 2, y + height / 2))}"
        ), "nothing lies over it"
    page.get_by_test_id("stMain").evaluate("element => element.scrollTo(0, element.scrollHeight)")
    stop.click()
    expect(page.get_by_text("Stopped after 2 of 3 fields.")).to_be_attached(timeout=180 * SECONDS)


def tags_in(page: Page) -> dict[str, Any]:
    """How many numbers are drawn and how many left out, which cover a marked cell or another; and how it looks."""
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)
    expect(page.locator(".marked-field svg text").first).to_be_visible()
    found: dict[str, Any] = page.locator(".marked-field").evaluate(
        """figure => {
            const texts = [...figure.querySelectorAll("svg text")].map((text) => [text.textContent, text.getBBox()]);
            const cells = [...figure.querySelectorAll("svg :is(polygon, ellipse):not(.halo)")];
            const meet = (a, b) => Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) > 3 &&
                Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) > 5;
            const over = ({ x, y, width, height }) => {
                const middle = new DOMPoint(x + width / 2, y + height / 2);
                return cells.some((cell) => cell.isPointInFill(middle));
            };
            const covered = texts.filter(([, box], at) =>
                over(box) || texts.some(([, other], which) => which < at && meet(box, other)));
            return {
                numbers: texts.length,
                covered: covered.map(([tag]) => tag),
                left_out: Number.parseInt(figure.querySelector("figcaption").textContent.replace("One", "1")) || 0,
                height: Math.min(...texts.map(([, box]) => box.height)),
                lines: cells.map((cell) => [cell.classList[0], getComputedStyle(cell).strokeDasharray]),
            };
        }"""
    )
    return found


def give(page: Page, files: dict[str, bytes]) -> None:
    page.locator('input[type="file"]').last.set_input_files(
        [{"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in files.items()]
    )


def bare_ground(half: int = 1) -> tuple[float, float]:
    """A place in the left (0) or right (1) half of the example's first field with nothing near it, as shares."""
    drawn = phantom.field(seed=3, slide=3)
    height, width = drawn.rgb.shape[:2]
    boxes = [(item.x + item.width / 2, item.y + item.height / 2) for item in drawn.truth]
    across = range(60 + half * (width // 2 - 60), (1 + half) * width // 2 - 60, 10)
    places = [(x, y) for x in across for y in range(60, height - 60, 10)]
    x, y = max(places, key=lambda at: min((at[0] - a) ** 2 + (at[1] - b) ** 2 for a, b in boxes))
    return x / width, y / height
