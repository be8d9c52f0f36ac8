"""Everything that a report shows, prepared from a run document: templates place it and compute nothing."""

from __future__ import annotations

from .units import binary_size, human, percent

_TITLES = {
    "gemm.float32": "Matrix products, float32",
    "gemm.float16": "Matrix products, float16",
    "net.goodput": "Goodput between nodes",
    "ray.task_rtt": "Round trip of an empty Ray task",
    "ray.mlx_tasks": "A set of MLX tasks over Ray, wall time",
    "scaling.strong": "Scaling efficiency",
}
_SEVERITY = {"fault": "Fault", "limit": "Limit", "note": "Note"}


def prepare(run):
    """Return the view: header, headlines, findings, nodes, sections (one table for each metric), links, not_measured."""
    return {
        "title": f"Cluster report {run['run_id']}",
        "header": _header(run),
        "headlines": headlines(run),
        "findings": [_finding(finding) for finding in run["findings"]],
        "nodes": [_node(name, node, run) for name, node in run["nodes"].items()],
        "matrix": _matrix(run),
        "sections": _sections(run),
        "not_measured": [
            {"name": item["name"], "subject": _where(item["subject"]), "reason": item["reason"]} for item in run["not_measured"]
        ],
    }


def headlines(run):
    """Return the three lines that matter most: findings first, then what the cluster reaches."""
    lines = [
        f"{_SEVERITY[finding['severity']]}: {_where(finding['subject'])}: {finding['measured']}. {finding['advice']}"
        for finding in run["findings"]
        if finding["severity"] != "note"
    ]
    best = _best(run, "gemm.float32", lambda metric: metric["params"].get("implementation", "mlx") == "mlx")
    if best:
        share = (
            f" ({percent(best['share'])} of peak)" if best["share"] is not None else f" on the {best['params'].get('backend')}"
        )
        lines.append(f"Compute: {best['subject'][0]} reaches {human(best['median'], best['unit'])} in MLX float32{share}.")
    links = [metric for metric in run["metrics"] if metric["name"] == "net.goodput"]
    if links:
        slowest = min(links, key=lambda metric: metric["median"])
        share = f", {percent(slowest['share'])} of its ceiling" if slowest["share"] is not None else ""
        where = " to ".join(slowest["subject"])
        lines.append(f"Network: the slowest link, {where}, carries {human(slowest['median'], slowest['unit'])}{share}.")
    trips = [metric for metric in run["metrics"] if metric["name"] == "ray.task_rtt"]
    if trips:
        slowest = max(trips, key=lambda metric: metric["median"])
        target = slowest["params"]["target"]
        lines.append(f"Ray: an empty task to {target} and back takes {human(slowest['median'], 's')} (median of {slowest['n']}).")
    return lines[:3]


def _where(subject):
    return ", ".join(subject) or "cluster"


def _best(run, name, keep):
    candidates = [
        metric for metric in run["metrics"] if metric["name"] == name and keep(metric) and "above_ceiling" not in metric["flags"]
    ]
    return max(candidates, key=lambda metric: metric["median"]) if candidates else None


def _header(run):
    pins = ", ".join(f"{name} {version}" for name, version in run["stack"]["pins"].items())
    commit = (run["playbook"]["commit"] or "unknown")[:12] + (" with changes" if run["playbook"]["dirty"] else "")
    return [
        ("Measured", f"{run['started']} to {run['finished']}, profile {run['profile']}"),
        ("Nodes", ", ".join(run["nodes"]) + (f"; absent: {', '.join(run['absent'])}" if run["absent"] else "")),
        ("Stack", f"{run['stack']['name']}: Python {run['stack']['python_version']}, {pins}"),
        ("Playbook", commit),
    ]


def _finding(finding):
    gain = finding["gain_at_most"]
    return {
        **finding,
        "severity_title": _SEVERITY[finding["severity"]],
        "where": _where(finding["subject"]),
        "gain": f"at most {gain:g} times" if gain is not None else "" if finding["severity"] == "note" else "unknown",
    }


