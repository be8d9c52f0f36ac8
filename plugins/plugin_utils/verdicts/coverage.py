"""Verdicts over the measurement itself: values that cannot be true."""

from __future__ import annotations

from ..metrics import title
from ..model import Metric, RunDocument
from ..text.units import human, percent
from .finding import Data, Draft, Rule, finding


def judge(run: RunDocument, _data: Data) -> list[Draft]:
    """Return one finding for each metric with values above their ceiling."""
    above: dict[str, list[Metric]] = {}
    for metric in run["metrics"]:
        if "above_ceiling" in metric["flags"]:
            above.setdefault(metric["name"], []).append(metric)
    return [_above(metrics, name) for name, metrics in sorted(above.items())]


def _above(metrics: list[Metric], name: str) -> Draft:
    worst = max(metrics, key=lambda metric: metric["share"] or 0)
    several = f", and {len(metrics) - 1} more" if len(metrics) > 1 else ""
    value = f"{human(worst['median'], worst['unit'])}, {percent(worst['share'])} of its ceiling{several}"
    return finding(
        severity="fault",
        kind="above_ceiling",
        title=f"{title(name)}: {percent(worst['share'])} of the ceiling",
        subject=sorted({node for metric in metrics for node in metric["subject"]}),
        measured=f"{name}: {value}",
        expected=f"at most {human(worst['ceiling'], worst['unit'])} ({worst['ceiling_source']})",
        because="More than the hardware can do: either the value or the ceiling is wrong; the value is ignored.",
        remedies=["Compare with a measurement by hand.", "Report it with run.json."],
        cost=0.1,
    )


RULES: list[Rule] = [judge]
