"""The report's page as a browser shows it: readable for everybody, at each width, in each theme, and by itself."""

import json
import subprocess
from pathlib import Path

import pytest
from stories import STORIES

CHECKS = Path(__file__).with_name("checks.js").read_text()
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
LEAST_LETTERS = 9  # px
SMALL = 4  # nodes
FEW_WORDS, NARROW = 3, 8  # words, rem


@pytest.fixture(scope="session")
def axe(pytestconfig):
    """Return the text of axe-core."""
    return (pytestconfig.rootpath / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture
def ask(shown):
    """Return what a check of checks.js says: ask(name, *arguments) -> sentences.

    All details are open meanwhile, but for large clusters: they hold thousands of rows, of the templates that small ones show.
    """
    shown.page.evaluate(CHECKS)
    closed = shown.page.evaluate_handle("[...document.querySelectorAll('details:not([open])')]")
    if len(STORIES[shown.name].nodes) <= SMALL:
        shown.page.evaluate("checks.open()")
    yield lambda name, *arguments: shown.page.evaluate(f"checks.{name}(...{json.dumps(arguments)})")
    closed.evaluate("all => all.forEach((one) => { one.open = false; })")


def told(sentences, most=8):
    """Return sentences as the text of a failure."""
    more = [f"… and {len(sentences) - most} more"] if len(sentences) > most else []
    return "\n".join([*sentences[:most], *more])


def test_nothing_hinders_people_who_use_assistive_technology(shown, ask, axe):
    shown.page.evaluate(axe)
    options = {"resultTypes": ["violations"]}  # selectors of all that is right take time
    if shown.theme == "dark":  # the rest is as in light
        options["runOnly"] = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
    violations = shown.page.evaluate("options => axe.run(options).then(result => result.violations)", options)
    found = [
        f"{one['id']} ({one['impact']}): {node['target'][0]}: {node['any'][0]['message'] if node['any'] else one['help']}"
        for one in violations
        for node in one["nodes"]
    ]
    assert not found, told(found)


def test_text_in_pictures_has_contrast(ask):
    found = ask("contrast", LEAST_CONTRAST)
    assert not found, told(found)


def test_text_in_pictures_is_large_enough_and_not_blown_up(ask):
    found = ask("letters", LEAST_LETTERS)
    assert not found, told(found)


def test_the_page_does_not_scroll_sideways(ask):
    found = ask("wide")
    assert not found, told(found)


@pytest.mark.sizes("phone")
def test_no_column_holds_a_word_a_line(ask):
    found = ask("narrow", FEW_WORDS, NARROW)
    assert not found, told(found)


def test_nothing_leaves_the_page_and_nothing_complains(shown):
    assert shown.requests == [shown.path.as_uri()]
    assert shown.complaints == []


def test_the_page_is_valid_html(report, story, pytestconfig, tmp_path):
    program = pytestconfig.rootpath / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
    options = ["--config", Path(__file__).with_name("htmlvalidate.json"), "--formatter", "json"]
    with (tmp_path / "said").open("w+") as said:  # a pipe would lose the end of a long answer
        checked = subprocess.run(["node", program, *options, report(story)], stdout=said, stderr=subprocess.PIPE, check=False)
        said.seek(0)
        text = said.read()
    assert text, checked.stderr
    found = [f"line {one['line']}: {one['ruleId']}: {one['message']}" for file in json.loads(text) for one in file["messages"]]
    assert not found, told(found)
    assert checked.returncode == 0
