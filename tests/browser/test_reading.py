"""The report as people use it: on a telephone, on paper, with the keyboard alone, without scripts, copied into a chat."""

import io
import re

import pytest
from pypdf import PdfReader
from stories import STORIES

TALLEST = 7000  # px on a telephone, of two nodes
MOST_PAGES = 6  # A4, of two nodes


@pytest.mark.nodes(2)
def test_two_nodes_are_no_endless_page_on_a_telephone(window, report, story):
    height = window(report(story), "phone").evaluate("document.documentElement.scrollHeight")
    assert height < TALLEST


@pytest.mark.nodes(2)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_two_nodes_fit_on_a_few_sheets(window, report, story, theme):
    pages = PdfReader(io.BytesIO(window(report(story), theme=theme).pdf(format="A4"))).pages
    assert len(pages) <= MOST_PAGES


def test_the_page_is_complete_without_scripts(window, report, story):
    texts = []
    for scripts in (True, False):
        page = window(report(story), java_script_enabled=scripts)
        extras = page.locator("[data-script]")  # buttons that do nothing without scripts
        assert extras.first.is_visible() == scripts
        extras.evaluate_all("all => all.forEach((one) => one.remove())")
        texts.append(re.sub(r"\s+", " ", page.evaluate("document.body.innerText")))
    assert texts[0] == texts[1]
    assert len(texts[0]) > 1000


def test_the_summary_can_be_copied(window, report, story):
    page = window(report(story), permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name=re.compile("copy", re.IGNORECASE)).first.click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert 5 < len(copied.strip().splitlines()) <= 40
    for node in STORIES[story].nodes if len(STORIES[story].nodes) < 4 else ():
        assert re.sub(r"\W", "", node) in re.sub(r"\W", "", copied)
    assert "\x00" not in copied


def test_the_first_stop_of_the_keyboard_skips_to_the_summary(window, report, story):
    page = window(report(story), "phone")
    page.keyboard.press("Tab")
    link = page.locator(":focus")
    assert "skip" in link.inner_text().lower()
    box = link.bounding_box()
    assert 0 <= box["x"] < 375
    assert 0 <= box["y"] < 812
    target = link.get_attribute("href")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == target
    assert page.locator(target).is_visible()


def test_everything_folded_opens_with_the_keyboard(window, report, story):
    page = window(report(story), "phone")
    total, seen = page.locator("details").count(), 0
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = false; one.dataset.closed = 'yes'; })")
    while True:
        page.keyboard.press("Tab")
        focused = page.evaluate("[document.activeElement.localName, document.activeElement.parentElement?.open]")
        if focused == ["summary", False]:
            page.keyboard.press("Enter")
            seen += 1
        elif focused[0] == "body":
            break
    assert seen == total
    assert page.locator("details:not([open])").count() == 0
