#!/usr/bin/env python3
"""Take pictures of the reports of made-up runs (tests/support/stories.py) in a real browser: docs/screenshots/*.png.

The values are made up, as those of the tests are. Needs what `make setup-browser` installs.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "collections")]

import chromium  # noqa: E402 after the folder it is in
from PIL import Image  # noqa: E402
from stories import STORIES  # noqa: E402

COLORS = 128  # a page has few; with a palette a picture is a third as large
LARGEST = 200_000  # bytes of a picture in docs/
TALLEST = 12_000  # px of a picture to look at


@dataclass(frozen=True)
class Picture:
    """A part of a page; at: the element whose top is the picture's, height: in px."""

    name: str
    story: str
    height: int
    size: str = "desktop"
    theme: str = "light"
    at: str = "body"


PICTURES = (
    Picture("top", "two_gpu_slow", 760),
    Picture("desktop", "two_gpu_slow", 1900),
    Picture("dark", "two_healthy", 1900, theme="dark"),
    Picture("phone", "two_gpu_slow", 1600, size="phone"),
    Picture("sixteen", "sixteen_bad_cable", 1700),
    Picture("history", "two_slower", 1100, at="#history"),
)


def taken(page, height, at="body"):
    """Return a picture of a page as PNG with a palette."""
    whole = page.evaluate("document.documentElement.scrollHeight")
    top = 0 if at == "body" else page.evaluate("at => document.querySelector(at).getBoundingClientRect().top + scrollY - 16", at)
    area = {"x": 0, "y": top, "width": page.viewport_size["width"], "height": min(height, whole - top)}
    image = Image.open(io.BytesIO(page.screenshot(full_page=True, clip=area, animations="disabled"))).convert("RGB")
    file = io.BytesIO()
    image.quantize(COLORS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def shoot(browser, page_file, target, picture):
    """Take one picture of a page's file; return its size in bytes."""
    window = chromium.context(browser, picture.size, picture.theme)
    page = window.new_page()
    page.goto(page_file.as_uri())
    content = taken(page, picture.height, picture.at)
    target.write_bytes(content)
    window.close()
    return len(content)


def for_docs(browser, pages, folder):
    """Renew the pictures of the documents; return what is wrong with them."""
    too_large = []
    for picture in PICTURES:
        target = folder / f"{picture.name}.png"
        size = shoot(browser, pages(picture.story), target, picture)
        print(f"{target} {size // 1000} kB")
        if size > LARGEST:
            too_large.append(f"{target} has {size} bytes, more than {LARGEST}: lower its height.")
    return too_large


def to_look_at(browser, pages, folder, names):
    """Take the whole page of each story at each width and in each theme."""
    for story in names:
        for size in chromium.WIDTHS:
            for theme in chromium.THEMES:
                target = folder / f"{story}-{size}-{theme}.png"
                shoot(browser, pages(story), target, Picture(target.stem, story, TALLEST, size, theme))
                print(target)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", type=Path, metavar="DIR", help="every story, width and theme as whole pages into DIR, instead")
    parser.add_argument("stories", nargs="*", metavar="STORY", help="with --all: these stories only")
    options = parser.parse_args()
    unknown = [name for name in options.stories if name not in STORIES]
    if unknown:
        parser.error(f"no such story: {', '.join(unknown)}; there are {', '.join(STORIES)}")
    folder = options.all or ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as runs, chromium.launched() as browser:
        written = {}

        def pages(story):
            if story not in written:
                written[story] = chromium.report(Path(runs), story)
            return written[story]

        if options.all:
            to_look_at(browser, pages, folder, options.stories or STORIES)
            return
        wrong = for_docs(browser, pages, folder)
    if wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
