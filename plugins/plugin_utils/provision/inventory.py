"""What an inventory says about a cluster, and what is wrong with it: pure functions over names and variables."""

from __future__ import annotations

import difflib
import re

from .lock import LockError, entries
from .options import nodes_of, row

# Prefixes that belong to us alone; names below the other roles' prefixes (node_, python_, ...) may be somebody else's.
_OWN_PREFIXES = ("cluster_", "ray_", "venv_", "bench_", "preflight_", "report_")
# Facts that our roles set, names that Ansible gives, and those that have no prefix of ours by nature.
FACTS = {"python_interpreter", "python_source", "venv_path", "venv_fingerprint", "venv_kind", "venv_rebuilt", "homebrew_owner"}
FACTS |= {"bench_run_dir"}
_MAGIC = {"environment", "gather_subset", "group_names", "groups", "hostvars", "inventory_dir", "inventory_file"}
_MAGIC |= {"inventory_hostname", "inventory_hostname_short", "module_setup", "omit", "play_hosts", "playbook_dir", "role_names"}


def address_of(host, hostvars):
    """Return the address by which the cluster reaches ``host``: cluster_address, ansible_host, or its name."""
    variables = hostvars[host]
    for name in ("cluster_address", "ansible_host"):
        value = variables.get(name)
        if value:
            return str(value)
    return host


def addresses_of(hosts, hostvars):
    """Return ``{host: address}`` for ``hosts``, in their order."""
    return {host: address_of(host, hostvars) for host in hosts}


def group_problems(groups):
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


def address_problems(members, hostvars):
    """Return addresses that more than one node claims."""
    claimed = {}
    for host, address in addresses_of(members, hostvars).items():
        claimed.setdefault(address, []).append(host)
    return [
        row(", ".join(hosts), "address", "one address a node", address, "Give each of them its own cluster_address.")
        for address, hosts in claimed.items()
        if len(hosts) > 1
    ]


def variable_problems(names_by_host, known):
    """Return variables that no role knows, with the name that was probably meant.

    names_by_host: {host: [names]} of the cluster's members alone, what other hosts have is not ours to judge; known: names from
    all argument specs.
    """
    hosts_by_name = {}
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


def stack_problems(name, stacks, stack, lock_text, lock_digest):
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


def python_problems(versions, requires):
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


def override_problems(overrides, profiles):
    """Return names in bench_overrides that no profile has, with the one that was probably meant; profiles: {name: profile}."""
    known = {}
    for profile in profiles.values():
        known = _union(known, profile)
    wrong = _unknown(overrides, known, "") if isinstance(overrides, dict) else [("", sorted(known))]
    problems = []
    for path, names in wrong:
        close = difflib.get_close_matches(path.rpartition(".")[2], names, n=1)
        fix = f"Did you mean {close[0]}?" if close else f"Take one of {', '.join(names)} (data/bench_profiles.yml)."
        problems.append(row("-", "bench_overrides", "a name that the profiles have", path or str(overrides), fix))
    return problems


def _union(one, other):
    """Return nested dicts with the names of both; a value that is a dict in one of them stays one."""
    merged = dict(one)
    for name, value in other.items():
        before = merged.get(name)
        if isinstance(value, dict):
            merged[name] = _union(before if isinstance(before, dict) else {}, value)
        else:
            merged.setdefault(name, value)
    return merged


def _unknown(given, known, path):
    """Return [(path, names that would be right)] of names in nested dicts that are not in ``known``."""
    found = []
    for name, value in given.items():
        if name not in known:
            found.append((f"{path}{name}", sorted(known)))
        elif isinstance(value, dict) and isinstance(known[name], dict):
            found += _unknown(value, known[name], f"{path}{name}.")
    return found


def controller_problems(found, window):
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


def port_targets(nodes, addresses, ports, more):
    """Return [{node, host, port}]: ports of each of ``nodes``, and for those in ``more`` its ports as well."""
    return [
        {"node": node, "host": addresses[node], "port": int(port)} for node in nodes for port in [*ports, *more.get(node, [])]
    ]


