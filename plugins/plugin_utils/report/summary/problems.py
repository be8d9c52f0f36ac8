"""The findings of one cause as one problem: what is wrong and where, what to do first, what it gains. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from ...model import Finding, RunDocument
from ...text.labels import SEVERITY
from ...text.units import percent
from ...thresholds import GAIN_LEAST
from ...verdicts import past
from . import kinds, places
from .parts import Badge, Problem

_ORDER: Final = ("fault", "limit", "note")
_PAIR: Final = 2
_TIMES, _WHOLE, _BOUNDLESS = 2, 10, 100  # factors that are said as times, as whole times, as "more than"
_BADGES: Final[dict[str, Badge]] = {"Fault": "Fault", "Limit": "Limit", "Note": "Note"}
Title = Callable[[RunDocument, Finding], str]


def problems(run: RunDocument) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """Return (problems, notes) in the order of their ranks: one for each cause."""
    groups: dict[str, list[Finding]] = {}
    for finding in run["findings"]:
        groups.setdefault(finding["cause"], []).append(finding)
    made = [_problem(run, cause, findings) for cause, findings in groups.items()]
    return (
        tuple(problem for problem in made if problem.badge != "Note"),
        tuple(problem for problem in made if problem.badge == "Note"),
    )


def _problem(run: RunDocument, cause: str, findings: Sequence[Finding]) -> Problem:
    """Return the problem of some findings: the title is that of the worst, the first remedy removes the cause.

    A run that became slower as a whole is said first, whatever its cause.
    """
    root = next((finding for finding in findings if finding["kind"] == cause), None)
    worst = min(_ORDER.index(finding["severity"]) for finding in findings)
    leading = [finding for finding in findings if _ORDER.index(finding["severity"]) == worst]
    whole = next((finding for finding in findings if _whole(finding)), None)
    lead = whole or min(leading, key=lambda finding: (finding is not root, finding["rank"]))
    root = root or lead
    ordered = [root, lead, *findings]
    reason = lead["because"]
    if root is not lead:
        reason = f"{_title(run, root, [root])}: {root['measured'].rstrip('.')}. {reason}"
    return Problem(
        badge="Regression" if lead["kind"] == past.REGRESSION else _BADGES[SEVERITY[lead["severity"]]],
        cause=cause,
        title=_title(run, lead, [finding for finding in findings if finding["kind"] == lead["kind"]]),
        measured=lead["measured"],
        because=reason,
        remedies=tuple(dict.fromkeys(remedy for finding in ordered for remedy in finding["remedies"])),
        gain=gain(lead),
        findings=tuple(findings),
    )


def gain(finding: Finding) -> str:
    """Return what can be won, "" where nobody knows: of a link, and of this run's tasks, which are two different things."""
    most, factor = finding["gain_at_most"], finding.get("link_factor")
    if finding["kind"] not in kinds.OF_A_LINK:
        return "" if most is None or most < GAIN_LEAST else f"up to {faster(most)}"
    link = f"link {faster(factor)}" if factor and factor >= GAIN_LEAST else ""
    if most is None:
        return link
    tasks = "this run's tasks no faster" if most < GAIN_LEAST else f"this run's tasks at most {faster(most)}"
    return "; ".join(part for part in (link, tasks) if part)


def faster(factor: float) -> str:
    """Return a factor in words: 1.05 is "5 % faster", 3.4 is "3.4 times faster"."""
    if factor < _TIMES:
        return f"{(factor - 1) * 100:.0f} % faster"
    if factor >= _BOUNDLESS:
        return f"more than {_BOUNDLESS} times faster"
    return f"{f'{factor:.1f}'.removesuffix('.0') if factor < _WHOLE else f'{factor:.0f}'} times faster"


def _title(run: RunDocument, lead: Finding, alike: Sequence[Finding]) -> str:
    """Return what is wrong and where; alike: the findings of the lead's kind."""
    if lead["kind"] == past.REGRESSION:
        return _regressions(run, lead, alike)
    made = _TITLES.get(lead["kind"])
    return made(run, lead) if made else _at(run, lead)


def _whole(finding: Finding) -> str:
    """Return what is slower as a whole, as the title of a finding begins, "" where it is about single metrics."""
    words = (words for words in past.WHOLES.values() if finding["title"].startswith(words))
    return next(words, "") if finding["kind"] == past.REGRESSION else ""


