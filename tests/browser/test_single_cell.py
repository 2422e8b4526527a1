"""The single-cell page as a user meets it: in a real browser, against the real server and the shipped model."""

import re
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from malaria import phantom
from tests.browser import server
from tests.browser.conftest import watch
from tests.hostile import REFUSED

ANSWER = re.compile("looks parasitized|looks uninfected|too close to call", re.IGNORECASE)


def upload(page: Page, *files: FilePayload) -> None:
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(list(files))


def payload(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": data}


def answer(page: Page) -> None:
    expect(page.get_by_role("status").filter(has_text=ANSWER)).to_be_visible()


def pick(page: Page, row: int, shows: Locator) -> None:
    """Click a row of the table, again if need be: the table is a canvas, and it is not said when it listens."""
    for patience in (2, 2, 2, 2, 60):
        grid = page.get_by_test_id("stDataFrame").bounding_box()
        assert grid is not None
        page.mouse.click(grid["x"] + 150, grid["y"] + 40 + row * 64 + 30)
        try:
            expect(shows).to_be_visible(timeout=patience * 1000)
            return
        except AssertionError:
            if patience == 60:
                raise


def no_cell() -> bytes:
    """A picture that nobody would take for a stained cell: a blue sky over a green meadow."""
    landscape = np.zeros((600, 800, 3), np.uint8)
    landscape[:300], landscape[300:] = (235, 180, 90), (60, 160, 60)
    return cv2.imencode(".png", landscape)[1].tobytes()


def test_deep_link_to_a_cold_server(browser: Browser, tmp_path: Path) -> None:
    with server.running(tmp_path / "log") as address, browser.new_context(base_url=address) as context:
        page = context.new_page()
        complaints = watch(page)
        page.goto("/Single_cell?example=schizont", timeout=60_000)
        answer(page)
        expect(page.get_by_role("heading", name="Single cell")).to_be_visible()
        expect(page.get_by_role("link", name="Home")).to_be_visible()
        expect(page.get_by_text("not a diagnosis")).to_be_visible()
        assert not complaints


def test_one_click_on_an_example_answers(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Trophozoite").click()
    answer(page)
    expect(page).to_have_url(re.compile(r"/Single_cell\?(.*&)?example=trophozoite"))
    page.get_by_role("button", name="Schizont").click()
    expect(page).to_have_url(re.compile(r"example=schizont"))
    expect(page.get_by_text("SYNTHETIC_schizont")).to_be_visible()


def test_one_upload_answers_and_takes_the_place_of_the_example(page: Page) -> None:
    page.goto("/Single_cell?example=ring")
    answer(page)
    cell = phantom.batch(1, seed=5)[0]
    upload(page, payload("mine.png", cell.png))
    expect(page.get_by_test_id("stImageCaption").get_by_text("mine.png")).to_be_visible()
    answer(page)
    assert "example" not in page.url


def test_good_broken_and_unlikely_files_together(page: Page) -> None:
    page.goto("/Single_cell")
    good, twin = phantom.batch(2, seed=5)
    broken = next(case for case in REFUSED if case.name == "half.png")
    upload(
        page,
        payload("cell.png", good.png),
        payload("cell.png", twin.png),
        payload("half.png", broken.make()),
        payload("meadow.png", no_cell()),
    )
    expect(page.get_by_text("4 images:")).to_be_visible()
    expect(page.get_by_text(f"half.png: {broken.says}")).to_be_visible()
    expect(page.get_by_text("meadow.png:")).to_be_visible()
    answer(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("file,patient,p_parasitized,label,error")
    assert [line.split(",")[0] for line in lines[1:]] == ["cell.png", "cell.png", "half.png", "meadow.png"]
    pick(page, 3, page.get_by_role("button", name="ask the model anyway"))
    expect(page.get_by_role("status").filter(has_text=ANSWER)).to_have_count(0)


def test_by_keyboard_alone(page: Page) -> None:
    page.goto("/Single_cell")
    button = page.get_by_role("button", name="Faint ring")
    expect(button).to_be_visible()
    for _ in range(40):
        if button.evaluate("element => element === document.activeElement"):
            break
        page.keyboard.press("Tab")
    outline = button.evaluate("element => getComputedStyle(element).outlineStyle")
    assert outline == "solid", "the keyboard's place must be seen"
    page.keyboard.press("Enter")
    answer(page)
    slider = page.get_by_role("slider")
    before = slider.get_attribute("aria-valuenow")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(slider).not_to_have_attribute("aria-valuenow", str(before))


def test_a_file_name_is_shown_as_it_is_and_never_run(page: Page) -> None:
    page.goto("/Single_cell")
    name = "<img src=x onerror=alert(1)> [a](http://example.org) ![b](http://example.org/b.png) $x$.png"
    upload(page, payload(name.replace("/", "∕"), phantom.batch(1)[0].png))
    answer(page)
    expect(page.get_by_test_id("stImageCaption").filter(has_text="onerror")).to_contain_text("[a](http:∕∕example.org)")
