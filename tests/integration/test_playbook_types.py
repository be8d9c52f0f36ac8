"""Every int, float and bool option of all argument specs, given as text: it works like the value that it says.

What -e name=value, an INI inventory and an environment lookup give is text, and an argument spec does not convert it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import filter_loader
from ansible.template import Templar, trust_as_template
from tests.support.role_files import role_vars

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))

import specs  # noqa: E402

TYPES = ("int", "float", "bool")


def typed_options():
    """Return {option: (type, default)} over the specs of all roles."""
    return {
        name: (option["type"], option.get("default"))
        for role in specs.roles()
        for name, option in specs.options_of(role).items()
        if option.get("type") in TYPES
    }


def defaults():
    """Return each option with its default, or a value that its role accepts."""
    return {name: 1500 if default is None else default for name, (_kind, default) in typed_options().items()}


def others():
    """Return each option with another value than its default: what is on goes off, what is a number becomes another one."""
    changed = {}
    for name, value in defaults().items():
        if isinstance(value, bool):
            changed[name] = not value
        elif "_port" in name:
            changed[name] = value + 11000
        else:
            changed[name] = value // 2 if value > 1 else 1 - value
    return {**changed, "ray_watchdog_interval": 0, "ray_object_store_memory": 268435456}


def as_text(values):
    """Return the values as -e name=value gives them."""
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}


FACTS = {
    "Linux": {"system": "Linux", "machine": "x86_64", "service_mgr": "systemd", "distribution_version": "13"},
    "Darwin": {"system": "Darwin", "machine": "arm64", "service_mgr": "launchd", "distribution_version": "15.1"},
}
# What the tasks would have registered, and what Ansible provides.
GIVEN = {
    "role_path": str(ROOT / "roles" / "cluster"),
    "inventory_hostname": "alpha",
    "ansible_check_mode": False,
    "ansible_play_hosts": ["alpha", "beta"],
    "groups": {"head": ["alpha"], "workers": ["beta"], "cluster": ["alpha", "beta"], "all": ["alpha", "beta"]},
    "hostvars": {"alpha": {"cluster_address": "10.0.0.1"}, "beta": {"cluster_address": "10.0.0.2"}},
    "cluster_stack": specs.load(ROOT / "stacks" / "studio-2025" / "stack.yml"),
    "__ray_node": {
        "worker": "root",
        "group": "saf",
        "root_exists": True,
        "venv": "/opt/saf/venvs/1",
        "system_python": True,
        "shm_bytes": 4000000000,
        "gpu_cores": 0,
        "max_open_files": 245760,
        "recorded": [],
        "definitions": [],
        "markers": {"/opt/saf/venvs/1": "c"},
    },
    "__ray_env": {"times": {"/opt/saf/etc/ray.env": 1}, "changed_paths": []},
    "__node_accounts": {"stdout_lines": ["root", "999"]},
    "__venv_node": {"glibc": "2.36", "cuda": ""},
    "__node_power": {"stdout": ""},
}


def trusted(value):
    """Return a value whose texts are templates, as those of the roles are."""
    if isinstance(value, dict):
        return {key: trusted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [trusted(inner) for inner in value]
    # No loader of collections here: the filters come from their folder, by their short names.
    return trust_as_template(value.replace("saf.fabric.", "")) if isinstance(value, str) else value


@pytest.fixture(scope="module", autouse=True)
def filters():
    filter_loader.add_directory(str(ROOT / "plugins" / "filter"))


def derived(values, system):
    """Return {variable: what it becomes} of the variables of all roles: the value, or the error as text."""
    variables, names = {}, []
    for role in specs.roles():
        variables.update(specs.defaults_of(role))
        own = role_vars(ROOT, role)
        variables.update(own)
        names += own
    variables = {**trusted(variables), **GIVEN, "ansible_facts": FACTS[system], **values}
    templar = Templar(DataLoader(), variables=variables)
    rendered = {}
    for name in names:
        try:
            rendered[name] = json.dumps(templar.template(variables[name]), sort_keys=True)
        except Exception as error:  # whatever it is: it must not depend on how a number was written
            rendered[name] = f"failed: {error}"
    return rendered


@pytest.mark.parametrize("system", sorted(FACTS))
@pytest.mark.parametrize("values", [defaults, others])
def test_what_the_roles_derive_is_the_same(values, system):
    values = {**values(), "ray_service_manager": "auto"}
    typed, text = derived(values, system), derived(as_text(values), system)
    assert {name: (typed[name], text[name]) for name in typed if typed[name] != text[name]} == {}
    manager = {"Linux": "systemd", "Darwin": "launchd"}[system]
    assert typed["_ray_manager"].strip('"') == manager
    for name in ("_ray_store", "_ray_files", "_ray_watchdog_daemon", "_bench_tasks", "_preflight_ports", "_ray_argv"):
        assert not typed[name].startswith("failed"), typed[name]


# Included below, or a role that must fail here: fetch has no folder to fill, and this machine may have no compose command.
ELSEWHERE = ("network", "report", "homebrew", "fetch", "containers")
PLAY = [
    {
        "hosts": "cluster",
        "strategy": "linear",
        "gather_facts": False,
        "roles": [f"saf.fabric.{role}" for role in specs.roles() if role not in ELSEWHERE],
        "tasks": [
            {"name": "Role report", "ansible.builtin.include_role": {"name": "saf.fabric.report"}},
            {"name": "Role homebrew", "ansible.builtin.include_role": {"name": "saf.fabric.homebrew"}},
        ],
    }
]


def test_a_dry_run_of_every_role_accepts_them(root, tmp_path):
    variables = {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_python_interpreter": sys.executable,
        "cluster_address": "127.0.0.1",
        "cluster_user": subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip(),
        "python_version": ".".join(map(str, sys.version_info[:3])),
        "python_candidates": [sys.executable],
        "ray_service_manager": "process",
        "venv_root": str(tmp_path / "saf"),
        "bench_results_dir": str(tmp_path / "results"),
        "status_file": str(tmp_path / "status.json"),
        "__collect_made": "20260101T000000Z",  # by its playbook
    }
    hosts = {"cluster": {"vars": variables, "children": {"head": {"hosts": {"alpha": {}}}, "workers": {}}}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(hosts))
    (tmp_path / "play.yml").write_text(yaml.safe_dump(PLAY))
    command = ["ansible-playbook", "--check", "-i", str(tmp_path / "hosts.yml"), str(tmp_path / "play.yml")]
    for name, value in as_text(others()).items():
        command += ["-e", f"{name}={value}"]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(root / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert not (tmp_path / "saf").exists()
