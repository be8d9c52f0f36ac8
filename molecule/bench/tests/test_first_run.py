"""The document of a benchmark run, its values and its findings."""

import csv
import json
import re
import statistics

import jsonschema
import pytest

SHAPED = "worker1"
# The shaper counts whole Ethernet frames; a full frame of 1514 bytes carries 1448 of the stream.
GOODPUT = 173e6 * 1448 / 1514
NODE_METRICS = [
    "gemm.float32",
    "gemm.float16",
    "gemm.sustained",
    "memory.copy",
    "memory.scale",
    "memory.add",
    "memory.triad",
    "ops.softmax",
    "ops.layer_norm",
    "ops.attention",
    "ops.launch",
    "llm.prefill",
    "llm.decode",
    "net.together",
]
CLUSTER_METRICS = [
    "ray.task_rate",
    "ray.broadcast",
    "ray.mlx_tasks",
    "scaling.strong",
    "scaling.weak",
    "collective.all_reduce",
    "collective.all_gather",
]


@pytest.fixture(scope="module")
def run(newest_run):
    return newest_run()


@pytest.fixture(scope="module")
def document(run):
    return run[0]


@pytest.fixture(scope="module")
def metrics(document):
    def of(name):
        return [metric for metric in document["metrics"] if metric["name"] == name]

    return of


def test_document_keeps_its_schema(document, root):
    jsonschema.validate(document, json.loads((root / "data" / "run.schema.json").read_text()))
    assert not document["partial"]


def test_every_node_is_described(document, nodes):
    assert set(document["nodes"]) == set(nodes)
    for node in document["nodes"].values():
        assert node["conditions_before"]["memory_available_bytes"]
        assert node["conditions_after"]["time"] > node["conditions_before"]["time"]


@pytest.mark.parametrize("name", NODE_METRICS)
def test_every_node_was_measured(metrics, nodes, name):
    assert {tuple(metric["subject"]) for metric in metrics(name)} == {(node,) for node in nodes}
    assert all(sample > 0 for metric in metrics(name) for sample in metric["samples"])


@pytest.mark.parametrize("name", CLUSTER_METRICS)
def test_the_cluster_was_measured(metrics, name):
    assert metrics(name)
    assert all(sample > 0 for metric in metrics(name) for sample in metric["samples"])


@pytest.mark.parametrize("name", ["net.goodput", "net.goodput_both", "ray.transfer"])
def test_every_directed_pair_was_measured(metrics, nodes, name):
    pairs = {tuple(metric["subject"]) for metric in metrics(name)}
    assert pairs == {(one, other) for one in nodes for other in nodes if one != other}


@pytest.mark.parametrize("name", ["net.rtt.idle", "net.rtt.loaded", "net.udp_jitter", "net.udp_loss"])
def test_every_pair_was_measured_once(metrics, nodes, name):
    pairs = {frozenset(metric["subject"]) for metric in metrics(name)}
    assert len(pairs) == len(nodes) * (len(nodes) - 1) / 2


def test_numpy_stands_beside_mlx_on_a_cpu(metrics, nodes):
    beside = [metric["subject"][0] for metric in metrics("gemm.float32") if metric["params"]["implementation"] == "numpy"]
    assert set(beside) == set(nodes)
    mlx = [metric for metric in metrics("gemm.float32") if metric["params"]["implementation"] == "mlx"]
    assert all("NumPy" in metric["ceiling_source"] for metric in mlx)


def test_a_case_that_cannot_be_measured_does_not_take_the_others_along(document, nodes):
    missing = [item for item in document["not_measured"] if item["name"] == "llm"]
    assert {tuple(item["subject"]) for item in missing} == {(node,) for node in nodes}
    assert all(item["reason"].startswith("/nowhere/model, 16 bits, prompt 8: ") for item in missing)


def test_collectives_knew_their_world(metrics, nodes):
    assert {metric["params"]["ranks"] for metric in metrics("collective.all_reduce")} == {len(nodes)}


def test_the_wall_time_is_split(metrics):
    for metric in metrics("scaling.strong"):
        assert sum(metric["context"]["split"].values()) == pytest.approx(1)


def test_slow_uplink_shows_what_the_shaper_lets_through(metrics):
    slow = [metric for metric in metrics("net.goodput") if metric["subject"][0] == SHAPED]
    assert len(slow) >= 2
    for metric in slow:
        assert metric["median"] == pytest.approx(GOODPUT, rel=0.05)


def test_figure_agrees_with_a_bare_iperf3(metrics, nodes):
    one, other = nodes[SHAPED], nodes["head1"]
    other.check("iperf3 --server --one-off --daemon --port 5999")
    told = json.loads(one.check(f"iperf3 --client {other.address} --port 5999 --time 5 --json"))
    bare = told["end"]["sum_received"]["bits_per_second"]
    ours = [m["median"] for m in metrics("net.goodput") if m["subject"] == [one.name, other.name]]
    assert statistics.median(ours) == pytest.approx(bare, rel=0.05)


def test_what_others_send_is_not_slow(metrics):
    for metric in metrics("net.goodput"):
        if metric["subject"][0] != SHAPED:
            assert metric["median"] > 1e9


def test_first_finding_names_the_slow_node_and_its_direction(document):
    first = document["findings"][0]
    assert (first["severity"], first["kind"], first["subject"]) == ("fault", "node_uplink", [SHAPED]), document["findings"]
    assert first["measured"].startswith(f"{SHAPED} sends 1")
    assert f"{SHAPED} receives" in first["expected"]
    assert first["title"].startswith("Node sends at ")
    assert first["remedies"]


def test_report_is_written_for_people_too(run, nodes):
    _, folder = run
    for name in ("report.md", "report.html"):
        text = (folder / name).read_text()
        assert all(node in text for node in nodes)
    # one file, offline: `make browser` watches its requests
    assert "default-src 'none'" in text
    assert not re.search(r"\bsrc=|@import|<link|<script(?! type=\"application/json\"| *>)", text)
    assert text.count("<svg") >= 4  # products, links, scaling, collectives
    assert len(text) < 2 * 2**20


def test_dashboards_get_the_same_figures(run, document):
    _, folder = run
    rows = list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))
    assert len(rows) == len(document["metrics"])
    series = [line for line in (folder / "metrics.prom").read_text().splitlines() if line.startswith("saf_metric_median{")]
    assert len(series) == len(set(series)) == len(document["metrics"])


def test_measuring_left_nothing_running(node):
    assert node.run("pgrep -x iperf3").rc == 1
    assert node.run("pgrep -f [l]ink_server.py").rc == 1
    assert node.run("ls -d /tmp/saf-*").rc != 0
