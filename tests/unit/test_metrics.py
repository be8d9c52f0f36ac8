"""The registry of metrics: whatever a module can measure has a row, and what follows from the rows is up to date."""

import ast
import json

import metrics_doc
import pytest
import yaml
from runs import SITUATIONS

import ray_benchmark
from ansible_collections.saf.fabric.plugins.module_utils.measure import mlx_suites, pair
from ansible_collections.saf.fabric.plugins.module_utils.measure.measurement import measurement
from ansible_collections.saf.fabric.plugins.plugin_utils import metrics, run_document, runs
from ansible_collections.saf.fabric.plugins.plugin_utils.analysis import scaling
from ansible_collections.saf.fabric.plugins.plugin_utils.model import Measurement
from ansible_collections.saf.fabric.plugins.plugin_utils.report.view import figures, metric_charts
from ansible_collections.saf.fabric.plugins.plugin_utils.trust import raw_shapes

ROWS = metrics.METRICS.values()


def strings(tree):
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def parsed(path):
    return ast.parse(path.read_text())


def operations(root, probe):
    """Return [(name, unit or None)] of the operations that a probe lists as tuples (name, ...)."""
    listed = [
        strings(ast.Tuple(node.elts[:2], ast.Load()))
        for node in ast.walk(parsed(root / "module_utils" / "probes" / f"{probe}.py"))
        if isinstance(node, ast.Tuple) and len(node.elts) > 3 and isinstance(node.elts[0], ast.Constant)
    ]
    return sorted({(names[0], names[1] if len(names) > 1 else None) for names in listed})


def phases(root):
    """Return the phases of a language model that its probe reports."""
    reported = [node for node in ast.walk(parsed(root / "module_utils" / "probes" / "llm.py")) if isinstance(node, ast.Dict)]
    return [
        value.value
        for document in reported
        for key, value in zip(document.keys, document.values)
        if isinstance(key, ast.Constant) and key.value == "phase"
    ]


def of_mlx(root):
    """Return [(name, unit)] of all that mlx_benchmark can measure with the profiles of the repository."""
    profiles = yaml.safe_load((root / "data" / "bench_profiles.yml").read_text())
    dtypes = {dtype for profile in profiles.values() for dtype in (profile["mlx"].get("gemm") or {}).get("dtypes", [])}
    documents = [("gemm", {"params": {"dtype": dtype}}) for dtype in sorted(dtypes | {"tf32"})]
    documents += [("memory", {"params": {"operation": name}}) for name, _unit in operations(root, "memory")]
    documents += [("ops", {"params": {"operation": name}, "unit": unit}) for name, unit in operations(root, "ops")]
    documents += [("llm", {"params": {}, "phase": phase}) for phase in phases(root)]
    documents += [("sustained", {"params": {}})]
    assert {suite for suite, _document in documents} == set(mlx_suites.METRICS)
    made = [mlx_suites.as_measurement(suite, {**one, "samples": [1.0], "context": {}}, "a") for suite, one in documents]
    made += mlx_suites.gpu_measurements("a", "gemm", [0.5], [1e9])
    return made


def of_ray():
    common = {"params": {"local": True}, "subject": ["a", "b"], "samples": [1.0]}
    return [ray_benchmark.as_measurement({"suite": suite, **common}, "a") for suite in ray_benchmark.SUITES]


def of_network():
    made = pair.Pair({"node": "a", "nodes": ["a", "b"], "port": 1}, {"peer": "b", "host": "", "link": "default"}, "", None, None)
    for name in pair.UNITS:
        made.add(name, ["a", "b"], {}, [1.0])
    return made.measurements


def of_collectives(root):
    suite = parsed(root / "library" / "collective_benchmark.py")
    assert "bit/s" in strings(suite)
    probe = parsed(root / "module_utils" / "probes" / "collective.py")
    names = {name for name in strings(probe) if name.startswith("all_") and name.isidentifier()}
    return [measurement(f"collective.{name}", "bit/s", [1.0], scope="cluster", subject=[]) for name in sorted(names)]


def of_scaling():
    def run(nodes, tasks):
        params = {"nodes": nodes, "tasks": tasks}
        return measurement("ray.mlx_tasks", "s", [1.0], scope="cluster", subject=[], params=params)

    return scaling.derive([run(["a"], 4), run(["a"], 8), run(["a", "b"], 8)])


def emitted(root):
    return [*of_mlx(root), *of_ray(), *of_network(), *of_collectives(root), *of_scaling()]


def test_every_metric_that_a_module_can_measure_has_a_row_with_its_unit(root):
    measured = {one["name"]: (one["unit"], one["better"]) for one in emitted(root)}
    assert measured == {row.name: (row.unit, row.better) for row in ROWS if not row.is_family}


