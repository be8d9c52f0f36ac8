"""Cards of the nodes: what each is, and what it reaches of what it could."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ... import metrics
from ...model import Metric, Node, RunDocument
from ...text.labels import FLAGS, busy_label
from ...text.units import binary_size, human, percent

# The figures of a card: (metric, keep).
_FIGURES = ("gemm.float32", "gemm.float16", "memory.triad", "llm.prefill", "llm.decode", "gpu.utilisation", "gpu.clock")


def best(run: RunDocument, name: str, keep: Callable[[Metric], bool] = lambda metric: True) -> Metric | None:
    """Return the metric of a name with the highest median that MLX reached, None without one; impossible values are ignored."""
    candidates = [
        metric
        for metric in run["metrics"]
        if metric["name"] == name
        and metric["params"].get("implementation", "mlx") == "mlx"
        and keep(metric)
        and "above_ceiling" not in metric["flags"]
    ]
    return max(candidates, key=lambda metric: metric["median"]) if candidates else None


def bar(share: float | None) -> int | None:
    """Return the width of a bar in % of its track for a fraction, None without one."""
    return None if share is None else round(min(max(share, 0), 1) * 100)


def cards(run: RunDocument) -> list[dict[str, Any]]:
    """Return one card for each node of the run."""
    return [_card(name, node, run) for name, node in run["nodes"].items()]


def _card(name: str, node: Node, run: RunDocument) -> dict[str, Any]:
    facts, before, after = node["facts"], node["conditions_before"], node["conditions_after"]
    cpu, gpu, system = facts.get("cpu") or {}, facts.get("gpu") or {}, facts.get("os") or {}
    figures = [(title, best(run, title, lambda metric: metric["subject"] == [name])) for title in _FIGURES]
    products = figures[0][1]
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
        "load": _load(before),
        "conditions": _conditions(before, after),
        "compute": human(products["median"], products["unit"]) if products else "-",
        "share": percent(products["share"]) if products else "-",
        "bar": bar(products["share"] if products else None),
        "figures": [_figure(title, metric) for title, metric in figures if metric],
    }


def _figure(name: str, metric: Metric) -> dict[str, Any]:
    measured = metric["ceiling_source"].startswith("measured")
    return {
        "title": metrics.title(name),
        "value": human(metric["median"], metric["unit"]),
        "ceiling": human(metric["ceiling"], metric["unit"]) if metric["ceiling"] else "",
        "source": metric["ceiling_source"],
        "share": percent(metric["share"]) if metric["share"] is not None else "",
        "bar": bar(metric["share"]),
        "measured": measured,
    }


def _load(conditions: Mapping[str, Any]) -> str:
    return _number((conditions.get("load_average") or [None])[0])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _conditions(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return [(name, before, after)] of the conditions that are known."""
    rows = [
        ("cores in use by others", *(_number(state.get("busy_cores")) for state in (before, after))),
        ("load average (1 min)", _load(before), _load(after)),
        ("busiest processes", busy_label(before) or "-", busy_label(after) or "-"),
        ("memory available", *(binary_size(state.get("memory_available_bytes")) for state in (before, after))),
        ("swap in use", *(binary_size(state.get("swap_used_bytes")) for state in (before, after))),
        ("CPU clock", *(human(state.get("cpu_clock_hz"), "Hz") for state in (before, after))),
        ("temperature", *(_degrees(state.get("temperature_c")) for state in (before, after))),
        ("power", *(_power(state.get("power")) for state in (before, after))),
    ]
    return [(what, first, last) for what, first, last in rows if {first, last} != {"-"}]


def _degrees(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} °C"


def _power(power: Mapping[str, Any] | None) -> str:
    words = [str(value) for value in (power or {}).values() if value]
    return ", ".join(words) or "-"


def flagged(run: RunDocument) -> list[dict[str, Any]]:
    """Return [{flag, meaning, where}] of the flags that this run has."""
    places: dict[str, dict[str, bool]] = {}
    for metric in run["metrics"]:
        for flag in metric["flags"]:
            places.setdefault(flag, {})[f"{metric['name']} of {' to '.join(metric['subject']) or 'the cluster'}"] = True
    return [
        {"flag": flag, "meaning": FLAGS.get(flag, ""), "count": len(names), "where": "; ".join(list(names)[:6])}
        for flag, names in sorted(places.items())
    ]
