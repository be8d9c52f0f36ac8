"""The first page of an archive: what is in it, what was cut, what is missing and why. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..report.escaping import escape

REMOVED = (
    "Removed: passwords, tokens, private keys, password hashes, passwords in URLs, names of people in home folders, values of"
    " `ray_environment`. Not removed: names and addresses of the nodes, paths, names of processes, error messages."
)


def page(cluster: str, made: str, verdict: str, nodes: Mapping[str, Mapping[str, Any]], gaps: Sequence[Mapping[str, str]]) -> str:
    """Return index.md.

    nodes: {name: {reason: why there is nothing of it, or "", files: [{name, source, bytes, left_out}], gaps: [{what, why}]}};
    gaps: of the archive.
    """
    lines = [f"# Cluster {cluster}", "", f"Collected {made}. Status: {verdict}.", "", REMOVED, ""]
    missing = [("", gap) for gap in gaps]
    missing += [(name, {"what": "all", "why": node["reason"]}) for name, node in nodes.items() if node["reason"]]
    missing += [(name, gap) for name, node in nodes.items() for gap in node["gaps"]]
    lines += ["## Missing", ""]
    if missing:
        lines += ["| node | what | why |", "| --- | --- | --- |"]
        lines += [f"| {_cell(name)} | {_cell(gap['what'])} | {_cell(gap['why'])} |" for name, gap in missing]
    else:
        lines += ["Nothing."]
    cut = [(name, one) for name, node in nodes.items() for one in node["files"] if one["left_out"]]
    lines += ["", "## Cut", "", "The newest lines are kept." if cut else "Nothing.", ""]
    if cut:
        lines += ["| node | file | bytes | left out |", "| --- | --- | --- | --- |"]
        lines += [f"| {_cell(name)} | {_cell(one['name'])} | {one['bytes']} | {one['left_out']} |" for name, one in cut]
        lines += [""]
    lines += ["## Files of the nodes", "", "| node | file | from |", "| --- | --- | --- |"]
    lines += [
        f"| {_cell(name)} | {_cell(one['name'])} | {_cell(one['source'])} |"
        for name, node in nodes.items()
        for one in node["files"]
    ]
    return "\n".join(lines) + "\n"


def sentence(nodes: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what is missing, as a sentence, "" where nothing is."""
    silent = [name for name, node in nodes.items() if node["reason"]]
    partly = [name for name, node in nodes.items() if not node["reason"] and node["gaps"]]
    parts = [f"nothing of {', '.join(silent)}"] if silent else []
    parts += [f"something of {', '.join(partly)}"] if partly else []
    return f"Missing: {'; '.join(parts)}. index.md in it has the reasons." if parts else ""


def _cell(text: object) -> str:
    return escape(" ".join(str(text).split()))
