"""Draw the README's picture: `python -m tests.browser.screenshot docs/single-cell.png`. Synthetic cells only."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.browser import chromium, server


def draw(picture: Path) -> None:
    """Open the single-cell page on the ring example and keep what a wide screen shows."""
    path = chromium.find()
    with (
        tempfile.TemporaryDirectory() as folder,
        server.running(Path(folder) / "log") as address,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]) as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(f"{address}/Single_cell?example=ring", timeout=60_000)
        expect(page.get_by_test_id("stImage")).to_have_count(3, timeout=60_000)
        page.wait_for_timeout(1000)  # pictures fade in
        picture.parent.mkdir(exist_ok=True)
        page.screenshot(path=picture)


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
