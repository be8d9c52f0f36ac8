"""The dashboard, the rules and the metrics with Prometheus' own programs, on loopback."""

import json
import re
import time

import pytest
import yaml
from prometheus import get, promtool, query, server
from runs import SITUATIONS, metric, raw, write_run

from ansible_collections.saf.fabric.plugins.plugin_utils import metrics as registry
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import monitoring
from ansible_collections.saf.fabric.plugins.plugin_utils.report import textfile, writer

# All that the rows' labels and ceilings read.
PARAMS = {
    **dict.fromkeys("mnk", 4096),
    **dict.fromkeys(("batch", "heads", "length", "dimension", "rows", "width"), 8),
    **dict.fromkeys(("array_bytes", "bytes", "parameters", "read_bytes", "weight_bytes"), 10**9),
    **dict.fromkeys(
        ("tasks", "size", "products", "streams", "seconds", "ranks", "flows", "receivers", "prompt", "generation"), 4
    ),
    **{"packets": 100, "bits_per_second": 5e8, "iperf3": "3.18", "load": "forward", "suite": "gemm", "source": "ioreg"},
    **{"implementation": "mlx", "backend": "gpu", "dtype": "float32", "model": "Qwen3-4B", "bits": 4, "synthetic": True},
    **{"target": "beta", "nodes": ["alpha", "beta"]},
}


def one_of_each():
    """Return (plan, raws) of two Macs with a measurement of every row of the registry."""
    plan, raws = SITUATIONS["healthy_studios"]()
    subjects = {"node": ["alpha"], "pair": ["alpha", "beta"], "cluster": []}
    made = [
        metric(row.name, row.scopes[-1], subjects[row.scopes[-1]], PARAMS, row.unit, row.better, [0.5] * 3)
        for row in registry.METRICS.values()
        if not row.is_family
    ]
    return plan, [*raws, raw("alpha", made)]


