"""What of a report fails a play: the words of ``fail_on``, for continuous integration. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..model import Finding

WORDS = ("fault", "limit", "regression")


def word_of(finding: Finding) -> str:
    """Return the word that stands for a finding: a regression has a separate one, whatever its severity."""
    return "regression" if finding["kind"] == "regression" else finding["severity"]


def failing(findings: Iterable[Finding], words: Sequence[str]) -> list[str]:
    """Return a line for each finding that one of ``words`` names, in their order: what it is, and what was measured."""
    return [
        f"{word_of(finding).capitalize()}: {finding['title']}: {finding['measured']}"
        for finding in findings
        if word_of(finding) in words
    ]
