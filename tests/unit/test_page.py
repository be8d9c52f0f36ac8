"""The report's page as a browser gets it: its parts, their order, its links, its policy, its colors."""

import base64
import copy
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from runs import CONTAINER, SITUATIONS, gemm, healthy, make, memory

from ansible_collections.saf.fabric.plugins.plugin_utils import run_document, runs
from ansible_collections.saf.fabric.plugins.plugin_utils.report import exporters
from ansible_collections.saf.fabric.plugins.plugin_utils.report import view as report_view
from ansible_collections.saf.fabric.plugins.plugin_utils.report.exporters import html
from ansible_collections.saf.fabric.plugins.plugin_utils.report.summary.parts import Problem
from ansible_collections.saf.fabric.plugins.plugin_utils.report.view.anchors import anchors

FINISHED = "2026-11-23T18:25:00Z"
VOID = {"meta", "br", "input", "col", "link"}
NBSP = "\N{NO-BREAK SPACE}"
ORDER = ["verdict", "nodes", "products", "memory", "models", "link-default", "ray", "history", "environment", "not-measured"]


class Page(HTMLParser):
    """A page: its elements as (tag, attributes), the text of each, and all text that a reader sees."""

    def __init__(self, source):
        super().__init__()
        self.source, self.elements, self.inside, self.text, self._open = source, [], {}, "", []
        self.feed(source)
        assert self._open == [], "an element is not closed"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append((tag, len(self.elements) - 1))

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, text):
        for _tag, number in self._open:
            self.inside[number] = self.inside.get(number, "") + text
        if not {"script", "style", "head"} & {tag for tag, _number in self._open}:
            self.text += text

    def all(self, tag="", **wanted):
        """Return [(attributes, text)] of the elements with a tag and with attributes; class_: a word of its class."""
        found = []
        for number, (name, attributes) in enumerate(self.elements):
            words = (attributes.get("class") or "").split()
            kind = wanted.get("class_")
            if tag in ("", name) and (kind is None or kind in words):
                found.append((attributes, re.sub(r"[ \n]+", " ", self.inside.get(number, "")).strip()))
        return found

    @property
    def ids(self):
        return [attributes["id"] for _tag, attributes in self.elements if attributes.get("id")]


def run_from(plan, raws):
    return run_document.assemble(plan, raws, runs.data_files(), FINISHED)


def page_of(run):
    return Page(html.page(report_view.prepare(run), run))


def memory_of(nodes, implementation="mlx", backend="gpu"):
    made = []
    for node in nodes:
        for operation, rate in (("copy", 640e9), ("scale", 641e9), ("add", 655e9)):
            one = memory(node, rate)
            one["params"].update(implementation=implementation, backend=backend)
            made.append({**one, "name": f"memory.{operation}"})
    return made


def cpu_only():
    """A machine whose MLX has no GPU: NumPy reaches 34 times as much."""
    products = []
    for size, mlx, numpy in ((1024, 5e9, 170e9), (512, 4.5e9, 140e9)):
        products.append(gemm("localhost", mlx, "cpu", size))
        other = gemm("localhost", numpy, "cpu", size)
        other["params"]["implementation"] = "numpy"
        products.append(other)
    return make(["localhost"], CONTAINER, extra=products)


@pytest.fixture(scope="module")
def documents():
    plan, raws = healthy(["alpha", "beta"])
    raws[-1]["measurements"] += memory_of(["alpha", "beta"])
    return {
        "two": run_from(*SITUATIONS["two_studios"]()),
        "healthy": run_from(plan, raws),
        "sixteen": run_from(*SITUATIONS["healthy_sixteen"]()),
        "cpu": run_from(*cpu_only()),
        "links": run_from(*SITUATIONS["wrong_link"]()),
    }


@pytest.fixture(scope="module")
def pages(documents):
    return {name: page_of(run) for name, run in documents.items()}


NAMES = ("two", "healthy", "sixteen", "cpu", "links")


def test_the_page_says_first_what_it_is_about(pages, documents):
    page, summary = pages["two"], report_view.prepare(documents["two"])["summary"]
    ((_attributes, heading),) = page.all("h1")
    assert heading == f"alpha + beta {summary.hardware}".replace(" GiB", f"{NBSP}GiB")
    assert "23 Nov 2026" in page.text
    ((attributes, sentence),) = page.all(class_="sentence")
    assert sentence.startswith("2 problems.")
    assert "is-bad" in attributes["class"].split()
    assert len(page.all(class_="tile")) == len(summary.tiles) == 4


