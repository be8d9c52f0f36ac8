"""Filters over the inventory; the work is in plugins/plugin_utils/provision/inventory.py."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
from pathlib import Path

import yaml
from ansible.errors import AnsibleError
from ansible.release import __version__ as ansible_version
from jinja2 import Undefined, UndefinedError

from ansible_collections.saf.fabric.plugins.module_utils.services import service_log
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import inventory, options
from ansible_collections.saf.fabric.plugins.plugin_utils.text import command_line, table

REPOSITORY = Path(__file__).resolve().parents[2]

_COLUMNS = [("node", "node"), ("check", "check"), ("wanted", "wanted"), ("found", "found"), ("fix", "how to fix")]


# Options that one node reads of another, or that both ends of a connection take from their own variables. Ray's workers make
# the temporary directory of their head, below venv_root.
_AGREED = (
    "stack",
    "venv_root",
    "ray_port",
    "ray_node_manager_port",
    "ray_object_manager_port",
    "bench_port",
    "bench_collective_port",
)


_NOT_SET = object()


def _options():
    """Return {variable: option} of the argument specs of all roles."""
    options = {}
    for path in sorted(REPOSITORY.glob("roles/*/meta/argument_specs.yml")):
        for spec in yaml.safe_load(path.read_text())["argument_specs"].values():
            options.update(spec.get("options") or {})
    return options


def _defaults():
    """Return {variable: default} of all roles, as written."""
    defaults = {}
    for path in sorted(REPOSITORY.glob("roles/*/defaults/main.yml")):
        defaults.update(yaml.safe_load(path.read_text()) or {})
    return defaults


def option_default(name):
    """Return the default of an option, for plays that have to know it before its role runs."""
    default = _defaults()[name]
    if "{{" in str(default):
        raise AnsibleError(
            f"The default of {name} hangs on other variables: put it into role cluster, whose defaults all roles have."
        )
    return default


def pinned_versions(builds, place):
    """Return the versions that have a build; builds: {version: build} of data/python_builds.yml; place: [key, platform]."""
    key, platform_name = place
    return [str(version) for version, build in builds.items() if platform_name in build.get(key, {})]


def _values(host, hostvars, names):
    """Return {name: value} of those variables of a host that can be told now; some hang on facts of the node."""
    values = {}
    for name in names:
        with contextlib.suppress(AnsibleError, UndefinedError):
            value = hostvars[host].get(name, _NOT_SET)
            if value is not _NOT_SET and not isinstance(value, Undefined):
                values[name] = value
    return values


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


def _writable(folder):
    """Return whether a folder can be written, or made."""
    path = Path(folder)
    while not path.exists() and path != path.parent:
        path = path.parent
    return path.is_dir() and os.access(path, os.W_OK | os.X_OK)


def _unlike(rows, known):
    """Return the rows that are not known of another node already."""
    return [row for row in rows if {**row, "node": "-"} not in [{**other, "node": "-"} for other in known]]


def _port_problems(members, values):
    """Return what is wrong with the ports of each node; values: {host: {option: value}} with defaults."""
    problems, count = [], len(members)
    for host in members:
        mine = values[host]
        ports = {name: mine[name] for name in mine if name.startswith("ray_") and name.endswith("_port")}
        last = mine["ray_worker_port_max"]
        ranges = {"ray_worker_port_min": (mine["ray_worker_port_min"], last, "Ray's worker processes")}
        if not options.is_port(last):
            ports["ray_worker_port_max"] = last
            ranges = {}
        for name, more, use in (
            ("bench_port", count, "the network benchmark"),
            ("bench_collective_port", count - 1, "the MLX ring"),
        ):
            if options.is_port(mine[name]):
                ranges[name] = (mine[name], int(mine[name]) + more, use)
            else:
                ports[name] = mine[name]
        wrong = options.port_problems(host, ports, ranges)
        # UDP: it shares its number with nobody.
        wrong += options.port_problems(host, {"network_mtu_port": mine["network_mtu_port"]})
        problems += _unlike(wrong, problems)
    return problems


def _stack_problems(members, hostvars, default):
    problems = []
    stacks = sorted(path.parent.name for path in REPOSITORY.glob("stacks/*/stack.yml"))
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


def inventory_problems(groups, hostvars, taking_part=(), forks=None):
    """Return the table rows of everything that is wrong before a node has been asked.

    taking_part: hosts of the play; forks: how many of them Ansible works on at once, where the nodes have to work together
    (bench.yml), else None.
    """
    window = _load(REPOSITORY / "data" / "controller.yml")
    problems = inventory.controller_problems({"ansible_core": ansible_version, "python": platform.python_version()}, window)
    problems += inventory.group_problems(groups)
    members = list(dict.fromkeys([*groups.get("head", []), *groups.get("workers", [])]))
    problems += inventory.address_problems(members, hostvars)

    known, defaults = _options(), _defaults()
    problems += inventory.variable_problems({host: list(hostvars[host]) for host in members}, set(known))
    given = {host: _values(host, hostvars, known) for host in members}
    values = {host: {**defaults, **given[host]} for host in members}
    types = {name: option["type"] for name, option in known.items() if option.get("type") in ("int", "float", "bool")}
    # What is wrong with a port is told by its range.
    problems += options.type_problems(given, {name: kind for name, kind in types.items() if "_port" not in name})
    problems += options.path_problems(given, ("venv_root", "cluster_controller_cache"))
    problems += options.agreement_problems(values, [name for name in _AGREED if members])
    problems += options.store_problems(given)
    problems += _port_problems(members, values)
    for host in members[:1]:
        for name, folder in (("cluster_controller_cache", ".cache"), ("bench_results_dir", "results")):
            path = given[host].get(name, REPOSITORY / folder)
            problems += options.folder_problems(name, path, _writable(path))
    if forks is not None:
        problems += options.fork_problems(int(forks), len([host for host in members if host in taking_part]))

    profiles = _load(REPOSITORY / "data" / "bench_profiles.yml")
    for overrides in {
        str(hostvars[host].get("bench_overrides")): hostvars[host].get("bench_overrides") for host in members
    }.values():
        problems += inventory.override_problems(overrides or {}, profiles)
    return problems + _stack_problems(members, hostvars, defaults["stack"])


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
            "pinned_versions": pinned_versions,
            "option_default": option_default,
            "preflight_rows": inventory.preflight_rows,
            "port_targets": inventory.port_targets,
            "unreachable_rows": inventory.unreachable_rows,
            "problem_table": problem_table,
        }
