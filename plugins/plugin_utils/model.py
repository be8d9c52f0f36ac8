"""The types of run.json, as data/run.schema.json has them: SI base units, names as they are in the file.

What the nodes answer below ``facts`` and ``params`` stays open: trust.raw_shapes shapes it.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

Severity = Literal["fault", "limit", "note"]
Scope = Literal["node", "pair", "cluster"]
Better = Literal["higher", "lower"]


class Measurement(TypedDict):
    """One measured series as a module on a node returns it; samples in ``unit``."""

    name: str
    scope: Scope
    subject: list[str]
    unit: str
    better: Better
    samples: list[float]
    link: NotRequired[str | None]
    params: NotRequired[dict[str, Any]]
    flags: NotRequired[list[str]]
    context: NotRequired[dict[str, Any]]


class Metric(TypedDict):
    """A measurement with its statistics and its ceiling; share: median over ceiling, None without one."""

    name: str
    scope: Scope
    subject: list[str]
    link: str | None
    params: dict[str, Any]
    unit: str
    better: Better
    samples: list[float]
    n: int
    median: float
    mad: float
    p95: float
    min: float
    max: float
    ceiling: float | None
    ceiling_source: str
    share: float | None
    flags: list[str]
    context: dict[str, Any]


class NotMeasured(TypedDict):
    """What was planned and has no value, with the reason."""

    name: str
    subject: list[str]
    reason: str


class Finding(TypedDict):
    """What the values mean; remedies: the cheapest first; cause: findings with the same one belong together.

    gain_at_most: a factor for the tasks of the run; link_factor: how many times faster the link alone could be.
    """

    rank: int
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
    link_factor: NotRequired[float]


class Option(TypedDict):
    """What could be done with a cluster that has no fault there."""

    kind: str
    title: str
    text: str


class Link(TypedDict, total=False):
    """One interface of a node as the system reports it; speeds in bit/s."""

    interface: str | None
    address: str | None
    kind: str | None
    negotiated_bps: float | None
    capable_bps: float | None
    partner_bps: float | None
    mtu: int | None
    mtu_passes: bool | None
    driver: str | None
    lower: str | None
    speed_is_nominal: bool | None


class Node(TypedDict):
    """A node of a run: what it is, and its state before and after the measurements."""

    facts: dict[str, Any]
    fingerprint: str | None
    conditions_before: dict[str, Any]
    conditions_after: dict[str, Any]


class Comparison(TypedDict):
    """One metric against the comparable earlier runs; change and smallest_change are fractions of the centre."""

    name: str
    subject: list[str]
    link: str | None
    params: dict[str, Any]
    unit: str
    better: Better
    median: float
    second_median: NotRequired[float]
    headline: bool
    history: list[dict[str, Any]]
    runs: int
    centre: float | None
    mad: float | None
    change: float | None
    smallest_change: float | None
    verdict: Literal["insufficient", "same", "regression", "improvement", "unconfirmed"]


class History(TypedDict):
    """The comparable earlier runs (their ids, oldest first) and what differs from them."""

    runs: list[str]
    comparisons: list[Comparison]
    software_changes: list[Any]
    testbed_changes: list[Any]


class Keys(TypedDict):
    """What must be equal for two runs to be compared (testbed), and what is drawn on their history (software)."""

    testbed: str
    software: str
    testbed_parts: dict[str, Any]
    software_parts: dict[str, Any]


class Failure(TypedDict):
    """A derivation or a verdict that raised: its name and what it said."""

    name: str
    error: str


class RunDocument(TypedDict):
    """run.json, schema version 2."""

    schema_version: int
    run_id: str
    started: str
    finished: str
    partial: bool
    profile: str
    parameters: dict[str, Any]
    playbook: dict[str, Any]
    stack: dict[str, Any]
    head: str
    absent: list[str]
    nodes: dict[str, Node]
    metrics: list[Metric]
    not_measured: list[NotMeasured]
    findings: list[Finding]
    options: list[Option]
    keys: Keys
    history: History