@pytest.mark.parametrize("name", NAMES)
def test_each_thing_is_said_once(pages, documents, name):
    summary = report_view.prepare(documents[name])["summary"]
    text = " ".join(pages[name].text.replace(NBSP, " ").split())
    assert text.count(summary.sentence.text) == 1
    text = text.replace(summary.sentence.text, "")  # of one problem it is the title
    once = [problem.title for problem in summary.problems]
    once += [remedy for problem in summary.problems for remedy in problem.remedies]
    once += [option["text"] for option in summary.options]
    for words in filter(None, once):
        assert text.count(" ".join(words.split())) == 1, words


def test_sections_stand_in_one_order(pages):
    ids = pages["healthy"].ids
    assert [ids.index(one) for one in ORDER] == sorted(ids.index(one) for one in ORDER)
    assert ids.index("ray") < ids.index("collectives") < ids.index("history")


@pytest.mark.parametrize("name", NAMES)
def test_anchors_are_unique_and_every_link_has_a_target(pages, name):
    page = pages[name]
    assert len(page.ids) == len(set(page.ids))
    links = [attributes["href"] for attributes, _text in page.all("a")]
    assert {link[1:] for link in links if link.startswith("#")} <= set(page.ids)
    assert {link for link in links if not link.startswith("#")} == {"run.json", "metrics.csv", "report.md"}


def test_anchors_are_those_of_the_next_run(pages):
    plan, raws = SITUATIONS["two_studios"]()
    plan["run_id"] = "20261124T181500Z"
    raws.reverse()  # another order of measurement, and another metric
    raws[0]["measurements"] += memory_of(["alpha", "beta"])
    assert set(pages["two"].ids) - {"what-to-do"} <= set(page_of(run_from(plan, raws)).ids)
    assert {"gemm-float32", "node-alpha", "link-default", "link-thunderbolt"} <= set(pages["links"].ids)


