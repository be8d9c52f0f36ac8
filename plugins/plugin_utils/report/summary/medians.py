"""A run without its samples: the medians alone, small enough to lie within a page. Pure functions."""

from __future__ import annotations

from typing import Any

from ...model import RunDocument

_KEPT = ("name", "subject", "link", "params", "unit", "median", "ceiling", "flags")


def as_json(run: RunDocument) -> dict[str, Any]:
    """Return what a page embeds as JSON: what was measured when and where, the medians with their ceilings, the findings."""
    return {
        "schema_version": run["schema_version"],
        "run_id": run["run_id"],
        "started": run["started"],
        "finished": run["finished"],
        "partial": run["partial"],
        "profile": run["profile"],
        "stack": {"name": run["stack"]["name"], "pins": run["stack"]["pins"]},
        "nodes": {name: _node(node["facts"]) for name, node in run["nodes"].items()},
        "metrics": [_metric(metric) for metric in run["metrics"]],
        "findings": [{key: finding[key] for key in ("severity", "kind", "title", "subject")} for finding in run["findings"]],
    }


def _node(facts: dict[str, Any]) -> dict[str, Any]:
    gpu, cpu = facts.get("gpu") or {}, facts.get("cpu") or {}
    return {
        "chip": facts.get("chip"),
        "gpu_cores": gpu.get("cores"),
        "cpu_cores": cpu.get("cores_logical"),
        "memory_bytes": facts.get("memory_bytes"),
    }


def _metric(metric: Any) -> dict[str, Any]:
    """Return a metric's identity and median; a value keeps six significant digits, which no measurement has."""
    kept = {key: metric[key] for key in _KEPT if metric[key] not in (None, [], {})}
    return {**kept, **{key: float(f"{kept[key]:.6g}") for key in ("median", "ceiling") if key in kept}}
