"""Everything that a report shows, prepared from a run document: templates place it and compute nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from ...guard import guarded
from ...model import Failure, Option, RunDocument
from ...text.labels import SEVERITY, gain_label, subject_label
from ...text.units import human, percent
from ...verdicts import failed
from .figures import sections
from .history import trends
from .links import matrices
from .nodes import best, cards, flagged

# What a part is when it cannot be shown: the templates place it all the same.
_EMPTY_HISTORY = {"text": "", "rows": [], "charts": [], "more": [], "long": False, "marked": False, "changes": []}


class View(TypedDict):
    """What the pages place: texts with units, bars in %, charts as SVG; matrix: a table for each link."""

    title: str
    header: list[tuple[str, str]]
    headlines: list[str]
    findings: list[dict[str, Any]]
    options: list[Option]
    nodes: list[dict[str, Any]]
    matrix: list[dict[str, Any]]
    sections: list[dict[str, Any]]
    history: dict[str, Any]
    flags: list[dict[str, Any]]
    environment: list[tuple[str, list[tuple[str, Any]]]]
    not_measured: list[dict[str, str]]


def prepare(run: RunDocument) -> View:
    """Return the view of a run document. A part that raises is left out, and a row of its findings names it."""
    failures: list[Failure] = []

    def part(name: str, make: Callable[[], Any], fallback: Any = ()) -> Any:
        return guarded(f"{name} of the report", make, fallback or [], failures)

    view: View = {
        "title": f"Cluster report {run['run_id']}",
        "header": part("header", lambda: _header(run)),
        "headlines": part("headlines", lambda: headlines(run)),
        "findings": part("findings", lambda: [_finding(finding) for finding in run["findings"]]),
        "options": run["options"],
        "nodes": part("nodes", lambda: cards(run)),
        "matrix": part("links", lambda: matrices(run)),
        "sections": part("values", lambda: sections(run, failures)),
        "history": part("history", lambda: trends(run), _EMPTY_HISTORY),
        "flags": part("flags", lambda: flagged(run)),
        "environment": part("environment", lambda: _environment(run)),
        "not_measured": part("list of what was not measured", lambda: _not_measured(run)),
    }
    view["findings"] += [_finding(finding) for finding in failed([], failures)]
    return view


def _not_measured(run: RunDocument) -> list[dict[str, str]]:
    return [
        {"name": item["name"], "subject": subject_label(item["subject"]), "reason": item["reason"]}
        for item in run["not_measured"]
    ]


def headlines(run: RunDocument) -> list[str]:
    """Return the lines that matter most: findings first, then what the cluster reaches; four at most."""
    lines = ["Partial: the run was interrupted or lost a node; see what was not measured."] if run["partial"] else []
    lines += [
        f"{SEVERITY[finding['severity']]}: {finding['title']} ({subject_label(finding['subject'])}). {_first(finding)}".rstrip()
        for finding in run["findings"]
        if finding["severity"] != "note"
    ]
    return (lines + _reached(run))[:4]


def _first(finding: Mapping[str, Any]) -> str:
    """Return the first remedy, which is the cheapest, and what all of them can gain."""
    factor = finding["gain_at_most"]
    return " ".join([*finding["remedies"][:1], *([f"Gain: {gain_label(factor)}."] if factor is not None else [])])


def _reached(run: RunDocument) -> list[str]:
    lines: list[str] = []
    products = best(run, "gemm.float32")
    if products:
        documented = products["share"] is not None and not products["ceiling_source"].startswith("measured")
        share = f" ({percent(products['share'])} of peak)" if documented else f" on the {products['params'].get('backend')}"
        lines.append(f"Compute: {products['subject'][0]} reaches {human(products['median'], 'FLOP/s')} in MLX float32{share}.")
    links = [metric for metric in run["metrics"] if metric["name"] == "net.goodput"]
    if links:
        slowest = min(links, key=lambda metric: metric["median"])
        named = slowest["share"] is None or "virtual" in slowest["ceiling_source"]
        share = "" if named else f", {percent(slowest['share'])} of its ceiling"
        pair = " to ".join(slowest["subject"])
        lines.append(f"Network: the slowest link, {pair}, carries {human(slowest['median'], slowest['unit'])}{share}.")
    trips = [metric for metric in run["metrics"] if metric["name"] == "ray.task_rtt"]
    if trips:
        slowest = max(trips, key=lambda metric: metric["median"])
        target = slowest["params"]["target"]
        lines.append(f"Ray: an empty task to {target} and back takes {human(slowest['median'], 's')} (median of {slowest['n']}).")
    return lines


def _header(run: RunDocument) -> list[tuple[str, str]]:
    pins = ", ".join(f"{name} {version}" for name, version in run["stack"]["pins"].items())
    commit = (run["playbook"]["commit"] or "unknown")[:12] + (" with changes" if run["playbook"]["dirty"] else "")
    return [
        ("Measured", f"{run['started']} to {run['finished']}, profile {run['profile']}"),
        ("Nodes", ", ".join(run["nodes"]) + (f"; absent: {', '.join(run['absent'])}" if run["absent"] else "")),
        ("Stack", f"{run['stack']['name']}: Python {run['stack']['python_version']}, {pins}"),
        ("Playbook", commit),
        ("Testbed, software", f"{run['keys']['testbed']}, {run['keys']['software']}"),
    ]


def _finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    factor = finding["gain_at_most"]
    return {
        **finding,
        "severity_title": SEVERITY[finding["severity"]],
        "where": subject_label(finding["subject"]),
        "gain": gain_label(factor) if factor is not None else "",
    }


def _environment(run: RunDocument) -> list[tuple[str, list[tuple[str, Any]]]]:
    """Return [(node, [(name, value)])]: versions and what else a value depends on."""
    rows: list[tuple[str, list[tuple[str, Any]]]] = []
    for name, node in run["nodes"].items():
        facts, installed = node["facts"], (node["facts"].get("venv") or {}).get("distributions") or {}
        system = facts.get("os") or {}
        values = [
            ("system", " ".join(str(system[key]) for key in ("name", "version", "build", "kernel") if system.get(key))),
            ("Python", (facts.get("python") or {}).get("version")),
            *((package, installed.get(package)) for package in ("ray", "mlx", "mlx-lm", "numpy")),
            ("venv", node["fingerprint"]),
        ]
        rows.append((name, [(key, value) for key, value in values if value]))
    return rows
