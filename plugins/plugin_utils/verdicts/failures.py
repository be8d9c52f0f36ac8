"""What could not be evaluated, as notes: a verdict that raised, a part of the report that could not be made."""

from __future__ import annotations

from collections.abc import Iterable

from ..model import Failure, Finding
from .finding import finding

FAILED = "verdict_failed"


def failed(findings: Iterable[Finding], failures: list[Failure], before: Iterable[Finding] = ()) -> list[Finding]:
    """Return the findings with a note for each thing that could not be evaluated; before: such notes of an earlier pass."""
    notes = list(before)
    for name in dict.fromkeys(failure["name"] for failure in failures):
        errors = [failure["error"] for failure in failures if failure["name"] == name]
        note = finding(
            severity="note",
            kind=FAILED,
            title="A part of this report could not be computed",
            subject=[],
            measured=f"this verdict failed: {name} ({errors[0]}{f', and {len(errors) - 1} more' if len(errors) > 1 else ''})",
            expected="a verdict for every value",
            because="A fault of this program, not of the cluster; the measured values are complete in run.json.",
            remedies=["Report it with run.json."],
            cost=0,
        )
        notes.append(note.ranked(0))
    return ranked([*(one for one in findings if one["kind"] != FAILED), *notes])


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings with their rank, from 1."""
    return [{**finding, "rank": rank} for rank, finding in enumerate(findings, start=1)]
