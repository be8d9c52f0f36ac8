"""A run for dashboards: Prometheus text format, for a textfile collector (docs/monitoring.md).

Names, units and labels of the metrics follow from the registry (metrics/series.py).
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ... import metrics as registry
from ...metrics import series
from ...model import Metric, RunDocument
from ...trust.untrusted import clean_text
from ..view import View
from . import prometheus_old
from .exporter import Exporter
from .prometheus_text import MOST_LABEL, Labels, family

_SEVERITIES: Final = ("fault", "limit", "note")
_MOST_PINS: Final = 20
_FIXED: Final = ("run_id", "profile", "stack", "python", "head")  # labels of saf_run_info that no pin replaces


def prometheus(_view: View, run: RunDocument) -> str:
    """Return the text of a ``.prom`` file: medians in base units, one series for each metric of the run."""
    chosen = _series(run["metrics"])
    families: dict[str, tuple[str, list[tuple[Labels, float]]]] = {}
    for metric, row, labels in chosen:
        value = series.base_value(metric["median"], metric["unit"])
        families.setdefault(row.series_name, (row.family.help, []))[1].append((labels, value))
    ratios = [({"metric": metric["name"], **labels}, metric["share"]) for metric, _row, labels in chosen]
    finished = calendar.timegm(time.strptime(run["finished"], "%Y-%m-%dT%H:%M:%SZ"))
    findings = [({"severity": severity}, sum(one["severity"] == severity for one in run["findings"])) for severity in _SEVERITIES]
    return "".join(
        [
            *(family(name, text, values) for name, (text, values) in sorted(families.items())),
            family(
                "saf_ratio_to_ceiling",
                "Median of a metric over its ceiling, 1 is the ceiling",
                [(labels, share) for labels, share in ratios if share is not None],
            ),
            family("saf_run_info", "The run, its profile and its software", [(_info(run), 1)]),
            family("saf_run_finished_timestamp_seconds", "End of the run", [({"profile": run["profile"]}, finished)]),
            family("saf_findings", "Findings of the run by severity", findings),
            family("saf_not_measured", "Values that could not be measured", [({}, len(run["not_measured"]))]),
            family(
                "saf_metrics_left_out",
                "Metrics of the run without a series here: of an unknown name, or with the labels of another one",
                [({}, len(run["metrics"]) - len(chosen))],
            ),
            prometheus_old.families(run),
        ]
    )


def _series(metrics: Iterable[Metric]) -> list[tuple[Metric, registry.MetricRow, dict[str, str]]]:
    """Return (metric, its row, its labels) of all that have a row; of several with the same labels the first."""
    chosen, taken = [], set()
    for metric in metrics:
        row = registry.find(metric["name"])
        if row is None:
            continue
        labels = labels_of(metric, row)
        key = (row.series_name, tuple(sorted(labels.items())))
        if key not in taken:
            taken.add(key)
            chosen.append((metric, row, labels))
    return chosen


def labels_of(metric: Metric, row: registry.MetricRow) -> dict[str, str]:
    """Return the labels of a metric's series; without those that it has no value for, which is the same to Prometheus."""
    found: dict[str, Any] = series.place(metric, row.scopes)
    found.update({name: label(metric) for name, label in row.labels.items()})
    return {name: text for name, value in found.items() if (text := _text(value))}


def _text(value: Any) -> str:
    """Return a label's value: of bounded length, "" for what is no text and no number."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return clean_text(str(value), limit=MOST_LABEL)


def _info(run: RunDocument) -> dict[str, str]:
    """Return the labels of saf_run_info: what identifies the run, and the versions of the stack."""
    stack: Mapping[str, Any] = run["stack"]
    fixed = zip(_FIXED, (run["run_id"], run["profile"], stack.get("name"), stack.get("python_version"), run["head"]))
    pins = stack.get("pins")
    versions = list(pins.items())[:_MOST_PINS] if isinstance(pins, dict) else []
    # A label's name has no hyphen: mlx-lm is mlx_lm.
    named = {re.sub(r"[^a-z0-9_]", "_", str(name).lower()): version for name, version in versions}
    found = {**{name: version for name, version in named.items() if re.match(r"[a-z]", name)}, **dict(fixed)}
    return {name: text for name, value in found.items() if (text := _text(value))}


EXPORTER = Exporter("prometheus", "metrics.prom", prometheus)
