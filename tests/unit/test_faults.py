"""What the journal of a fault says, whether a quantity is flat, and that the catalog is one that can be done."""

import pytest
import soak
import yaml
from tests.support.faults import fault as faults
from tests.support.faults import journal, slope
from tests.support.settings import ROOT

NODES = {"head1": "10.0.0.10", "worker1": "10.0.0.11"}
PORTS = ["worker1.raylet", "http.dashboard"]
IDS = {"head1": "aa", "worker1": "bb"}


def healthy(start, end, ids=IDS, nodes=NODES, closed=(), run="1"):
    """Return the journal of a time in which everything but the ports ``closed`` was good."""
    events = []
    for time in range(start, end):
        events.append({"t": time, "event": "gcs", "alive": dict(ids)})
        events.append({"t": time, "event": "ports", "closed": list(closed)})
        for index, address in enumerate(nodes.values()):
            number = time * 10 + index
            events.append({"t": time, "event": "submitted", "kind": address, "number": number, "run": run})
            events.append({"t": time + 0.1, "event": "done", "kind": address, "number": number, "run": run})
            events.append({"t": time + 0.2, "event": "pinged", "address": address, "born": f"b{index}", "run": run})
    return events


def row(events, injected=20, healed=20, until=60):
    return journal.evaluate(sorted(events, key=lambda event: event["t"]), NODES, PORTS, injected, healed, until)


def test_line_that_was_cut_off_is_left_out():
    text = '{"t": 2, "event": "gcs", "alive": {}}\n{"t": 1, "event": "ports", "closed": []}\n{"t": 3, "ev\n7\n'
    assert [event["t"] for event in journal.parse(text)] == [1, 2]


def test_fault_that_nobody_feels_is_healthy_at_once():
    found = row(healthy(0, 60))
    assert (found["noticed_after"], found["healthy_after"], found["nodes_lost"]) == (None, 0, [])
    assert found["tasks"]["failed"] == {}
    assert found["tasks"]["unfinished"] == 0


def test_node_that_dies_is_noticed_by_the_gcs_and_healthy_with_its_first_task():
    only_head = {"head1": "10.0.0.10"}
    events = [*healthy(0, 20), *healthy(20, 40, {"head1": "aa"}, only_head), *healthy(40, 60, {"head1": "aa", "worker1": "cc"})]
    found = row(events)
    assert (found["noticed_after"], found["noticed_by"]) == (0, "GCS")
    assert found["healthy_after"] == pytest.approx(20.2)
    assert found["nodes_lost"] == ["worker1"]


def test_node_that_comes_back_between_two_looks_is_lost_all_the_same():
    found = row([*healthy(0, 25), *healthy(25, 60, {**IDS, "worker1": "cc"})])
    assert found["nodes_lost"] == ["worker1"]
    assert found["noticed_after"] == 5


def test_node_that_is_alive_and_executes_nothing_is_not_healthy():
    only_head = {"head1": "10.0.0.10"}
    found = row([*healthy(0, 20), *healthy(20, 60, IDS, only_head)])
    assert found["healthy_after"] is None
    assert found["noticed_by"] in ("task 10.0.0.11", "actor 10.0.0.11")


def test_time_from_the_end_of_the_fault_counts_from_there():
    only_head = {"head1": "10.0.0.10"}
    found = row([*healthy(0, 20), *healthy(20, 35, IDS, only_head), *healthy(35, 60)], healed=30)
    assert found["healthy_after_heal"] == pytest.approx(found["healthy_after"] - 10)
    assert found["nodes_lost"] == []


def test_last_of_several_failures_counts():
    closed = ["http.dashboard"]
    events = [
        *healthy(0, 20),
        *healthy(20, 25, closed=closed),
        *healthy(25, 30),
        *healthy(30, 35, closed=closed),
        *healthy(35, 60),
    ]
    assert row(events)["healthy_after"] == 15


def test_node_that_stays_away_is_lost():
    found = row([*healthy(0, 30), *healthy(30, 60, {"head1": "aa"}, {"head1": "10.0.0.10"})])
    assert (found["nodes_lost"], found["healthy_after"]) == (["worker1"], None)


