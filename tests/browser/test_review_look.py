"""What keys and fingers do to the cell on view beside answering it, in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from malaria.review import CsvJournal
from tests.browser.test_every_page import find_barriers, pale
from tests.browser.test_review import (
    HIDDEN,
    PHONE,
    another,
    begin,
    decided,
    picture,
    rows_of,
    wait_for_keys,
    wait_until_heard,
)


@pytest.fixture(scope="module")
def app(app_with_journal: str) -> str:
    return app_with_journal


def width(page: Page) -> float:
    width: float = page.locator(".cell img").evaluate("image => image.getBoundingClientRect().width")
    return width


def contrast(page: Page) -> str:
    found: str = page.locator(".cell img").evaluate("image => getComputedStyle(image).filter")
    return found


def test_plus_minus_and_c_change_what_is_seen_of_every_cell_and_answer_nothing(page: Page, journal: CsvJournal) -> None:
    begin(page, "closer")
    plain = width(page)
    for key in "++-":
        page.keyboard.press(key)
    assert width(page) == pytest.approx(1.5 * plain, rel=0.01)
    page.keyboard.press("c")
    assert "contrast(1.5)" in contrast(page)
    expect(page.get_by_role("dialog", name="Clear caches")).to_have_count(0)
    before = picture(page)
    page.keyboard.press("s")
    expect(page.get_by_alt_text("The cell to be judged, enlarged")).not_to_have_attribute("src", before)
    wait_until_heard(page)
    assert "contrast(1.5)" in contrast(page)
    page.keyboard.press("0")
    assert "contrast(1)" in contrast(page)
    assert {row.final_answer for row in rows_of(journal, "closer")} == {"Skipped"}


def test_a_question_mark_lists_all_keys_and_none_answers_meanwhile(page: Page, journal: CsvJournal) -> None:
    begin(page, "asker")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="All keys")
    expect(keys).to_be_visible()
    assert keys.get_by_role("rowheader").all_inner_texts()[:5] == ["P", "U", "N", "X", "Enter"]
    assert pale(page) == []
    assert find_barriers(page) == []
    for key in "punx":
        page.keyboard.press(key)
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.get_by_role("button", name="Keys ?").click()
    page.keyboard.press("?")
    expect(keys).to_be_hidden()
    assert rows_of(journal, "asker") == []


def swipe(page: Page, by: int, down: int = 0, meanwhile: str = "") -> None:
    """Drag a finger over the cell, `by` pixels to the right; `meanwhile` is a script that runs before it is lifted."""
    page.locator(".cell").evaluate(
        """(cell, [by, down, meanwhile]) => {
            const box = cell.getBoundingClientRect();
            const at = (x, y) => new Touch({ identifier: 1, target: cell, clientX: x, clientY: y });
            const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
            const tell = (type, touch, there) => cell.dispatchEvent(
                new TouchEvent(type, { touches: there ? [touch] : [], changedTouches: [touch], bubbles: true }));
            tell("touchstart", at(x, y), true);
            tell("touchmove", at(x + by, y + down), true);
            eval(meanwhile);
            tell("touchend", at(x + by, y + down), false);
        }""",
        [by, down, meanwhile],
    )


@pytest.mark.parametrize("context", [PHONE], indirect=True, ids=["phone"])
def test_a_swipe_answers_as_the_keys_do_in_two_steps(page: Page, journal: CsvJournal) -> None:
    begin(page, "thumb")
    expect(page.get_by_text("Swipe the cell right: parasitized. Left: uninfected.")).to_be_visible()
    swipe(page, -150)
    expect(page.get_by_text("You: Uninfected")).to_be_visible()
    assert pale(page) == []
    swipe(page, -150)  # another answer, once
    expect(page.get_by_text("Press Parasitized once more to change your answer")).to_be_visible()
    assert len(rows_of(journal, "thumb")) == 1
    swipe(page, 150)
    expect(page.get_by_text(HIDDEN)).to_be_visible()
    decided(page, 1)
    assert [row.final_answer for row in rows_of(journal, "thumb")] == ["Uninfected"]


@pytest.mark.parametrize("context", [PHONE], indirect=True, ids=["phone"])
def test_where_labels_are_shown_right_is_right_as_given(page: Page, journal: CsvJournal) -> None:
    page.goto("/Label_review?example=synthetic&wrong=false-negative&annotator=seer")
    expect(page.get_by_text("Swipe the cell right: right as given. Left: wrong.")).to_be_visible()
    wait_for_keys(page)
    for by, answer in ((150, "Parasitized"), (-150, "Uninfected")):
        with another(page):
            swipe(page, by)
        assert rows_of(journal, "seer")[-1].final_answer == answer
        assert rows_of(journal, "seer")[-1].given_label == "Parasitized"


@pytest.mark.parametrize("context", [PHONE], indirect=True, ids=["phone"])
def test_a_swipe_answers_no_cell_that_came_under_the_finger(page: Page, journal: CsvJournal) -> None:
    begin(page, "hasty")
    swipe(page, 150, meanwhile="document.querySelector('[data-card]').dataset.card = 'another'")
    page.reload()
    expect(page.get_by_text(HIDDEN)).to_be_visible()
    swipe(page, 40)  # too short
    swipe(page, 100, down=100)  # a scroll
    swipe(page, 150)
    expect(page.get_by_text("You: Parasitized")).to_be_visible()
    assert len(rows_of(journal, "hasty")) == 1
