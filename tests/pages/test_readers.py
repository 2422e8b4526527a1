"""The reader test page as a script: what comes of answers, whatever a browser sends."""

import re

from malaria import load
from malaria.images import decode
from malaria.labels import CLASSES, PARASITIZED
from malaria.readers import Settings, make_phantom_test
from malaria.ui.parts import links
from malaria.ui.readers.cards import Deck, Given, check
from malaria.ui.readers.dare import Dare
from tests.pages.test_every_page import press, sentences, start


def test_the_dare_tells_who_won_and_shows_every_cell_that_was_seen_differently() -> None:
    network = load()
    key, files = make_phantom_test(Settings(cells=10, seed=4), network)
    dare = Dare(key, {name: decode(png, name) for name, png in files.items()})
    dare.take([Given(place, PARASITIZED, 1.5) for place in range(1, 11)], over=True)
    app = start(links.READERS)
    app.session_state[links.DARE] = (network.card.name, dare)
    app.run()
    its = sum(cell.call == cell.reference for cell in key.cells.values())
    assert app.header[0].value == f"The network wins, {its} to 5"
    assert "10 answered in 15 s" in "".join(html.proto.body for html in app.get("html"))
    differ = sum(cell.call != PARASITIZED for cell in key.cells.values())
    assert len(re.findall(r"Cell \d+ is uninfected", sentences(app))) == differ
    app = press(app, "Ten other cells")
    assert not app.header


def test_only_what_can_be_meant_is_taken_from_a_browser() -> None:
    deck = Deck("token", 10, (), "", answers=CLASSES)
    good = {"position": 3, "answer": PARASITIZED, "seconds": 2}
    bad = [
        {"position": 0},
        {"position": 11},
        {"position": "3"},
        {"position": True},
        {"answer": "Unsure"},
        {"answer": []},
        {"seconds": -1},
        {"seconds": "2"},
        {"seconds": float("nan")},
        {"seconds": 1e9},
        {"seconds": None},
    ]
    assert check([good, *(good | one for one in bad), None, [], {}], deck) == [Given(3, PARASITIZED, 2.0)]
    assert check(None, deck) == check({"position": 1}, deck) == []
