"""Find a Chromium to drive; `python -m tests.browser.chromium` installs one where there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MACOS = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


def find() -> str | None:
    """Return the path of a browser that starts: an installed Chromium or Chrome, else Playwright's own, else None."""
    candidates = [shutil.which(name) for name in NAMES] + [shutil.which(MACOS)]
    with sync_playwright() as playwright:
        candidates.append(playwright.chromium.executable_path)
    return next((path for path in candidates if path and _starts(path)), None)


def _starts(path: str) -> bool:
    # Ubuntu's chromium-browser is a stub that only says to install a snap.
    if not Path(path).exists():
        return False
    return subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0


def install() -> str | None:
    """Install a browser by the system's package where that is allowed, else by Playwright, and return its path."""
    root = os.geteuid() == 0 if hasattr(os, "geteuid") else False
    become_root = [] if root else ["sudo", "-n"]
    if shutil.which("apt-get") and (root or shutil.which("sudo")):
        for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]):
            subprocess.run(
                [*become_root, *command], check=False, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            )
    if path := find():
        return path
    with_libraries = ["--with-deps"] if root and sys.platform == "linux" else []
    subprocess.run([sys.executable, "-m", "playwright", "install", *with_libraries, "chromium"], check=False)
    return find()


if __name__ == "__main__":
    browser = find() or install()
    if browser is None:
        sys.exit("No browser could be installed. Install Chromium or Google Chrome, then run this again.")
    print(f"browser for the tests: {browser}")
