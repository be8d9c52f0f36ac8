"""What the values of a run mean: pure functions from a run document to findings, one module for each subject.

A finding has a severity (fault: a value or a machine is wrong; limit: something holds the cluster back; note: worth knowing),
a kind (stable name of the verdict), a title, a cause (see causes.py), subject (nodes), measured, expected, because, remedies
(the cheapest first) and gain_at_most (a factor, None where unknown).
"""

from __future__ import annotations

from functools import partial
from typing import Final

from ..guard import guarded
from ..model import Failure, Finding, RunDocument
from . import causes, collectives, compute, coverage, links, nodes, objects, past, scaling, switch
from .failures import FAILED, failed
from .finding import Data, Draft

__all__ = ["FAILED", "failed", "judge"]
_ORDER: Final = {"fault": 0, "limit": 1, "note": 2}
_SUBJECTS: Final = (nodes, links, switch, objects, collectives, scaling, compute, past, coverage)


def judge(run: RunDocument, data: Data, failures: list[Failure] | None = None) -> list[Finding]:
    """Return the findings of a run document, the most costly first, with their rank.

    data: what the files of data/ hold; only the remedies for links need it. failures: list for the verdicts that raise; the
    others are made all the same. Each subject lists its verdicts in RULES.
    """
    failures = [] if failures is None else failures
    drafts: list[Draft] = []
    for subject in _SUBJECTS:
        name = subject.__name__.rsplit(".", 1)[-1]
        for rule in subject.RULES:
            part = name if rule.__name__ == "judge" else f"{name}, {rule.__name__.strip('_')}"
            drafts += guarded(part, partial(rule, run, data), [], failures)
    drafts = guarded("causes", partial(causes.joined, drafts), drafts, failures)
    drafts.sort(key=lambda draft: (_ORDER[draft.severity], -draft.cost))
    return [draft.ranked(rank) for rank, draft in enumerate(drafts, start=1)]