def unreachable_rows(unreachable, node, listening):
    """Return table rows for the targets that ``node`` could not connect to.

    listening: nodes that opened their ports for the check; on others (--limit) Ray itself has to answer.
    """
    ports, rows = {}, []
    for target in unreachable:  # a peer behind a firewall, or whose Ray is stopped, is one row, not one for each port
        ports.setdefault((target["node"], target["host"], target["reason"]), []).append(target["port"])
    for (peer, host, reason), closed in ports.items():
        fix = f"Open the port between {node} and {peer} (firewall, cable, cluster_address)."
        if peer not in listening:
            fix = f"Start Ray on {peer} (playbooks/start.yml), or provision it as well (site.yml without --limit). {fix}"
        wanted = f"{peer} answers at {host}:{', '.join(map(str, closed))}"
        rows.append(row(node, "network", wanted, reason, fix))
    return rows


# What it says when a module cannot run as root: (phrase, check, wanted, remedy). The last fits whatever else is said.
_BECOME = (
    (
        r"interpreter '\S+' was not found|python3?: (?:command )?not found|No such file or directory.*python|env: .?python",
        (
            "python",
            "Python 3 for Ansible's modules",
            "Install it (apt install python3), or name it in ansible_python_interpreter.",
        ),
    ),
    (
        r"No space left on device|Disk quota exceeded|Read-only file system|Failed to create temporary directory",
        (
            "remote_tmp",
            "a home that can be written",
            "Free space in the login account's home, or set ansible_remote_tmp to another place.",
        ),
    ),
    (
        r"must have a tty|requiretty",
        ("sudo", "no requiretty", "Add `Defaults:<login account> !requiretty` to its sudoers, or run with ANSIBLE_PIPELINING=0."),
    ),
    (
        r"not in the sudoers file|may not run sudo|not allowed to (?:run sudo|execute)",
        ("sudo", "the login account may become root", "Let it: add it to the group admin (a Mac), sudo or wheel (Linux)."),
    ),
    (
        r"sudo: (?:command )?not found|sudo: No such file",
        ("sudo", "sudo on the node", "Install it, or set ansible_become_method to what the node has."),
    ),
    (
        r"[Pp]assword|a terminal is required",
        (
            "sudo",
            "the login account may become root",
            "Allow sudo without a password for the login account, or run with --ask-become-pass.",
        ),
    ),
    (
        r"",
        (
            "become",
            "the login account may become root",
            "Try it by hand: ansible <node> -i <inventory> -b -m command -a 'id -u'.",
        ),
    ),
)


def become_problem(said):
    """Return (check, wanted, fix) for what was said when a node could not run a module as root."""
    return next(known for phrase, known in _BECOME if re.search(phrase, said))


def preflight_rows(members, hostvars):
    """Return the table rows of all nodes that preflight has looked at, first those that it could not even log in to."""
    refused, rows = [], []
    for host in members:
        variables = hostvars[host]
        ping = variables.get("__preflight_ping") or {}
        if ping.get("unreachable") and host not in variables["groups"].get("absent", []):
            said = " ".join(str(ping.get("msg", "")).split())
            fix = (
                "Start it and its SSH server and try: ssh to it (a Mac with FileVault waits for its password first); "
                "a worker may be left out: preflight_unreachable_workers: skip."
            )
            refused.append(row(host, "login", "the node answers", said, fix))
        elif variables.get("__preflight_no_tools"):
            said = " ".join(str(variables["__preflight_no_tools"]).split())
            fix = "Connect the Mac to the Internet and run again, or run `xcode-select --install` at its screen."
            refused.append(row(host, "command line tools", "Apple's Command Line Tools", said, fix))
        elif variables.get("__preflight_no_sudo"):
            said = " ".join(str(variables["__preflight_no_sudo"]).split())
            check, wanted, fix = become_problem(said)
            refused.append(row(host, check, wanted, said, fix))
        rows += variables.get("__preflight_rows") or []
    sources = {host: hostvars[host].get("__preflight_source") or {} for host in members}
    return refused + rows + provider_problems(sources)


def provider_problems(sources):
    """Return rows of nodes of one system that get their Python from different providers.

    sources: {host: {system, provider}}, empty where they may differ (python_mixed_providers) or the node was not asked.
    """
    problems = []
    for system in sorted({source["system"] for source in sources.values() if source}):
        hosts = {}
        for host, source in sources.items():
            if source and source["system"] == system:
                hosts.setdefault(source["provider"], []).append(host)
        if len(hosts) > 1:
            found = ", ".join(f"{' and '.join(names)}: {provider}" for provider, names in hosts.items())
            fix = "Set one python_provider for all of them, or allow it with python_mixed_providers: true."
            problems.append(row("-", "python_provider", f"the same on all {system} nodes", found, fix))
    return problems
