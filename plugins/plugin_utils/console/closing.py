"""The line after the phases: how it ended, what was changed, and the command that undoes it."""

from __future__ import annotations

from typing import Final

from ..text import command_line
from .layout import ATTENTION, BAD, count, duration
from .screen import Screen

# Playbooks that print their result themselves and change no node.
_READING: Final = {
    "audit",
    "bench",
    "bench_report",
    "check_inventory",
    "compare",
    "listeners",
    "preflight",
    "smoke",
    "status",
    "verify",
}


def nobody(pattern: str) -> str:
    """Return the closing line of a playbook whose plays are about no node; pattern: of its first play."""
    return f"{ATTENTION} No node takes part: the inventory has no host in {pattern}. Nothing was done."


def sentence(playbook: str, screen: Screen, check: bool) -> str:
    """Return the closing line of a playbook, "" where its own result says everything."""
    took = duration(screen.seconds)
    if screen.failed and playbook not in ("audit", "status"):
        changes = f"; {count(screen.changes, 'change')} before that" if screen.changes else ""
        where = "" if screen.failed_for_all else f" on {screen.names(screen.failed)}"
        return f"{BAD} {playbook} failed{where} after {took}{changes}. -v shows more."
    if playbook in _READING or not screen.hosts:
        return ""
    nodes, changes = count(len(screen.hosts), "node"), count(screen.changes, "change")
    if check:
        would = f"{changes} would be made on {nodes}" if screen.changes else f"Nothing would change on {nodes}"
        return f"{would}; nothing was changed. {took}"
    if playbook == "site":
        ready = f"{nodes} ready in {took}."
        if not screen.changes:
            return f"{ready} Nothing changed."
        return f"{ready} {changes}. To undo everything (--check lists it):\n{command_line.command('playbooks/reset.yml')}"
    return f"{nodes} in {took}. {changes if screen.changes else 'No change'}."
