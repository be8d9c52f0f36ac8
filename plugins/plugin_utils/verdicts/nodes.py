"""Verdicts over what the nodes are: they must carry the same code and should be idle while they are measured."""

from __future__ import annotations

from typing import Final

from ..analysis.flags import busy_cores, conditions
from ..model import RunDocument
from ..text.labels import busy_label, plural
from ..text.units import binary_size
from .finding import Data, Draft, Rule, finding

# Flags of a node that lower everything on it: as a title, as what was measured, and what helps.
_POWER: Final = {
    "battery": ("Node runs on battery", "it runs on battery", "Plug it in, then measure again."),
    "low_power": ("Low Power Mode is on", "Low Power Mode is on", "Switch Low Power Mode off, then measure again."),
    "speed_limit": ("Heat limits the clock", "heat limits its clock", "Improve its cooling, then measure again."),
}


def _versions(run: RunDocument, _data: Data) -> list[Draft]:
    """Every distribution that the platforms share must have one version everywhere."""
    installed = {name: (node["facts"].get("venv") or {}).get("distributions", {}) for name, node in run["nodes"].items()}
    installed = {name: distributions for name, distributions in installed.items() if distributions}
    differing: dict[str, dict[str, list[str]]] = {}
    for name, distributions in installed.items():
        for distribution, version in distributions.items():
            differing.setdefault(distribution, {}).setdefault(version, []).append(name)
    odd = {distribution: versions for distribution, versions in differing.items() if len(versions) > 1}
    if not odd:
        return []
    example = sorted(odd)[0]
    seen = "; ".join(f"{version} on {', '.join(names)}" for version, names in sorted(odd[example].items()))
    return [
        finding(
            severity="fault",
            kind="versions_differ",
            title=f"Versions of {plural(len(odd), 'package')} differ between nodes",
            subject=sorted(installed),
            measured=f"{len(odd)} distributions differ, for instance {example}: {seen}",
            expected="the stack's versions on every node",
            because="Values of nodes that run different code cannot be compared, and Ray refuses some mixtures.",
            remedies=["Run site.yml for all nodes."],
            cost=1.0,
        )
    ]


def _fingerprints(run: RunDocument, _data: Data) -> list[Draft]:
    """Nodes of one platform must carry the same files."""
    by_kind: dict[tuple[str | None, str | None], dict[str, list[str]]] = {}
    for name, node in run["nodes"].items():
        facts = node["facts"]
        if node["fingerprint"]:
            by_kind.setdefault((facts.get("system"), facts.get("machine")), {}).setdefault(node["fingerprint"], []).append(name)
    return [
        finding(
            severity="fault",
            kind="fingerprints_differ",
            title=f"Nodes of one platform have {len(prints)} different venvs",
            subject=sorted(name for names in prints.values() for name in names),
            measured=f"{len(prints)} different venvs on {system} {machine}",
            expected="one",
            because="The files of the venvs differ although the platform is the same.",
            remedies=["Run site.yml for all nodes: it repairs the venv that differs from the lock."],
            cost=0.9,
        )
        for (system, machine), prints in by_kind.items()
        if len(prints) > 1
    ]


def _busy(run: RunDocument, _data: Data) -> list[Draft]:
    findings = []
    for name, node in run["nodes"].items():
        busy, cores, most = busy_cores(node)
        if busy > most:
            busiest = busy_label(node["conditions_before"])
            findings.append(
                finding(
                    severity="note",
                    kind="busy_node",
                    title=f"Other work on {busy:.1f} of {cores:g} cores before the run",
                    subject=[name],
                    measured=f"{busy:.1f} of {cores:g} cores in use before the first measurement"
                    + (f": {busiest}" if busiest else ""),
                    expected=f"at most {most:g}",
                    because="Other work ran on the node: its values, and those of links to it, may be too low.",
                    remedies=["Let it finish and measure again."],
                    cost=min(busy / cores, 1.0) / 2,
                )
            )
    return findings


def _power(run: RunDocument, _data: Data) -> list[Draft]:
    findings = []
    for name, node in run["nodes"].items():
        flags = sorted(conditions(node) & set(_POWER))
        if not flags:
            continue
        findings.append(
            finding(
                severity="limit",
                kind="power",
                title=_POWER[flags[0]][0] + "".join(f", {_POWER[flag][1]}" for flag in flags[1:]),
                subject=[name],
                measured=" and ".join(_POWER[flag][1] for flag in flags),
                expected="mains power, automatic or high power mode, cool",
                because="The system slows the chip down in this state; every value of the node is lower than it could be.",
                remedies=[_POWER[flag][2] for flag in flags],
                cost=0.3,
            )
        )
    return findings


def _swapping(run: RunDocument, _data: Data) -> list[Draft]:
    findings = []
    for name, node in run["nodes"].items():
        if "swapping" not in conditions(node):
            continue
        before = node["conditions_before"].get("swap_used_bytes") or 0
        grown = binary_size((node["conditions_after"].get("swap_used_bytes") or 0) - before)
        findings.append(
            finding(
                severity="note",
                kind="swapping",
                title=f"Swap in use grew by {grown} during the run",
                subject=[name],
                measured=f"swap in use grew by {grown} during the run",
                expected="no growth",
                because="The node had not enough memory for what was measured beside what runs there.",
                remedies=["Close other programs and measure again.", "Lower Ray's object store and measure again."],
                cost=0.3,
            )
        )
    return findings


def _absent(run: RunDocument, _data: Data) -> list[Draft]:
    return [
        finding(
            severity="note",
            kind="absent_node",
            title="Node was not measured",
            subject=[name],
            measured="not measured",
            expected="part of the cluster",
            because="The node was declared absent or could not be reached.",
            remedies=["Switch it on, then run site.yml and bench.yml again."],
            cost=0.4,
        )
        for name in run["absent"]
    ]


RULES: list[Rule] = [_versions, _fingerprints, _busy, _power, _swapping, _absent]
