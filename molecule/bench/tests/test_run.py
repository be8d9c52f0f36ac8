"""The document of a benchmark run, its figures and its findings."""

import json
import statistics

import jsonschema
import pytest

PAIR = {"head1", "worker1"}
# The shaper counts whole Ethernet frames; a full frame of 1514 bytes carries 1448 of the stream.
GOODPUT = 300e6 * 1448 / 1514


@pytest.fixture(scope="module")
def document(newest_run):
    return newest_run()[0]


@pytest.fixture(scope="module")
def metrics(document):
    def of(name):
        return [metric for metric in document["metrics"] if metric["name"] == name]

    return of


def test_document_keeps_its_schema(document, root):
    jsonschema.validate(document, json.loads((root / "data" / "run.schema.json").read_text()))


def test_every_node_is_described(document, nodes):
    assert set(document["nodes"]) == set(nodes)


@pytest.mark.parametrize("name", ["gemm.float32", "gemm.float16"])
def test_every_node_multiplied_matrices(metrics, nodes, name):
    assert {tuple(metric["subject"]) for metric in metrics(name)} == {(node,) for node in nodes}


@pytest.mark.parametrize("name", ["ray.task_rtt", "ray.mlx_tasks"])
def test_ray_was_measured(metrics, name):
    assert metrics(name)
    for metric in metrics(name):
        assert metric["unit"] == "s"
        assert all(sample > 0 for sample in metric["samples"])


def test_every_directed_pair_was_measured(metrics, nodes):
    pairs = {tuple(metric["subject"]) for metric in metrics("net.goodput")}
    assert pairs == {(one, other) for one in nodes for other in nodes if one != other}


def test_slow_pair_shows_what_the_shaper_lets_through(metrics):
    slow = [metric for metric in metrics("net.goodput") if set(metric["subject"]) == PAIR]
    assert len(slow) >= 2
    for metric in slow:
        assert metric["median"] == pytest.approx(GOODPUT, rel=0.05)


def test_figure_agrees_with_a_bare_iperf3(metrics, nodes):
    one, other = (nodes[name] for name in sorted(PAIR))
    other.check("iperf3 --server --one-off --daemon --port 5999")
    told = json.loads(one.check(f"iperf3 --client {other.address} --port 5999 --time 5 --json"))
    bare = told["end"]["sum_received"]["bits_per_second"]
    ours = [m["median"] for m in metrics("net.goodput") if m["subject"] == [one.name, other.name]]
    assert statistics.median(ours) == pytest.approx(bare, rel=0.05)


def test_other_pairs_are_not_slow(metrics):
    for metric in metrics("net.goodput"):
        if set(metric["subject"]) != PAIR:
            assert metric["median"] > 1e9


def test_first_finding_about_links_names_the_slow_pair(document):
    found = [finding for finding in document["findings"] if len(finding["subject"]) == 2]
    assert found, document["findings"]
    first = min(found, key=lambda finding: finding["rank"])
    assert set(first["subject"]) == PAIR
    assert first["advice"]


def test_report_is_written_for_people_too(newest_run):
    _, folder = newest_run()
    for name in ("report.md", "report.html"):
        text = (folder / name).read_text()
        assert all(node in text for node in PAIR)
    # one file, offline
    assert "http://" not in text.replace("http://www.w3.org/", "")
    assert "https://" not in text


def test_measuring_left_nothing_running(node):
    assert node.run("pgrep -x iperf3").rc == 1
