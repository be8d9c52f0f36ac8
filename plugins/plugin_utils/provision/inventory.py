"""What an inventory defines, and what is wrong with it: pure functions over names and variables."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .lock import LockError, entries
from .options import is_address
from .problem import Row, nodes_of, row

# hostvars of Ansible, or a dictionary like it.
Hostvars = Mapping[str, Mapping[str, Any]]
Groups = Mapping[str, Sequence[str]]

# Prefixes of this product alone; names with the other roles' prefixes (node_, python_, ...) may belong to other roles.
_OWN_PREFIXES = ("cluster_", "ray_", "venv_", "bench_", "preflight_", "report_")
# Facts that the roles set, and names that Ansible gives.
FACTS = {"python_interpreter", "python_source", "venv_path", "venv_fingerprint", "venv_kind", "venv_rebuilt", "homebrew_owner"}
FACTS |= {"bench_run_dir", "cluster_stack_name", "status_document", "upgrade_before"}
_MAGIC = {"environment", "gather_subset", "group_names", "groups", "hostvars", "inventory_dir", "inventory_file"}
_MAGIC |= {"inventory_hostname", "inventory_hostname_short", "module_setup", "omit", "play_hosts", "playbook_dir", "role_names"}


def address_of(host: str, hostvars: Hostvars) -> str:
    """Return the address by which the cluster reaches ``host``: cluster_address, ansible_host, or its name."""
    variables = hostvars[host]
    for name in ("cluster_address", "ansible_host"):
        value = variables.get(name)
        if value:
            return str(value)
    return host


def addresses_of(hosts: Iterable[str], hostvars: Hostvars) -> dict[str, str]:
    """Return ``{host: address}`` for ``hosts``, in their order."""
    return {host: address_of(host, hostvars) for host in hosts}


def all_addresses_of(hosts: Iterable[str], hostvars: Hostvars) -> dict[str, list[str]]:
    """Return ``{host: [address]}``: the one of the cluster, and those of its links."""
    found = {}
    for host, address in addresses_of(hosts, hostvars).items():
        links = hostvars[host].get("links") or {}
        found[host] = [address, *(str(link) for link in links.values() if link and str(link) != address)]
    return found


def group_problems(groups: Groups) -> list[Row]:
    """Return what is wrong with the groups head, workers and cluster."""
    head, workers = groups.get("head", []), groups.get("workers", [])
    problems = []
    if not head:
        problems.append(row("-", "head", "one host in group head", "none", "Put one host into the group head of the inventory."))
    elif len(head) > 1:
        fix = "Keep one of them in the group head and move the others to workers."
        problems.append(row("-", "head", "one host in group head", ", ".join(head), fix))
    for host in sorted(set(head) & set(workers)):
        problems.append(row(host, "groups", "head or workers", "both", f"Take {host} out of one of the two groups."))
    members = groups.get("cluster", [])
    if sorted(set(members)) != sorted(set(head) | set(workers)):
        fix = "Make cluster the parent of the groups head and workers, and of nothing else."
        problems.append(row("-", "groups", "cluster = head + workers", ", ".join(members) or "empty", fix))
    return problems


def address_problems(members: Iterable[str], hostvars: Hostvars) -> list[Row]:
    """Return addresses that are none, and those that more than one node claims."""
    claimed: dict[str, list[str]] = {}
    for host, address in addresses_of(members, hostvars).items():
        claimed.setdefault(address, []).append(host)
    unusable = [
        row(", ".join(hosts), "address", "an IPv4 address or a host name", address, "Set cluster_address to the node's address.")
        for address, hosts in claimed.items()
        if not is_address(address)
    ]
    return unusable + [
        row(", ".join(hosts), "address", "one address a node", address, "Give each of them its own cluster_address.")
        for address, hosts in claimed.items()
        if len(hosts) > 1
    ]


def variable_problems(names_by_host: Mapping[str, Iterable[str]], known: Collection[str]) -> list[Row]:
    """Return variables that no role knows, with the name that was probably meant.

    names_by_host: {host: [names]} of the cluster's members alone, those of other hosts are not checked; known: names from
    all argument specs.
    """
    hosts_by_name: dict[str, list[str]] = {}
    for host, names in names_by_host.items():
        for name in names:
            hosts_by_name.setdefault(name, []).append(host)
    problems = []
    for name, hosts in sorted(hosts_by_name.items()):
        if name in known or name in _MAGIC or name in FACTS or name.startswith(("_", "ansible_", "molecule_")):
            continue
        own = name.startswith(_OWN_PREFIXES)
        close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.75 if own else 0.85)
        if close:
            fix = f"Did you mean {close[0]}?"
        elif own:
            fix = "No role knows it: docs/variables.md lists the variables; remove it or rename it."
        else:
            continue
        problems.append(row(nodes_of(hosts), "variable", "a variable that a role knows", name, fix))
    return problems


def stack_problems(name: str, stacks: Sequence[str], stack: object, lock_text: str | None, lock_digest: str) -> list[Row]:
    """Return what is wrong with the chosen stack.

    stacks: names that are there; stack: content of stack.yml (None: missing or unreadable); lock_text, lock_digest: its lock
    (None: missing) and the SHA-256 of it.
    """
    if name not in stacks:
        close = difflib.get_close_matches(name, stacks, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        return [row("-", "stack", " or ".join(stacks), name, f"{hint}Set stack to a folder below stacks/.")]
    path = f"stacks/{name}"
    if not isinstance(stack, dict) or "python_version" not in stack:
        return [row("-", "stack", f"{path}/stack.yml", "unreadable", f"Restore it: git checkout {path}/stack.yml.")]
    if lock_text is None:
        return [row("-", "lock", f"{path}/requirements.lock", "missing", f"Make it: make lock STACK={name}.")]
    try:
        list(entries(lock_text))
    except LockError as error:
        return [
            row("-", "lock", "hash-checked entries", str(error).split(":")[0], f"git checkout {path}, or make lock STACK={name}.")
        ]
    if lock_digest != stack.get("lock_sha256"):
        fix = f"It was altered by hand: git checkout {path}, or compile it again with make lock STACK={name}."
        return [row("-", "lock", f"sha256 {str(stack.get('lock_sha256'))[:12]}", f"sha256 {lock_digest[:12]}", fix)]
    return []


def python_problems(versions: Mapping[str, object], requires: str) -> list[Row]:
    """Return Python versions that cannot be.

    versions: {host: python_version}; requires: the stack's window (PEP 440 specifier).
    """
    from packaging.specifiers import SpecifierSet

    problems = []
    for host, version in versions.items():
        if not re.fullmatch(r"\d+\.\d+\.\d+", str(version)):
            problems.append(row(host, "python_version", "X.Y.Z", str(version), "Name the exact patch version, Ray compares it."))
        elif str(version) not in SpecifierSet(requires):
            problems.append(row(host, "python_version", requires, str(version), "Choose one for which the stack has wheels."))
    if len(set(versions.values())) > 1 and not problems:
        found = ", ".join(f"{host} {version}" for host, version in versions.items())
        problems.append(row("-", "python_version", "the same on every node", found, "Ray refuses mixed patch versions: set one."))
    return problems


def override_problems(overrides: object, profiles: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Return names in bench_overrides that no profile has, with the one that was probably meant; profiles: {name: profile}."""
    known: dict[str, Any] = {}
    for profile in profiles.values():
        known = _union(known, profile)
    wrong = _unknown(overrides, known, "") if isinstance(overrides, dict) else [("", sorted(known))]
    problems = []
    if not wrong and isinstance(overrides, dict):
        fix = "Write it as data/bench_profiles.yml does."
        problems = [row("-", "bench_overrides", wanted, found, fix) for found, wanted in _unfit(overrides, known, "")]
    for path, names in wrong:
        close = difflib.get_close_matches(path.rpartition(".")[2], names, n=1)
        fix = f"Did you mean {close[0]}?" if close else f"Take one of {', '.join(names)} (data/bench_profiles.yml)."
        problems.append(row("-", "bench_overrides", "a name that the profiles have", path or str(overrides), fix))
    return problems


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested dicts with the names of both; a value that is a dict in one of them stays one."""
    merged = dict(one)
    for name, value in other.items():
        before = merged.get(name)
        if isinstance(value, dict):
            merged[name] = _union(before if isinstance(before, dict) else {}, value)
        else:
            merged.setdefault(name, value)
    return merged


def _unknown(given: Mapping[str, Any], known: Mapping[str, Any], path: str) -> list[tuple[str, list[str]]]:
    """Return [(path, names that would be right)] of names in nested dicts that are not in ``known``."""
    found: list[tuple[str, list[str]]] = []
    for name, value in given.items():
        if name not in known:
            found.append((f"{path}{name}", sorted(known)))
        elif isinstance(value, dict) and isinstance(known[name], dict):
            found += _unknown(value, known[name], f"{path}{name}.")
    return found


def _unfit(given: Mapping[str, Any], known: Mapping[str, Any], path: str) -> list[tuple[str, str]]:
    """Return [(path and value, what is wanted)] of values in nested dicts of another kind than those of ``known``."""
    found: list[tuple[str, str]] = []
    for name, value in given.items():
        example = known[name]
        if isinstance(example, dict) and isinstance(value, dict):
            found += _unfit(value, example, f"{path}{name}.")
        elif not (isinstance(example, dict) and value is None and name != "sampling") and not _is_like(value, example):
            found.append((f"{path}{name}: {value}", _KINDS[type(example)]))
    return found


_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a number of 0 or more",
    float: "a number of 0 or more",
    str: "a text",
    list: "a list like that of the profiles",
    dict: "names with their values, or null",
    type(None): "a number of 0 or more, or null",
}


def _is_like(value: object, example: object) -> bool:
    """Return whether a value is of the kind of an example from the profiles."""
    if isinstance(example, list):
        return isinstance(value, list) and all(_is_like(one, example[0]) for one in value)
    if isinstance(example, dict):  # an element of a list
        needed = set(example) - {"bits", "batch"}
        return isinstance(value, dict) and needed <= set(value) <= {*example, "group_size"}
    if isinstance(example, (bool, str)):
        return isinstance(value, type(example))
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 2**63
    return number or (example is None and value is None)


def controller_problems(found: Mapping[str, str], window: Mapping[str, str]) -> list[Row]:
    """Return what is wrong with the controller; found and window: {ansible_core, python}."""
    from packaging.specifiers import SpecifierSet

    fix = {
        "ansible_core": "make setup installs a fitting one in .venv.",
        "python": "Make the environment with another interpreter: make setup PYTHON=python3.12.",
    }
    return [
        row("controller", name, window[name], version, fix[name])
        for name, version in found.items()
        if not SpecifierSet(window[name]).contains(version, prereleases=True)
    ]


def provider_problems(sources: Mapping[str, Mapping[str, str]]) -> list[Row]:
    """Return rows of nodes of one system that get their Python from different providers.

    sources: {host: {system, provider}}, empty where they may differ (python_mixed_providers) or the node was not asked.
    """
    problems = []
    for system in sorted({source["system"] for source in sources.values() if source}):
        hosts: dict[str, list[str]] = {}
        for host, source in sources.items():
            if source and source["system"] == system:
                hosts.setdefault(source["provider"], []).append(host)
        if len(hosts) > 1:
            found = ", ".join(f"{' and '.join(names)}: {provider}" for provider, names in hosts.items())
            fix = "Set one python_provider for all of them, or allow it with python_mixed_providers: true."
            problems.append(row("-", "python_provider", f"the same on all {system} nodes", found, fix))
    return problems
