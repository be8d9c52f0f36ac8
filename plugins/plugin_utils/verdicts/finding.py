"""What a verdict returns, and what several verdicts need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..analysis.statistics import ratio
from ..model import Finding, Metric, RunDocument, Severity

Data = Mapping[str, Any]  # what the files of data/ hold, by name


@dataclass(frozen=True)
class Draft:
    """A finding before it has a rank; cost: the fraction that is lost, 0 to 1, ranks it among those of its severity."""

    severity: Severity
    kind: str
    title: str
    cause: str
    subject: list[str]
    measured: str
    expected: str
    because: str
    remedies: list[str]
    gain_at_most: float | None
    cost: float
    link_factor: float | None = None

    def ranked(self, rank: int) -> Finding:
        """Return the finding as run.json has it."""
        ranked: Finding = {
            "rank": rank,
            "severity": self.severity,
            "kind": self.kind,
            "title": self.title,
            "cause": self.cause,
            "subject": self.subject,
            "measured": self.measured,
            "expected": self.expected,
            "because": self.because,
            "remedies": self.remedies,
            "gain_at_most": self.gain_at_most,
        }
        if self.link_factor is not None:
            ranked["link_factor"] = self.link_factor
        return ranked


Rule = Callable[[RunDocument, Data], list[Draft]]


def finding(
    *,
    severity: Severity,
    kind: str,
    title: str,
    subject: Iterable[str],
    measured: str,
    expected: str,
    because: str,
    remedies: Iterable[str],
    cost: float,
    gain_at_most: float | None = None,
    cause: str | None = None,
    link_factor: float | None = None,
) -> Draft:
    """Return one finding.

    kind: stable name of the verdict; title: what is wrong, with its value, without names; subject: nodes; remedies: one action
    each, the cheapest first; cost: 0 to 1, what lies beyond is cut; gain_at_most: a factor, None where unknown; cause: stable
    word that findings with one root share, the kind where none is given (see causes.py); link_factor: how many times faster the
    link alone could be.
    """
    return Draft(
        severity=severity,
        kind=kind,
        title=title,
        cause=cause or kind,
        subject=list(subject),
        measured=measured,
        expected=expected,
        because=because,
        remedies=[remedy for remedy in remedies if remedy],
        gain_at_most=gain_at_most,
        cost=min(max(cost, 0.0), 1.0),
        link_factor=None if link_factor is None else round(link_factor, 2),
    )


def named(run: RunDocument, name: str) -> list[Metric]:
    """Return the metrics of a run with one name."""
    return [metric for metric in run["metrics"] if metric["name"] == name]


def all_virtual(run: RunDocument) -> bool:
    """Return whether all nodes are containers or virtual machines, which may share the cores of one host."""
    return all(node["facts"].get("virtual") for node in run["nodes"].values())


def bounded_gain(share: float, factor: float | None) -> float | None:
    """Return the most that a resource ``factor`` times as fast can give when it takes ``share`` of the time (Amdahl).

    factor: None where the resource gives nothing now; the gain is then without a bound, which None means.
    """
    bound: float | None = ratio(1, (1 - share) + share / factor) if factor else None
    return bound
