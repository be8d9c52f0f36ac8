"""The pure parts of upgrade.yml: what it starts from, why it refuses, what it says, what came of it, what it removes."""

import json
import os

import pytest

import active_venv
import node_stack_info
from ansible_collections.saf.fabric.plugins.filter import upgrade as upgrade_filter
from ansible_collections.saf.fabric.plugins.module_utils import stack_record
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import preflight, upgrade

STACKS = {"old": {"ray": "2.49.1", "mlx": "0.29.1"}, "new": {"ray": "2.60.0", "mlx": "0.32.4"}}
GIB = 2**30
OLD = {"stack": "old", "python_version": "3.9.2", "venv": "/opt/saf/venvs/aaa"}
NEW = {"stack": "new", "python_version": "3.13.5", "venv": "/opt/saf/venvs/bbb"}
MEMBERS = ["alpha", "beta"]
COMMANDS = {name: f"type {name}" for name in ("upgrade", "interrupt", "other", "site")}


def venv(release, modified=1.0):
    pins = dict(STACKS[release["stack"]])
    return {"path": release["venv"], "python_version": release["python_version"], "distributions": pins, "modified": modified}


def node(active=OLD, record=None, venvs=(OLD,), running=None, free=100 * GIB):
    return {
        "record": record or {},
        "active": active["venv"],
        "venvs": [venv(release) for release in venvs],
        "running": [active["venv"]] if running is None else running,
        "active_bytes": 2 * GIB,
        "free_bytes": free,
    }


def wanted(stack="new", interrupt=False):
    version = (NEW if stack == "new" else OLD)["python_version"]
    return {
        "stack": stack,
        "python_version": version,
        "stacks": STACKS,
        "interrupt": interrupt,
        "commands": COMMANDS,
        "cluster": "c",
    }


def refused(nodes, jobs=(), **more):
    return upgrade.refusal(MEMBERS, nodes, list(jobs), wanted(**more))


def pending(old=OLD, new=NEW, previous=None):
    return {**old, "previous": previous or {}, "pending": new}


def test_what_is_to_be_typed_names_the_python_too(monkeypatch):
    """The inventory may have the one of the other stack."""
    monkeypatch.setattr(upgrade_filter.command_line, "command", lambda playbook, extra: f"{playbook} {extra}")
    asked = {"stack": "new", "python_version": "3.13.5", "stacks": STACKS, "interrupt": False, "cluster": "c", "known": "[]"}
    found = upgrade_filter.upgrade_plan(MEMBERS, {"alpha": node()}, {}, asked)
    assert "playbooks/upgrade.yml {'stack': 'new', 'python_version': '3.13.5'}" in found["refusal"]


def test_a_healthy_cluster_of_another_stack_may_be_upgraded():
    assert refused({name: node() for name in MEMBERS}) == ""


def test_the_stack_is_known_by_its_pins_before_anything_is_recorded():
    assert upgrade.release_of(node(), STACKS) == OLD
    assert upgrade.stack_of({"ray": "2.49.1"}, STACKS) == "old"  # MLX has no wheels for this node
    assert upgrade.stack_of({"mlx": "0.29.1"}, STACKS) == ""
    assert upgrade.stack_of({"ray": "2.49.1", "mlx": "9"}, STACKS) == ""
    assert upgrade.stack_of(["no", "mapping"], STACKS) == ""


@pytest.mark.parametrize(
    ("nodes", "more", "said"),
    [
        ({"alpha": node()}, {}, "leaves out beta"),
        ({"alpha": node(), "beta": node(venvs=())}, {}, "What beta runs is none of the stacks old, new"),
        ({name: node() for name in MEMBERS}, {"stack": "old"}, "All nodes run stack old already. Name new:\ntype other"),
        ({"alpha": node(), "beta": node(free=4 * GIB)}, {}, "A second venv needs 5.0 GiB on beta, which has 4.0 GiB free."),
        ({"alpha": node(), "beta": node(active=NEW, venvs=(NEW,))}, {}, "do not run one stack (alpha old, beta new)"),
    ],
)
def test_it_is_refused_with_a_sentence_and_what_to_type(nodes, more, said):
    sentence = refused(nodes, **more)
    assert said in sentence
    assert sentence.splitlines()[-1].startswith("type ")


def test_a_venv_that_is_there_needs_no_space():
    assert refused({name: node(venvs=(OLD, NEW), free=0) for name in MEMBERS}) == ""


def test_running_jobs_are_listed_and_need_a_word():
    jobs = [{"id": f"raysubmit_{number}", "entrypoint": "python train.py\nevil", "node": "10.0.0.1"} for number in range(12)]
    nodes = {name: node() for name in MEMBERS}
    sentence = refused(nodes, jobs)
    assert sentence.startswith("12 running jobs would end:\n  raysubmit_0 on 10.0.0.1: python train.py evil")
    assert "and 2 more" in sentence
    assert sentence.endswith("type interrupt")
    assert refused(nodes, jobs, interrupt=True) == ""
    # What an interrupted upgrade has left is finished: its jobs ended when Ray stopped.
    assert refused({name: node(active=NEW, record=pending(), venvs=(OLD, NEW)) for name in MEMBERS}, jobs) == ""


