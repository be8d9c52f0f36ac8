"""A real browser on reports of made-up runs: for tests/browser and for tools/screenshots.py."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright
from stories import STORIES, write_story

from ansible_collections.saf.fabric.plugins.plugin_utils.report import writer

FONTS = Path(__file__).resolve().parents[1] / "browser" / "fonts.conf"
# The system's own browser: Playwright's would be another download, for the same engine.
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ON_A_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
ARGUMENTS = ["--disable-background-networking", "--disable-component-update", "--disable-gpu", "--disable-sync"]
WIDTHS = {"desktop": 1280, "phone": 375}
HEIGHTS = {"desktop": 900, "phone": 812}
PATIENCE = 10_000  # ms for what is there at once on a quiet machine
THEMES = ("light", "dark")


def program():
    """Return the path of an installed browser."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None) or (ON_A_MAC.exists() and str(ON_A_MAC))
    if not found:
        raise SystemExit("No browser was found: apt-get install chromium (on a Mac: Google Chrome).")
    return found


@contextmanager
def launched():
    """Run a browser; root needs it without its sandbox."""
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=program(), args=arguments, env={**os.environ, "FONTCONFIG_FILE": str(FONTS)}
        )
        yield browser
        browser.close()


def context(browser, size="desktop", theme="light", **options):
    """Return a new window of a size and a theme."""
    viewport = {"width": WIDTHS[size], "height": HEIGHTS[size]}
    opened = browser.new_context(viewport=viewport, color_scheme=theme, **options)
    opened.set_default_timeout(PATIENCE)
    return opened


def report(folder, name):
    """Write the story of a name with its report into a folder; return the page's path."""
    run = write_story(folder / name, STORIES[name])
    writer.write(run)
    return run / "report.html"