def _regressions(run: RunDocument, lead: Finding, alike: Sequence[Finding]) -> str:
    """Return the title of what became worse: the whole run, one metric, or several by different amounts."""
    whole = _whole(lead)
    if whole:
        return f"{whole} on {places.counted(run, lead['subject'])}{lead['title'].removeprefix(whole)}"
    if len(alike) == 1 or lead["cause"] not in past.FAMILIES:
        return _at(run, lead)
    nodes = list(dict.fromkeys(node for finding in alike for node in finding["subject"]))
    losses = [
        past.loss(item)
        for item in run["history"]["comparisons"]
        if item["headline"] and item["verdict"] == "regression" and past.family(item["name"]) == lead["cause"]
    ]
    much = f"up to {percent(max(losses))} " if losses else ""
    return f"{past.FAMILIES[lead['cause']]} {much}slower than before on {places.named(run, nodes)}"


def _at(run: RunDocument, finding: Finding) -> str:
    """Return the title of a finding with its place behind it."""
    return f"{finding['title']} ({places.named(run, finding['subject'])})" if finding["subject"] else finding["title"]


def _on(text: str, run: RunDocument, finding: Finding) -> str:
    return f"{text} on {places.named(run, finding['subject'])}"


def _by_severity(fault: str, limit: str, run: RunDocument, finding: Finding) -> str:
    return _on(fault if finding["severity"] == "fault" else limit, run, finding)


def _verb(one: str, many: str, run: RunDocument, finding: Finding) -> str:
    return f"{places.named(run, finding['subject'])} {one if len(finding['subject']) == 1 else many}"


def _slow_link(run: RunDocument, finding: Finding) -> str:
    nodes = finding["subject"]
    rates = [m["median"] for m in run["metrics"] if m["name"] == "net.goodput" and set(m["subject"]) <= set(nodes)]
    if rates and not any(rates):
        return f"Nothing arrives between {places.named(run, nodes)}"
    slow = "far too slow" if finding["severity"] == "fault" else "slower than the others"
    if len(nodes) == 1:
        return f"Every link of {nodes[0]} {slow}"
    if len(nodes) == _PAIR:
        return f"Link {places.between(nodes)} {slow}"
    return _at(run, finding)


def _link_at(run: RunDocument, finding: Finding) -> str:
    """Return the title of a finding over links with its place: a pair by its ends."""
    nodes = finding["subject"]
    return f"{finding['title']} ({places.between(nodes)})" if len(nodes) == _PAIR else _at(run, finding)


def _scaling(run: RunDocument, finding: Finding) -> str:
    return f"{len(finding['subject'])} {places.machines(run)}s gain too little over 1"


def _impossible(run: RunDocument, finding: Finding) -> str:
    return f"Impossible value on {places.named(run, finding['subject'])}: {finding['title']}"


_TITLES: Final[dict[str, Title]] = {
    "compute_below_peak": partial(_by_severity, "GPU far too slow", "GPU slower than usual"),
    "memory_below_peak": partial(_by_severity, "Memory far too slow", "Memory slower than usual"),
    "slow_node": partial(_verb, "is slower than nodes with the same chip", "are slower than nodes with the same chip"),
    "throttling": partial(_on, "GPU slows down under load"),
    "node_uplink": partial(_verb, "sends far too slowly", "send far too slowly"),
    "node_downlink": partial(_verb, "receives far too slowly", "receive far too slowly"),
    "slow_link": _slow_link,
    "absent_node": partial(_verb, "was not measured", "were not measured"),
    "busy_node": partial(_on, "Other work was running"),
    "wifi_route": partial(_on, "Cluster traffic goes over Wi-Fi"),
    "versions_differ": partial(_on, "Different versions of the software"),
    "fingerprints_differ": partial(_on, "Different files of the software"),
    "weak_scaling": _scaling,
    "above_ceiling": _impossible,
    **dict.fromkeys(
        (
            "asymmetric_link",
            "path_limit",
            "negotiated_below_capable",
            "lossy_link",
            "cpu_bound_link",
            "single_stream_limit",
            "low_share",
            "mtu_differs",
            "jumbo_frames_lost",
            "wrong_route",
            "bufferbloat",
            "udp_loss",
            "object_transfer_below_link",
        ),
        _link_at,
    ),
}
