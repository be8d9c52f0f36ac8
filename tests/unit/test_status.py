"""Healthy, degraded, or nobody can tell."""

import pytest
from ansible.module_utils.saf import cluster, status
from ansible.module_utils.saf.probes import cluster_nodes

import node_status

RUNS = {"service": {"manager": "systemd", "state": "active", "restarts": 0}, "venv": {"python_version": "3.11.2"}}
STOPPED = {"service": {"manager": "systemd", "state": "inactive", "restarts": 0}, "venv": {}}
WANTED = {"ray": "2.49.1", "python": "3.11.2"}


def gcs(*names, dead=(), **more):
    rows = [
        {
            "name": name,
            "alive": name not in dead,
            "address": "10.0.0.1",
            "resources": {"CPU": 2.0, "mlx": 1.0},
            "death_reason": "SIGTERM",
        }
        for name in (*names, *dead)
    ]
    return {
        "reachable": True,
        "reason": "",
        "nodes": rows,
        "unexpected": [],
        "ray_version": "2.49.1",
        "python_version": "3.11.2",
        "session": "s",
        **more,
    }


@pytest.mark.parametrize(
    ("observed", "running", "verdict", "problem"),
    [
        ({"a": RUNS, "b": RUNS}, gcs("a", "b"), "healthy", None),
        ({"a": RUNS, "b": RUNS}, gcs("a"), "degraded", "b: the GCS has never seen it"),
        ({"a": RUNS, "b": STOPPED}, gcs("a", dead=["b"]), "degraded", "b: its Ray service is inactive"),
        ({"a": RUNS, "b": RUNS}, gcs("a", dead=["b"]), "degraded", "b: dead for the GCS (SIGTERM)"),
        ({"a": RUNS, "b": None}, gcs("a", "b"), "degraded", "b: does not answer over SSH"),
        ({"a": RUNS, "b": RUNS}, gcs("a", "b", unexpected=["c"]), "degraded", "c: alive in the cluster, but not"),
        ({"a": RUNS, "b": RUNS}, gcs("a", "b", ray_version="2.48.0"), "degraded", "runs ray 2.48.0"),
        ({"a": None, "b": RUNS}, None, "unknown", "a: the head does not answer"),
        ({"a": RUNS, "b": RUNS}, {**gcs(), "reachable": False, "reason": "Nothing answers."}, "unknown", "Nothing answers."),
    ],
)
def test_verdict(observed, running, verdict, problem):
    document = status.judge(["a", "b"], "a", observed, running, WANTED, "2026-11-23T18:00:00Z")
    assert document["verdict"] == verdict
    assert document["exit_code"] == {"healthy": 0, "degraded": 2, "unknown": 1}[verdict]
    assert [node["name"] for node in document["nodes"]] == ["a", "b"]
    if problem:
        assert any(problem in sentence for sentence in document["problems"])
    else:
        assert document["problems"] == []
    assert len(status.table_rows(document)) == 2


@pytest.mark.parametrize(
    ("nodes", "expected", "membership"),
    [
        ([("a", True)], ["a"], ([], [], [])),
        ([("a", True)], ["a", "b"], (["b"], [], [])),
        ([("a", True), ("b", False)], ["a", "b"], ([], ["b"], [])),
        ([("b", False), ("b", True)], ["b"], ([], [], [])),  # an earlier incarnation is no death
        ([("a", True), ("c", True)], ["a"], ([], [], ["c"])),
    ],
)
def test_membership(nodes, expected, membership):
    rows = [{"name": name, "alive": alive} for name, alive in nodes]
    found = cluster.membership(rows, expected)
    assert (found["missing"], found["dead"], found["unexpected"]) == membership


def test_one_row_for_each_name():
    rows = [{"name": "b", "alive": True, "n": 1}, {"name": "b", "alive": False, "n": 2}, {"name": "a", "alive": False, "n": 3}]
    assert [(row["name"], row["n"]) for row in cluster.latest(rows)] == [("b", 1), ("a", 3)]


def test_row_of_the_node_table():
    row = cluster_nodes.describe(
        {
            "NodeID": "28",
            "Alive": True,
            "NodeManagerAddress": "192.0.2.2",
            "NodeName": "alpha",
            "DeathReasonMessage": "",
            "Resources": {"CPU": 2.0, "mlx": 1.0, "node:192.0.2.2": 1.0, "node:__internal_head__": 1.0},
        }
    )
    assert row["is_head"]
    assert row["resources"] == {"CPU": 2.0, "mlx": 1.0}


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("LoadState=loaded\nActiveState=active\nNRestarts=3\n", ("active", 3)),
        ("LoadState=not-found\nActiveState=inactive\nNRestarts=0\n", ("missing", 0)),
        ("LoadState=loaded\nActiveState=failed\n", ("failed", None)),
    ],
)
def test_systemctl_show(text, service):
    found = node_status.parse_show(text)
    assert (found["state"], found["restarts"]) == service
