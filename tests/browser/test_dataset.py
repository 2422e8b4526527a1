"""The data set page as a user meets it: one click, a zip of one's own, and every section, wide and on a phone."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from malaria import phantom
from malaria.ui.dataset.page import SECTIONS
from tests.browser.conftest import watch
from tests.browser.test_every_page import SCREENS, open_page, pale


@pytest.mark.parametrize("context", [SCREENS["wide"], SCREENS["phone dark"]], indirect=True, ids=["wide", "phone dark"])
@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_fits_reads_and_tells_its_pictures(page: Page, section: str) -> None:
    open_page(page, f"/Dataset?example=synthetic&section={section.replace(' ', '+')}")
    expect(page.get_by_role("tab", name=section, selected=True)).to_be_visible()
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)
    wider = page.get_by_test_id("stMain").evaluate("element => element.scrollWidth - element.clientWidth")
    assert wider <= 0, "nothing may be cut off at the side"
    untold = page.locator("img").evaluate_all("all => all.filter(image => !image.alt.trim()).map(image => image.src)")
    assert untold == []
    assert pale(page) == []


def test_one_click_describes_the_built_in_set(page: Page) -> None:
    open_page(page, "/Dataset")
    page.get_by_role("button", name="Look at 200 synthetic cells").click()
    expect(page.get_by_role("heading", name=re.compile("203 images"))).to_be_visible()
    expect(page).to_have_url(re.compile("example=synthetic"))
    page.get_by_role("tab", name="Duplicates").click()
    expect(page.get_by_text("across classes").first).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("copy.png, labelled"))).to_be_visible()


def test_a_zip_of_ones_own_and_its_csv(page: Page) -> None:
    open_page(page, "/Dataset")
    cells = phantom.batch(30, patients=3)
    csv = "file,expert_label\n" + "".join(f"{cell.file},Parasitized\n" for cell in cells)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        [
            {"name": "mine.zip", "mimeType": "application/zip", "buffer": phantom.batch_zip(30, patients=3)},
            {"name": "mine.csv", "mimeType": "text/csv", "buffer": csv.encode()},
        ]
    )
    expect(page.get_by_role("heading", name=re.compile("30 images"))).to_be_visible()
    expect(page.get_by_text("The expert disputes 15 of 30 labels")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Every image as CSV").click()
    lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("file,patient,given_label")
    assert len(lines) == 31


def test_other_samples_at_the_press_of_a_button(page: Page) -> None:
    open_page(page, "/Dataset?example=synthetic&section=Samples")
    first = page.get_by_role("img", name=re.compile("^Cell Parasitized")).first
    expect(first).to_be_visible()
    before = first.get_attribute("alt")
    page.get_by_role("button", name="Others").click()
    expect(first).not_to_have_attribute("alt", str(before))


def test_deep_link_with_another_model(browser: Browser, app: str) -> None:
    with browser.new_context(base_url=app, viewport={"width": 1280, "height": 1600}) as context:
        page = context.new_page()
        complaints = watch(page)
        page.goto("/Dataset?example=synthetic&section=What+the+model+sees&model=seed-cnn-6", timeout=60_000)
        expect(page.get_by_role("img", name="The cell as seed-cnn-6 sees it, 64 × 64 pixels")).to_be_visible()
        expect(page.get_by_role("img", name=re.compile("channel hue"))).to_be_visible()
        assert not complaints