@pytest.mark.parametrize("stack", ["new", "old"])
def test_an_interrupted_upgrade_is_finished_or_taken_back(stack):
    nodes = {
        "alpha": node(active=NEW, record=pending(), venvs=(OLD, NEW)),
        "beta": node(active=OLD, record=pending(), venvs=(OLD, NEW)),
    }
    assert refused(nodes, stack=stack) == ""
    back = {name: upgrade.way_back(nodes[name], stack, STACKS)["stack"] for name in MEMBERS}
    assert set(back.values()) == {"old" if stack == "new" else "new"}


def test_one_that_was_killed_between_two_records_is_finished():
    nodes = {
        "alpha": node(active=NEW, record={**NEW, "previous": OLD, "pending": {}}, venvs=(OLD, NEW)),
        "beta": node(active=NEW, record=pending(), venvs=(OLD, NEW)),
    }
    assert refused(nodes) == ""
    assert [upgrade.way_back(nodes[name], "new", STACKS) for name in MEMBERS] == [OLD, OLD]


def test_a_record_that_only_says_pending_is_no_interrupted_upgrade():
    assert not upgrade.is_interrupted(node(record=pending()))
    assert upgrade.is_interrupted(node(record=pending(), running=[NEW["venv"]]))
    assert upgrade.is_interrupted(node(record=pending(), running=[]))  # killed when Ray had stopped
    assert upgrade.is_interrupted(node(record=pending(), active=NEW))


def test_a_way_back_needs_its_venv():
    assert upgrade.way_back(node(active=NEW, record={**NEW, "previous": OLD}, venvs=(NEW,)), "new", STACKS) == {}


def plan(known=(), nodes=None):
    nodes = nodes or {"alpha": node(), "beta": node(venvs=(OLD, NEW))}
    return "\n".join(upgrade.plan_lines(MEMBERS, nodes, [], wanted(), list(known)))


def test_the_plan_names_what_is_built_and_what_is_interrupted():
    said = plan()
    assert "goes from old (Ray 2.49.1, Python 3.9.2) to new (Ray 2.60.0, Python 3.13.5)" in said
    assert "the new venv is built on alpha." in said
    assert "Ray stops on alpha, beta" in said
    assert "all nodes return to old" in said


def test_the_estimate_is_measured_or_said_to_be_unknown():
    done = {"cluster": "c", "from": "old", "to": "new", "result": "done", "seconds": 41, "ended": "2026-12-02T05:00:00Z"}
    assert "How long is unknown" in plan()
    assert "How long is unknown" in plan(
        [{**done, "cluster": "another"}, {**done, "result": "rolled back"}, {**done, "seconds": "x"}]
    )
    assert "old to new on 2026-12-02, interrupted it for 41 s." in plan([{**done, "seconds": 9}, done])


@pytest.mark.parametrize("text", ["", "{", "[1, null]", '{"a": 1}', "[" * 100000])
def test_a_damaged_record_on_the_controller_is_none(text):
    assert upgrade.past(text) == []


def went(**nodes):
    return upgrade.progress(list(nodes), nodes)


def test_all_nodes_that_have_done_all_steps_have_no_failure():
    assert upgrade.failures(went(alpha={"__upgrade_done": "commit"}, beta={"__upgrade_done": "commit"})) == []


@pytest.mark.parametrize("step", upgrade.STEPS)
def test_the_step_and_the_node_that_failed_are_named(step):
    before = ["planned", *upgrade.STEPS][upgrade.STEPS.index(step)]
    broken = {"__upgrade_done": before, "__upgrade_failure": {"step": step, "message": "No space left."}}
    said = upgrade.failures(went(alpha={"__upgrade_done": step}, beta=broken))
    assert said == [f"{upgrade.NAMES[step]} on beta: No space left."]


def test_a_node_that_left_is_named_by_being_behind():
    said = upgrade.failures(went(alpha={"__upgrade_done": "switch"}, beta={"__upgrade_done": "stop"}))
    assert said == ["activating the new venv on beta: it does not answer any more"]


def test_nobody_has_begun_is_a_failure_too():
    assert len(upgrade.failures(went(alpha={}, beta={}))) == 2


def test_the_interruption_lasts_from_the_first_stop_to_the_last_verification():
    facts = {
        "alpha": {"__upgrade_stopped": 100.0, "__upgrade_up": 150.0},
        "beta": {"__upgrade_stopped": 98.4, "__upgrade_up": 151.0},
    }
    assert upgrade.seconds(facts, MEMBERS) == 53
    assert upgrade.seconds({"alpha": {}, "beta": {}}, MEMBERS) is None


