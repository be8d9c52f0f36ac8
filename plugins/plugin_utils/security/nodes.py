"""What one node's answer means: ports, programs that start by themselves, processes, keys, sudo, files, jobs. Pure functions."""

from __future__ import annotations

import datetime
import hashlib
import posixpath
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..provision.listeners import Listener, is_loopback, may_listen, row_of
from .answers import plain
from .findings import Finding, finding

# A shell that ends at once; on a Mac it is /usr/bin/false.
_NO_SHELLS: Final = ("nologin", "false")
# Who is in one of them is root in a few steps.
_ROOT_GROUPS: Final = {"root", "wheel", "sudo", "admin", "docker", "podman", "lxd", "incus", "libvirt", "disk", "shadow"}
_BUSY_PERCENT: Final = 20
# What is in the entrypoint of a job that installs a stranger's program; seen in attacks on open Ray clusters.
_ATTACK: Final = re.compile(
    r"(?i)(?:curl|wget)\b.*\|\s*(?:ba|z|da)?sh\b|/dev/tcp/|base64\s+(?:-d|--decode|-D)\b|xmrig|stratum\+(?:tcp|ssl)|minerd?\b"
    r"|crontab\b|authorized_keys|systemctl\b|\bnc\s+.*-e\b|chmod\s+\+x\s+/(?:var/)?tmp"
)
_CLEAN_UP: Final = "If it is not yours, treat the node as taken over (docs/security.md)."


def is_of_the_service(account: Mapping[str, Any]) -> bool:
    """Return whether nobody but the service uses the account: its keys and processes are then ours to judge."""
    return bool(account["created"] or posixpath.basename(account["shell"]) in _NO_SHELLS)


def judge(
    node: str, is_head: bool, seen: Mapping[str, Any], wanted: Mapping[str, Any], command: Callable[..., str]
) -> list[Finding]:
    """Return the findings of one node; seen: of answers.accept(); wanted: as of audit.judge(); command(playbook, limit)."""
    own = is_of_the_service(seen["account"])
    found = _ports(node, is_head, seen, wanted, command, own)
    found += _scheduled(node, seen, own) + _loose(node, seen, command)
    found += _account(node, seen) + _strangers(node, seen) if own else _of_a_person(node, seen)
    return found + _hosts(node, seen) + _jobs(node, seen, wanted)


def _ports(
    node: str,
    is_head: bool,
    seen: Mapping[str, Any],
    wanted: Mapping[str, Any],
    command: Callable[..., str],
    own: bool,
) -> list[Finding]:
    address, links = wanted["addresses"][node], wanted["links"][node]
    found = []
    for one in seen["listeners"]:
        row = row_of(wanted["rows"], one["port"], one["protocol"], is_head)
        place = f"{one['protocol']} {one['address']}:{one['port']}"
        by = f"{one['command'] or 'a process that could not be seen'} of {one['user'] or 'unknown'}"
        subject = f"{one['protocol']}-{one['port']}"
        look = _on_node(
            f"sudo ss -lntup 'sport = :{one['port']}'"
            if seen["platform"]["system"] != "Darwin"
            else f"sudo lsof -nP -i :{one['port']}"
        )
        if row is None:
            if own or one["of_service"] or one["managed"]:
                inside = is_loopback(one["address"])
                what = f"{by} listens on {place}, which is not in the table of ports."
                remedy = f"End it, or accept it if it is yours (audit_accepted). {_CLEAN_UP}"
                found.append(
                    finding(
                        "listener-undocumented", "low" if inside else "high", node, what, remedy, subject=subject, **look(node)
                    )
                )
            continue
        if one["user"] != wanted["user"] and not (row.when != "always" and one["user"] in wanted["other_users"]):
            what = f"{by} listens on {place}, the port of {row.name}, which {wanted['user']} should have."
            severity = "high" if row.when == "always" else "medium"
            found.append(
                finding(
                    "listener-owner",
                    severity,
                    node,
                    what,
                    "End that program, or give Ray another port.",
                    subject=subject,
                    **look(node),
                )
            )
        elif not _is_expected(row, one):
            what = f"{by} listens on {place}, the port of {row.name}, and is not part of Ray."
            found.append(finding("listener-process", "high", node, what, _CLEAN_UP, subject=subject, **look(node)))
        elif not may_listen(row, one["address"], address, links, wanted["dashboard_host"]):
            what = f"{row.name} listens on {place}; documented is {_binds(row, address)}."
            found.append(
                finding(
                    "listener-address",
                    "high",
                    node,
                    what,
                    "Restart Ray with the settings of the inventory.",
                    subject=subject,
                    command=command("playbooks/restart.yml", "" if is_head else node),
                )
            )
    return found


