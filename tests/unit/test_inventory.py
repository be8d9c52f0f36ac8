"""What is wrong with an inventory."""

import pytest
import yaml

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import access, inventory, reachability

GOOD = {"head": ["alpha"], "workers": ["beta"], "cluster": ["alpha", "beta"]}


@pytest.mark.parametrize(
    ("groups", "found"),
    [
        (GOOD, []),
        ({"head": ["alpha"], "cluster": ["alpha"]}, []),
        ({"workers": ["beta"], "cluster": ["beta"]}, [("-", "none")]),
        ({**GOOD, "head": ["alpha", "gamma"], "cluster": ["alpha", "gamma", "beta"]}, [("-", "alpha, gamma")]),
        ({**GOOD, "workers": ["alpha", "beta"]}, [("alpha", "both")]),
        ({"head": ["alpha"], "workers": ["beta"]}, [("-", "empty")]),
        ({**GOOD, "cluster": ["alpha", "beta", "stranger"]}, [("-", "alpha, beta, stranger")]),
    ],
)
def test_groups(groups, found):
    assert [(row["node"], row["found"]) for row in inventory.group_problems(groups)] == found


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        ({"cluster_address": "10.0.0.1", "ansible_host": "192.168.1.2"}, "10.0.0.1"),
        ({"ansible_host": "192.168.1.2"}, "192.168.1.2"),
        ({}, "alpha"),
    ],
)
def test_address(variables, address):
    assert inventory.address_of("alpha", {"alpha": variables}) == address


def test_one_address_for_two_nodes_is_named_once():
    hostvars = {"alpha": {"ansible_host": "10.0.0.1"}, "beta": {"ansible_host": "10.0.0.1"}, "gamma": {}}
    (row,) = inventory.address_problems(["alpha", "beta", "gamma"], hostvars)
    assert (row["node"], row["found"]) == ("alpha, beta", "10.0.0.1")


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("ray_port", None),
        ("ray_dashbord_port", "Did you mean ray_dashboard_port?"),
        ("stak", "Did you mean stack?"),
        ("ray_nonsense_altogether", "No role knows it"),
        ("node_exporter_port", None),  # unmanaged
        ("my_own_variable", None),
        ("ansible_host", None),
        ("__ray_info", None),
        ("venv_path", None),  # a fact that our own role sets
        ("inventory_hostname", None),
    ],
)
def test_variables(name, fix):
    known = {"ray_port", "ray_dashboard_port", "stack", "venv_root"}
    rows = inventory.variable_problems({"alpha": [name]}, known)
    assert [row["fix"].startswith(fix) for row in rows] == ([True] if fix else [])


def test_facts_that_roles_set_are_no_misspelt_variables(root):
    """Two playbooks in one command: what the first has set is there when the second looks at the names."""
    names = set()
    for path in root.glob("roles/*/tasks/*.yml"):
        tasks = list(yaml.safe_load(path.read_text()))
        while tasks:
            task = tasks.pop()
            tasks += [inner for part in ("block", "rescue", "always") for inner in task.get(part, [])]
            names |= set(task.get("ansible.builtin.set_fact", {}))
    assert {name for name in names if not name.startswith("_")} == inventory.FACTS


PROFILES = {
    "quick": {"network": {"udp": False, "seconds": 3}, "mlx": {"ops": None, "gemm": {"shapes": [512]}}},
    "full": {"network": {"udp": True, "seconds": 20}, "mlx": {"ops": {"cpu": {"rows": 4}}, "gemm": {"shapes": [512]}}},
}


