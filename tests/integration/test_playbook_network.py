"""Role network decides for all nodes together: one that fails at any step, or is lost, rolls back the MTU everywhere."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.support.collection import with_modules

ROOT = Path(__file__).resolve().parents[2]
# Stands in for a module of the role: writes down what it was asked, and fails where the test wants it.
STAND_IN = """\
import json, os
from ansible.module_utils.basic import AnsibleModule
MINE, NODE = "%(name)s", os.environ["SAF_NODE"]
NAMES = "address mtu pending revert_after confirm before state tcp_ports udp_ports seconds pid targets".split()
ANSWERS = {"interface_mtu": {"before": 1500, "interface": "en0"}, "path_responder": {"pid": 4711},
           "path_probe": {"failed_targets": %(failed)s.get(NODE, [])}}
def main():
    module = AnsibleModule(argument_spec={name: {"type": "raw"} for name in NAMES}, supports_check_mode=True)
    asked = {name: value for name, value in module.params.items() if value is not None}
    steps = {"interface_mtu": {None: "set", True: "confirm", False: "withdraw"}.get(asked.get("confirm")),
             "path_responder": "stop" if asked.get("state") == "stopped" else "answer", "path_probe": "probe"}
    with open("%(log)s", "a") as stream:
        stream.write(json.dumps({**asked, "step": steps[MINE], "by": NODE}) + "\\n")
    if [NODE, steps[MINE]] in %(bad)s:
        module.fail_json(msg="it does not work here")
    module.exit_json(changed=False, **ANSWERS[MINE])
if __name__ == "__main__":
    main()
"""
MODULES = ("interface_mtu", "path_responder", "path_probe")


@pytest.fixture
def tune(tmp_path):
    """Run the tasks of the role on three stand-ins; return ({node: what its modules were asked}, the process)."""

    def run(bad=(), failed=None, lost=None, check=False):
        log = tmp_path / "log"
        log.touch()
        wanted = {"log": log, "bad": json.dumps(list(bad)), "failed": json.dumps(failed or {})}
        collections = with_modules(tmp_path, {name: STAND_IN % {**wanted, "name": name} for name in MODULES})
        tasks = yaml.safe_load((ROOT / "roles/network/tasks/main.yml").read_text())[1:]  # without the record in the manifest
        if lost:
            # After it has tried its MTU the node is not reached any more.
            gone = {"ansible.builtin.ping": {}, "when": f"inventory_hostname == '{lost}'", "vars": {"ansible_connection": "ssh"}}
            gone["vars"].update(ansible_host="127.0.0.1", ansible_port=1, ansible_ssh_timeout=1)
            tasks.insert(1, gone)
        variables = yaml.safe_load((ROOT / "roles/network/vars/main.yml").read_text())
        variables.update(network_mtu=9000, network_mtu_patience=60, network_mtu_port=6390)
        variables["cluster_node_address"] = "{{ inventory_hostname }}"
        variables["cluster_addresses"] = {name: f"10.0.0.{number}" for number, name in enumerate("abc")}
        variables["ansible_facts"] = {"system": "Linux"}
        variables["ansible_python_interpreter"] = "{{ ansible_playbook_python }}"
        play = {"hosts": "all", "gather_facts": False, "connection": "local", "vars": variables, "tasks": tasks}
        play["environment"] = {"SAF_NODE": "{{ inventory_hostname }}"}
        (tmp_path / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False))
        command = [ROOT / ".venv/bin/ansible-playbook", "-i", "a,b,c", tmp_path / "play.yml", *(["--check"] * check)]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "ANSIBLE_COLLECTIONS_PATH": collections}
        environment.update(LC_ALL="C.UTF-8", ANSIBLE_NOCOLOR="1")
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
        asked = [json.loads(line) for line in log.read_text().splitlines()]
        return {name: [one for one in asked if one["by"] == name] for name in "abc"}, done

    return run


def steps(asked):
    return [one["step"] for one in asked]


def test_what_works_everywhere_is_confirmed_everywhere(tune):
    asked, done = tune()
    assert done.returncode == 0, done.stdout
    assert {tuple(steps(one)) for one in asked.values()} == {("set", "answer", "probe", "confirm", "stop")}
    first, answer, probe, _confirm, stop = asked["a"]
    assert (first["mtu"], first["revert_after"]) == (9000, 60)
    assert (answer["udp_ports"], answer["seconds"], stop["pid"]) == ([6390], 60, 4711)
    common = {"port": 6390, "protocol": "udp", "size": 9000}
    assert probe["targets"] == [{"node": "b", "host": "10.0.0.1", **common}, {"node": "c", "host": "10.0.0.2", **common}]
    assert done.stdout.count("carried to all nodes") == 3


@pytest.mark.parametrize(
    ("failing", "others"),
    [
        ("set", ["set", "answer", "probe", "withdraw", "stop"]),
        ("answer", ["set", "answer", "probe", "withdraw", "stop"]),
        ("probe", ["set", "answer", "probe", "withdraw", "stop"]),
        ("confirm", ["set", "answer", "probe", "confirm", "withdraw", "stop"]),
    ],
)
def test_one_node_that_fails_rolls_back_everywhere(tune, failing, others):
    asked, done = tune([["b", failing]])
    assert done.returncode != 0
    assert steps(asked["a"]) == steps(asked["c"]) == others
    assert steps(asked["b"])[-2:] == ["withdraw", "stop"]
    assert asked["a"][-2]["before"] == 1500
    assert "it does not work here" in done.stdout
    assert done.stdout.count('"msg": "The previous MTU is restored, since the new one failed on b."') == 2
    assert "carried to all nodes" not in done.stdout


def test_a_path_that_does_not_carry_the_packets_rolls_back_everywhere(tune):
    asked, done = tune(failed={"a": [{"node": "c", "host": "10.0.0.2", "port": 6390, "reason": "no answer"}]})
    assert done.returncode != 0
    assert {tuple(steps(one)) for one in asked.values()} == {("set", "answer", "probe", "withdraw", "stop")}
    assert "Packets of 9000 bytes from a do not reach 10.0.0.2: every switch on the path" in " ".join(done.stdout.split())


def test_a_node_that_is_lost_rolls_back_everywhere(tune):
    asked, done = tune(lost="c")
    assert done.returncode != 0
    assert steps(asked["a"]) == steps(asked["b"]) == ["set", "answer", "probe", "withdraw", "stop"]
    assert steps(asked["c"]) == ["set", "answer", "probe"]
    assert done.stdout.count('"msg": "The previous MTU is restored, since the new one failed on c."') == 2
    assert "carried to all nodes" not in done.stdout


def test_check_mode_sends_no_packets(tune):
    asked, done = tune(check=True)
    assert done.returncode == 0, done.stdout
    assert {tuple(steps(one)) for one in asked.values()} == {("set", "answer", "confirm", "stop")}