def _is_expected(row: Listener, one: Mapping[str, Any]) -> bool:
    """Return whether a process of the account may have the port of a row; whose command line is unknown is a gap, no finding."""
    if one["of_service"] or not one["command"]:
        return True
    if row.name == "workers" and one["managed"]:  # a driver, with the interpreter of the venv
        return True
    return row.process.lower() in one["command"].lower()


def _binds(row: Listener, address: str) -> str:
    if is_loopback(address):
        return "127.0.0.1 alone"
    return {"node": address, "links": "the measured addresses", "dashboard": "ray_dashboard_host"}.get(row.binds, "all addresses")


def _on_node(text: str) -> Callable[[str], dict[str, str]]:
    """Return what makes a command that is typed on a node an argument of finding()."""
    return lambda node: {"command": text, "where": node}


def _scheduled(node: str, seen: Mapping[str, Any], own: bool) -> list[Finding]:
    installed = _epoch(seen["installed"])
    found = []
    for one in seen["scheduled"]:
        reasons = [reason for reason in one["reasons"] if own or reason != "account"]
        # What was there before the installation and names a temporary folder is the system's.
        if "temporary" in reasons and len(reasons) == 1 and installed and one["changed"] <= installed:
            continue
        if one["known"] or not reasons:
            continue
        severity = "high" if "account" in reasons or (own and "installation" in reasons) else "medium"
        why = {
            "account": "as the service account",
            "installation": "from the installation",
            "temporary": "from a temporary folder",
        }
        what = f"{one['path']} ({one['kind']}) runs {' and '.join(why[reason] for reason in reasons)}: {one['runs'] or 'nothing'}"
        read = f"sudo cat {shlex.quote(one['path'])}" if plain(one["path"]) else ""
        found.append(
            finding(
                "starts-by-itself",
                severity,
                node,
                f"{what}. The manifest does not have it.",
                f"Remove it if nobody knows it. {_CLEAN_UP}",
                subject=f"{one['path']}-{one['digest'][:8]}",
                command=read,
                where=node if read else "",
            )
        )
    return found


def _epoch(moment: str) -> float:
    try:
        return datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return 0


def _account(node: str, seen: Mapping[str, Any]) -> list[Finding]:
    account = seen["account"]
    name = shlex.quote(account["name"])
    found = []
    for key in seen["keys"]:
        what = (
            f"{key['path']} lets the owner of {key['type']} {key['fingerprint']} {key['comment']}".rstrip()
            + " log in as the service."
        )
        read = f"sudo cat {shlex.quote(key['path'])}" if plain(key["path"]) else ""
        remedy = f"The service needs no key: remove it. {_CLEAN_UP}"
        found.append(
            finding("key", "high", node, what, remedy, subject=key["fingerprint"], command=read, where=node if read else "")
        )
    for rule in seen["sudoers"]:
        what = f"{rule['path']} gives {account['name']} rights of sudo: {rule['rule']}"
        found.append(
            finding(
                "sudo",
                "high",
                node,
                what,
                "The service needs no sudo: remove the rule.",
                subject=f"{rule['path']}-{_digest(rule['rule'])}",
                command=f"sudo -l -U {name}" if plain(account["name"]) else "",
                where=node,
            )
        )
    groups = sorted(_ROOT_GROUPS & set(account["groups"]))
    if groups:
        what = f"{account['name']} is in {', '.join(groups)}, whose members can become root."
        found.append(
            finding(
                "groups", "high", node, what, "Remove it from there.", subject="-".join(groups), command=f"id {name}", where=node
            )
        )
    if account["exists"] and posixpath.basename(account["shell"]) not in _NO_SHELLS:
        what = f"{account['name']} was created without a login shell and has {account['shell'] or 'the default one'} now."
        found.append(
            finding(
                "shell", "medium", node, what, f"Give it back /usr/sbin/nologin. {_CLEAN_UP}", command=f"id {name}", where=node
            )
        )
    return found


