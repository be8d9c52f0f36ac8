"""Values of options in an inventory: their types, paths, ports, and what must agree between the nodes. Pure functions."""

from __future__ import annotations

import ipaddress
import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import Any

from .problem import Row, nodes_of, row

# {host: {option: value}}
Values = Mapping[str, Mapping[str, Any]]

# Text that Ansible's filters int, float and bool convert.
_TEXT = {
    "int": re.compile(r"\s*[+-]?\d{1,18}\s*", re.ASCII),
    "float": re.compile(r"\s*[+-]?(\d{1,18}(\.\d{0,18})?|\.\d{1,18})([eE][+-]?\d{1,2})?\s*", re.ASCII),
    "bool": re.compile(r"yes|no|on|off|true|false|1|0", re.IGNORECASE),
}
_WORDS = {
    "int": ("a whole number", "a number without quotes or unit, for instance {name}: 1"),
    "float": ("a number", "a number without unit, for instance {name}: 1.5"),
    "bool": ("true or false", "{name}: true or {name}: false"),
    "dict": ("names with their values", "each name with its value below {name}, or {name}: {{}}"),
}
# Ray 2 refuses a smaller object store; it gets at most 80 % of the shared memory.
LEAST_STORE_BYTES = 75 * 2**20
LEAST_GCS_STORE_MB = 32


def by_value(name: str, values: Values) -> list[tuple[Any, list[str]]]:
    """Return [(value, [hosts])] of one option; values: {host: {option: value}}."""
    found: list[tuple[Any, list[str]]] = []
    for host, variables in values.items():
        if name in variables:
            same = next(
                (hosts for value, hosts in found if type(value) is type(variables[name]) and value == variables[name]), None
            )
            if same is None:
                found.append((variables[name], [host]))
            else:
                same.append(host)
    return found


def has_type(value: object, kind: str) -> bool:
    """Return whether a value is of ``kind`` (int, float, bool, dict), or text that says such a value; no dict is an empty one."""
    if kind == "dict":
        return isinstance(value, Mapping) or value in (None, "")
    if isinstance(value, bool):
        return kind == "bool"
    if isinstance(value, str):
        return bool(_TEXT[kind].fullmatch(value))
    if kind == "bool":
        return isinstance(value, (int, float)) and value in (0, 1)
    if not isinstance(value, (int, float)) or not abs(value) < 2**63:  # not a number is not less, either
        return False
    return isinstance(value, int) or kind == "float" or value.is_integer()


def type_problems(values: Values, types: Mapping[str, str]) -> list[Row]:
    """Return values that are not what their option wants; values: {host: {option: value}}; types: {option: type}."""
    problems = []
    for name, kind in sorted(types.items()):
        for value, hosts in by_value(name, values):
            if not has_type(value, kind):
                wanted, example = _WORDS[kind]
                fix = f"Write {example.format(name=name)}."
                problems.append(row(nodes_of(hosts), name, wanted, str(value) or "nothing", fix))
    return problems


def range_problems(values: Values, ranges: Mapping[str, tuple[int, int]]) -> list[Row]:
    """Return whole numbers that are out of range; values: {host: {option: value}}; ranges: {option: (least, most)}."""
    problems = []
    for name, (least, most) in ranges.items():
        for value, hosts in by_value(name, values):
            if has_type(value, "int") and not least <= int(value) <= most:
                fix = f"Set {name} to a number from {least} to {most}."
                problems.append(row(nodes_of(hosts), name, f"{least} to {most}", str(value), fix))
    return problems


def path_problems(values: Values, names: Iterable[str]) -> list[Row]:
    """Return paths that are not absolute: a node and the controller do not have the same current directory."""
    problems = []
    for name in names:
        for value, hosts in by_value(name, values):
            if not str(value).startswith("/"):
                fix = f"Write it from / on, for instance {name}: /opt/saf."
                problems.append(row(nodes_of(hosts), name, "an absolute path", str(value) or "nothing", fix))
    return problems


def link_problems(values: Values) -> list[Row]:
    """Return named links without an address; values: {host: {option: value}}."""
    problems = []
    for value, hosts in by_value("links", values):
        for name, address in value.items() if isinstance(value, Mapping) else ():
            if not (isinstance(name, str) and name.strip() and isinstance(address, str) and is_address(address)):
                fix = "Give each link a name and the node's address on it: links: {fast: 10.1.0.1}."
                problems.append(row(nodes_of(hosts), "links", "an address for each name", f"{name}: {address}", fix))
    return problems


def is_address(text: str) -> bool:
    """Return whether a text can be an IPv4 address or a host name: no blanks, no port, no prefix length, no IPv6."""
    if re.fullmatch(r"[0-9.]+", text):
        try:
            return bool(ipaddress.IPv4Address(text))
        except ValueError:
            return False
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}", text) is not None


