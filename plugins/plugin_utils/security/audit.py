"""The judge of audit.yml: from what was observed to findings and a verdict. Pure functions.

Nothing is passed that was not looked at: what is missing is a gap, and with gaps alone the verdict is "unknown".
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ..provision.listeners import is_loopback, row_of
from . import advisories, doors, nodes
from .findings import SEVERITIES, Finding, accepted, arrange, finding

SCHEMA_VERSION: Final = 1
SAFE, UNKNOWN, FINDINGS = "safe-as-documented", "unknown", "findings"
EXIT_CODES: Final = {SAFE: 0, UNKNOWN: 1, FINDINGS: 2}
CONTROLLER: Final = "controller"
# Of the account of a person these are that person's own.
_OF_A_PERSON: Final = ("keys", "sudoers")
_IS: Final = {"admin": "is in admin_addresses", "member": "is a node"}
# Ray asks for tokens from this version on.
_TOKENS_FROM: Final = (2, 52)


def judge(
    members: Sequence[str],
    head: str,
    observed: Mapping[str, Mapping[str, Any]],
    tried: Mapping[str, Sequence[Mapping[str, Any]] | None],
    wanted: Mapping[str, Any],
    now: str,
    command: Callable[..., str],
) -> dict[str, Any]:
    """Return the document of an audit.

    observed: {node: answers.accept(), or {"refused": why}}; tried: {node or CONTROLLER: answers.accept_doors(), None where
    nothing could be tried}; wanted: {user, other_users, rows, addresses {node: cluster_address}, all_addresses {node:
    [address]}, links {node: [address]}, dashboard_host, dashboard_port, venv_root, admins, accepted, stacks {node: {package:
    version}}, ray (its version as a tuple), advisories, filters {node: {state, why}}}; now: ISO 8601 time; command(playbook,
    limit): the command that a person can paste.
    """
    answering = {name: seen for name, seen in observed.items() if "refused" not in seen}
    found: list[Finding] = []
    for name, seen in answering.items():
        found += nodes.judge(name, name == head, seen, wanted, command)
        found += _without_token(name, seen, wanted, command)
    found += _doors(members, head, answering, tried, wanted, command) + _filters(members, answering, wanted, command)
    shields = _shields(members, answering, tried, wanted, found)
    of_packages, rows = advisories.judge(wanted["advisories"], wanted["stacks"], shields)
    found += [_everywhere(one, members) for one in of_packages]
    age = advisories.age_days(wanted["advisories"], datetime.date.fromisoformat(now[:10]))
    found += _old_data(wanted["advisories"], age) + _place(members, tried, wanted)
    gaps = _gaps(members, head, observed, tried, wanted)
    counting, excused = accepted(arrange(found), wanted["accepted"])
    findings = [one for one in counting if one["severity"] != "note"]
    verdict = FINDINGS if findings else UNKNOWN if gaps else SAFE
    return {
        "schema_version": SCHEMA_VERSION,
        "time": now,
        "verdict": verdict,
        "exit_code": EXIT_CODES[verdict],
        "nodes": list(members),
        "findings": findings,
        "notes": [one for one in counting if one["severity"] == "note"],
        "accepted": excused,
        "gaps": gaps,
        "shields": shields,
        "places": {place: _roles(answers or [], wanted) for place, answers in tried.items()},
        "advisories": {"read_on": str(wanted["advisories"]["read_on"]), "age_days": age, "applying": rows},
        "counts": {severity: sum(one["severity"] == severity for one in findings) for severity in SEVERITIES[:-1]},
    }


def _member_addresses(wanted: Mapping[str, Any]) -> list[str]:
    return [address for each in wanted["all_addresses"].values() for address in each]


def _roles(answers: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any]) -> list[str]:
    """Return what a place is for the cluster, by its own addresses towards the nodes."""
    members = _member_addresses(wanted)
    return sorted({doors.role_of(door["source"], members, wanted["admins"]) for door in answers if door["source"]})


def _asks_for_tokens(seen: Mapping[str, Any] | None) -> bool:
    return bool(seen) and seen["settings"]["auth_mode"] == "token"  # type: ignore[index]


def _doors(
    members: Sequence[str],
    head: str,
    answering: Mapping[str, Mapping[str, Any]],
    tried: Mapping[str, Sequence[Mapping[str, Any]] | None],
    wanted: Mapping[str, Any],
    command: Callable[..., str],
) -> list[Finding]:
    tokens = {name: _asks_for_tokens(answering.get(name)) for name in members}
    found: list[Finding] = []
    for place, answers in tried.items():
        found += doors.judge(
            place, answers or [], head, wanted["rows"], _member_addresses(wanted), wanted["admins"], tokens, command("site.yml")
        )
    return found


def _without_token(name: str, seen: Mapping[str, Any], wanted: Mapping[str, Any], command: Callable[..., str]) -> list[Finding]:
    if not seen["running"] or wanted["ray"] < _TOKENS_FROM or _asks_for_tokens(seen):
        return []
    version = ".".join(map(str, wanted["ray"]))
    what = f"Ray {version} can ask for a token, and the mode of this node is {seen['settings']['auth_mode'] or 'not set'}."
    return [finding("token-off", "high", name, what, "Turn tokens on (docs/credentials.md).", command=command("site.yml"))]


def _filters(
    members: Sequence[str], answering: Mapping[str, Any], wanted: Mapping[str, Any], command: Callable[..., str]
) -> list[Finding]:
    """Return the findings about the packet filters; one machine that listens on loopback alone needs none."""
    found = []
    for name in members:
        state = wanted["filters"][name]["state"]
        if name not in answering or is_loopback(wanted["addresses"][name]):
            continue
        if state == "differs":
            what = "The packet filter does not have the rules that the inventory asks for, now or after the next boot."
            remedy = "Load them (docs/firewall.md)."
            found.append(finding("packet-filter", "high", name, what, remedy, command=command("playbooks/firewall.yml", name)))
        elif state == "off":
            what = (
                "The packet filter is not managed here (firewall_enabled): whatever closes the ports, this audit cannot see it."
            )
            remedy = "Set firewall_enabled to true (docs/firewall.md), then:"
            found.append(
                finding("packet-filter-off", "high", name, what, remedy, command=command("playbooks/firewall.yml", name))
            )
    return found


def _filters_hold(members: Sequence[str], wanted: Mapping[str, Any]) -> bool:
    return all(wanted["filters"][name]["state"] == "right" for name in members)


def _shields(
    members: Sequence[str],
    answering: Mapping[str, Mapping[str, Any]],
    tried: Mapping[str, Sequence[Mapping[str, Any]] | None],
    wanted: Mapping[str, Any],
    found: Sequence[Finding],
) -> list[str]:
    """Return which of advisories.SHIELDS were seen to hold on every node."""
    complete = len(answering) == len(members)
    answers = [door for each in tried.values() for door in each or []]
    refused = {door["node"] for door in answers if door["status"] in doors.REFUSED}
    held = []
    kinds = {one["id"].split("/")[0] for one in found}
    # A port that is not in the table is no fault of the filter, which closes those of the table.
    documented = [one["id"] for one in found if not one["id"].endswith("-undocumented")]
    tight = not any(name.startswith(("port-answers/", "job-without-token/")) for name in documented)
    closed = tight and (_filters_hold(members, wanted) or _tried_by_stranger(members, tried, wanted))
    if complete and (_only_inside(members, answering, wanted) or closed):
        held.append("firewall")
    if (
        complete
        and set(members) <= refused
        and "job-without-token" not in kinds
        and all(map(_asks_for_tokens, answering.values()))
    ):
        held.append("token")
    if complete and all(seen["settings"]["tls"] for seen in answering.values()):
        held.append("tls")
    return held


def _only_inside(members: Sequence[str], answering: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, Any]) -> bool:
    """Return whether this is one machine whose ports no other machine reaches."""
    if len(members) != 1 or not is_loopback(wanted["addresses"][members[0]]):
        return False
    return all(
        seen["running"] and all(is_loopback(one["address"]) for one in seen["listeners"] if one["managed"] or one["of_service"])
        for seen in answering.values()
    )


def _tried_by_stranger(
    members: Sequence[str], tried: Mapping[str, Sequence[Mapping[str, Any]] | None], wanted: Mapping[str, Any]
) -> bool:
    """Return whether a stranger has tried the ports of each node."""
    answers = tried.get(CONTROLLER) or []
    as_stranger = {
        door["node"]
        for door in answers
        if door["source"] and doors.role_of(door["source"], _member_addresses(wanted), wanted["admins"]) == "stranger"
    }
    return set(members) <= as_stranger


def _everywhere(one: Finding, members: Sequence[str]) -> Finding:
    """Return a finding about every node with a short name for them; the id does not depend on who is a member."""
    where = "all nodes" if len(members) > 1 and one["node"] == ", ".join(members) else one["node"]
    return {**one, "node": where, "id": "/".join([one["id"].split("/")[0], one["id"].split("/")[-1]])}


def _old_data(document: Mapping[str, Any], age: int) -> list[Finding]:
    if age <= advisories.OLD_DAYS:
        return []
    what = f"The advisories were read on {document['read_on']}, {age} days ago; nothing is known of later ones."
    remedy = "Read a newer copy: python tools/advisories.py FILE (docs/security.md)."
    return [finding("advisories-old", "note", CONTROLLER, what, remedy)]


def _place(
    members: Sequence[str], tried: Mapping[str, Sequence[Mapping[str, Any]] | None], wanted: Mapping[str, Any]
) -> list[Finding]:
    roles = _roles(tried.get(CONTROLLER) or [], wanted)
    if not roles or "stranger" in roles or not _filters_hold(members, wanted):
        return []
    what = f"This machine {_IS[roles[0]]}: that strangers are kept out was read from the packet filters, and not tried."
    return [finding("place", "note", CONTROLLER, what, "Run it from a machine that is neither to try it.")]


def _gap(node: str, what: str, why: str, remedy: str = "") -> dict[str, str]:
    return {"node": node, "what": what, "why": why, "remedy": remedy}


def _gaps(
    members: Sequence[str],
    head: str,
    observed: Mapping[str, Mapping[str, Any]],
    tried: Mapping[str, Sequence[Mapping[str, Any]] | None],
    wanted: Mapping[str, Any],
) -> list[dict[str, str]]:
    found = []
    for name, seen in observed.items():
        if "refused" in seen:
            found.append(_gap(name, "everything", seen["refused"]))
            continue
        own = nodes.is_of_the_service(seen["account"])
        for one in seen["gaps"]:
            if (own or one["what"] not in _OF_A_PERSON) and (seen["running"] or one["what"] != "jobs"):
                found.append(_gap(name, one["what"], one["why"], "" if seen["is_root"] else "Root can: run it with -b -K."))
        hidden = [one for one in seen["listeners"] if not one["command"]]
        if any(own or row_of(wanted["rows"], one["port"], one["protocol"], name == head) for one in hidden):
            found.append(_gap(name, "listeners", "Which program has some of the ports open could not be seen."))
        if not seen["running"]:
            why = "Ray does not run, so its ports and jobs could not be compared."
            found.append(_gap(name, "ports", why, "Start it, then audit again."))
        if name not in wanted["stacks"]:
            found.append(_gap(name, "advisories", "Its platform or the lock could not be read."))
    for place, answers in tried.items():
        if answers is None and "refused" not in observed.get(place, {}):
            found.append(_gap(place, "ports of the others", "They could not be tried from here."))
    outside = [name for name in members if not is_loopback(wanted["addresses"][name])]
    roles = _roles(tried.get(CONTROLLER) or [], wanted)
    for name in outside:
        if wanted["filters"][name]["state"] == "unknown" and "refused" not in observed[name]:
            why = wanted["filters"][name]["why"].rstrip(".")
            found.append(_gap(name, "packet filter", f"It could not be checked: {why}."))
    # Rules that are as the inventory wants them are evidence enough for who cannot try them.
    if outside and "stranger" not in roles and tried.get(CONTROLLER) is not None and not _filters_hold(members, wanted):
        what = _IS[roles[0]] if roles else "has no way to the nodes"
        why = f"This machine {what}, so nobody tried what a stranger reaches."
        found.append(_gap(CONTROLLER, "ports as a stranger", why, "Run it from a machine that is neither."))
    return found
