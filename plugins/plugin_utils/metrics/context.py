"""What the ceiling of a metric can depend on: the nodes, the data files, and the other measurements of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..analysis import statistics
from ..model import Measurement

# How the source of a ceiling begins that was measured in the same run. A documented ceiling is arithmetic over the hardware, and
# only a value above such a one is impossible.
MEASURED = "measured"
DEFAULT_LINK = "default"


class Context:
    """The nodes of a run, the data files, and all measurements by name."""

    def __init__(self, nodes: Mapping[str, Any], measurements: Iterable[Measurement], data: Mapping[str, Any]) -> None:
        self.nodes, self.data = nodes, data
        self.by_name: dict[str, list[Measurement]] = {}
        for measurement in measurements:
            self.by_name.setdefault(measurement["name"], []).append(measurement)

    def facts(self, metric: Measurement) -> Mapping[str, Any]:
        """Return the facts of the first node of a metric, {} without one."""
        node: Mapping[str, Any] = self.nodes.get(metric["subject"][0], {}) if metric["subject"] else {}
        facts: Mapping[str, Any] = node.get("facts", {})
        return facts

    def best(self, name: str, keep: Callable[[Measurement], bool]) -> float | None:
        """Return the highest median of the measurements of a name that ``keep`` accepts, None without one."""
        medians = [statistics.median(item["samples"]) for item in self.by_name.get(name, []) if keep(item)]
        return max(medians) if medians else None

    def goodput(self, pair: Iterable[str], link: str = DEFAULT_LINK) -> float | None:
        """Return the best goodput in bit/s from one node to another over a link."""
        nodes = list(pair)
        return self.best("net.goodput", lambda item: item["subject"] == nodes and item["link"] == link)
