"""Verdicts over the history: what has become worse since comparable runs, and what changed on the testbed itself."""

from __future__ import annotations

from ..units import human
from ..words import what
from .finding import finding


def judge(run, _data):
    """Return a finding for each regression of a headline metric, and one for links that negotiate less than before."""
    return _regressions(run) + _fallen_links(run)


def _regressions(run):
    findings = []
    for item in run["history"]["comparisons"]:
        if item["verdict"] != "regression" or not item["headline"]:
            continue
        suspects = ", ".join(path for path, _before, _after in run["history"]["software_changes"][:3])
        twice = "" if "second_median" not in item else f"; measured again: {human(item['second_median'], item['unit'])}"
        findings.append(
            finding(
                "limit",
                "regression",
                item["subject"],
                f"{item['name']} ({what(item)}): {human(item['median'], item['unit'])}, "
                f"{abs(item['change']) * 100:.0f} % worse{twice}",
                f"{human(item['centre'], item['unit'])}, the median of {item['runs']} runs",
                f"Changed since the last of them: {suspects}."
                if suspects
                else "The software is the same as in the last of them.",
                "Look at load, heat and power of the node; if they are as before, at what was changed.",
                cost=abs(item["change"]),
            )
        )
    return findings


def _fallen_links(run):
    findings = []
    for path, before, after in run["history"]["testbed_changes"]:
        if not path.endswith("/negotiated_bps") or not before or (after or 0) >= before:
            continue
        _nodes, name, _links, link, _field = path.split("/")
        findings.append(
            finding(
                "fault",
                "link_fell",
                [name],
                f"the link {link} of {name} negotiates {human(after, 'bit/s') if after else 'nothing'}",
                f"{human(before, 'bit/s')}, as in the run before",
                "A port or a cable has become worse since then; figures before and after cannot be compared.",
                "Plug the cable in again, then swap it, then the port.",
                cost=0.95,
            )
        )
    return findings


RULES = (judge,)
