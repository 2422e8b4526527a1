"""Two people on one host: of what one uploads and decides, the other finds nothing, even when looking for it."""

import re

from playwright.sync_api import Browser, Page, expect

from malaria import phantom
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.ui.parts.frame import PAGES
from tests.browser.conftest import SECONDS
from tests.browser.test_batch import at_rest
from tests.test_batch import zipped
from tests.test_scoring import png

SECRET = "wardseven"
"""In the name of every file, patient and note of the first visitor."""


def upload(page: Page, address: str, name: str, data: bytes, until: re.Pattern[str]) -> None:
    page.goto(address)
    at_rest(page)
    page.locator("input[type=file]").first.set_input_files({"name": name, "mimeType": "", "buffer": data})
    expect(page.get_by_text(until).first).to_be_visible()
    at_rest(page)


def test_a_visitor_finds_nothing_of_another_ones(browser: Browser, app: str) -> None:
    with browser.new_context(base_url=app) as one, browser.new_context(base_url=app) as other:
        for context in (one, other):
            context.set_default_timeout(60 * SECONDS)
        ann, eve = one.new_page(), other.new_page()
        batch = zipped(
            {
                f"{label}/C7P{SECRET}_{n}.png": png(phantom.cell(form, seed=n))
                for label, form in ((PARASITIZED, "ring"), (UNINFECTED, "uninfected"))
                for n in range(4)
            }
        ).getvalue()
        cell, field = png(phantom.cell("trophozoite", seed=77)), phantom.field(seed=78).png
        upload(ann, "/Single_cell", f"{SECRET}.png", cell, re.compile(SECRET))
        upload(ann, "/Batch_evaluation", f"{SECRET}.zip", batch, re.compile("of the parasitized cells"))
        upload(ann, "/Dataset", f"{SECRET}.zip", batch, re.compile(SECRET))
        assert SECRET in ann.content()
        upload(ann, "/Smear_triage", f"{SECRET}.png", field, re.compile("1 field triaged"))
        upload(ann, f"/Label_review?queue=all&annotator={SECRET}", f"{SECRET}.zip", batch, re.compile("decided"))
        pictures = [image.get_attribute("src") or "" for image in ann.locator("img").all()]
        assert pictures
        for entry in PAGES:
            path = re.sub(r".*?([A-Z]\w+)\.py", r"/\1", entry.file) if entry.group else "/"
            for query in ("", f"?annotator={SECRET}x", "?example=synthetic"):
                eve.goto(path + query)
                at_rest(eve)
                page = eve.content().replace(f"{SECRET}x", "")
                assert SECRET not in page, f"{path}{query}"
                assert not [source for source in pictures if len(source) > 100 and source in page]
