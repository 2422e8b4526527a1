"""Reader tests in a real browser: the ten cells by touch and by keys."""

import re

import pytest
from playwright.sync_api import Page, WebSocket, expect

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.phantom import FORMS
from malaria.ui.readers.dare import CELLS, SECONDS
from tests.browser.test_every_page import PHONE, find_barriers, open_page, pale


def read_tiles(page: Page) -> list[tuple[str, str]]:
    """What the reader and the network said of each of the ten cells, as told to those who see no pictures."""
    expect(page.get_by_role("heading", name="All ten")).to_be_visible()
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
    expect(page.get_by_role("img", name="under a map of what speaks for a parasite")).to_have_count(differ)
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
