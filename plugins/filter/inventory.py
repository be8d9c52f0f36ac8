"""Filters over the inventory; the work is in module_utils/saf/inventory.py."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

import ansible.module_utils
import yaml
from ansible.release import __version__ as ansible_version

# Controller-side plugins share the modules' code; Ansible puts it on the path for modules only.
REPOSITORY = Path(__file__).resolve().parents[2]
_SHARED = str(REPOSITORY / "module_utils")
if _SHARED not in ansible.module_utils.__path__:
    ansible.module_utils.__path__.append(_SHARED)

from ansible.module_utils.saf import command_line, inventory, service_log, table  # noqa: E402

_COLUMNS = [("node", "node"), ("check", "check"), ("wanted", "wanted"), ("found", "found"), ("fix", "how to fix")]


def known_variables():
    """Return the names of all variables that an argument spec of ours describes."""
    names = set()
    for path in REPOSITORY.glob("roles/*/meta/argument_specs.yml"):
        for spec in yaml.safe_load(path.read_text())["argument_specs"].values():
            names |= set(spec.get("options", {}))
    return names


def _is_port(name):
    return name.startswith("ray_") and ("_port" in name)


def _read(path):
    try:
        return path.read_text()
    except OSError:
        return None


def _load(path):
    try:
        return yaml.safe_load(_read(path) or "")
    except yaml.YAMLError:
        return None


def inventory_problems(groups, hostvars):
    """Return the table rows of everything that is wrong before a node has been asked."""
    window = _load(REPOSITORY / "data" / "controller.yml")
    problems = inventory.controller_problems({"ansible_core": ansible_version, "python": platform.python_version()}, window)
    problems += inventory.group_problems(groups)
    members = list(dict.fromkeys([*groups.get("head", []), *groups.get("workers", [])]))
    problems += inventory.address_problems(members, hostvars)
    problems += inventory.variable_problems({host: list(hostvars[host]) for host in groups.get("all", [])}, known_variables())

    profiles = _load(REPOSITORY / "data" / "bench_profiles.yml")
    for overrides in {
        str(hostvars[host].get("bench_overrides")): hostvars[host].get("bench_overrides") for host in members
    }.values():
        problems += inventory.override_problems(overrides or {}, profiles)

    stacks = sorted(path.parent.name for path in REPOSITORY.glob("stacks/*/stack.yml"))
    defaults = _load(REPOSITORY / "roles" / "cluster" / "defaults" / "main.yml")
    for host in members:
        wrong = inventory.port_problems(
            host, {name: hostvars[host].get(name, defaults[name]) for name in defaults if _is_port(name)}
        )
        problems += [row for row in wrong if {**row, "node": "-"} not in [{**known, "node": "-"} for known in problems]]

    default = defaults["stack"]
    for name in sorted({str(hostvars[host].get("stack", default)) for host in members} or {default}):
        folder = REPOSITORY / "stacks" / name
        stack, lock = _load(folder / "stack.yml"), _read(folder / "requirements.lock")
        digest = hashlib.sha256((lock or "").encode()).hexdigest()
        wrong = inventory.stack_problems(name, stacks, stack, lock, digest)
        problems += wrong
        if not wrong:
            versions = {host: str(hostvars[host].get("python_version", stack["python_version"])) for host in members}
            problems += inventory.python_problems(versions, stack["python_requires"])
    return problems


def problem_table(rows):
    """Return the table of problems, and below it the commands of its rows, which a cell would fold."""
    commands = [line for row in rows for line in _commands(row)]
    return table.render(rows, _COLUMNS) + ("\n" + "\n".join(commands) + "\n" if commands else "")


def _commands(row):
    """Return the lines below the table for one row; what it carries came from a node."""
    node = row["node"]
    if row.get("other_root"):
        root = service_log.one_line(row["other_root"], 200)
        # ~/.saf is where inventory/local puts it, without an init system.
        extra = {"venv_root": root, **({"ray_service_manager": "process"} if root.endswith("/.saf") else {})}
        stop = command_line.command("playbooks/stop.yml", node, extra)
        reset = command_line.command("playbooks/reset.yml", node, extra)
        return [f"To stop what runs from {root} on {node}:", stop, "To remove all of it:", reset]
    if row.get("command"):
        return [f"On {node}:", service_log.one_line(row["command"])]
    return []


class FilterModule:
    def filters(self):
        return {
            "cluster_addresses": inventory.addresses_of,
            "inventory_problems": inventory_problems,
            "preflight_rows": inventory.preflight_rows,
            "port_targets": inventory.port_targets,
            "unreachable_rows": inventory.unreachable_rows,
            "problem_table": problem_table,
        }
