"""Whatever a node says, the reports show it as text: every text of every situation is replaced by something hostile."""

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest
from runs import SITUATIONS

from ansible_collections.saf.fabric.plugins.plugin_utils import run_document
from ansible_collections.saf.fabric.plugins.plugin_utils import runs as report_filters
from ansible_collections.saf.fabric.plugins.plugin_utils.report import escaping
from ansible_collections.saf.fabric.plugins.plugin_utils.report import view as report_view
from ansible_collections.saf.fabric.plugins.plugin_utils.report.exporters import EXPORTERS, html
from ansible_collections.saf.fabric.plugins.plugin_utils.trust import untrusted

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script></style></title>",
    '" onmouseover="alert(1)" x="',
    "' onfocus='alert(1)",
    "a | b | `c` | [d](javascript:alert(1)) ![e](http://x/y)",
    "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e",
    "one\n\n# two\r\n- three\u2028four",
    "../../x",
    "=cmd|' /c calc'!A0",
    '\\"} 1\nsaf_planted{x="',
    "&lt;b&gt;&#60;b&#62;",
]
# Texts of a measurement that its module takes from the play, and by which the report finds it.
KEPT = ("name", "scope", "subject", "unit", "better", "dtype", "direction", "implementation", "nodes", "target", "node", "load")


def hostile(value, text):
    """Return a raw document with ``text`` behind every text and key of what a node says about itself."""
    if isinstance(value, str):
        return value + text
    if isinstance(value, list):
        return [hostile(item, text) for item in value]
    if isinstance(value, dict):
        return {key: value[key] if key in KEPT else hostile(value[key], text) for key in value}
    return value


def raws_with(raws, text):
    changed = []
    for raw in raws:
        facts = hostile(raw["facts"], text)
        if facts:  # the keys by which figures and links are found stay
            facts["conditions"]["time"] = text
            facts["conditions"]["busiest"] = [{"command": text, "cpu_percent": 99.0}]
            facts["conditions"]["load_average"] = [99.0, 1.0, 1.0]
        measurements = [hostile({**item, "flags": [*item["flags"], text]}, text) for item in raw["measurements"]]
        for before, after in zip(raw["measurements"], measurements):
            after["link"] = before["link"]
        skipped = [{**item, "name": item["name"] + text, "reason": text + item["reason"] + text} for item in raw["not_measured"]]
        skipped.append({"name": text, "subject": [text], "reason": text})
        changed.append({**raw, "facts": facts, "measurements": measurements, "not_measured": skipped})
    return untrusted.clean(changed)


class Page(HTMLParser):
    """What of a page is alive; scripts: the text of each."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.values, self.scripts = set(), set(), [], []
        self.feed(text)

    def handle_data(self, text):
        if self.cdata_elem == "script":
            self.scripts[-1] += text

    def handle_starttag(self, tag, attrs):
        if tag == "script":
            self.scripts.append("")
        self.tags.add(tag)
        self.attributes |= {(tag, name) for name, _value in attrs}
        self.values += [(name, value) for name, value in attrs if name in ("href", "src", "style", "class", "id")]


@pytest.fixture(scope="module")
def written():
    """Return {file name: text} of everything that is written for a run: written(plan, raws)."""
    data = report_filters.data_files()

    def write(plan, raws):
        run = run_document.assemble(plan, raws, data, "2026-11-23T18:25:00Z")
        view = report_view.prepare(run)
        return {exporter.file_name: exporter.render(view, run) for exporter in EXPORTERS.values()}

    return write


def cells(line):
    return len(re.findall(r"(?<!\\)\|", line))


@pytest.fixture(scope="module")
def vocabulary(written):
    """Return (tags, attributes) that the templates place in any situation."""
    pages = [Page(written(*make())["report.html"]) for make in SITUATIONS.values()]
    return set().union(*(page.tags for page in pages)), set().union(*(page.attributes for page in pages))


FILES = {"run.json", "metrics.csv", "report.md"}


@pytest.mark.parametrize("situation", sorted(SITUATIONS))
def test_nothing_that_a_node_says_is_alive_in_a_report(written, vocabulary, situation):
    plan, raws = SITUATIONS[situation]()
    tags, attributes = vocabulary
    script = html.inline("report.js").text
    for text in HOSTILE:
        said = written(plan, raws_with(raws, text))
        assert not [letter for one in said.values() for letter in one if letter in "\x1b\x07\x9b\u202e\u2028\r"]
        page = Page(said["report.html"])
        assert page.tags <= tags, text
        assert page.attributes <= attributes, text
        assert not page.tags & {"img", "iframe", "link", "object", "base", "form"}
        assert not [name for _tag, name in page.attributes if name.startswith("on")]
        assert not [value for name, value in page.values if name in ("href", "src") and value[0] != "#" and value not in FILES]
        assert not [value for name, value in page.values if name == "style"]
        data, ours = page.scripts
        assert ours == script
        assert json.loads(data)["run_id"] == plan["run_id"]
        dead(said["report.md"])
        for line in said["metrics.prom"].splitlines():
            assert re.fullmatch(r'# \w+ saf_\w+ .*|saf_\w+(\{(\w+="([^"\\]|\\.)*",?)+\})? [-+.\w]+', line), line
            assert not line.startswith("saf_planted")
        rows = list(csv.reader(io.StringIO(said["metrics.csv"])))
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "@"))]
        assert len({len(row) for row in rows}) == 1


def dead(text):
    """Assert that Markdown holds the elements of its template alone: code spans of names, headings, tables with equal rows."""
    lines = text.splitlines()
    assert not re.search(r"<|\]\(", text)
    assert {line.count("`") for line in lines} <= {0, 2}
    assert not [line for line in lines if re.match(r"\s*#", line) and "two" in line]
    for line, after in zip(lines, lines[1:]):
        if after.startswith("|") and line.startswith("|"):
            assert cells(line) == cells(after), (line, after)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("945 Mb/s, 22.0 ± 0.2", "945 Mb/s, 22.0 ± 0.2"),
        ("a|b\nc`d`", "a\\|b c'd'"),
        ("<b>&amp;", "&lt;b>&amp;amp;"),
        ("\\|", "\\\\\\|"),
        ("![x](http://y)", "![x]\\(http://y)"),
    ],
)
def test_markdown_escapes(text, escaped):
    assert escaping.escape(text) == escaped


def test_a_view_is_escaped_to_its_last_text():
    assert escaping.escape_all({"a": [("b|", 1, None)], "c": {"d": "<"}}) == {"a": [["b\\|", 1, None]], "c": {"d": "&lt;"}}


def test_only_charts_are_exempt_from_escaping(root):
    for path in (root / "plugins" / "plugin_utils" / "report" / "templates").glob("*.html.j2"):
        text = path.read_text()
        assert "autoescape" not in text, f"{path.name}: the exporter escapes, in one place"
        safe = re.findall(r"\{\{([^}]*)\| safe", text)
        assert {words.strip() for words in safe} <= {"chart", "chart.svg", "table.chart"}, path.name
