"""What could not be judged, as notes: a verdict that raised, a part of the report that could not be made."""

from __future__ import annotations

from .finding import finding

FAILED = "verdict_failed"


def failed(findings, failures, before=()):
    """Return the findings with a note for each thing that could not be judged; before: such notes of an earlier judgment."""
    notes = list(before)
    for name in dict.fromkeys(failure["name"] for failure in failures):
        errors = [failure["error"] for failure in failures if failure["name"] == name]
        notes.append(
            finding(
                "note",
                FAILED,
                [],
                f"this verdict failed: {name} ({errors[0]}{f', and {len(errors) - 1} more' if len(errors) > 1 else ''})",
                "a verdict for every value",
                "A fault of this program, not of the cluster; the measured values are complete in run.json.",
                "Report it with run.json.",
                cost=0,
            )
        )
        notes[-1].pop("cost")
    return ranked([one for one in findings if one["kind"] != FAILED] + notes)


def ranked(findings):
    """Return the findings with their rank, from 1."""
    return [{**finding, "rank": rank} for rank, finding in enumerate(findings, start=1)]