def kept(keep, record, others):
    own = node(active=NEW, record=record, venvs=(NEW, OLD))
    own["venvs"] += [{**venv(OLD), "path": f"/opt/saf/venvs/{name}"} for name in others]
    return upgrade.superfluous(own, keep)


def test_venvs_are_pruned_by_count_and_never_those_in_use():
    record = {**NEW, "previous": OLD, "pending": {}}
    assert kept(1, record, ["c1", "c2"]) == ["/opt/saf/venvs/c1", "/opt/saf/venvs/c2"]
    assert kept(2, record, ["c1", "c2"]) == ["/opt/saf/venvs/c2"]
    assert kept(0, record, ["c1"]) == ["/opt/saf/venvs/c1"]
    assert kept(9, record, ["c1", "c2"]) == []
    # No record: the newest earlier one stays.
    assert kept(1, {}, ["c1"]) == ["/opt/saf/venvs/c1"]


@pytest.mark.parametrize(
    "found",
    [[], {"stack": "new"}, {**NEW, "venv": "relative"}, {**NEW, "stack": "a b"}, {**NEW, "python_version": 3}],
)
def test_a_record_of_another_shape_is_none(found):
    assert stack_record.record(found) == {}


def test_a_record_keeps_what_fits():
    assert stack_record.record({**NEW, "previous": OLD, "pending": "x", "more": 1}) == {**NEW, "previous": OLD, "pending": {}}


@pytest.mark.parametrize(("has", "asked", "count"), [("", "old", 0), ("old", "old", 0), ("new", "old", 1), ("new", "", 0)])
def test_preflight_refuses_a_stack_that_an_upgrade_has_changed(has, asked, count):
    problems = preflight.stack_problems({"stack": has}, {"stack": asked})
    assert len(problems) == count
    if problems:
        assert "`stack: new`" in problems[0]["fix"]
        assert "upgrade.yml -e stack=old" in problems[0]["fix"]


@pytest.fixture
def installation(tmp_path):
    """An installation with the venvs aaa, which is active, and bbb."""
    root = tmp_path / "saf"
    for name in ("aaa", "bbb"):
        (root / "venvs" / name).mkdir(parents=True)
        marker = {"python_version": "3.9.2", "distributions": {"ray": "2.49.1"}}
        (root / "venvs" / name / ".saf-venv.json").write_text(json.dumps(marker))
    os.symlink("venvs/aaa", root / "current")
    return root


def test_a_finished_venv_is_activated_once(run_module, installation):
    arguments = {"root": str(installation), "venv": str(installation / "venvs" / "bbb")}
    assert run_module(active_venv, arguments, check=True)["changed"]
    assert os.readlink(installation / "current") == "venvs/aaa"
    assert run_module(active_venv, arguments)["changed"]
    assert os.readlink(installation / "current") == "venvs/bbb"
    assert not run_module(active_venv, arguments)["changed"]


@pytest.mark.parametrize("path", ["venvs/ccc", "venvs", "etc/aaa", "venvs/aaa/lib"])
def test_nothing_else_is_activated_or_removed(run_module, installation, path):
    assert run_module(active_venv, {"root": str(installation), "venv": str(installation / path)})["failed"]
    if path != "venvs/ccc":
        assert run_module(active_venv, {"root": str(installation), "remove": [str(installation / path)]})["failed"]


def test_the_active_venv_is_never_removed(run_module, installation):
    both = [str(installation / "venvs" / name) for name in ("aaa", "bbb")]
    done = run_module(active_venv, {"root": str(installation), "remove": both})
    assert done["removed"] == [both[1]]
    assert sorted(os.listdir(installation / "venvs")) == ["aaa"]


def test_the_node_reports_its_venvs_and_its_record(run_module, installation):
    (installation / "etc").mkdir()
    (installation / "etc" / "stack.json").write_text(json.dumps(NEW))
    (installation / "venvs" / "ccc").mkdir()  # never finished
    found = run_module(node_stack_info, {"venv_root": str(installation)})
    assert found["record"]["stack"] == "new"
    assert found["active"] == str(installation / "venvs" / "aaa")
    assert sorted(one["path"][-3:] for one in found["venvs"]) == ["aaa", "bbb"]
    assert found["running"] == []
    assert found["active_bytes"] > 0


def test_the_running_venv_is_that_of_the_daemons():
    raylet = "/opt/saf/venvs/abc1/lib/python3.9/site-packages/ray/core/src/ray/raylet/raylet --raylet_socket_name=x"
    assert node_stack_info.running_from("/opt/saf", [raylet, "vim /opt/saf/venvs/dd/x", raylet.replace("saf", "other")]) == [
        "/opt/saf/venvs/abc1"
    ]
