"""The families of the first format: several units in one family, parameters as one text.

They stay for one more version beside those that replace them, so that a dashboard built on them does not fall silent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ...model import Metric, RunDocument
from ...trust.untrusted import clean_text
from .prometheus_text import Labels, family

_REPLACED: Final = "Deprecated, gone with version 0.2.0"


def families(run: RunDocument) -> str:
    """Return saf_metric_median and saf_metric_share."""
    metrics = [(_labels(metric), metric) for metric in run["metrics"]]
    shares = [(labels, metric["share"]) for labels, metric in metrics if metric["share"] is not None]
    return family(
        "saf_metric_median",
        f"{_REPLACED}: use the family of the metric, for instance saf_gemm_flops_per_second (docs/monitoring.md)",
        [(labels, metric["median"]) for labels, metric in metrics],
    ) + family("saf_metric_share", f"{_REPLACED}: use saf_ratio_to_ceiling", shares)


def _labels(metric: Metric) -> Labels:
    return {
        "name": metric["name"],
        "subject": clean_text(",".join(metric["subject"])) or "cluster",
        "link": clean_text(metric["link"] or ""),
        "unit": metric["unit"],
        "params": clean_text(_params_text(metric["params"])),
    }


def _params_text(params: Mapping[str, Any]) -> str:
    """Return parameters as one line, k=v,k=v in the order of names; values that are no scalars as JSON."""
    return ",".join(
        f"{key}={value if isinstance(value, (str, int, float)) else json.dumps(value)}" for key, value in sorted(params.items())
    )
