"""The steps of upgrade.yml as Ansible runs them, without Ray: which node does what when a step fails anywhere.

The plays, step.yml, back.yml and their messages are the product's; what a step does on a node is a line in a file here.
"""

import itertools
import json
import os
import shutil
import subprocess
import sys

import pytest
import yaml

PLAYS = ("Switch to the new stack", "Return to the old stack if a step failed")
NODES = ["head1", "worker1", "worker2"]
FORWARD = ["stage", "mark", "stop", "switch", "head", "workers", "verify", "commit"]
BACK = ["stop", "switch", "head", "workers", "verify", "commit"]
# {step: more of its tasks} that the decisions need.
FACTS = {
    "stage": {"__upgrade_aim": {"stack": "current", "python_version": "3.13.18", "venv": "/x/new"}},
    "stop": {"__upgrade_stopped": "{{ __upgrade_stopped | default(100) }}"},
    "verify": {"__upgrade_up": "{{ 150 if not __upgrade_is_back else 170 }}"},
}


def fake_step(step, log):
    """Return the tasks of a step: a line for each node, then the fault that the test asks for."""
    here = f"fault_step == '{step}' and fault_node == inventory_hostname and (not __upgrade_is_back or fault_again)"
    way = "{{ 'back' if __upgrade_is_back else 'on' }}"
    local = {"ansible_connection": "local"}
    line = {"cmd": f"echo {way} {step} {{{{ inventory_hostname }}}} >>{log}"}
    gone = {
        "ansible_connection": "ssh",
        "ansible_host": "127.0.0.1",
        "ansible_port": 1,
        "ansible_ssh_common_args": "-o ConnectTimeout=5",
    }
    tasks = [
        {"name": "Fail", "ansible.builtin.fail": {"msg": "No space left."}, "when": f"fault_kind == 'failed' and {here}"},
        {"name": "Leave", "ansible.builtin.ping": {}, "vars": gone, "when": f"fault_kind == 'unreachable' and {here}"},
        {"name": "Note", "ansible.builtin.shell": line, "vars": local, "changed_when": False},
    ]
    return tasks + ([{"name": "Save", "ansible.builtin.set_fact": FACTS[step]}] if step in FACTS else [])


@pytest.fixture
def upgrade(root, tmp_path):
    """Return a function: run the plays with a fault, return (exit status, output, lines of the nodes)."""
    log = tmp_path / "log"
    role = tmp_path / "upgrade"
    shutil.copytree(root / "roles" / "upgrade", role)
    for step in FORWARD:
        (role / "tasks" / f"step_{step}.yml").write_text(yaml.safe_dump(fake_step(step, log)))
    plays = [play for play in yaml.safe_load((root / "playbooks" / "upgrade.yml").read_text()) if play["name"] in PLAYS]
    assert len(plays) == len(PLAYS)
    planned = {
        "upgrade_before": {"stack": "studio-2025", "python_version": "3.9.23", "venv": "/x/old"},
        "__upgrade_asked": {"stack": "current", "python_version": "3.13.5"},
        "__upgrade_is_back": False,
        "__upgrade_done": "planned",
    }
    first = {
        "name": "Plan",
        "hosts": "cluster",
        "gather_facts": False,
        "tasks": [{"name": "Plan", "ansible.builtin.set_fact": planned}],
    }
    text = yaml.safe_dump([first, *plays]).replace("saf.fabric.upgrade\n", f"{role}\n")
    (tmp_path / "play.yml").write_text(text)
    variables = {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_python_interpreter": sys.executable,
        "bench_results_dir": str(tmp_path / "results"),
        "venv_root": str(tmp_path / "saf"),
    }
    hosts = {name: {"cluster_address": f"127.0.0.{number}"} for number, name in enumerate(NODES, start=1)}
    groups = {"head": {"hosts": {"head1": hosts["head1"]}}, "workers": {"hosts": {name: hosts[name] for name in NODES[1:]}}}
    inventory = {"all": {"vars": variables, "children": {"cluster": {"children": groups}}}}
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))

    def run(kind="none", step="", node="", again=False):
        extra = {
            "stack": "current",
            "fault_kind": kind,
            "fault_step": step,
            "fault_node": node,
            "fault_again": again,
            "cluster_repo": str(root),
        }
        line = ["ansible-playbook", "-i", str(tmp_path / "inventory.yml"), str(tmp_path / "play.yml"), "-e", json.dumps(extra)]
        surroundings = {**os.environ, "ANSIBLE_CONFIG": str(root / "ansible.cfg"), "ANSIBLE_STDOUT_CALLBACK": "default"}
        done = subprocess.run(line, cwd=root, env=surroundings, capture_output=True, text=True, timeout=300, check=False)
        rows = [tuple(row.split()) for row in log.read_text().splitlines()] if log.exists() else []
        return done.returncode, " ".join((done.stdout + done.stderr).split()), rows

    return run


