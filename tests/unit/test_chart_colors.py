"""The colors of charts, computed from the style sheets: text can be read on every cell, and gray is enough."""

import itertools

import pytest
from charts import contrast, luminance, themes

LEVELS = ["full", "good", "limit", "fault"]
THEMES = ["light", "dark", "print"]
TEXT, GRAPHIC = 4.5, 3.0  # the least contrasts of WCAG 2.2, AA
GRAY = 1.6  # of two fields that have to differ without color


@pytest.fixture
def colors(root):
    folder = root / "plugins" / "plugin_utils" / "report" / "templates"
    return themes((folder / "report.css").read_text() + (folder / "charts.css").read_text())


@pytest.mark.parametrize("theme", THEMES)
def test_text_on_every_cell(colors, theme):
    own = colors[theme]
    pairs = [(f"q-{level}", f"q-{level}-ink") for level in [*LEVELS, "dead"]] + [("q-dead-stripe", "q-dead-ink")]
    low = {pair: contrast(own[pair[0]], own[pair[1]]) for pair in pairs}
    assert {pair: value for pair, value in low.items() if value < TEXT} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_text_and_marks_on_the_page(colors, theme):
    own = colors[theme]
    for name in ("ink", "soft"):
        assert contrast(own[name], own["paper"]) >= TEXT, name
    for name in ("c1", "c2", "c3", "c4", "c5", "c6", "bars", "worse", "ceiling"):
        assert contrast(own[name], own["paper"]) >= GRAPHIC, name
    assert contrast(own["bars"], own["grid"]) >= GRAPHIC, "a bar on its track"


@pytest.mark.parametrize("theme", THEMES)
def test_a_bad_link_is_seen_in_gray(colors, theme):
    own = colors[theme]
    steps = [contrast(own[f"q-{level}"], own["paper"]) for level in LEVELS]
    assert steps == sorted(steps), "the worse, the stronger against the paper"
    for good, bad in itertools.product(["full", "good"], ["limit", "fault", "dead"]):
        assert contrast(own[f"q-{good}"], own[f"q-{bad}"]) >= GRAY, (good, bad)
    assert contrast(own["q-limit"], own["q-fault"]) >= GRAY


def test_a_dead_link_has_a_pattern(root):
    css = (root / "plugins" / "plugin_utils" / "report" / "templates" / "charts.css").read_text()
    assert ".q-dead { background: repeating-linear-gradient(" in css


@pytest.mark.parametrize("theme", THEMES)
def test_parts_of_a_bar_differ_in_gray(colors, theme):
    parts = [colors[theme][f"part{number}"] for number in range(1, 5)]
    for one, other in itertools.combinations(parts, 2):  # any two meet where those between have no width
        assert contrast(one, other) >= GRAY, (one, other)


@pytest.mark.parametrize("theme", THEMES)
def test_every_color_is_set_in_every_theme(root, colors, theme):
    css = (root / "plugins" / "plugin_utils" / "report" / "templates" / "charts.css").read_text()
    assert {part.split(")")[0] for part in css.split("var(--")[1:]} <= set(colors[theme])
    assert luminance(colors["dark"]["paper"]) < 0.1 < luminance(colors["print"]["paper"])