def test_every_measurement_is_built_in_one_place(root):
    """And by a function of which this file knows all callers: a new one has to be listed above."""
    callers, by_hand = set(), []
    for path in [*root.glob("library/*.py"), *root.glob("module_utils/**/*.py"), *root.glob("plugins/plugin_utils/**/*.py")]:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("measurement", "measurement.measurement"):
                callers.add(str(path.relative_to(root)))
            keys = {key.value for key in node.keys if isinstance(key, ast.Constant)} if isinstance(node, ast.Dict) else set()
            if {"name", "unit", "samples"} <= keys:
                by_hand.append(str(path.relative_to(root)))
    assert callers == {
        "library/collective_benchmark.py",
        "library/ray_benchmark.py",
        "module_utils/measure/mlx_suites.py",
        "module_utils/measure/pair.py",
        "plugins/plugin_utils/analysis/scaling.py",
    }
    # The border copies what it has checked; the run document adds the statistics.
    assert sorted(by_hand) == [
        "module_utils/measure/measurement.py",
        "plugins/plugin_utils/run_document.py",
        "plugins/plugin_utils/trust/raw_shapes.py",
    ]


def test_a_measurement_has_the_keys_of_its_type():
    made = measurement("gemm.float32", "FLOP/s", [1.0], scope="node", subject=["a"])
    assert set(made) == set(Measurement.__annotations__)


@pytest.mark.parametrize(("unit", "given", "better"), [("s", None, "lower"), ("B/s", None, "higher"), ("1", "lower", "lower")])
def test_seconds_are_better_when_lower(unit, given, better):
    assert measurement("x.y", unit, [1.0], scope="node", subject=["a"], better=given)["better"] == better


def test_titles_are_unique():
    titles = [row.title for row in ROWS]
    assert sorted(titles) == sorted(set(titles))


def test_every_row_can_be_drawn_and_noted():
    assert {row.chart for row in ROWS if row.chart} == set(metric_charts.CHARTS)
    assert {row.note for row in ROWS if row.note} == set(figures._NOTES)


def test_units_and_table_follow_from_the_registry(root):
    schema = json.loads((root / "data" / "run.schema.json").read_text())
    assert schema["$defs"]["unit"]["enum"] == list(metrics.UNITS)
    assert metrics_doc.main(["--check"]) == 0


def test_a_page_that_is_out_of_date_is_reported(monkeypatch, tmp_path, capsys):
    page = tmp_path / "numbers.md"
    page.write_text(metrics_doc.PAGE.read_text().replace("`net.goodput`", "`net.badput`"))
    monkeypatch.setattr(metrics_doc, "PAGE", page)
    monkeypatch.setattr(metrics_doc, "ROOT", tmp_path)
    assert metrics_doc.main(["--check"]) == 1
    assert "run tools/metrics_doc.py" in capsys.readouterr().out
    metrics_doc.main([])
    assert metrics_doc.main(["--check"]) == 0


@pytest.mark.parametrize(
    ("name", "row"),
    [("gemm.float32", "gemm.float32"), ("gemm.int8", "gemm."), ("memory.unheard_of", None), ("x.y", None)],
)
def test_a_name_finds_its_row_or_its_family(name, row):
    found = metrics.find(name)
    assert (found.name if found else None) == row


def test_what_has_no_row_is_shown_by_its_name(root):
    measured = measurement("x.y", "s", [1.0], scope="node", subject=["a"])
    assert metrics.title("x.y") == "x.y"
    assert metrics.describe_params(measured) == ""
    assert metrics.ceiling(measured, metrics.Context({}, [measured], {})) == (None, "no ceiling is defined for this metric")


@pytest.mark.parametrize("changed", [{"unit": "s"}, {"better": "lower"}])
def test_a_metric_in_another_unit_is_not_taken(changed):
    _plan, raws = SITUATIONS["healthy_single"]()
    product = next(one for raw in raws for one in raw["measurements"] if one["name"] == "gemm.float32")
    assert raw_shapes.measurement(product, ["alpha"])[1] == ""
    taken, fault = raw_shapes.measurement({**product, **changed}, ["alpha"])
    assert taken is None
    assert fault.startswith("gemm.float32 is not measured in ")


@pytest.mark.parametrize("situation", sorted(SITUATIONS))
def test_every_metric_of_a_run_is_described(situation):
    plan, raws = SITUATIONS[situation]()
    run = run_document.assemble(plan, raws, runs.data_files(), "2026-11-23T18:25:00Z")
    assert all(metrics.describe_params(metric) for metric in run["metrics"])
    assert all(metrics.describe_params(item) for item in run["history"]["comparisons"])


def test_of_links_that_tie_the_first_one_is_the_slowest():
    """A set of names would have another order in each process, and a second report of a run another ceiling source."""
    nodes = {f"node{number}": {"facts": {}} for number in range(8)}
    pairs = [(f"node{number}", f"node{(number + 1) % 8}") for number in range(8)]
    goodputs = [
        measurement("net.goodput", "bit/s", [1e9], scope="pair", subject=pair, link="default", params={"streams": 1})
        for pair in pairs
    ]
    reduced = measurement("collective.all_reduce", "bit/s", [5e8], scope="cluster", subject=list(nodes))
    _ceiling, source = metrics.ceiling(reduced, metrics.Context(nodes, goodputs, {}))
    assert source.endswith("node0 to node1")
