"""Label review as an annotator does it: with the keyboard alone, in a real browser, and nothing is lost."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from statistics import median

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from malaria.review import CsvJournal, Decision, Log
from tests.browser.conftest import SECONDS, watch

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
ANSWERS = {"p": "Parasitized", "u": "Uninfected", "n": "Unsure", "x": "Unusable"}
HIDDEN = "appear once you have answered"


@pytest.fixture(scope="module")
def app(app_with_journal: str) -> str:
    return app_with_journal


def rows_of(journal: CsvJournal, annotator: str) -> list[Decision]:
    return [row for row in Log(journal).state.rows if row.annotator == annotator]


def wait_for_keys(page: Page) -> None:
    """Wait until the browser draws the cell, and with it hears keys."""
    expect(page.locator(".keys[data-card]")).to_be_visible()
    expect(page.locator(".swipe-hint")).not_to_be_empty()


def wait_until_heard(page: Page) -> None:
    """Wait until the server has taken what was pressed: the browser draws the next cell before."""
    expect(page.locator(".stApp[data-pending]")).to_have_count(0)


def begin(page: Page, annotator: str) -> None:
    page.goto(f"/Label_review?example=synthetic&queue=all&annotator={annotator}")
    expect(page.get_by_text(HIDDEN)).to_be_visible()
    wait_for_keys(page)


def decided(page: Page, n: int, of: int = 200) -> None:
    expect(page.get_by_text(re.compile(rf"^{n} of {of} decided"))).to_be_visible()


def press(page: Page, key: str, then: str) -> None:
    """Press a key, and wait until the keys of what follows are there."""
    page.keyboard.press(key)
    expect(page.get_by_role("button", name=then)).to_be_visible()


def answer(page: Page, key: str) -> None:
    """Answer blind, look at what is revealed, go on."""
    press(page, key, "Next Shortcut Enter")
    expect(page.get_by_text("Given label:")).to_be_visible()
    press(page, "Enter", "Skip Shortcut S")
    expect(page.get_by_text(HIDDEN)).to_be_visible()


def picture(page: Page) -> str:
    return page.get_by_alt_text("The cell to be judged, enlarged").get_attribute("src") or ""


@contextmanager
def another(page: Page) -> Iterator[None]:
    """Wait until another cell is there: it is drawn after the keys that answer it."""
    before = picture(page)
    yield
    expect(page.get_by_alt_text("The cell to be judged, enlarged")).not_to_have_attribute("src", before)
    wait_until_heard(page)


def press_for_another(page: Page, key: str) -> None:
    with another(page):
        page.keyboard.press(key)


def test_thirty_cards_by_keys_alone_with_a_reload_undo_and_a_note(page: Page, journal: CsvJournal) -> None:
    begin(page, "keys")
    keys = ("p", "u", "n", "x")
    seen = set()
    for number in range(15):
        seen.add(picture(page))
        answer(page, keys[number % 4])
    decided(page, 15)

    page.reload()
    expect(page.get_by_text(HIDDEN)).to_be_visible()
    decided(page, 15)
    assert picture(page) not in seen

    for number in range(16):  # one of them is a card that comes back
        answer(page, keys[number % 4])
    decided(page, 30)

    press_for_another(page, "z")
    decided(page, 29)
    press_for_another(page, "z")
    decided(page, 28)
    expect(page.get_by_text("Given label:")).to_be_visible()
    for key in "pu":  # both were seen, so both are answered in the open, and the next card comes at once
        press_for_another(page, key)
    decided(page, 30)

    page.keyboard.press("t")
    page.keyboard.type("punxs zt")
    decided(page, 30)
    page.keyboard.press("Enter")
    answer(page, "u")
    decided(page, 31)

    state = Log(journal).state
    mine = [cell["keys"][0].decision for cell in state.opinions.values() if "keys" in cell]
    assert len(mine) == 31
    assert [row.note for row in mine if row.note] == ["punxs zt"]
    assert sum(len(cell["keys"]) > 1 for cell in state.opinions.values() if "keys" in cell) == 1
    assert {row.final_answer for row in mine} == {"Parasitized", "Uninfected", "Unsure", "Unusable"}
    assert sum(not row.blind for row in mine) == 2
    assert state.problems == []


def test_a_change_after_the_reveal_is_recorded_beside_the_first_answer(page: Page, journal: CsvJournal) -> None:
    begin(page, "second-thoughts")
    press(page, "p", "Next Shortcut Enter")
    expect(page.get_by_text("You: Parasitized")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_text("Press Uninfected once more to change your answer")).to_be_visible()
    page.keyboard.press("u")
    decided(page, 1)
    expect(page.get_by_text(HIDDEN)).to_be_visible()
    (reading,) = [
        cell["second-thoughts"][0] for cell in Log(journal).state.opinions.values() if "second-thoughts" in cell
    ]
    assert (reading.first_answer, reading.decision.final_answer) == ("Parasitized", "Uninfected")


def test_after_the_name_keys_answer_and_the_way_back_keeps_who_one_is(page: Page, journal: CsvJournal) -> None:
    page.goto("/Label_review")
    page.get_by_role("button", name=re.compile("synthetic")).first.click()
    expect(page.get_by_text(HIDDEN)).to_be_visible()
    name = page.get_by_role("textbox", name="Annotator")
    expect(name).to_have_value(re.compile("^guest-[0-9a-f]{6}$"))
    name.fill("typist")
    name.press("Enter")
    expect(page).to_have_url(re.compile("annotator=typist"))
    page.wait_for_timeout(SECONDS)
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)
    answer(page, "p")
    decided(page, 1, of=10)
    expect(name).to_have_value("typist")

    page.get_by_role("link", name="Home").click()
    expect(page.get_by_role("heading", level=1, name="Malaria cells")).to_be_visible()
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)
    for _ in range(3):  # to the page with the name, to that before a name was given, and further
        page.go_back()
        page.wait_for_timeout(SECONDS)
        expect(page).to_have_url(re.compile("/Label_review.*annotator=typist"))
        expect(page.get_by_text(HIDDEN)).to_be_visible()
    page.reload()
    decided(page, 1, of=10)


def test_the_queue_in_dispute_ends_and_goes_on_with_the_rest(page: Page, journal: CsvJournal) -> None:
    page.goto("/Label_review?example=synthetic&annotator=finisher")
    expect(page.get_by_text("190 more at lower suspicion")).to_be_visible()
    for _ in range(9):
        answer(page, "p")
    press(page, "p", "Next Shortcut Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Done: all 10 are decided.")).to_be_visible()
    expect(page.get_by_role("button", name="Corrected labels (CSV)")).to_be_visible()
    page.get_by_role("button", name="190 more at lower suspicion: go on with them").click()
    decided(page, 10)
    expect(page).to_have_url(re.compile("queue=all"))

    page.goto("/Label_review?annotator=finisher")
    expect(page.get_by_text("Welcome back, your decisions are kept. Upload the same zip to continue.")).to_be_visible()


def test_a_key_held_down_answers_once(page: Page, journal: CsvJournal) -> None:
    begin(page, "heavy-hand")
    for _ in range(20):
        page.keyboard.down("p")  # without an up in between these are repeats
    page.keyboard.up("p")
    expect(page.get_by_text("You: Parasitized")).to_be_visible()
    decided(page, 1)
    assert len(rows_of(journal, "heavy-hand")) == 1


HEAR = """
window.pressed = [];
const onView = () => document.querySelector(".keys")?.dataset;
window.addEventListener("keydown", (event) => {
  const before = onView().card;
  const one = { key: event.key, card: before, refused: Number(onView().refused ?? 0), at: performance.now() };
  window.pressed.push(one);
  const look = () => {
    if (onView()?.card !== before) {
      one.took = performance.now() - one.at;
      one.isAhead = Boolean(document.querySelector(".stApp[data-ahead]"));
    }
    else if (performance.now() - one.at < 2000) requestAnimationFrame(look);
  };
  if (event.key === "Enter") requestAnimationFrame(look);
}, true);
"""
"""Notes each key with the cell that was on view when it was pressed, and how long the next cell took to come."""


@pytest.mark.parametrize("rhythm", [60, 120, 200, 400])
def test_each_key_is_about_the_cell_on_view_however_fast_they_come(
    page: Page, journal: CsvJournal, rhythm: int
) -> None:
    name = f"every {rhythm} ms"
    page.add_init_script(HEAR)
    begin(page, name)
    for key in "puxn" * 4:
        for pressed in (key, "Enter"):
            page.keyboard.press(pressed)
            page.wait_for_timeout(rhythm)
    wait_until_heard(page)
    pressed = page.evaluate("window.pressed")
    refused = sum(later["refused"] > one["refused"] for one, later in pairwise(pressed))
    refused += int(page.locator(".keys").get_attribute("data-refused") or 0) > pressed[-1]["refused"]
    rows = rows_of(journal, name)
    said = {one["card"]: ANSWERS[one["key"]] for one in pressed if one["key"] in ANSWERS}
    assert not any(row.supersedes for row in rows)
    assert all(said[row.image_id] == row.final_answer for row in rows), "no answer stands at another cell"
    assert len(rows) == 16 if not refused else len(rows) + refused >= 16, "no answer is lost in silence"
    drawn = [one for one in pressed if "took" in one]
    took = median(one["took"] for one in drawn)
    print(f"{rhythm} ms between keys: {len(rows)} kept, {refused} refused, next cell {took:.0f} ms after its key")
    assert sum(one["isAhead"] for one in drawn) > len(drawn) / 2, "the next cell does not wait for the server"


def test_two_who_share_the_queue_are_never_on_the_same_card(browser: Browser, app: str) -> None:
    seen = []
    with browser.new_context(base_url=app) as one, browser.new_context(base_url=app) as other:
        pages = [one.new_page(), other.new_page()]
        complaints = [watch(page) for page in pages]
        for page, name in zip(pages, ("ann", "bob"), strict=True):
            page.set_default_timeout(60 * SECONDS)
            begin(page, name)
            before = picture(page)
            page.get_by_role("button", name="How you work").click()
            page.get_by_text("Share the queue").click()
            page.keyboard.press("Escape")
            expect(page.get_by_alt_text("The cell to be judged, enlarged")).not_to_have_attribute("src", before)
        for _ in range(3):
            for page in pages:
                seen.append(picture(page))
                answer(page, "p")
    assert len(set(seen)) == 6
    assert complaints == [[], []]


def test_what_one_said_can_be_changed_in_the_list_of_the_last_decisions(page: Page) -> None:
    begin(page, "editor")
    answer(page, "p")
    with another(page):
        page.locator(".st-key-review-latest").get_by_role("button").first.click()
    expect(page.get_by_text("You: Parasitized")).to_be_visible()
    press_for_another(page, "n")
    expect(page.get_by_text(HIDDEN)).to_be_visible()
    expect(page.locator(".st-key-review-latest").get_by_text("Not sure")).to_be_visible()
    decided(page, 1)


@pytest.mark.parametrize(
    "context", [{}, PHONE, PHONE | {"color_scheme": "dark"}], indirect=True, ids=["wide", "phone", "dark"]
)
def test_the_card_fits_the_screen_with_its_keys(page: Page, context: BrowserContext) -> None:
    begin(page, "looker")
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
    box = page.get_by_role("button", name="Not usable").bounding_box()
    height = page.viewport_size["height"] if page.viewport_size else 0
    assert box
    assert box["y"] + box["height"] < height, "no scrolling between the cell and the keys"
    cell = page.get_by_role("group", name="The cell to be judged")
    assert cell.evaluate("element => element.scrollWidth - element.clientWidth") <= 0, "the whole cell is seen"
    page.get_by_role("button", name="Look closer").click()
    page.get_by_text("Hue", exact=True).click()
    expect(page.get_by_alt_text("The cell to be judged, enlarged, its hue only")).to_be_visible()
    untold = page.locator("img:visible").evaluate_all("all => all.filter(image => !image.alt.trim()).length")
    assert untold == 0


def test_a_key_after_a_queue_was_chosen_by_hand_answers_the_cell(page: Page, journal: CsvJournal) -> None:
    page.goto("/Label_review?example=synthetic&annotator=chooses")
    wait_for_keys(page)
    page.get_by_role("combobox", name="Queue").click()
    page.get_by_role("option", name=re.compile("^All labels")).click()
    decided(page, 0)
    wait_for_keys(page)
    page.keyboard.press("p")
    decided(page, 1)
    wait_until_heard(page)
    assert [row.final_answer for row in rows_of(journal, "chooses")] == ["Parasitized"]
