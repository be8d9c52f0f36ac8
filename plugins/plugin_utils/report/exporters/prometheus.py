"""A run for dashboards: Prometheus text format, for a textfile collector."""

from __future__ import annotations

import calendar
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ...model import Metric, RunDocument
from ...trust.untrusted import clean_text
from ..view import View
from .exporter import Exporter


def prometheus(_view: View, run: RunDocument) -> str:
    """Return the text of a ``.prom`` file; medians in SI base units, one series for each metric of the run."""
    finished = calendar.timegm(time.strptime(run["finished"], "%Y-%m-%dT%H:%M:%SZ"))
    medians = [(_labels(metric), metric["median"]) for metric in run["metrics"]]
    shares = [(_labels(metric), metric["share"]) for metric in run["metrics"] if metric["share"] is not None]
    findings = [
        ({"severity": severity}, sum(found["severity"] == severity for found in run["findings"]))
        for severity in ("fault", "limit", "note")
    ]
    return "".join(
        [
            _family("saf_metric_median", "Median of a metric in SI base units.", medians),
            _family("saf_metric_share", "Median of a metric as a fraction of its ceiling.", shares),
            _family("saf_findings", "Findings of the run by severity.", findings),
            _family("saf_not_measured", "Values that could not be measured.", [({}, len(run["not_measured"]))]),
            _family("saf_run_finished_timestamp_seconds", "End of the run.", [({"profile": run["profile"]}, finished)]),
        ]
    )


def _labels(metric: Metric) -> dict[str, str]:
    return {
        "name": metric["name"],
        "subject": ",".join(metric["subject"]) or "cluster",
        "link": metric["link"] or "",
        "unit": metric["unit"],
        "params": _params_text(metric["params"]),
    }


def _params_text(params: Mapping[str, Any]) -> str:
    """Return parameters as one line, k=v,k=v in the order of names; values that are no scalars as JSON."""
    return ",".join(
        f"{key}={value if isinstance(value, (str, int, float)) else json.dumps(value)}" for key, value in sorted(params.items())
    )


def _family(name: str, text: str, series: Sequence[tuple[Mapping[str, str], float]]) -> str:
    lines = [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
    for labels, value in series:
        inside = ",".join(f'{key}="{_escape(label)}"' for key, label in labels.items())
        lines.append(f"{name}{{{inside}}} {value:.12g}" if inside else f"{name} {value:.12g}")
    return "\n".join(lines) + "\n"


def _escape(label: str) -> str:
    return str(clean_text(label)).replace("\\", "\\\\").replace('"', '\\"')


EXPORTER = Exporter("prometheus", "metrics.prom", prometheus)
