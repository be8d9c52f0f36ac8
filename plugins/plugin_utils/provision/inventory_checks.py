"""Everything that is wrong with an inventory and the controller before a node is asked: the checks of inventory and options.

Pure functions; repository.py reads what they compare with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..plan import choice
from ..report import gate
from ..text.words import words
from . import inventory, options, ray_tuning
from .problem import Row, nodes_of, row

# Options that one node reads of another, or that both ends of a connection take from their own variables. Ray's workers make
# the temporary directory of their head, below venv_root.
AGREED = (
    "stack",
    "venv_root",
    "ray_port",
    "ray_node_manager_port",
    "ray_object_manager_port",
    "ray_network_patience",
    "bench_port",
    "bench_collective_port",
    "cluster_secrets_dir",
    "ray_tls",
    "ray_token_authentication",
)
# Paths on the nodes or the controller; a current directory means nothing to them.
_ABSOLUTE = ("venv_root", "cluster_controller_cache", "cluster_secrets_dir")


def members_of(groups: inventory.Groups) -> list[str]:
    """Return the hosts of the cluster, the head first."""
    return list(dict.fromkeys([*groups.get("head", []), *groups.get("workers", [])]))


def option_problems(
    given: options.Values, values: options.Values, known: Mapping[str, Mapping[str, Any]], names: Mapping[str, Sequence[str]]
) -> list[Row]:
    """Return what is wrong with the variables of the members.

    given: {host: {option: value}} as far as they are known now; values: the same with defaults; known: {option: its spec};
    names: {host: names of all its variables}.
    """
    types = {name: option["type"] for name, option in known.items() if option.get("type") in ("int", "float", "bool", "dict")}
    types.pop("bench_overrides", None)  # has its own rows
    return [
        *inventory.variable_problems(names, set(known)),
        # What is wrong with a port is reported by its range.
        *options.type_problems(given, {name: kind for name, kind in types.items() if "_port" not in name}),
        *options.range_problems(given, ray_tuning.RANGES),
        *options.path_problems(given, _ABSOLUTE),
        *options.agreement_problems(values, AGREED if values else ()),
        *options.store_problems(given),
        *options.gcs_store_problems(given),
        *options.link_problems(given),
        *port_problems(values),
    ]


def port_problems(values: options.Values) -> list[Row]:
    """Return what is wrong with the ports of each node; values: {host: {option: value}} with defaults."""
    problems: list[Row] = []
    count = len(values)
    for host, mine in values.items():
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


def _unlike(rows: Sequence[Row], known: Sequence[Row]) -> list[Row]:
    """Return the rows that are not known of another node already."""
    return [row for row in rows if {**row, "node": "-"} not in [{**other, "node": "-"} for other in known]]


def stack_problems(
    names: Mapping[str, str],
    versions: Mapping[str, object],
    stacks: Mapping[str, Mapping[str, Any]],
    known: Sequence[str],
) -> list[Row]:
    """Return what is wrong with the stacks and with the Python versions that they allow.

    names: {host: name of its stack}; versions: {host: python_version} of those that set one; stacks: {name: {stack, lock,
    digest}}; known: names of all stacks.
    """
    problems = []
    for name, files in sorted(stacks.items()):
        stack = files["stack"]
        wrong = inventory.stack_problems(name, known, stack, files["lock"], files["digest"])
        problems += wrong
        if not wrong:
            wanted = {host: str(versions.get(host, stack["python_version"])) for host in names}
            problems += inventory.python_problems(wanted, stack["python_requires"])
    return problems


def token_problems(wanted: Mapping[str, object], names: Mapping[str, str], stacks: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Return the hosts whose Ray cannot have the token that they are to ask for.

    wanted: {host: ray_token_authentication}; names: {host: name of its stack}; stacks: as stack_problems().
    """
    can = {name: ((files["stack"] or {}).get("capabilities") or {}).get("token_authentication") for name, files in stacks.items()}
    unable = [host for host, value in wanted.items() if value == "always" and not can.get(names[host])]
    if not unable:
        return []
    found = ", ".join(sorted({names[host] for host in unable}))
    fix = "Set ray_token_authentication to auto, or stack to current."
    return [row(nodes_of(unable), "ray_token_authentication", "a stack with Ray 2.52 or later", found, fix)]


def choice_problems(
    given: options.Values, defaults: Mapping[str, Any], profiles: choice.Profiles, models: Sequence[str]
) -> list[Row]:
    """Return what is wrong with the words that choose what is measured and what fails a play; equal rows of hosts are one.

    given: {host: {option: value}}; defaults: {option: value}; models: names of data/synthetic_models.yml.
    """
    problems: list[Row] = []
    for mine in given.values():
        value = {**defaults, **mine}
        wanted = {name: words(value[name]) for name in ("bench_model", "bench_only", "bench_skip", "fail_on")}
        overrides = value["bench_overrides"] or {}
        if inventory.override_problems(overrides, profiles):  # has its own rows
            overrides = {}
        found = choice.model_problems(wanted["bench_model"], models)
        found += choice.choice_problems(
            profiles, str(value["bench_profile"]), overrides, wanted["bench_model"], wanted["bench_only"], wanted["bench_skip"]
        )
        found += choice.word_problems("fail_on", wanted["fail_on"], gate.WORDS)
        problems += [row for row in found if row not in problems]
    return problems


def override_problems(overrides: Sequence[object], profiles: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Return what is wrong with bench_overrides of the hosts; equal ones are reported once."""
    different = {str(one): one for one in overrides}
    return [found for one in different.values() for found in inventory.override_problems(one or {}, profiles)]
