"""Verdicts over the measurement itself: figures that cannot be true, and nodes without any."""

from __future__ import annotations

from ..text.units import human, percent
from .finding import finding


def judge(run, _data):
    """Return one finding for each kind of figure that is above its ceiling."""
    above = {}
    for metric in run["metrics"]:
        if "above_ceiling" in metric["flags"]:
            above.setdefault((metric["name"], "virtual interface" in metric["ceiling_source"]), []).append(metric)
    return [_above(metrics, name, nominal) for (name, nominal), metrics in sorted(above.items())]


def _above(metrics, name, nominal):
    worst = max(metrics, key=lambda metric: metric["share"])
    several = f", and {len(metrics) - 1} more" if len(metrics) > 1 else ""
    figure = f"{human(worst['median'], worst['unit'])}, {percent(worst['share'])} of its ceiling{several}"
    return finding(
        "note" if nominal else "fault",
        "above_ceiling",
        sorted({node for metric in metrics for node in metric["subject"]}),
        f"{name}: {figure}",
        f"at most {human(worst['ceiling'], worst['unit'])} ({worst['ceiling_source']})",
        "A virtual interface has no speed of its own; what it negotiated is only a name."
        if nominal
        else "More than the hardware can do: the figure or the ceiling is wrong, and it counts as no record.",
        "None needed." if nominal else "Report it with run.json; compare with a measurement by hand.",
        cost=0.1,
    )


RULES = (judge,)