@pytest.mark.parametrize(
    ("overrides", "found", "fix"),
    [
        ({}, None, ""),
        ({"network": {"udp": True}, "mlx": {"gemm": None}}, None, ""),
        ({"mlx": {"ops": {"cpu": {"rows": 8}}}}, None, ""),  # quick leaves it out, full has it
        ({"netwrok": None}, "netwrok", "Did you mean network?"),
        ({"mlx": {"gemm": {"shape": [64]}}}, "mlx.gemm.shape", "Did you mean shapes?"),
        ({"network": {"everything": True}}, "network.everything", "Take one of seconds, udp (data/bench_profiles.yml)."),
        ("quick", "quick", "Take one of mlx, network (data/bench_profiles.yml)."),
    ],
)
def test_overrides_of_a_profile(overrides, found, fix):
    rows = inventory.override_problems(overrides, PROFILES)
    assert [(row["found"], row["fix"]) for row in rows] == ([(found, fix)] if found else [])


@pytest.mark.parametrize(
    ("arguments", "check", "fragment"),
    [
        (("studio-2025", ["studio-2025"], {"python_version": "3.9.23", "lock_sha256": "x"}, "", "x"), None, ""),
        (("studio-2052", ["studio-2025"], None, None, ""), "stack", "Did you mean studio-2025?"),
        (("studio-2025", ["studio-2025"], None, "", "x"), "stack", "git checkout stacks/studio-2025/stack.yml"),
        (("studio-2025", ["studio-2025"], {"python_version": "3.9.23"}, None, ""), "lock", "make lock"),
        (("studio-2025", ["studio-2025"], {"python_version": "1", "lock_sha256": "y"}, "", "x"), "lock", "altered by hand"),
        (("studio-2025", ["studio-2025"], {"python_version": "1", "lock_sha256": "x"}, "ray==1\n", "x"), "lock", "git checkout"),
    ],
)
def test_stack(arguments, check, fragment):
    rows = inventory.stack_problems(*arguments)
    assert [row["check"] for row in rows] == ([check] if check else [])
    assert all(fragment in row["fix"] for row in rows)


@pytest.mark.parametrize(
    ("versions", "found"),
    [
        ({"alpha": "3.9.23", "beta": "3.9.23"}, []),
        ({"alpha": "3.9"}, ["3.9"]),
        ({"alpha": "3.8.20"}, ["3.8.20"]),
        ({"alpha": "3.14.0"}, ["3.14.0"]),
        ({"alpha": "3.9.23", "beta": "3.9.6"}, ["alpha 3.9.23, beta 3.9.6"]),
    ],
)
def test_python_versions(versions, found):
    assert [row["found"] for row in inventory.python_problems(versions, ">=3.9,<3.14")] == found


@pytest.mark.parametrize(
    ("found", "checks"),
    [
        ({"ansible_core": "2.19.14", "python": "3.11.7"}, []),
        ({"ansible_core": "2.22.0rc1", "python": "3.13.0"}, []),
        ({"ansible_core": "2.18.1", "python": "3.11.7"}, ["ansible_core"]),
        ({"ansible_core": "2.21.5", "python": "3.14.1"}, ["python"]),
    ],
)
def test_controller(found, checks):
    window = {"ansible_core": ">=2.19,<2.23", "python": ">=3.11,<3.14"}
    assert [row["check"] for row in inventory.controller_problems(found, window)] == checks


LOGGED_IN = {"stdout": "Linux"}
NO_TOOLS = {"stdout": "Darwin\nno tools"}
FAILED = {"failed": True, "msg": "non-zero return code", "stderr": "Apple's update server\noffers"}
GONE = {"unreachable": True, "msg": "no\nroute"}
NO_SUDO = {"failed": True, "msg": "MODULE FAILURE", "module_stderr": "sudo: a password\x1b[2J is required"}