def _node(name, node, run):
    facts = node["facts"]
    cpu, gpu, system = facts.get("cpu") or {}, facts.get("gpu") or {}, facts.get("os") or {}
    best = _best(
        run, "gemm.float32", lambda metric: metric["subject"] == [name] and metric["params"].get("implementation", "mlx") == "mlx"
    )
    load = (node["conditions_before"].get("load_average") or [None])[0]
    return {
        "name": name,
        "role": "head" if name == run["head"] else "worker",
        "chip": facts.get("chip") or "-",
        "cores": f"{cpu.get('cores_logical') or '-'} CPU" + (f", {gpu['cores']} GPU" if gpu.get("cores") else ""),
        "memory": binary_size(facts.get("memory_bytes")),
        "system": f"{system.get('name') or '-'} {system.get('version') or ''}".strip(),
        "virtual": facts.get("virtual") or "",
        "python": (facts.get("python") or {}).get("version") or "-",
        "fingerprint": (node["fingerprint"] or "-")[:12],
        "load": "-" if load is None else f"{load:.1f}",
        "compute": human(best["median"], best["unit"]) if best else "-",
        "share": percent(best["share"]) if best else "-",
        "bar": bar(best["share"] if best else None),
    }


def bar(share):
    """Return the width of a bar in per cent of its track, None where there is no share."""
    return None if share is None else round(min(max(share, 0), 1) * 100)


def _matrix(run):
    """Return one table for each link: rows send, columns receive."""
    names = list(run["nodes"])
    tables = []
    links = sorted({metric["link"] for metric in run["metrics"] if metric["name"] == "net.goodput"})
    for link in links:
        cells = {tuple(m["subject"]): m for m in run["metrics"] if m["name"] == "net.goodput" and m["link"] == link}
        rows = []
        for sender in names:
            row = []
            for receiver in names:
                metric = cells.get((sender, receiver))
                row.append(
                    {
                        "text": human(metric["median"], metric["unit"]) if metric else "",
                        "share": percent(metric["share"]) if metric else "",
                        "bar": bar(metric["share"]) if metric else None,
                    }
                )
            rows.append({"name": sender, "cells": row})
        ends = []
        for name in names:
            facts = (run["nodes"][name]["facts"].get("links") or {}).get(link) or {}
            ends.append(
                {
                    "name": name,
                    "interface": f"{facts.get('interface') or '-'} ({facts.get('kind') or 'unknown'})",
                    "negotiated": human(facts.get("negotiated_bps"), "bit/s"),
                    "capable": human(facts.get("capable_bps"), "bit/s"),
                    "mtu": facts.get("mtu") or "-",
                }
            )
        tables.append({"link": link, "names": names, "rows": rows, "ends": ends})
    return tables


def _sections(run):
    sections = {}
    for metric in run["metrics"]:
        sections.setdefault(metric["name"], []).append(_row(metric))
    return [{"name": name, "title": _TITLES.get(name, name), "rows": rows} for name, rows in sections.items()]


def _row(metric):
    return {
        "subject": " to ".join(metric["subject"]) or "cluster",
        "what": _what(metric),
        "median": human(metric["median"], metric["unit"]),
        "spread": human(metric["mad"], metric["unit"]),
        "p95": human(metric["p95"], metric["unit"]),
        "n": metric["n"],
        "ceiling": human(metric["ceiling"], metric["unit"]) if metric["ceiling"] else "-",
        "source": metric["ceiling_source"],
        "share": percent(metric["share"]),
        "flags": ", ".join(metric["flags"]),
    }


def _what(metric):
    """Return in words what a figure was measured with."""
    params = metric["params"]
    if metric["name"].startswith("gemm."):
        return f"{params['m']} x {params['n']} x {params['k']}, {params.get('implementation', 'mlx')} on the {params['backend']}"
    if metric["name"] == "net.goodput":
        streams = f"{params['streams']} stream" + ("s" if params["streams"] > 1 else "")
        return f"link {metric['link']}, {streams}, {params['seconds']} s, iperf3"
    if metric["name"] == "ray.task_rtt":
        return "one task at a time"
    if "tasks" in params:
        count = len(params["nodes"])
        nodes = f"{count} node{'s' if count > 1 else ''}"
        return f"{params['tasks']} tasks on {nodes}, {params['products']} products of {params['size']} each"
    return ""