def test_silent_observer_is_no_health():
    events = [*healthy(0, 20), *(event for event in healthy(20, 60) if event["event"] != "gcs" or event["t"] > 45)]
    assert row(events)["healthy_after"] == 26


def test_dashboard_alone_is_missed():
    found = row([*healthy(0, 20), *healthy(20, 30, closed=["http.dashboard"]), *healthy(30, 60)])
    assert (found["noticed_by"], found["healthy_after"]) == ("port http.dashboard", 10)


def test_settled_needs_some_seconds_without_a_fault():
    events = [*healthy(0, 20), *healthy(20, 30, closed=["http.dashboard"]), *healthy(30, 60)]
    assert not journal.is_settled(events, NODES, PORTS, 20, 29.5)
    assert not journal.is_settled(events, NODES, PORTS, 20, 33)
    assert journal.is_settled(events, NODES, PORTS, 20, 40)
    assert journal.open_signals(events, NODES, PORTS, 20, 29.5) == ["port http.dashboard"]


def test_nothing_heard_is_not_settled():
    assert not journal.is_settled([], NODES, PORTS, 0, 5)
    assert not journal.is_settled([], NODES, PORTS, 0, 50)


def submitted(number, time, run="1"):
    return {"t": time, "event": "submitted", "kind": "any", "number": number, "run": run}


def test_task_that_a_living_driver_waits_for_is_lost():
    found = journal.tasks([submitted(1, 20), submitted(2, 90)], 100)
    assert (found["unfinished"], found["with_driver"]) == (1, 0)


def test_task_of_a_driver_that_ended_is_not_counted_as_lost():
    found = journal.tasks([submitted(1, 20), {"t": 40, "event": "starting", "run": "2"}, submitted(1, 50, "2")], 100)
    assert (found["unfinished"], found["with_driver"]) == (0, 1)


def test_task_that_fails_because_the_raylet_of_its_driver_is_gone_ends_with_the_driver():
    failed = {"t": 21, "event": "failed", "kind": "any", "number": 1, "run": "1", "error": "LocalRayletDiedError"}
    found = journal.tasks([submitted(1, 20), failed], 100)
    assert (found["failed"], found["with_driver"]) == ({}, 1)


def test_tasks_that_fail_or_answer_wrongly_are_counted():
    events = [submitted(1, 20), submitted(2, 20)]
    events.append({"t": 21, "event": "failed", "kind": "any", "number": 1, "run": "1", "error": "WorkerCrashedError"})
    events.append({"t": 21, "event": "wrong", "kind": "any", "number": 2, "run": "1"})
    assert journal.tasks(events, 100) == {
        "done": 0,
        "failed": {"WorkerCrashedError": 1},
        "wrong": 1,
        "unfinished": 0,
        "with_driver": 0,
    }


def test_actor_that_is_born_again_is_a_restart_but_not_with_a_new_driver():
    def ping(time, born, run):
        return {"t": time, "event": "pinged", "address": "10.0.0.11", "born": born, "run": run}

    assert journal.actors([ping(1, "a", "1"), ping(2, "b", "1"), ping(3, "c", "2")])["restarts"] == 1


# --- growth


def test_a_leak_is_not_flat_and_noise_is():
    noise = [1000 + 40 * (-1) ** i for i in range(40)]
    assert slope.is_flat("memory_mib", noise)
    assert not slope.is_flat("memory_mib", [1000 + 6 * i + 40 * (-1) ** i for i in range(40)])


def test_growth_before_the_end_of_the_warm_up_is_allowed():
    assert slope.is_flat("disk_mib", [20 * min(i, 8) for i in range(40)])


def test_first_fifth_of_the_cycles_is_the_warm_up():
    assert slope.settled(list(range(10))) == list(range(2, 10))


def test_single_outliers_are_no_growth():
    values = [25] * 40
    values[35] = values[38] = 200
    assert slope.is_flat("processes", values)


def test_two_samples_prove_nothing():
    assert not slope.is_flat("processes", [25, 25])