@pytest.mark.parametrize(
    ("results", "check", "found"),
    [
        ((LOGGED_IN,), None, ""),
        ((LOGGED_IN, {"skipped": True}, {"rc": 0}), None, ""),
        ((GONE,), "login", "no route"),
        ((GONE, {"skipped": True}, {"skipped": True}), "login", "no route"),
        ((NO_TOOLS, FAILED, {"skipped": True}), "command line tools", "Apple's update server offers"),
        ((NO_TOOLS, {"failed": True, "msg": "no sudo"}), "command line tools", "no sudo"),
        ((NO_TOOLS, GONE), "command line tools", "no route"),
        ((NO_TOOLS, {"skipped": True}), "command line tools", "without --check installs them"),
        ((NO_TOOLS, {"changed": True}, {"rc": 0}), None, ""),
        ((LOGGED_IN, {"skipped": True}, NO_SUDO), "sudo", "MODULE FAILURE sudo: a password is required"),
        ((LOGGED_IN, {"skipped": True}, {"failed": True}), "become", "no message"),
        ((LOGGED_IN, {"skipped": True}, {"failed": True, "msg": ["x"], "module_stdout": 7}), "become", "['x'] 7"),
    ],
)
def test_access_to_a_node_is_one_row_for_the_first_thing_that_fails(results, check, found):
    rows = access.problems("beta", *results)
    assert [(row["node"], row["check"]) for row in rows] == ([("beta", check)] if check else [])
    assert all(found in row["found"] for row in rows)


@pytest.mark.parametrize(
    ("said", "check", "remedy"),
    [
        ("Missing sudo password", "sudo", "--ask-become-pass"),
        ("MODULE FAILURE sudo: a password is required", "sudo", "--ask-become-pass"),
        ("Incorrect sudo password", "sudo", "--ask-become-pass"),
        ("The module interpreter '/usr/bin/python3' was not found.", "python", "apt install python3"),
        ("/bin/sh: 1: /usr/bin/python3: not found", "python", "ansible_python_interpreter"),
        ("sudo: sorry, you must have a tty to run sudo", "sudo", "requiretty"),
        ("cat: write error: No space left on device", "remote_tmp", "ansible_remote_tmp"),
        ("mkdir: cannot create directory: Read-only file system", "remote_tmp", "ansible_remote_tmp"),
        ("admin is not in the sudoers file.", "sudo", "group admin"),
        ("/bin/sh: 1: sudo: not found", "sudo", "ansible_become_method"),
        ("Something that nobody has seen", "become", "by hand"),
    ],
)
def test_a_node_that_cannot_become_root_gets_the_fitting_remedy(said, check, remedy):
    found, _wanted, fix = access.become_problem(said)
    assert found == check
    assert remedy in fix


def test_targets():
    targets = reachability.port_targets(["alpha", "beta"], {"alpha": "10.0.0.1", "beta": "10.0.0.2"}, [6381], {"alpha": [6380]})
    assert [(target["node"], target["port"]) for target in targets] == [("alpha", 6381), ("alpha", 6380), ("beta", 6381)]


def test_a_port_of_a_node_outside_of_the_run_is_told_to_start_its_ray():
    target = {"node": "alpha", "host": "10.0.0.1", "port": 6380, "reason": "Connection refused"}
    (within,) = reachability.unreachable_rows([target], "gamma", ["alpha", "gamma"])
    (outside,) = reachability.unreachable_rows([target], "gamma", ["gamma"])
    assert within["fix"].startswith("Open the port between gamma and alpha")
    (three,) = reachability.unreachable_rows(
        [{**target, "port": port} for port in (6380, 6381, 6382)], "gamma", ["alpha", "gamma"]
    )
    assert three["wanted"] == "alpha answers at 10.0.0.1:6380, 6381, 6382"
    assert outside["fix"].startswith("Start Ray on alpha (playbooks/start.yml)")


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        ({"a": {"system": "Linux", "provider": "uv"}, "b": {"system": "Linux", "provider": "uv"}}, []),
        ({"a": {"system": "Darwin", "provider": "homebrew"}, "b": {"system": "Linux", "provider": "uv"}}, []),
        ({"a": {"system": "Linux", "provider": "uv"}, "b": {"system": "Linux", "provider": "system"}}, ["a: uv, b: system"]),
        ({"a": {"system": "Linux", "provider": "uv"}, "b": {}}, []),  # allowed, or not asked
    ],
)
def test_providers_of_one_system(sources, found):
    assert [row["found"] for row in inventory.provider_problems(sources)] == found
