"""Role network decides for all nodes together: one that fails, at whatever step, or is lost takes the change back everywhere."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.support.collection import with_modules

ROOT = Path(__file__).resolve().parents[2]
# Stands in for interface_mtu: writes down what it was asked, and fails where the test wants it.
STAND_IN = """\
import json
from ansible.module_utils.basic import AnsibleModule
SPEC = {name: {} for name in ("address", "mtu", "state", "pending", "revert_after", "port", "targets", "before")}
def main():
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    asked = {name: value for name, value in module.params.items() if value is not None}
    with open("%(log)s", "a") as stream:
        stream.write(json.dumps(asked) + "\\n")
    if [module.params["address"], module.params["state"] or "set"] in %(bad)s:
        module.fail_json(msg="it does not work here")
    module.exit_json(changed=False, before=1500, interface="en0", failed_targets=[])
if __name__ == "__main__":
    main()
"""


@pytest.fixture
def tune(tmp_path):
    """Run the tasks of the role on three stand-ins; return ([{address: states}], output)."""

    def run(bad, lost=None):
        log = tmp_path / "log"
        collections = with_modules(tmp_path, {"interface_mtu": STAND_IN % {"log": log, "bad": json.dumps(bad)}})
        tasks = yaml.safe_load((ROOT / "roles/network/tasks/main.yml").read_text())[1:]  # without the record in the manifest
        if lost:
            # After it has tried its MTU the node is not reached any more.
            gone = {"ansible.builtin.ping": {}, "when": f"inventory_hostname == '{lost}'", "vars": {"ansible_connection": "ssh"}}
            gone["vars"].update(ansible_host="127.0.0.1", ansible_port=1, ansible_ssh_timeout=1)
            tasks.insert(1, gone)
        variables = {"network_mtu": 9000, "network_mtu_patience": 60, "network_mtu_port": 6390}
        variables["cluster_node_address"] = "{{ inventory_hostname }}"
        variables["cluster_addresses"] = {name: name for name in "abc"}
        variables["ansible_facts"] = {"system": "Linux"}
        variables["ansible_python_interpreter"] = "{{ ansible_playbook_python }}"
        play = [{"hosts": "all", "gather_facts": False, "connection": "local", "vars": variables, "tasks": tasks}]
        (tmp_path / "play.yml").write_text(yaml.safe_dump(play, sort_keys=False))
        command = [ROOT / ".venv/bin/ansible-playbook", "-i", "a,b,c", tmp_path / "play.yml"]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "ANSIBLE_COLLECTIONS_PATH": collections}
        environment.update(LC_ALL="C.UTF-8", ANSIBLE_NOCOLOR="1")
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
        asked = [json.loads(line) for line in log.read_text().splitlines()]
        return {name: [one for one in asked if one["address"] == name] for name in "abc"}, done

    return run


def states(asked):
    return [one.get("state", "set") for one in asked]


def test_what_works_everywhere_is_confirmed_everywhere(tune):
    asked, done = tune([])
    assert done.returncode == 0, done.stdout
    assert {tuple(states(one)) for one in asked.values()} == {("set", "answering", "tried", "confirmed")}
    assert {one["port"] for one in asked["a"]} == {"6390"}
    assert done.stdout.count("carried to all nodes") == 3


@pytest.mark.parametrize(
    ("failing", "others"),
    [
        ("set", ["set", "answering", "tried", "restored"]),
        ("tried", ["set", "answering", "tried", "restored"]),
        ("confirmed", ["set", "answering", "tried", "confirmed", "restored"]),
    ],
)
def test_one_node_that_fails_takes_it_back_everywhere(tune, failing, others):
    asked, done = tune([["b", failing]])
    assert done.returncode != 0
    assert states(asked["a"]) == states(asked["c"]) == others
    assert states(asked["b"])[-1] == "restored"
    assert asked["a"][-1]["before"] == "1500"
    assert "it does not work here" in done.stdout
    assert done.stdout.count('"msg": "The MTU of before is back, since it did not work on b."') == 2
    assert "carried to all nodes" not in done.stdout


def test_a_node_that_is_lost_takes_it_back_everywhere(tune):
    asked, done = tune([], lost="c")
    assert done.returncode != 0
    assert states(asked["a"]) == states(asked["b"]) == ["set", "answering", "tried", "restored"]
    assert states(asked["c"]) == ["set", "answering", "tried"]
    assert done.stdout.count('"msg": "The MTU of before is back, since it did not work on c."') == 2
    assert "carried to all nodes" not in done.stdout
