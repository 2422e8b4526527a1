"""The models page as a user meets it: every section fits, reads and tells its pictures; TensorFlow only when asked."""

import re

import pytest
from playwright.sync_api import Page, expect

from malaria.ui.models.page import SECTIONS
from tests.browser.test_every_page import SCREENS, open_page, pale


def settled(page: Page) -> None:
    """Wait until the server has sent all of the page."""
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)


@pytest.mark.parametrize("context", [SCREENS["wide"], SCREENS["phone dark"]], indirect=True, ids=["wide", "phone dark"])
@pytest.mark.parametrize("section", SECTIONS[1:])
def test_every_section_fits_reads_and_tells_its_pictures(page: Page, section: str) -> None:
    open_page(page, f"/Models?section={section.replace(' ', '+')}")
    expect(page.get_by_role("tab", name=section, selected=True)).to_be_visible()
    wider = page.get_by_test_id("stMain").evaluate("element => element.scrollWidth - element.clientWidth")
    assert wider <= 0, "nothing may be cut off at the side"
    untold = page.locator("img").evaluate_all("all => all.filter(image => !image.alt.trim()).map(image => image.src)")
    assert untold == []
    assert pale(page) == []


def test_the_reading_is_in_the_address_and_the_picture_follows(page: Page) -> None:
    open_page(page, "/Models?reading=as+given")
    chart = page.get_by_role("figure", name=re.compile("labels as given"))
    expect(chart).to_be_visible()
    page.get_by_test_id("stButtonGroup").get_by_text("re-read", exact=True).click()
    expect(page.get_by_role("figure", name=re.compile("labels re-read"))).to_be_visible()
    expect(page).to_have_url(re.compile("reading=re-read"))


def test_the_network_is_opened_by_a_process_of_its_own(page: Page) -> None:
    open_page(page, "/Models?section=Inside&example=trophozoite&model=seed-cnn-6")
    expect(page.get_by_text(re.compile("This part needs TensorFlow"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Turned by 90°"))).to_be_visible()
    page.get_by_text("Open the network with TensorFlow").click()
    expect(page.get_by_role("img", name=re.compile("^Filter 18,"))).to_be_visible(timeout=180_000)
    expect(page.get_by_role("img", name=re.compile("^Channel 1, mean"))).to_be_visible(timeout=180_000)
    expect(page.get_by_role("img", name=re.compile("under Grad-CAM|Nothing in this layer"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("occlusion|stands out"))).to_be_visible()
    settled(page)


def test_two_models_answer_one_cell(page: Page) -> None:
    open_page(page, "/Models?section=Two+models")
    page.get_by_role("button", name="Schizont").click()
    expect(page).to_have_url(re.compile("example=schizont"))
    expect(page.get_by_role("status").filter(has_text="parasitized")).to_have_count(2)
    expect(page.get_by_text("exact test")).to_be_visible()
