"""Reader tests in a real browser: the ten cells by touch and by keys, and a whole test."""

import re

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from malaria import load
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.phantom import FORMS
from malaria.readers import Answer, Key, Settings, describe, grade, make_phantom_test, read_answers, read_marks
from malaria.review import UNSURE
from malaria.ui.readers.dare import CELLS, SECONDS
from malaria.ui.readers.taking import EVERY
from tests.browser.test_every_page import PHONE, find_barriers, open_page, pale


def read_tiles(page: Page) -> list[tuple[str, str]]:
    """What the reader and the network said of each of the ten cells, as told to those who see no pictures."""
    expect(page.get_by_role("heading", name="All ten")).to_be_visible()
    expect(page.locator(".tiles img")).to_have_count(CELLS)
    alts = page.locator(".tiles img").evaluate_all("all => all.map(image => image.alt)")
    found = [re.search(r"You: ([\w ]+)\. The network: (\w+)\.", alt) for alt in alts]
    return [one.groups() for one in found if one]  # type: ignore[misc]


def count_right(page: Page, who: str) -> int:
    words = page.locator(".versus p", has_text=who).inner_text()
    return int(re.search(r"(\d+) of 10", words).group(1))  # type: ignore[union-attr]


@pytest.mark.parametrize("context", [PHONE | {"color_scheme": "dark"}], indirect=True, ids=["phone"])
def test_the_dare_on_a_phone_by_touch_from_home_to_its_end(page: Page) -> None:
    came: list[str] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: came.append(str(frame)))

    page.on("websocket", listen)
    open_page(page, "/")
    came.clear()
    page.get_by_role("button", name="Ten cells").tap()
    page.get_by_role("button", name="Start").tap()
    for cell in range(1, CELLS + 1):
        expect(page.get_by_text(f"Cell {cell} of {CELLS}")).to_be_visible()
        expect(page.get_by_role("img", name="A red blood cell")).to_be_in_viewport(ratio=1)
        button = page.get_by_role("button", name=PARASITIZED)
        expect(button).to_be_in_viewport(ratio=1)
        if cell == CELLS:
            assert not any(form in frame for form in FORMS if "_" in form or form == "trophozoite" for frame in came)
        button.tap()
    tiles = read_tiles(page)
    assert [mine for mine, _ in tiles] == [PARASITIZED] * CELLS
    assert count_right(page, "You") in (4, 5, 6)
    differ = sum(call != PARASITIZED for _, call in tiles)
    expect(page.get_by_role("img", name="under a map of the evidence for a parasite")).to_have_count(differ)
    assert pale(page) == []
    assert find_barriers(page) == []
    page.get_by_role("button", name="Ten other cells").tap()
    expect(page.get_by_role("button", name="Start")).to_be_visible()


def test_the_dare_by_keys_and_a_key_held_down_answers_once(page: Page) -> None:
    open_page(page, "/Reader_test")
    page.keyboard.press("p")  # before the start it means nothing
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text(f"Cell 1 of {CELLS}")).to_be_visible()
    for _ in range(3):
        page.keyboard.down("u")
    page.keyboard.up("u")
    expect(page.get_by_text(f"Cell 2 of {CELLS}")).to_be_visible()
    for key in "ppuupupup":
        page.keyboard.press(key)
    said = {"p": PARASITIZED, "u": UNINFECTED}
    assert [mine for mine, _ in read_tiles(page)] == [said[key] for key in "uppuupupup"]


def test_what_is_not_answered_in_time_is_not_right(page: Page) -> None:
    page.clock.install()
    open_page(page, "/Reader_test")
    page.get_by_role("button", name="Start").click()
    page.keyboard.press("u")
    expect(page.get_by_text(f"Cell 2 of {CELLS}")).to_be_visible()
    page.clock.fast_forward(1000 * SECONDS)
    assert [mine for mine, _ in read_tiles(page)] == [UNINFECTED, *["no answer"] * (CELLS - 1)]
    assert count_right(page, "You") <= 1


# A test


@pytest.fixture(scope="module")
def key() -> Key:
    return make_phantom_test(Settings(cells=60, repeats=10, seed=7), load())[0]