def agreement_problems(values: Values, names: Iterable[str]) -> list[Row]:
    """Return options that differ between nodes although one node reads another's; values: {host: {option: value}}."""
    problems = []
    for name in names:
        seen: dict[str, list[str]] = {}
        for host, variables in values.items():
            value = str(variables[name]).strip()
            seen.setdefault(posixpath.normpath(value) if value.startswith("/") else value, []).append(host)
        if len(seen) > 1:
            found = ", ".join(f"{' and '.join(hosts)}: {value}" for value, hosts in seen.items())
            fix = f"Set {name} for the whole cluster (group_vars/cluster.yml or all.yml), not for one node or for the head alone."
            problems.append(row("-", name, "the same on every node", found, fix))
    return problems


def store_problems(values: Values) -> list[Row]:
    """Return object stores that Ray refuses."""
    problems = []
    for value, hosts in by_value("ray_object_store_memory", values):
        if has_type(value, "int") and int(value) < LEAST_STORE_BYTES:
            fix = f"Set ray_object_store_memory to {LEAST_STORE_BYTES} (bytes) or more."
            problems.append(row(nodes_of(hosts), "object store", f"at least {LEAST_STORE_BYTES} bytes", str(value), fix))
    return problems


def gcs_store_problems(values: Values) -> list[Row]:
    """Return stores of the GCS that are too small; Redis takes 0 for no limit at all."""
    problems = []
    for value, hosts in by_value("gcs_store_memory_mb", values):
        if has_type(value, "int") and int(value) < LEAST_GCS_STORE_MB:
            fix = f"Set gcs_store_memory_mb to {LEAST_GCS_STORE_MB} or more."
            problems.append(row(nodes_of(hosts), "GCS store", f"at least {LEAST_GCS_STORE_MB} MB", str(value), fix))
    return problems


def is_port(value: Any) -> bool:
    """Return whether a value is a port number, as a number or as text."""
    return has_type(value, "int") and 1 <= int(value) <= 65535


def port_problems(host: str, ports: Mapping[str, Any], ranges: Mapping[str, tuple[Any, Any, str]] | None = None) -> list[Row]:
    """Return ports that cannot be: out of range, one for two purposes, or one within a range of others.

    ports: {option: value}; ranges: {option of the first port: (first, last, what they are for)}.
    """
    ranges = ranges or {}
    problems: list[Row] = []
    holders: dict[int, list[str]] = {}
    for name, port in sorted({**ports, **{name: first for name, (first, _last, _use) in ranges.items()}}.items()):
        if not is_port(port):
            problems.append(row(host, "port", "1 to 65535", f"{name}: {port}", f"Set {name} to a port number."))
        elif name not in ranges:
            holders.setdefault(int(port), []).append(name)
    for port, names in holders.items():
        if len(names) > 1:
            fix = f"Set all but one of {', '.join(names)} to other ports."
            problems.append(row(host, "port", "one purpose a port", f"{port} for {' and '.join(names)}", fix))
    spans = [(name, int(first), int(last), use) for name, (first, last, use) in ranges.items() if is_port(first)]
    for index, (name, first, last, use) in enumerate(spans):
        if not first <= last <= 65535:
            fix = f"Set {name} lower, or its end higher, within 1 to 65535."
            problems.append(row(host, "port", f"room for {use}", f"{first} to {last}", fix))
            continue
        for port, names in holders.items():
            if first <= port <= last:
                fix = f"Set {' and '.join(names)} to a port outside of that range, or move it ({name})."
                problems.append(row(host, "port", f"not among {first} to {last} ({use})", f"{port} for {names[0]}", fix))
        for other, begin, end, other_use in spans[index + 1 :]:
            if first <= end and begin <= last:
                fix = f"Move one of them: set {name} or {other}."
                found = f"{first} to {last} ({use}), {begin} to {end} ({other_use})"
                problems.append(row(host, "port", "one purpose a port", found, fix))
    return problems


def fork_problems(forks: int, nodes: int) -> list[Row]:
    """Return a row where fewer nodes work at the same time than there are: both ends of a link must."""
    if forks >= nodes:
        return []
    fix = f"Add -f {nodes} to the command (or ANSIBLE_FORKS={nodes}; in AWX the forks of the job template)."
    return [row("controller", "forks", f"at least {nodes}, one for each node", str(forks), fix)]


def folder_problems(name: str, folder: str) -> list[Row]:
    """Return a row for a folder of the controller that cannot be written."""
    fix = f"Set {name} to one of your folders, for instance -e {name}=$HOME/saf."
    return [row("controller", name, "a folder that can be written", folder, fix)]
