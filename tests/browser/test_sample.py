"""The sample page in a browser: one answer before a click, the rest behind tabs that stand in the address."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_every_page import PHONE, open_page

WIDE = {"viewport": {"width": 1280, "height": 800}}
MOST_WORDS = 400


@pytest.mark.parametrize("context", [WIDE, PHONE], indirect=True, ids=["wide", "phone"])
def test_the_answer_is_short_before_a_click(page: Page) -> None:
    open_page(page, "/Sample_threshold")
    expect(page.locator(".js-plotly-plot:visible")).to_have_count(2)
    words = page.get_by_test_id("stMain").inner_text().split()
    assert len(words) < MOST_WORDS, f"{len(words)} words"
    expect(page.get_by_role("heading", level=2)).to_have_count(0)


@pytest.mark.parametrize("context", [WIDE], indirect=True, ids=["wide"])
def test_a_tab_is_drawn_when_opened_and_stands_in_the_address(page: Page) -> None:
    open_page(page, "/Sample_threshold?n=2000")
    costs = page.get_by_role("heading", name="The count that costs least")
    expect(costs).to_have_count(0)
    page.get_by_role("tab", name="Threshold").click()
    expect(costs).to_be_visible()
    expect(page).to_have_url(re.compile(r"section=Threshold"))
    expect(page).to_have_url(re.compile(r"n=2000"))
    page.reload()
    expect(costs).to_be_visible()
    expect(page.locator(".sample-answer")).to_contain_text("With 2,000 cells")