def report(folder, situation):
    plan, raws = situation()
    now = time.time()
    for document in raws:  # the newest of these is the end of the run
        document["finished"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    write_run(folder, plan, raws)
    writer.write(folder)
    return folder


@pytest.mark.parametrize("situation", ["two_studios", "one_bad_cable_of_sixteen", "healthy_mixed", "throttling_laptop"])
def test_promtool_has_nothing_to_say_about_the_metrics(tmp_path, situation):
    run = report(tmp_path / "20261123T181500Z", SITUATIONS[situation])
    assert promtool("check", "metrics", text=(run / "metrics.prom").read_text()) == (0, "")


def test_promtool_accepts_rules_and_configuration(root):
    code, said = promtool("check", "config", "prometheus.yml", cwd=root / "monitoring")
    assert code == 0, said
    assert said.count("SUCCESS") == 3


FIRING = {
    "SafFault": [('saf_findings{severity="fault"}', "2x10")],
    "SafRunTooOld": [("saf_run_finished_timestamp_seconds", "-800000x10")],
    "SafSlowLink": [('saf_ratio_to_ceiling{metric="net.goodput",source="a",destination="b",link="default"}', "0.09x10")],
    "SafSlowerThanBefore": [('saf_gemm_flops_per_second{node="a",dtype="float32"}', "22e12 22e12 19e12x8")],
    "SafTextfileBroken": [("node_textfile_scrape_error", "1x10")],
    "RayNodeSilent": [('up{job="ray",instance="a:6386"}', "0x10")],
}


def test_each_alert_fires_on_its_case_and_on_no_healthy_one(root, tmp_path):
    rules = root / "monitoring" / "alerts.yml"
    alerts = {rule["alert"] for group in yaml.safe_load(rules.read_text())["groups"] for rule in group["rules"]}
    assert alerts == set(FIRING)
    healthy = [
        *[('saf_findings{severity="fault"}', "0x10"), ("saf_run_finished_timestamp_seconds", "0x10")],
        *[(FIRING["SafSlowLink"][0][0], "0.98x10"), (FIRING["SafSlowerThanBefore"][0][0], "22e12 22e12 21e12x8")],
        *[("node_textfile_scrape_error", "0x10"), (FIRING["RayNodeSilent"][0][0], "1x10")],
    ]
    cases = [(name, series, 1) for name, series in FIRING.items()] + [(name, healthy, 0) for name in FIRING]
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": series, "values": values} for series, values in inputs],
            "promql_expr_test": [
                {
                    "expr": f'count(ALERTS{{alertname="{name}",alertstate="firing"}})',
                    "eval_time": "8m",
                    "exp_samples": [{"labels": "{}", "value": count}] if count else [],
                }
            ],
        }
        for name, inputs, count in cases
    ]
    (tmp_path / "tests.yml").write_text(json.dumps({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": tests}))
    code, said = promtool("test", "rules", str(tmp_path / "tests.yml"))
    assert code == 0, said


def test_each_alert_about_nodes_fires_on_its_case_in_time_and_clears(root):
    """The cases are data, beside the rules."""
    code, said = promtool("test", "rules", "nodes.yml", cwd=root / "monitoring" / "tests")
    assert code == 0, said
    alerts = {
        rule["alert"]
        for group in yaml.safe_load((root / "monitoring/nodes.yml").read_text())["groups"]
        for rule in group["rules"]
    }
    cases = yaml.safe_load((root / "monitoring/tests/nodes.yml").read_text())["tests"]
    expected = [one for case in cases for one in case["alert_rule_test"]]
    for alert in alerts:
        fires = [bool(one["exp_alerts"]) for one in expected if one["alertname"] == alert]
        assert True in fires, alert
    assert {one["alertname"] for one in expected if not one["exp_alerts"]} >= alerts - {"SafLinkDown"}


def test_rules_with_changes_are_rules(root, tmp_path):
    documents = [yaml.safe_load((root / "monitoring" / name).read_text()) for name in ("alerts.yml", "nodes.yml")]
    made = monitoring.rules(documents, {"SafNodeLost": {"for": "10m"}, "SafFault": False})
    (tmp_path / "rules.yml").write_text(json.dumps(made))
    code, said = promtool("check", "rules", str(tmp_path / "rules.yml"))
    assert code == 0, said
    assert f"{len(monitoring.alerts_of(documents)) - 1} rules found" in said


@pytest.fixture(scope="module")
def dashboard(request):
    return json.loads((request.config.rootpath / "monitoring" / "grafana-dashboard.json").read_text())


@pytest.fixture(scope="module")
def port(tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("monitoring")
    textfiles = folder / "textfiles"
    textfiles.mkdir()
    textfile.place(report(folder / "20261123T181500Z", one_of_each), textfiles)
    with server(folder, textfiles, request.config.rootpath / "monitoring" / "alerts.yml") as port:
        yield port


def targets(dashboard):
    """Return [(title of the panel, expression)]."""
    return [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel.get("targets", [])]


def test_every_query_of_the_dashboard_returns_data(dashboard, port):
    found = {expression: query(port, re.sub(r"\$\w+", ".*", expression)) for _title, expression in targets(dashboard)}
    assert len(found) >= 15
    assert [expression for expression, series in found.items() if not series] == []


def test_every_query_about_nodes_is_understood(root, port):
    """Whether it returns data is tested where node_exporter and Ray run: molecule/monitoring."""
    nodes = json.loads((root / "monitoring" / "grafana-nodes.json").read_text())
    expressions = [expression for _title, expression in targets(nodes)]
    assert len(expressions) >= 15
    for expression in expressions:
        query(port, re.sub(r"\$\w+", ".*", expression.replace("$__rate_interval", "1m")))


def test_a_chosen_node_is_all_that_a_panel_shows(dashboard, port):
    shown = set()
    for _title, expression in targets(dashboard):
        if "$node" in expression:
            chosen = expression.replace("$instance", ".*").replace("$node", "beta")
            shown |= {labels.get("node", labels.get("source")) for labels, _value in query(port, chosen)}
    assert shown == {"beta"}


def test_the_variables_offer_what_was_scraped(dashboard, port):
    offered = {}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            series, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"]).groups()
            offered[variable["name"]] = get(port, f"label/{label}/values", **{"match[]": re.sub(r"\$\w+", ".*", series)})
    assert offered["node"] == ["alpha", "beta"]
    assert len(offered["instance"]) == 1
    assert set(offered) | {"datasource"} == {variable["name"] for variable in dashboard["templating"]["list"]}


def test_every_family_of_the_registry_was_scraped_whole(port):
    names = {labels["__name__"] for labels, _value in query(port, '{__name__=~"saf_.+"}')}
    assert {row.series_name for row in registry.METRICS.values()} <= names
    assert query(port, "node_textfile_scrape_error")[0][1] == 0


def test_the_server_evaluates_the_rules(port):
    rules = [rule for group in get(port, "rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in rules} == set(FIRING)
    assert {rule.get("lastError") for rule in rules} <= {None, ""}


@pytest.mark.parametrize("name", ["grafana-dashboard.json", "grafana-nodes.json"])
def test_a_dashboard_has_the_shape_of_grafanas_model(root, name):
    dashboard = json.loads((root / "monitoring" / name).read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    assert dashboard["id"] is None  # Grafana gives it one; a fixed one would replace a stranger's
    assert dashboard["uid"]
    cells = set()
    for panel in dashboard["panels"]:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24, panel["title"]
        own = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])}
        assert not own & cells, panel["title"]
        cells |= own
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            continue
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])


@pytest.mark.parametrize("name", ["grafana-dashboard.json", "grafana-nodes.json"])
def test_no_query_uses_a_deprecated_family_or_an_undeclared_variable(root, name):
    dashboard = json.loads((root / "monitoring" / name).read_text())
    texts = [expression for _title, expression in targets(dashboard)] + [(root / "monitoring" / "alerts.yml").read_text()]
    assert not [text for text in texts if "saf_metric_" in text]
    declared = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = {name for _title, expression in targets(dashboard) for name in re.findall(r"\$(\w+)", expression)}
    assert used <= declared | {"__rate_interval"}  # Grafana's own
