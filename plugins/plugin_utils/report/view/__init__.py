"""Everything that a report shows, prepared from a run document: templates place it and compute nothing."""

from __future__ import annotations

from ...guard import guarded
from ...text.units import human, percent
from ...text.words import SEVERITY, gain, where
from ...verdicts import failed
from .figures import sections
from .links import matrices
from .nodes import best, cards, flagged
from .past import history

# What a part is when it cannot be shown: the templates place it all the same.
_EMPTY_HISTORY = {"text": "", "rows": [], "charts": [], "changes": []}


def prepare(run):
    """Return the view: header, headlines, findings, options, nodes, links, sections, history, flags, environment, not_measured.

    A part that raises is left out, and a row of its findings names it.
    """
    failures = []

    def part(name, make, fallback=()):
        return guarded(f"{name} of the report", make, list(fallback) if fallback == () else fallback, failures)

    view = {
        "title": f"Cluster report {run['run_id']}",
        "header": part("header", lambda: _header(run)),
        "headlines": part("headlines", lambda: headlines(run)),
        "findings": part("findings", lambda: [_finding(finding) for finding in run["findings"]]),
        "options": run["options"],
        "nodes": part("nodes", lambda: cards(run)),
        "matrix": part("links", lambda: matrices(run)),
        "sections": part("values", lambda: sections(run, failures)),
        "history": part("history", lambda: history(run), _EMPTY_HISTORY),
        "flags": part("flags", lambda: flagged(run)),
        "environment": part("environment", lambda: _environment(run)),
        "not_measured": [
            {"name": item["name"], "subject": where(item["subject"]), "reason": item["reason"]} for item in run["not_measured"]
        ],
    }
    view["findings"] += [_finding(finding) for finding in failed([], failures)]
    return view


def headlines(run):
    """Return the lines that matter most: findings first, then what the cluster reaches; four at most."""
    lines = ["Partial: the run was interrupted or lost a node; see what was not measured."] if run["partial"] else []
    lines += [
        f"{SEVERITY[finding['severity']]}: {finding['title']} ({where(finding['subject'])}). {_first(finding)}".rstrip()
        for finding in run["findings"]
        if finding["severity"] != "note"
    ]
    return (lines + _reached(run))[:4]


def _first(finding):
    """Return the first remedy, which is the cheapest, and what all of them can gain."""
    factor = finding["gain_at_most"]
    return " ".join([*finding["remedies"][:1], *([f"Gain: {gain(factor)}."] if factor is not None else [])])


def _reached(run):
    lines = []
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


def _header(run):
    pins = ", ".join(f"{name} {version}" for name, version in run["stack"]["pins"].items())
    commit = (run["playbook"]["commit"] or "unknown")[:12] + (" with changes" if run["playbook"]["dirty"] else "")
    return [
        ("Measured", f"{run['started']} to {run['finished']}, profile {run['profile']}"),
        ("Nodes", ", ".join(run["nodes"]) + (f"; absent: {', '.join(run['absent'])}" if run["absent"] else "")),
        ("Stack", f"{run['stack']['name']}: Python {run['stack']['python_version']}, {pins}"),
        ("Playbook", commit),
        ("Testbed, software", f"{run['keys']['testbed']}, {run['keys']['software']}"),
    ]


def _finding(finding):
    factor = finding["gain_at_most"]
    return {
        **finding,
        "severity_title": SEVERITY[finding["severity"]],
        "where": where(finding["subject"]),
        "gain": gain(factor) if factor is not None else "",
    }


def _environment(run):
    """Return [(node, [(name, value)])]: versions and what else a value depends on."""
    rows = []
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
