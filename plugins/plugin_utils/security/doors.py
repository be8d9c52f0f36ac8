"""Which ports of the nodes are tried from where, and whether what answered may answer there. Pure functions."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ansible_collections.saf.fabric.plugins.module_utils.services.listening import ranges

from ..provision.listeners import Listener, is_loopback, row_of
from .findings import Finding, finding

# Where Ray takes jobs by HTTP: {row of the table: path}.
JOBS: Final = {"agent": "/api/job_agent/jobs/", "dashboard": "/api/jobs/"}
# Of a range the ends stand for all, together with what the node itself names.
_MOST_NAMED: Final = 64
REFUSED: Final = (401, 403)


def wanted(
    target: str, addresses: Iterable[str], is_head: bool, rows: Sequence[Listener], named: Iterable[int] = ()
) -> list[dict[str, Any]]:
    """Return the doors {node, address, port, post} of one node.

    named: ports that the node itself reported. Every fixed port of the table is tried whatever the node says.
    """
    posts = {row.first: JOBS[row.name] for row in rows if row.name in JOBS}
    fixed = {end for row in rows if row.protocol == "tcp" and (is_head or row.nodes == "all") for end in (row.first, row.last)}
    ports = sorted(fixed) + [port for port in list(dict.fromkeys(named))[:_MOST_NAMED] if port not in fixed]
    reachable = [address for address in dict.fromkeys(addresses) if address and not is_loopback(address)]
    return [
        {"node": target, "address": address, "port": port, "post": posts.get(port, "")} for address in reachable for port in ports
    ]


def role_of(source: str, members: Iterable[str], admins: Iterable[str]) -> str:
    """Return what an address is for the cluster: member, admin or stranger.

    members: addresses of the nodes; admins: addresses and networks of admin_addresses.
    """
    if is_loopback(source) or source in set(members):
        return "member"
    try:
        own = ipaddress.ip_address(source.partition("%")[0])
    except ValueError:
        return "stranger"
    for one in admins:
        try:
            if own in ipaddress.ip_network(str(one), strict=False):
                return "admin"
        except ValueError:
            continue
    return "stranger"


def judge(
    origin: str,
    answers: Sequence[Mapping[str, Any]],
    head: str,
    rows: Sequence[Listener],
    members: Iterable[str],
    admins: Iterable[str],
    tokens: Mapping[str, bool],
    remedy: str,
) -> list[Finding]:
    """Return the findings of what answered from one place.

    origin: how the place is called; answers: of answers.accept_doors(); tokens: {node: whether its Ray is set to ask for tokens};
    remedy: the command that closes ports.
    """
    places, peers = list(members), list(admins)
    open_doors: dict[tuple[str, str, str], set[int]] = {}
    found = []
    for door in answers:
        if not door["answers"]:
            continue
        node, port, is_head = door["node"], door["port"], door["node"] == head
        role = role_of(door["source"], places, peers)
        row = row_of(rows, port, "tcp", is_head)
        who = f"{origin} ({door['source'] or 'address unknown'})"
        allowed = row is not None and f"{role}s" in row.peers
        if door["status"] and door["status"] not in REFUSED and row and row.name in JOBS and (tokens[node] or not allowed):
            found.append(_takes_jobs(node, port, row, who, role, tokens[node], remedy))
        if not allowed:
            kind = "undocumented" if row is None else "runs-code" if row.runs_code else "documented"
            open_doors.setdefault((node, role, kind), set()).add(port)
    for (node, role, kind), ports in open_doors.items():
        found.append(_answers(node, role, kind, ports, origin, tokens[node], remedy))
    return found


def _takes_jobs(node: str, port: int, row: Listener, who: str, role: str, token: bool, remedy: str) -> Finding:
    why = "although Ray is set to ask for one there" if token else f"and that address is {_called(role)}"
    return finding(
        "job-without-token",
        "critical",
        node,
        f"Port {port} ({row.name}) takes jobs without a token from {who}, {why}: whoever reaches it runs programs.",
        "Close the port, and turn on tokens where the stack has them (docs/security.md).",
        subject=f"{port}-{role}",
        command=remedy,
    )


def _answers(node: str, role: str, kind: str, ports: Iterable[int], origin: str, token: bool, command: str) -> Finding:
    numbers = list(ports)
    subject, them = (
        (f"Port {ranges(numbers)} answers", "it") if len(numbers) == 1 else (f"Ports {ranges(numbers)} answer", "them")
    )
    severity = {"runs-code": "high" if token else "critical", "documented": "medium", "undocumented": "high"}[kind]
    about = {
        "runs-code": f"whoever reaches {them}{', with the token,' if token else ''} runs programs",
        "documented": "that gives away what the cluster does",
        "undocumented": f"the table of ports does not have {them}",
    }[kind]
    remedy = (
        "Stop the process that listens there, or close the port."
        if kind == "undocumented"
        else ("Let only members reach them (docs/firewall.md), or add the address to admin_addresses if it is yours.")
    )
    return finding(
        "port-answers",
        severity,
        node,
        f"{subject} {origin}, which is {_called(role)}; {about}.",
        remedy,
        subject=f"{role}-{kind}",
        command="" if kind == "undocumented" else command,
    )


def _called(role: str) -> str:
    return {"stranger": "a stranger to the cluster", "admin": "one of admin_addresses", "member": "a node"}[role]
