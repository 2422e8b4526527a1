"""What holds for every page, wide and on a phone, in light and dark: it fits, reads, and tells its pictures."""

import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from malaria.ui.parts.frame import PAGES
from tests.browser.conftest import SECONDS

CONTRAST = Path(__file__).with_name("contrast.js").read_text()
SCROLLING = Path(__file__).with_name("scrolling.js").read_text()
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
SCREENS: dict[str, dict[str, Any]] = {
    "wide": {},
    "wide dark": {"color_scheme": "dark"},
    "phone": PHONE,
    "phone dark": PHONE | {"color_scheme": "dark"},
}
ADDRESSES = [
    "/",
    *(re.sub(r"pages/\d+_(.*)\.py", r"/\1", entry.file) for entry in PAGES[1:]),
    "/Single_cell?example=ring",
    "/Models?section=This+model",
    "/Sample_threshold?section=Trust",
    "/Sample_threshold?section=Threshold",
    "/Reader_test?section=A+test&cells=20&repeats=2",
    "/Reader_test?section=Compare+readers",
]


STATES = {
    "/Batch_evaluation?example=synthetic": ".figures",
    "/Label_review?example=synthetic&annotator=axe": ".st-key-review-answers",
    "/Smear_triage?example=synthetic_field&annotator=axe": ".st-key-smear-list button",
    "/Dataset?example=synthetic": ".figures",
}
"""What a click on each page's example leads to, and a part of it that is drawn once the work is done."""

STREAMLITS = {
    # The zone for dropping files is no button, has a role of none and yet a name, and no option changes either.
    "presentation-role-conflict": '[data-testid="stFileUploaderDropzone"]',
    # The sidebar of a phone, closed: it scrolls, and what is in it takes no focus until it is opened.
    "scrollable-region-focusable": '[data-testid="stSidebarContent"]',
}
"""Findings of axe-core, by its ids, in parts that are Streamlit's own and cannot be mended from here."""


def open_page(page: Page, address: str) -> None:
    """Open an address and wait until the server has sent all of the page."""
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)


def pale(page: Page) -> list[str]:
    """What is too pale to read, once nothing fades in any more."""
    return find_lasting(page, CONTRAST)


def silent(page: Page) -> list[str]:
    """The tables that scroll and do not say so, or say so and do not scroll, once the page has had time to say it."""
    return find_lasting(page, SCROLLING)


def find_lasting(page: Page, script: str) -> list[str]:
    """What a script finds wrong in a page, once it has had time to come right."""
    for _ in range(20):
        if not (found := page.evaluate(script)):
            break
        page.wait_for_timeout(250)
    return list(found)


def find_barriers(page: Page) -> list[str]:
    """What axe-core finds, of any weight, without what is known to be Streamlit's."""
    is_known = "([place, known]) => Boolean(document.querySelector(place)?.matches(known))"
    return [
        f"{violation['id']}: {node['html']}"
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"]
        if not page.evaluate(is_known, [node["target"][-1], STREAMLITS.get(violation["id"], "none")])
    ]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("context", SCREENS.values(), indirect=True, ids=SCREENS.keys())
def test_fits_reads_and_tells_its_pictures(page: Page, address: str) -> None:
    open_page(page, address)
    wider = page.get_by_test_id("stMain").evaluate("element => element.scrollWidth - element.clientWidth")
    assert wider <= 0, "nothing may be cut off at the side"
    wider = page.locator(".figures").evaluate_all("all => all.map(table => table.scrollWidth - table.clientWidth)")
    assert max(wider, default=0) <= 0, "nor any column of a table"
    untold = page.locator("img").evaluate_all("all => all.filter(image => !image.alt.trim()).map(image => image.src)")
    assert untold == []
    assert silent(page) == []
    assert pale(page) == []
    assert find_barriers(page) == []
    expect(page.get_by_text("answer is not a diagnosis")).to_be_visible()


@pytest.mark.parametrize(("address", "part"), STATES.items(), ids=STATES)
@pytest.mark.parametrize("context", [SCREENS["wide"], SCREENS["phone dark"]], indirect=True, ids=["wide", "phone dark"])
def test_axe_finds_nothing_after_a_click(page: Page, address: str, part: str) -> None:
    open_page(page, address)
    expect(page.locator(part).first).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)
    assert silent(page) == []
    assert pale(page) == []
    assert find_barriers(page) == []


@pytest.mark.parametrize("context", [SCREENS["wide"], PHONE], indirect=True, ids=["wide", "phone"])
def test_a_table_that_scrolls_says_so_and_scrolls_by_key(page: Page) -> None:
    open_page(page, "/Models")
    grid = page.locator('[data-testid="stDataFrame"][data-scrolls]').first
    expect(grid).to_be_visible()
    assert "Scroll sideways" in grid.evaluate("element => getComputedStyle(element, '::before').content")
    open_page(page, "/Dataset?example=synthetic")
    table = page.locator(".figures").first
    expect(table).to_be_visible()
    expect(table).not_to_have_attribute("data-scrolls", re.compile(""))
    table.evaluate("element => { element.style.width = '60px'; }")
    expect(table).to_have_attribute("data-scrolls", "across")
    region = page.get_by_role("region", name=re.compile(", scrolls sideways$"))
    region.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.scrollLeft > 0")
    table.evaluate("element => { element.style.width = ''; }")
    expect(table).not_to_have_attribute("data-scrolls", re.compile(""))
    expect(region).to_have_count(0)


def test_the_way_back_leads_off_a_page_that_writes_its_address(page: Page) -> None:
    open_page(page, "/")
    page.locator(".st-key-navigation").get_by_role("link", name="Sample threshold").click()
    for address in (r"/Sample_threshold\?.*sens=", "/Sample_threshold$"):
        expect(page).to_have_url(re.compile(address))
        page.wait_for_timeout(SECONDS)
        expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)
        page.go_back()
    expect(page.get_by_role("heading", level=1, name="Malaria cells")).to_be_visible()


@pytest.mark.parametrize("context", [PHONE], indirect=True, ids=["phone"])
def test_on_a_phone_the_navigation_goes_out_of_the_way(page: Page) -> None:
    open_page(page, "/")
    page.get_by_test_id("stExpandSidebarButton").click()
    link = page.locator(".st-key-navigation").get_by_role("link", name="Models")
    expect(link).to_be_in_viewport()
    link.tap()
    expect(page.get_by_role("heading", level=1, name="Models")).to_be_visible()
    expect(link).not_to_be_in_viewport()
