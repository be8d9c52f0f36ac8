"""Cards of the nodes: what each is, its conditions, and what it reaches where the summary has no column for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...model import Metric, Node, RunDocument
from ...text.labels import FLAGS, busy_label
from ...text.units import binary_size, human, percent
from ..summary.title import memory
from .anchors import anchors

# Metrics of a card with the words that fit there.
_ON_CARD = {"gemm.float32": "float32", "memory.triad": "memory", "llm.decode": "decode"}


def best(
    run: RunDocument, name: str, keep: Callable[[Metric], bool] = lambda metric: True, implementation: str = "mlx"
) -> Metric | None:
    """Return the metric of a name with the highest median that MLX (or another implementation) reached, None without one.

    Impossible values are ignored.
    """
    candidates = [
        metric
        for metric in run["metrics"]
        if metric["name"] == name
        and metric["params"].get("implementation", "mlx") == implementation
        and keep(metric)
        and "above_ceiling" not in metric["flags"]
    ]
    return max(candidates, key=lambda metric: metric["median"]) if candidates else None


def bar(share: float | None) -> int | None:
    """Return the width of a bar in % of its track for a fraction, None without one."""
    return None if share is None else round(min(max(share, 0), 1) * 100)


def cards(run: RunDocument, columns: Sequence[str] = ()) -> dict[str, Any]:
    """Return {shared, nodes}: one card for each node of the run; shared: what is the same on all.

    columns: of the summary's table; a node that has one there needs no values on its card.
    """
    ids = anchors("node", run["nodes"])
    facts = {name: _facts(node) for name, node in run["nodes"].items()}
    first = next(iter(facts.values()), [])
    shared = [part for part in first if len(facts) > 1 and all(part in parts for parts in facts.values())]
    return {
        "shared": ", ".join(shared),
        "nodes": [
            {
                "id": ids[name],
                "name": name,
                "role": "head" if name == run["head"] else "",
                "facts": ", ".join(part for part in facts[name] if part not in shared),
                "conditions": _conditions(node["conditions_before"], node["conditions_after"]),
                "figures": [] if name in columns else _figures(name, run),
            }
            for name, node in run["nodes"].items()
        ],
    }


def _facts(node: Node) -> list[str]:
    """Return what a node is, in the order in which people say it."""
    facts = node["facts"]
    cpu, gpu, system = facts.get("cpu") or {}, facts.get("gpu") or {}, facts.get("os") or {}
    cores = f"{cpu.get('cores_logical') or '-'} CPU cores"
    python = (facts.get("python") or {}).get("version")
    parts = [
        facts.get("chip") or cpu.get("model"),
        f"{cores} and {gpu['cores']} GPU cores" if gpu.get("cores") else cores,
        memory(facts["memory_bytes"]) if facts.get("memory_bytes") else None,
        f"{system.get('name') or ''} {system.get('version') or ''}".strip(),
        facts.get("virtual"),
        f"Python {python}" if python else None,
    ]
    return [str(part) for part in parts if part]


def _figures(name: str, run: RunDocument) -> list[dict[str, Any]]:
    found = [(title, _of_node(run, metric, name)) for metric, title in _ON_CARD.items()]
    return [_figure(title, metric) for title, metric in found if metric]


def _of_node(run: RunDocument, name: str, node: str) -> Metric | None:
    """Return the best value of a node: NumPy's where MLX has no GPU there."""

    def is_of(metric: Metric) -> bool:
        return metric["subject"] == [node]

    by_mlx = best(run, name, is_of)
    on_gpu = by_mlx is not None and by_mlx["params"].get("backend") == "gpu"
    return by_mlx if on_gpu else best(run, name, is_of, "numpy") or by_mlx


def _figure(title: str, metric: Metric) -> dict[str, Any]:
    return {
        "title": title,
        "value": human(metric["median"], metric["unit"]),
        "share": percent(metric["share"]) if metric["share"] is not None else "",
        "bar": bar(metric["share"]),
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
