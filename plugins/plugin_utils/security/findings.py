"""A finding of the audit: a stable id, how bad it is, where, one sentence, and what to do."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

# note: said, and no finding.
SEVERITIES: Final = ("critical", "high", "medium", "low", "note")


class Finding(TypedDict):
    """command: what to type, "" where there is nothing; where: node it is typed on, "" for the controller."""

    id: str
    severity: str
    node: str
    what: str
    remedy: str
    command: str
    where: str


def finding(
    kind: str, severity: str, node: str, what: str, remedy: str, *, subject: str = "", command: str = "", where: str = ""
) -> Finding:
    """Return a finding; its id is made of kind, node and subject, so that the same thing has the same id in the next run."""
    parts = [kind, node, *([subject] if subject else [])]
    name = "/".join(re.sub(r"[^A-Za-z0-9_.@:+-]+", "-", part).strip("-") or "-" for part in parts)[:200]
    return {"id": name, "severity": severity, "node": node, "what": what, "remedy": remedy, "command": command, "where": where}


def arrange(found: Sequence[Finding]) -> list[Finding]:
    """Return findings without repetitions, the worst first."""
    unique = {one["id"]: one for one in sorted(found, key=lambda one: -SEVERITIES.index(one["severity"]))}
    return sorted(unique.values(), key=lambda one: (SEVERITIES.index(one["severity"]), one["node"], one["id"]))


def accepted(found: Sequence[Finding], wanted: Sequence[Mapping[str, Any]]) -> tuple[list[Finding], list[dict[str, Any]]]:
    """Return (findings that count, those that the inventory accepts with its reason); wanted: [{id, reason}], * allowed."""
    counting: list[Finding] = []
    excused: list[dict[str, Any]] = []
    for one in found:
        reason = next(
            (str(given.get("reason", "")) for given in wanted if fnmatch.fnmatchcase(one["id"], str(given["id"]))), None
        )
        if reason is None:
            counting.append(one)
        else:
            excused.append({**one, "reason": reason})
    return counting, excused