def did(rows, way):
    """Return {node: steps that it did} in one direction."""
    return {name: [step for where, step, node in rows if (where, node) == (way, name)] for name in NODES}


def test_all_steps_are_done_by_all_nodes_in_order(upgrade, tmp_path):
    status, said, rows = upgrade()
    assert status == 0, said
    assert did(rows, "on") == dict.fromkeys(NODES, FORWARD)
    assert [step for step, _ in itertools.groupby(row[1] for row in rows)] == FORWARD
    assert did(rows, "back") == {name: [] for name in NODES}
    assert "run stack current" in said
    assert "interrupted for 50 s" in said
    assert "playbooks/upgrade.yml -e stack=studio-2025 -e python_version=3.9.23" in said
    (entry,) = json.loads((tmp_path / "results" / "upgrades.json").read_text())
    assert (entry["result"], entry["seconds"], entry["from"], entry["to"]) == ("done", 50, "studio-2025", "current")


@pytest.mark.parametrize(
    ("kind", "step", "node"),
    # The others are in molecule/upgrade, with Ray.
    [
        ("failed", "stage", "worker1"),
        ("failed", "mark", "worker2"),
        ("failed", "head", "head1"),
        ("failed", "commit", "worker1"),
    ],
)
def test_a_fault_in_any_step_takes_all_nodes_back(upgrade, kind, step, node):
    status, said, rows = upgrade(kind, step, node)
    assert status != 0
    before = FORWARD[: FORWARD.index(step)]
    on = did(rows, "on")
    assert on == {name: before if name == node else [*before, step] for name in NODES}
    expected = [] if step == "stage" else ["verify", "commit"] if step == "mark" else BACK
    assert did(rows, "back") == dict.fromkeys(NODES, expected), said
    assert f"on {node}: " + ("No space left." if kind == "failed" else "it does not answer any more") in said
    if step == "stage":
        assert "The cluster was not touched: stack studio-2025 runs on." in said
    else:
        assert "stack studio-2025 runs again on head1, worker1, worker2, verified" in said
    assert "playbooks/upgrade.yml -e python_version=3.13.5 -e stack=current" in said


def test_a_rollback_that_fails_is_said_and_not_recorded_as_done(upgrade):
    status, said, rows = upgrade("failed", "verify", "worker2", again=True)
    assert status != 0
    assert "The rollback to studio-2025 failed as well, at verifying members and versions on worker2: No space left." in said
    assert not any("commit" in steps for steps in did(rows, "back").values())


@pytest.mark.parametrize(("step", "node"), [("stop", "worker1"), ("head", "head1")])
def test_a_node_that_leaves_takes_the_others_back_and_is_named(upgrade, step, node):
    status, said, rows = upgrade("unreachable", step, node)
    assert status != 0
    others = [name for name in NODES if name != node]
    back = did(rows, "back")
    assert back == {**dict.fromkeys(others, BACK[:-1]), node: []}, said
    assert f"on {node}: it does not answer any more" in said
    assert "The rollback to studio-2025 failed as well" in said
