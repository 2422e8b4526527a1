"""Six people walk through the app to what they came for: how many clicks, keys and uploads it takes them.

`python -m pytest -s tests/browser/test_walks.py` prints clicks, keys, uploads and seconds. For those before, a script
walked to the same six ends in the app as it was at commit 15039c4. The seconds are the least and the most of two to
five walks on two cores with much other work, and say more of that than of the app:

| | before: clicks, keys, uploads | s | now | s |
|---|---|---|---|---|
| official | 2, 0, 0 | 9 to 113 | 1, 0, 0 | 11 to 49 |
| annotator | 2, 20, 0 (ten cards of a queue of 200 without an end) | 69 to 81 | 1, 20, 0 | 36 to 46 |
| data scientist | 4, 2, 1 | 24 to 25 | 1, 2, 1 | 11 to 18 |
| microscopist | 0, 1, 1 | 26 to 69 | 0, 1, 1 | 21 to 85 |
| statistician | 0, 0, 0 (all on one page of 2,400 words) | 10 to 16 | 1, 0, 0 | 8 to 26 |
| host | 0, 0, 0 | 3 to 4 | 0, 0, 0 | 4 to 5 |
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, expect

from malaria import phantom
from tests.browser.test_batch import measured, upload

SCREEN = {"viewport": {"width": 1280, "height": 800}}


@pytest.fixture(scope="module")
def app(app_with_journal: str) -> str:
    return app_with_journal


@dataclass
class Walk:
    """Somebody before the page. What they do is counted."""

    page: Page
    done: dict[str, int] = field(default_factory=lambda: {"clicks": 0, "keys": 0, "uploads": 0})

    def click(self, role: str, name: str | re.Pattern[str]) -> None:
        self.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]
        self.done["clicks"] += 1

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.done["keys"] += 1

    def upload(self, *files: tuple[str, bytes]) -> None:
        upload(self.page, *files)
        self.done["uploads"] += 1

    def sees(self, words: str) -> None:
        expect(self.page.get_by_text(re.compile(words)).first).to_be_visible()


def see_a_ranked_list(walk: Walk) -> None:
    """An official with two minutes: from Home to suspects, ranked."""
    walk.page.goto("/")
    walk.click("button", "Triage this field")
    walk.sees(r"0 of \d+ suspects")


def finish_a_queue(walk: Walk) -> None:
    """An annotator: every label in dispute decided, and the corrected labels at hand."""
    walk.page.goto("/Label_review?annotator=tonight")
    walk.click("button", re.compile("synthetic"))
    for number in range(10):
        expect(walk.page.locator(".keys[data-card]:not(.waits) img")).to_be_visible()
        walk.sees(f"^{number} of 10 decided")
        walk.press("p", "Enter")
    walk.sees("Done: ")
    expect(walk.page.get_by_role("button", name=re.compile("Corrected labels"))).to_be_visible()


def correct_a_mistake(walk: Walk) -> None:
    """A data scientist with a zip: the figures with one mistake's label corrected."""
    walk.page.goto("/Batch_evaluation?annotator=scientist")
    walk.upload(("cells.zip", phantom.batch_zip(40, mislabelled=0.2)))
    measured(walk.page)
    walk.click("button", re.compile(r"^Relabel these \d"))
    expect(walk.page.locator(".keys[data-card] img")).to_be_visible()
    walk.press("u", "p")
    walk.sees("Corrected labels")


def triage_five_photos(walk: Walk) -> None:
    """A microscopist with five photos: the first suspect decided."""
    walk.page.goto("/Smear_triage?annotator=microscopist")
    walk.upload(*((f"photo {seed}.png", phantom.field(seed=seed, slide=3).png) for seed in range(5)))
    expect(walk.page.locator(".keys[data-card] img")).to_be_visible()
    walk.press("p")
    walk.sees(r"1 of \d+ suspects")
    walk.sees("5 fields triaged")


def find_the_cheapest_count(walk: Walk) -> None:
    """A statistician: a threshold for the sample, and what it rests on."""
    walk.page.goto("/Sample_threshold")
    walk.sees(r"call the sample positive at \d+ or more")
    walk.click("tab", "Threshold")
    expect(walk.page.get_by_role("tab", name="Threshold")).to_have_attribute("aria-selected", "true")


def open_a_deep_link(walk: Walk) -> None:
    """A host: an answer by a link that somebody sent, on an app that was asleep."""
    walk.page.goto("/Single_cell?example=ring")
    walk.sees("Looks parasitized")


@pytest.mark.parametrize("context", [SCREEN], indirect=True, ids=[""])
@pytest.mark.parametrize(
    ("go", "clicks", "keys", "uploads"),
    [
        (see_a_ranked_list, 1, 0, 0),
        (finish_a_queue, 1, 20, 0),
        (correct_a_mistake, 1, 2, 1),
        (triage_five_photos, 0, 1, 1),
        (find_the_cheapest_count, 1, 0, 0),
        (open_a_deep_link, 0, 0, 0),
    ],
    ids=["official", "annotator", "data scientist", "microscopist", "statistician", "host"],
)
def test_each_gets_what_they_came_for(
    page: Page, go: Callable[[Walk], None], clicks: int, keys: int, uploads: int
) -> None:
    walk, start = Walk(page), time.monotonic()
    go(walk)
    print(f"{go.__name__}: {walk.done}, {time.monotonic() - start:.1f} s")
    assert walk.done == {"clicks": clicks, "keys": keys, "uploads": uploads}
    expect(page.locator(".stApp[data-pending]")).to_have_count(0)