def test_quantities_that_are_sampled_are_those_that_are_judged():
    usage = dict.fromkeys(slope.TOLERANCES, 100)
    found = soak.judged({"head1": [usage] * 5})
    assert all(line["flat"] for line in found["head1"].values())


def test_soak_is_drawn_by_its_seed_from_the_quick_faults():
    catalog = faults.catalog()
    names = [one["name"] for one in soak.drawn(catalog, 30, 1)]
    assert names == [one["name"] for one in soak.drawn(catalog, 30, 1)]
    assert names != [one["name"] for one in soak.drawn(catalog, 30, 2)]
    assert set(names) <= {one["name"] for one in catalog if one.get("quick")}


def test_soak_adds_up_the_tasks_of_its_cycles():
    none = {"done": 0, "failed": {}, "wrong": 0, "unfinished": 0, "with_driver": 0}
    one = {"done": 5, "failed": {"A": 1}, "wrong": 0, "unfinished": 2, "with_driver": 1}
    assert soak.added(soak.added(none, one), one) == {
        "done": 10,
        "failed": {"A": 2},
        "wrong": 0,
        "unfinished": 4,
        "with_driver": 2,
    }


def test_soak_with_growth_loss_or_help_is_said_to_be_wrong():
    line = {"first": 1, "last": 9, "growth": 8, "allowed": 3, "flat": False}
    wrong = soak.verdict({"usage": {"head1": {"processes": line}}, "lost": 2, "human": 1})
    assert wrong == [
        "head1: processes grows by 8 (tolerance 3)",
        "2 tasks are lost that were to be retried",
        "1 cycles needed a human",
    ]


# --- the catalog


def test_catalog_names_nodes_that_exist_and_every_fault_once():
    document = yaml.safe_load((ROOT / "molecule/default/nodes.yml").read_text())
    nodes = {node["name"] for node in document["nodes"]}
    names = [one["name"] for one in faults.catalog()]
    assert len(names) == len(set(names))
    assert {one["node"] for one in faults.catalog()} <= nodes


def test_unknown_key_in_the_catalog_is_refused(tmp_path):
    path = tmp_path / "faults.yml"
    path.write_text("faults: [{name: a, title: A, node: head1, injekt: [true]}]\n")
    with pytest.raises(ValueError, match="a: unknown keys injekt"):
        faults.catalog(path)


def test_fault_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match="no fault cut_7: take from worker_raylet_9"):
        faults.chosen(faults.catalog(), ["cut_7"])


def test_faults_are_done_in_the_order_they_are_named():
    names = ["cut_60", "head_gcs_9", "cut_5"]
    assert [one["name"] for one in faults.chosen(faults.catalog(), names)] == names
    assert [one["name"] for one in faults.chosen(faults.catalog(), names, quick=True)] == ["head_gcs_9"]


def test_search_for_a_process_does_not_find_the_shell_that_searches():
    for one in faults.catalog():
        for step in one["inject"]:
            assert "pgrep -f" not in str(step) or "pgrep -f '[" in step, one["name"]


def test_fault_that_lasts_is_healed():
    """What is held is reconnected; what is mounted is unmounted."""
    for one in faults.catalog():
        assert bool(one.get("hold")) == bool(one.get("heal")), one["name"]
        assert bool(one.get("prepare")) == bool(one.get("restore")), one["name"]


BAD_ROW = {
    "human": False,
    "open": [],
    "target": {"seconds": 10, "from": "inject"},
    "kept": True,
    "nodes_lost": ["worker1"],
    "healthy_after": 12.0,
    "healthy_after_heal": 12.0,
    "tasks": {"failed": {"A": 2}, "wrong": 0, "unfinished": 1},
}


def test_every_target_that_is_missed_is_said():
    assert faults.missed(BAD_ROW) == [
        "12.0 s instead of 10 s",
        "lost worker1",
        "tasks with retries: 2 failed, 0 wrong, 1 unfinished",
    ]


def test_fault_that_needs_a_human_says_what_is_still_bad():
    found = faults.missed({**BAD_ROW, "human": True, "open": ["gcs"], "kept": False})
    assert found[0] == "needs a human (gcs)"