def err(key: Key, seed: int, sensitivity: float = 0.85, specificity: float = 0.9, unsure: float = 0.05) -> list[str]:
    """What a reader answers who errs at these rates."""
    rng = np.random.default_rng(seed)
    said = []
    for place in range(len(key.test.cards)):
        reference = key.reference(place)
        right = rng.random() < (sensitivity if reference == PARASITIZED else specificity)
        other = next(name for name in CLASSES if name != reference)
        said.append(UNSURE if rng.random() < unsure else reference if right else other)
    return said


def rest(page: Page) -> None:
    """Wait until no answer is on its way, and the page is drawn."""
    expect(page.locator('.cards:not([data-underway="0"])')).to_have_count(0)
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)


def say(page: Page, said: list[str], first: int = 1, total: int = 70) -> None:
    for place, answer in enumerate(said, start=first):
        expect(page.get_by_text(f"Cell {place} of {total}")).to_be_visible()
        expect(page.get_by_role("button", name="Can’t tell")).to_be_enabled()
        page.keyboard.press({PARASITIZED: "p", UNINFECTED: "u", UNSURE: "n"}[answer])


ADDRESS = "/Reader_test?section=A+test&cells=60&repeats=10&seed=7"


def test_a_whole_test_gives_the_figures_of_its_answers_and_goes_on_after_a_new_visit(page: Page, key: Key) -> None:
    said = err(key, seed=1)
    open_page(page, f"{ADDRESS}&annotator=Ann")
    page.get_by_role("button", name="Start").click()
    say(page, said[:23])
    expect(page.get_by_text("Cell 24 of 70")).to_be_visible()
    rest(page)
    page.get_by_text("Link, answers, another test").click()
    link = page.get_by_test_id("stCode").inner_text()
    assert "annotator" not in link
    assert f"test={key.test.id}" in link
    with page.expect_download() as download:
        page.get_by_role("button", name="Answers so far").click()
    kept = [answer.answer for answer in read_answers(download.value.path())]
    assert kept == said[: len(kept)]
    assert 23 - len(kept) < EVERY

    open_page(page, f"{link}&annotator=Ann")
    page.get_by_text("Link, answers, another test").click()
    page.locator("input[type=file]").set_input_files(download.value.path())
    page.get_by_role("button", name="Go on").click()
    say(page, said[len(kept) :], first=len(kept) + 1)
    expect(page.get_by_role("heading", name="Ann: level")).to_be_visible()

    answers = [
        Answer(key.test.id, "Ann", place, key.test.cards[place - 1].image_id, answer)
        for place, answer in enumerate(said, start=1)
    ]
    one = grade(key, answers)
    table = page.get_by_role("table").first.inner_text().replace("\xa0", " ")
    for name in ("sensitivity", "specificity", "accuracy"):
        assert describe(one.rates[name]) in table
    assert describe(one.rates["kappa"], "coefficient") in table
    assert describe(one.with_oneself.raw) in table
    expect(page.get_by_text(one.level.sentence.partition(". ")[2])).to_be_visible()
    expect(page.get_by_role("img", name="the reference is")).to_have_count(len(one.mistakes))
    assert pale(page) == []
    assert find_barriers(page) == []
    rest(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Certificate").click()
    certificate = download.value.path().read_text()
    assert certificate.count("data:image/png") == len(one.mistakes)
    page.get_by_role("button", name="Use these rates for a sample").click()
    found = one.rates["sensitivity"]
    expect(page).to_have_url(re.compile(rf"sens_cells={found.n}(&|$)"))


def test_a_reader_who_pauses_loses_no_answer_by_a_reload(browser: Browser, app_with_journal: str) -> None:
    page = browser.new_page(base_url=app_with_journal)
    page.set_default_timeout(60_000)
    open_page(page, f"{ADDRESS}&annotator=Pat")
    page.get_by_role("button", name="Start").click()
    say(page, [PARASITIZED])
    place = page.locator(".cards").bounding_box()
    expect(page.get_by_label("Reader", exact=True)).to_be_disabled()  # the server has it, of a batch of five
    assert page.locator(".cards").bounding_box() == place
    page.reload()
    expect(page.get_by_text("Go on at cell 2.")).to_be_visible()
    page.close()


# Training


@pytest.mark.parametrize("context", [{}, PHONE], indirect=True, ids=["keys", "touch"])
def test_training_tells_after_each_cell_and_goes_on_when_asked(page: Page, request: pytest.FixtureRequest) -> None:
    touch = request.node.callspec.id == "touch"
    open_page(page, "/Reader_test?section=Training")
    page.get_by_role("button", name="Start").click()
    right = 0
    for place in range(1, 6):
        expect(page.get_by_text(f"Cell {place}", exact=True)).to_be_visible()
        button = page.get_by_role("button", name=PARASITIZED)
        expect(button).to_be_enabled()
        button.tap() if touch else page.keyboard.press("p")
        told = page.get_by_text(re.compile("(Right. Parasitized|Wrong. Uninfected): "))
        expect(told).to_be_visible()
        right += "Right" in told.inner_text()
        rest(page)
        expect(page.get_by_text(f"{right} of {place} right")).to_be_visible()
        following = page.get_by_role("button", name="Next")
        following.tap() if touch else page.keyboard.press("Space")
    expect(page.get_by_text("Cell 6", exact=True)).to_be_visible()
    rest(page)
    assert pale(page) == []
    assert find_barriers(page) == []


# Fields


@pytest.mark.parametrize("context", [{}, PHONE], indirect=True, ids=["wide", "phone"])
def test_parasites_of_a_field_are_marked_by_hand_or_keys_and_marks_taken_away(page: Page) -> None:
    open_page(page, "/Reader_test?section=Fields")
    for place in (1, 2, 3):
        title = f"Field {place} of 3"
        expect(page.get_by_text(f"{title}: 0 marked")).to_be_visible()
        field = page.get_by_role("group", name="A synthetic microscope field")
        field.click(position={"x": 8, "y": 8})
        field.click(position={"x": 120, "y": 120})
        expect(page.get_by_text(f"{title}: 2 marked")).to_be_visible()
        field.click(position={"x": 122, "y": 121})
        expect(page.get_by_text(f"{title}: 1 marked")).to_be_visible()
        field.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Space")
        expect(page.get_by_text(f"{title}: 2 marked")).to_be_visible()
        if place == 1:
            assert pale(page) == []
            assert find_barriers(page) == []
        page.get_by_role("button", name=re.compile("Next field|Done")).click()
    expect(page.get_by_role("heading", name=re.compile(r"of \d+ parasites found"))).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile(r"Field \d: "))).to_have_count(3)
    rest(page)
    expect(page.locator(".marks")).to_have_count(0)
    assert pale(page) == []
    assert find_barriers(page) == []


def test_fields_of_a_link_go_on_from_marks_that_were_kept(page: Page) -> None:
    open_page(page, "/Reader_test?section=Fields&fields=2&fields_seed=5&annotator=Ann")
    expect(page.get_by_text("Field 1 of 2: 0 marked")).to_be_visible()
    page.get_by_role("group", name="A synthetic microscope field").click(position={"x": 120, "y": 120})
    page.get_by_role("button", name="Next field").click()
    expect(page.get_by_text("Field 2 of 2: 0 marked")).to_be_visible()
    rest(page)
    page.get_by_text("Link, marks, other fields").click()
    link = page.get_by_test_id("stCode").inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="Marks", exact=True).click()
    (kept,) = read_marks(download.value.path())
    assert (kept.reader, len(kept.points)) == ("Ann", 1)
    assert kept.seconds > 0

    open_page(page, link)
    expect(page.get_by_text("Field 1 of 2: 0 marked")).to_be_visible()
    page.get_by_text("Link, marks, other fields").click()
    page.locator("input[type=file]").set_input_files(download.value.path())
    expect(page.get_by_text("Field 2 of 2: 0 marked")).to_be_visible()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("heading", name=re.compile(r"of \d+ parasites found"))).to_be_visible()
    rest(page)
