"""What makes a value less than trustworthy. Pure functions over a metric and the conditions of its nodes.

throttled: the series itself falls. cpu_bound: iperf3 kept a core of one end busy. unstable: the MAD is a large part of the
median. busy_node, low_power, battery, swapping, speed_limit: conditions of a node of the metric. The texts are in text/labels.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..model import Metric
from ..text.labels import FLAGS
from ..thresholds import BUSY_NODE, CPU_BOUND, SWAP_GROWTH_BYTES, THROTTLED, UNSTABLE
from . import statistics


def of(metric: Metric, nodes: Mapping[str, Any]) -> list[str]:
    """Return the flags of a metric, sorted; one that has no meaning here is dropped."""
    flags = set(metric["flags"]) & set(FLAGS)
    if metric["name"] == "gemm.sustained" and throttled(metric["samples"]):
        flags.add("throttled")
    if metric["name"].startswith("net.goodput") and cpu_bound(metric):
        flags.add("cpu_bound")
    if metric["n"] > 2 and metric["median"] and metric["mad"] > UNSTABLE * abs(metric["median"]):
        flags.add("unstable")
    for name in metric["subject"] or nodes:
        flags.update(conditions(nodes.get(name, {})))
    return sorted(flags)


def throttled(samples: Sequence[float]) -> bool:
    """Return whether the last quarter of a series is well below its first quarter (the first tenth is warm-up)."""
    early, late = ends(samples)
    return early is not None and late is not None and late < THROTTLED * early


def ends(samples: Sequence[float]) -> tuple[float, float] | tuple[None, None]:
    """Return the medians of the first and of the last quarter of a series, (None, None) where it is too short."""
    quarter = len(samples) // 4
    if quarter < 3:
        return None, None
    start = len(samples) // 10
    return statistics.median(samples[start : start + quarter]), statistics.median(samples[-quarter:])


def cpu_bound(metric: Metric) -> bool:
    """Return whether one end of an iperf3 run had a core fully busy for each stream (one in all before iperf3 3.16)."""
    version = metric["params"].get("iperf3", "").replace("iperf", "").strip()
    try:
        threads = tuple(int(part) for part in version.split(".")[:2]) >= (3, 16)
    except ValueError:
        threads = False
    cores = metric["params"].get("streams", 1) if threads else 1
    busy = metric["context"].get("cpu_percent") or {}
    most: float = max(busy.get("host_total") or 0, busy.get("remote_total") or 0)
    return most >= 100 * CPU_BOUND * cores


def busy_cores(node: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return (cores that something else took before the measurements, cores of the node, what it may take of them).

    What runs now counts. A load average still contains the work of minutes ago, above all that of the installation.
    """
    cpu = (node.get("facts") or {}).get("cpu") or {}
    cores = min(cpu.get("cores_logical") or 1, cpu.get("cores_limit") or float("inf"))
    # One busy program leaves most of a large machine idle, and takes half of a small one.
    return (node.get("conditions_before") or {}).get("busy_cores") or 0, cores, max(BUSY_NODE * cores, min(1, cores / 2))


def conditions(node: Mapping[str, Any]) -> set[str]:
    """Return the flags that a node's conditions give to everything measured on it."""
    before, after = node.get("conditions_before") or {}, node.get("conditions_after") or {}
    power = before.get("power") or {}
    flags = set()
    busy, _cores, most = busy_cores(node)
    if busy > most:
        flags.add("busy_node")
    if power.get("mode") == "low":
        flags.add("low_power")
    if power.get("source") == "Battery Power":
        flags.add("battery")
    if (after.get("swap_used_bytes") or 0) - (before.get("swap_used_bytes") or 0) > SWAP_GROWTH_BYTES:
        flags.add("swapping")
    if min(state.get("cpu_speed_limit_percent") or 100 for state in (before, after)) < 100:
        flags.add("speed_limit")
    return flags
