"""Several cells at once, in a real browser: chosen by keys or the mouse, answered together, undone together."""

import pytest
from playwright.sync_api import Page, expect

from malaria.review import CsvJournal, Log
from tests.browser.test_every_page import find_barriers, pale
from tests.browser.test_review import begin, decided, rows_of


@pytest.fixture(scope="module")
def app(app_with_journal: str) -> str:
    return app_with_journal


def open_grid(page: Page, annotator: str) -> None:
    begin(page, annotator)
    page.get_by_role("button", name="Several at once").click()
    expect(page.get_by_role("option")).to_have_count(24)


def chosen(page: Page, n: int) -> None:
    expect(page.get_by_text(f"{n} of 24 chosen")).to_be_visible()


def test_cells_are_chosen_and_answered_by_keys_alone_and_undone_together(page: Page, journal: CsvJournal) -> None:
    open_grid(page, "keys")
    page.get_by_role("option").first.focus()
    for key in ("Space", "ArrowRight", "Space", "ArrowRight", "ArrowRight", "Space"):
        page.keyboard.press(key)
    chosen(page, 3)
    page.keyboard.press("Shift+ArrowRight")
    chosen(page, 4)
    page.keyboard.press("u")
    decided(page, 4)
    expect(page.get_by_text("4 decisions kept.")).to_be_visible()
    rows = rows_of(journal, "keys")
    assert [row.final_answer for row in rows] == ["Uninfected"] * 4
    assert all(row.blind for row in rows)
    expect(page.get_by_text("Undo takes back all 4.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    decided(page, 0)
    assert not any("keys" in cell for cell in Log(journal).state.opinions.values())


def test_these_are_right_as_given(page: Page, journal: CsvJournal) -> None:
    open_grid(page, "mouse")
    page.get_by_role("button", name="How you work").click()
    page.get_by_text("Blind: hide the given label").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Right as given")).to_be_disabled()
    page.get_by_role("option").nth(1).click()
    page.get_by_role("option").nth(12).click(modifiers=["Shift"])
    chosen(page, 12)
    assert pale(page) == []
    assert find_barriers(page) == []
    page.get_by_role("button", name="Right as given").dblclick()
    decided(page, 12)
    rows = rows_of(journal, "mouse")
    assert len({row.image_id for row in rows}) == len(rows) == 12
    assert all(row.final_answer == row.given_label and not row.blind for row in rows)


def test_escape_lets_go_of_what_was_chosen_and_nothing_is_answered(page: Page, journal: CsvJournal) -> None:
    open_grid(page, "careful")
    page.get_by_role("option").first.click()
    page.keyboard.press("a")
    chosen(page, 24)
    page.keyboard.press("Escape")
    expect(page.get_by_text("Choose cells with a click")).to_be_visible()
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Parasitized")).to_be_disabled()
    assert rows_of(journal, "careful") == []
