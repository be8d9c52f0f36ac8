"""What the figures of a run mean: pure functions from a run document to findings, one module for each subject.

A finding has a severity (fault: a figure or a machine is wrong; limit: something holds the cluster back; note: worth knowing),
a kind (stable name), subject (nodes), measured, expected, because, advice (the cheapest remedy first) and gain_at_most (a
factor, None where unknown).
"""

from __future__ import annotations

from ..guard import guarded
from . import collectives, compute, coverage, links, nodes, objects, past, scaling, switch
from .failures import FAILED, failed, ranked

__all__ = ["FAILED", "failed", "judge"]
_ORDER = {"fault": 0, "limit": 1, "note": 2}
_SUBJECTS = (nodes, links, switch, objects, collectives, scaling, compute, past, coverage)


def judge(run, data, failures=None):
    """Return the findings of a run document, the most costly first, with their rank.

    data: what the data files hold; only the advice about links needs it. failures: list for the verdicts that raise; the others
    are made all the same. Each subject lists its verdicts in RULES.
    """
    failures = [] if failures is None else failures
    findings = []
    for subject in _SUBJECTS:
        name = subject.__name__.rsplit(".", 1)[-1]
        for rule in subject.RULES:
            part = name if rule.__name__ == "judge" else f"{name}, {rule.__name__.strip('_')}"
            findings += guarded(part, lambda rule=rule: rule(run, data), [], failures)
    findings.sort(key=lambda finding: (_ORDER[finding["severity"]], -finding.pop("cost")))
    return ranked(findings)