def test_names_that_differ_in_other_letters_alone_have_separate_anchors():
    assert anchors("node", ["a.b", "a-b", "ä", "a b"]) == {
        "a.b": "node-a-b",
        "a-b": "node-a-b-2",
        "ä": "node",
        "a b": "node-a-b-3",
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_policy_allows_the_page_and_nothing_else(pages, name):
    page = pages[name]
    (policy,) = [one["content"] for one, _text in page.all("meta") if one.get("http-equiv") == "Content-Security-Policy"]

    def source(text):
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    (style,) = re.findall(r"<style>(.*?)</style>", page.source, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", page.source, re.DOTALL)
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts == {
        "default-src": "'none'",
        "style-src": source(style),
        "script-src": source(script),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not [attributes for _tag, attributes in page.elements if "style" in attributes]
    assert not [name for _tag, attributes in page.elements for name in attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import", style)


def test_the_page_is_complete_without_its_script(pages):
    page = pages["sixteen"]
    script = html.inline("report.js").text.strip().splitlines()
    assert len(script) <= 18
    for_script = [attributes for _tag, attributes in page.elements if "data-script" in attributes]
    assert len(for_script) == 3
    assert all("hidden" in attributes for attributes in for_script)
    assert {one["id"] for one in for_script if "id" in one} == {"copy", "print"}


def test_the_page_holds_its_medians_and_the_text_to_copy(pages, documents):
    (data,) = re.findall(r'<script type="application/json" id="summary">(.*?)</script>', pages["healthy"].source, re.DOTALL)
    held = json.loads(data)
    assert len(held["metrics"]) == len(documents["healthy"]["metrics"])
    assert "samples" not in data
    assert held["text"].startswith("**alpha + beta**")


def test_a_name_that_ends_a_script_ends_none():
    plan, raws = SITUATIONS["two_studios"]()
    for raw in raws:
        if raw["facts"]:
            raw["facts"]["chip"] = "</script><script>alert(1)</script><!--"
    page = page_of(run_from(plan, raws))
    assert len(page.all("script")) == 2
    (data, _script) = (text for _attributes, text in page.all("script"))
    assert json.loads(data)["nodes"]["alpha"]["chip"].startswith("</script>")


@pytest.mark.parametrize("name", NAMES)
def test_no_line_ends_between_a_number_and_its_unit(pages, name):
    loose = re.findall(r"\d (?:[TGMk]?(?:FLOP/s|B/s|b/s|token/s)|[mµ]?s\b|%|[KMG]iB)", pages[name].text)
    assert loose == []


def test_a_value_has_its_spread_in_one_prefix_and_its_slow_end(pages, documents):
    text = pages["healthy"].text.replace(NBSP, " ")
    assert "22.0 ± 0.2 TFLOP/s" in text
    sections = {one["id"]: one for part in report_view.prepare(documents["healthy"])["sections"].values() for one in part}
    (decode,) = (one for one in sections["models"]["tables"] if one["name"] == "llm.decode")
    assert decode["slow"] == "p5"
    assert {row["slow"] for row in decode["rows"]} == {"77.2 token/s"}  # below the median of 78
    (trip,) = (one for one in sections["ray"]["tables"] if one["name"] == "ray.task_rtt")
    assert trip["slow"] == "p95"
    assert {row["slow"] for row in trip["rows"]} == {"1.01 ms"}
    assert "p95 1.01 ms" in text  # a table with both says which


def test_a_group_is_one_table_and_sizes_are_in_order(pages, documents):
    sections = {one["id"]: one for one in report_view.prepare(documents["healthy"])["sections"]["chips"]}
    assert [one["name"] for one in sections["memory"]["tables"]] == [
        "memory.copy",
        "memory.scale",
        "memory.add",
        "memory.triad",
    ]
    assert len([one for one, _text in pages["healthy"].all("table") if "values" in (one.get("class") or "")]) == 6
    products = next(one for one in sections["products"]["tables"] if one["name"] == "gemm.float32")
    assert [row["what"].split(" ")[0] for row in products["rows"]] == [
        "512",
        "512",
        "1024",
        "1024",
        "2048",
        "2048",
        "4096",
        "4096",
    ]
    assert products["shared"] == "MLX on the GPU"


def test_a_cpu_leads_where_mlx_has_no_gpu(documents):
    (products,) = (one for one in report_view.prepare(documents["cpu"])["sections"]["chips"] if one["id"] == "products")
    first, second = products["tables"][0]["rows"][:2]
    assert (first["what"], first["median"]) == ("512 x 512 x 512, NumPy on the CPU", "140 ± 1 GFLOP/s")
    assert (second["share"], second["bar"]) == ("3 % of NumPy", None)


@pytest.mark.parametrize("name", NAMES)
def test_what_scrolls_can_be_focused_and_has_a_name(pages, name):
    scrolled = pages[name].all(class_="scroll")
    regions = len(pages[name].all("section", class_="scroll"))
    assert regions > 2
    assert sum(one.get("role") == "group" for one, _text in scrolled) == len(scrolled) - regions
    assert all(one.get("tabindex") == "0" for one, _text in scrolled)
    assert all(one.get("aria-label") or one.get("aria-labelledby") for one, _text in scrolled)


@pytest.mark.parametrize("name", NAMES)
def test_numbers_stand_below_their_headers(pages, name):
    """Columns of numbers are right-aligned with their header: both have the class."""
    for table in re.findall(r"<table.*?</table>", pages[name].source, re.DOTALL):
        heads = re.findall(r"<th scope=\"col\"([^>]*)>", table)
        rows = re.findall(r"<tr data-nodes.*?</tr>", table, re.DOTALL)
        if 'class="stacked values"' not in table:
            continue
        assert ["n" in head for head in heads] == [False] + [True] * (len(heads) - 1)
        for row in rows:
            assert len(re.findall(r'<td class="n', row)) == len(heads) - 1
            assert len(re.findall(r"<td", row)) == len(heads) - 1
        groups = re.findall(r'<tr class="head"><th scope="rowgroup" colspan="(\d)"', table)
        assert groups
        assert set(groups) == {str(len(heads))}


def test_a_value_of_the_whole_cluster_has_no_node_as_label(pages):
    """On a phone each value of the table has the name of its column."""
    rows = re.findall(r'<tr><th scope="row">([^<]*)</th><td class="n" data-label="([^"]*)">', pages["healthy"].source)
    labels = dict(rows)
    assert labels["GPU float32"] == "alpha"
    assert labels["2 Macs instead of 1"] == ""


def test_many_nodes_are_compact_and_can_be_found(pages):
    many, few = pages["sixteen"], pages["two"]
    assert "filter" in many.ids
    assert "filter" not in few.ids
    assert len(many.all(class_="figure")) == 16 * 3  # the summary has no column for each
    assert few.all(class_="figure") == []
    nodes = {one["data-nodes"] for one, _text in many.all("article", class_="node")}
    assert nodes == {f"node{number:02}" for number in range(1, 17)}
    assert "Conditions of node07" in many.text


def test_a_card_shows_the_first_remedy_and_folds_the_rest(documents):
    problem = Problem(
        badge="Regression",
        cause="slower",
        title="Everything is 15 % slower",
        measured="14 values",
        because="Seven runs before were faster.",
        remedies=("Close other programs.", "Let it cool.", "Look at <power>."),
        gain="up to 1.2 times faster",
        findings=(),
    )
    view = report_view.prepare(documents["healthy"])
    view["summary"] = dataclasses.replace(view["summary"], problems=(problem,))
    page = Page(html.page(view, documents["healthy"]))
    ((attributes, card),) = [one for one in page.all("article", class_="card") if "Everything" in one[1]]
    assert "is-attention" in attributes["class"].split()
    assert card.startswith(f"Regression Everything is 15{NBSP}% slower 14 values Try: Close other programs.")
    folded = [text for _attributes, text in page.all("details", class_="short")]
    assert "Other ways (2) Let it cool. Look at <power>." in folded
    assert "How we know Seven runs before were faster." in folded


def test_markdown_has_the_order_of_the_page_and_its_cells_are_escaped(documents):
    run = copy.deepcopy(documents["healthy"])
    run["metrics"][0]["flags"] = ["a|b"]
    text = exporters.EXPORTERS["markdown"].render(report_view.prepare(run), run)
    heads = re.findall(r"^## (.*)$", text, re.MULTILINE)
    wanted = ["Nodes", "Matrix products", "Memory", "Language models", "Link default", "Ray", "History", "Environment"]
    assert [head for head in heads if head in wanted] == wanted
    assert "a\\|b" in text


def colors(style):
    """Return {theme: {name: color}} of the custom properties of :root, light, dark and print."""
    blocks = {
        "light": re.search(r"\A\s*:root \{(.*?)\}", style, re.DOTALL)[1],
        "dark": re.search(r"prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}", style, re.DOTALL)[1],
        "print": re.search(r"@media print \{\s*:root \{(.*?)\}", style, re.DOTALL)[1],
    }
    return {theme: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", block)) for theme, block in blocks.items()}


def luminance(color):
    digits = color[1:] if len(color) == 7 else "".join(letter * 2 for letter in color[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_text_can_be_read_in_every_theme(root, theme):
    """WCAG 2.2 AA: 4.5 for text, 3 for the parts of a drawing and the edges of a control."""
    style = (root / "plugins" / "plugin_utils" / "report" / "templates" / "report.css").read_text()
    shown = colors(style)[theme]
    texts = [(name, ground) for name in ("ink", "soft", "link", "ok", "warn", "wrong") for ground in ("paper", "panel")]
    texts += [("paper", mark) for mark in ("ok", "warn", "wrong", "note")] + [
        ("ink", "line")
    ]  # badges, a button under the pointer
    low = {pair: contrast(shown[pair[0]], shown[pair[1]]) for pair in texts}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}
    parts = [(name, "line") for name in ("ok", "warn", "wrong", "bar")] + [("edge", "paper")]
    assert {pair: ratio for pair in parts if (ratio := contrast(shown[pair[0]], shown[pair[1]])) < 3} == {}


def test_contrast_is_that_of_the_standard():
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


def test_a_cpu_has_no_columns_of_ceilings_that_no_row_fills(pages):
    glance = re.search(r'<table class="stacked glance">.*?</table>', pages["cpu"].source, re.DOTALL).group()
    assert "ceiling" not in glance
    assert re.search(r"MLX float32, CPU <span class=\"soft\">\d+.% of NumPy", glance)
    assert "ceiling" in re.search(r'<table class="stacked glance">.*?</table>', pages["two"].source, re.DOTALL).group()


def test_who_published_what_is_usual_stands_in_the_fold_alone(pages):
    text = pages["healthy"].text.replace(NBSP, " ")
    assert text.count("github.com/ml-explore/mlx/pull/424") == 1
    assert "M2 Ultra, 76 GPU cores, usually 22.0 TFLOP/s: MLX, github.com" in text


def test_many_nodes_that_are_alike_are_a_number_in_the_environment(pages):
    assert "<dt>all 16 nodes</dt>" in pages["sixteen"].source
    assert "<dt>alpha, beta</dt>" in pages["healthy"].source
