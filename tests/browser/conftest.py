"""One browser for each worker; a page of each story at each width and in each theme, opened once for all its checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import chromium
import pytest
from stories import STORIES


@dataclass
class Shown:
    """An opened page, what it asked for, and what it complained about."""

    name: str
    size: str
    theme: str
    path: Path
    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser():
    with chromium.launched() as running:
        yield running


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    """Return a maker of a story's page: report(name) -> path."""
    folder, written = tmp_path_factory.mktemp("stories"), {}

    def make(name):
        if name not in written:
            written[name] = chromium.report(folder, name)
        return written[name]

    return make


@pytest.fixture
def window(browser):
    """Return a maker of pages that are closed after the test: window(path, size, theme, **options) -> page."""
    opened = []

    def make(path, size="desktop", theme="light", **options):
        opened.append(chromium.context(browser, size, theme, **options))
        page = opened[-1].new_page()
        page.goto(path.as_uri())
        return page

    yield make
    for one in opened:
        one.close()


@pytest.fixture(scope="session")
def shown(request, browser, report):
    """Return a story at a width and in a theme, named by the test's parameter; a test leaves it as it found it."""
    name, size, theme = request.param
    path = report(name)
    opened = chromium.context(browser, size, theme)
    page = opened.new_page()
    found = Shown(name, size, theme, path, page)
    page.on("request", lambda asked: found.requests.append(asked.url))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("console", lambda said: said.type in ("error", "warning") and found.complaints.append(said.text))
    opened.route("**/*", lambda route: route.continue_() if route.request.url == path.as_uri() else route.abort())
    page.goto(path.as_uri())
    yield found
    opened.close()


def pytest_configure(config):
    config.addinivalue_line("markers", "sizes(*names): the widths at which a test looks at each story; all by default")
    config.addinivalue_line("markers", "nodes(count): a test is about the stories with as many nodes; about all by default")


def pytest_generate_tests(metafunc):
    """Give each test its stories; those of one story go to one worker, which writes its page once."""
    counts = _marked(metafunc, "nodes")
    names = [name for name, story in STORIES.items() if not counts or len(story.nodes) in counts]
    sizes = _marked(metafunc, "sizes") or chromium.WIDTHS
    if "shown" in metafunc.fixturenames:
        chosen = [(name, size, theme) for name in names for size in sizes for theme in chromium.THEMES]
        parameters = [pytest.param(one, id="-".join(one), marks=pytest.mark.xdist_group(one[0])) for one in chosen]
        metafunc.parametrize("shown", parameters, indirect=True, scope="session")
    if "story" in metafunc.fixturenames:
        metafunc.parametrize("story", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in names])


def _marked(metafunc, name):
    marker = metafunc.definition.get_closest_marker(name)
    return marker.args if marker else ()
