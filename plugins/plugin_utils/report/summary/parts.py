"""The parts of a summary: texts with units, ready to be placed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...model import Finding, Option

Mark = Literal["good", "attention", "bad", "none"]
Badge = Literal["Fault", "Limit", "Regression", "Note"]


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """Whether to worry; lead: how many problems, or that there are none."""

    mark: Mark
    lead: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One of the values that matter most; share and usual: 0 to 1 on the scale of its bar, None where not known.

    source: who published what is usual, "" where the own runs say it.
    """

    label: str
    value: str
    share: float | None
    usual: float | None
    text: str
    mark: Mark
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table; values: one text for each of the summary's columns, "" where there is none.

    together: the first value is that of all nodes, not of the first column's.
    """

    label: str
    values: tuple[str, ...]
    ceiling: str
    share: float | None
    mark: Mark
    together: bool = False


@dataclass(frozen=True, kw_only=True)
class Problem:
    """The findings of one cause; title: what is wrong and where; remedies: the first is the one to try first."""

    badge: Badge
    cause: str
    title: str
    measured: str
    because: str
    remedies: tuple[str, ...]
    gain: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a run says first. title: the nodes; hardware: their chips; measured: date and times in words; history and
    not_measured: a sentence, "" where there is nothing to say.
    """

    title: str
    hardware: str
    measured: str
    profile: str
    software: str
    sentence: Sentence
    tiles: tuple[Tile, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    options: tuple[Option, ...]
    history: str
    not_measured: str