def _strangers(node: str, seen: Mapping[str, Any]) -> list[Finding]:
    found = []
    for one in seen["strangers"]:
        if one["origin"] == "root":  # the watchdog's question, a module of Ansible's
            continue
        program = one["command"].split(" ")[0] or "unknown"
        program = posixpath.basename(program) if program.startswith("/") else program
        busy = f" ({one['cpu_percent']} % of a core)" if one["cpu_percent"] >= _BUSY_PERCENT else ""
        what = f"Process {one['pid']} of the service account{busy} is not part of Ray: {one['command']}"
        if one["origin"] == "by_hand":
            what, severity = f"{what} (started with sudo or su)", "note"
        else:
            severity = "high"
        found.append(
            finding(
                "process",
                severity,
                node,
                what,
                f"End it if nobody knows it. {_CLEAN_UP}",
                subject=f"{program}-{_digest(one['command'])}",
                command=f"ps -o pid,ppid,user,lstart,args -p {one['pid']}",
                where=node,
            )
        )
    return found


def _of_a_person(node: str, seen: Mapping[str, Any]) -> list[Finding]:
    name = seen["account"]["name"] or "the service account"
    what = f"{name} is an account of a person here: its processes, keys, crontab and rights are its own, and were not compared."
    return [finding("account", "note", node, what, "A separate account for the service (cluster_user) can be audited.")]


def _loose(node: str, seen: Mapping[str, Any], command: Callable[..., str]) -> list[Finding]:
    severities = {"setuid": "high", "world_writable": "high", "account_writable": "medium"}
    words = {
        "setuid": "runs with the rights of its owner (set-user-ID)",
        "world_writable": "can be written by every account",
        "account_writable": "can be written by the service account",
    }
    found = []
    for one in seen["loose_files"]:
        if one["why"] in words:
            found.append(
                finding(
                    "file",
                    severities[one["why"]],
                    node,
                    f"{one['path']} {words[one['why']]}.",
                    "The next run makes what it knows right; remove the rest.",
                    subject=f"{one['why']}{one['path']}",
                    command=command("site.yml", node),
                )
            )
    return found


def _hosts(node: str, seen: Mapping[str, Any]) -> list[Finding]:
    entries, installed = seen["hosts"]["entries"], _epoch(seen["installed"])
    if not entries or not installed or (seen["hosts"]["changed"] or 0) <= installed:
        return []
    shown = "; ".join(entries[:5]) + (f" and {len(entries) - 5} more" if len(entries) > 5 else "")
    return [
        finding(
            "hosts",
            "note",
            node,
            f"/etc/hosts was changed after the installation and has: {shown}",
            "Look whether you know them.",
        )
    ]


def _jobs(node: str, seen: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[Finding]:
    known = {address for each in wanted["all_addresses"].values() for address in each}
    found = []
    for job in seen["jobs"]:
        name, runs = job["id"] or "without a name", job["entrypoint"] or "unknown"
        about = f"Job {name} ({job['status'].lower()}, {_day(job['started'])}): {runs}"
        look = f"{wanted['venv_root']}/current/bin/ray job list --address http://127.0.0.1:{wanted['dashboard_port']}"
        place = {"subject": job["id"] or "unnamed", "command": look, "where": node}
        if job["address"] and job["address"] not in known and not is_loopback(job["address"]):
            what = f"{about}. Its driver is at {job['address']}, which is no node of the inventory."
            found.append(finding("job", "high", node, what, f"Stop it if you do not know it. {_CLEAN_UP}", **place))
        elif _ATTACK.search(job["entrypoint"]):
            what = f"{about}. Attacks on open Ray clusters begin with such commands."
            found.append(finding("job", "high", node, what, f"Stop it if you do not know it. {_CLEAN_UP}", **place))
        elif job["status"] in ("RUNNING", "PENDING") and job["type"] == "SUBMISSION":
            found.append(finding("job", "note", node, f"{about}.", "Look whether you know it.", **place))
    return found


def _digest(text: str) -> str:
    """Return what distinguishes two texts in an id: whoever accepts one has not accepted another in its place."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]


def _day(seconds: int) -> str:
    try:
        return (
            datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M") if seconds else "no time"
        )
    except (ValueError, OverflowError, OSError):
        return "no time"
