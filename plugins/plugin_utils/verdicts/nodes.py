"""Verdicts over what the nodes are: they must carry the same code and should be idle while they are measured."""

from __future__ import annotations

from ..analysis.flags import busy_cores, conditions
from ..text.labels import busy_label
from ..text.units import binary_size
from .finding import finding


def _versions(run, _data):
    """Every distribution that the platforms share must have one version everywhere."""
    installed = {name: (node["facts"].get("venv") or {}).get("distributions", {}) for name, node in run["nodes"].items()}
    installed = {name: distributions for name, distributions in installed.items() if distributions}
    differing = {}
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
            "fault",
            "versions_differ",
            sorted(installed),
            f"{len(odd)} distributions differ, for instance {example}: {seen}",
            "the stack's versions on every node",
            "Nodes that run different code give figures that cannot be compared, and Ray refuses some mixtures.",
            "Run site.yml for all nodes.",
            cost=1.0,
        )
    ]


def _fingerprints(run, _data):
    """Nodes of one platform must carry the same files."""
    by_kind = {}
    for name, node in run["nodes"].items():
        facts = node["facts"]
        if node["fingerprint"]:
            by_kind.setdefault((facts.get("system"), facts.get("machine")), {}).setdefault(node["fingerprint"], []).append(name)
    findings = []
    for (system, machine), prints in by_kind.items():
        if len(prints) > 1:
            findings.append(
                finding(
                    "fault",
                    "fingerprints_differ",
                    sorted(name for names in prints.values() for name in names),
                    f"{len(prints)} different venvs on {system} {machine}",
                    "one",
                    "The files of the venvs differ although the platform is the same.",
                    "Run site.yml for all nodes: it repairs the venv that is not what the lock says.",
                    cost=0.9,
                )
            )
    return findings


def _busy(run, _data):
    findings = []
    for name, node in run["nodes"].items():
        busy, cores, most = busy_cores(node)
        if busy > most:
            busiest = busy_label(node["conditions_before"])
            findings.append(
                finding(
                    "note",
                    "busy_node",
                    [name],
                    f"{busy:.1f} of {cores:g} cores in use before the first measurement" + (f": {busiest}" if busiest else ""),
                    f"at most {most:g}",
                    "Other work ran on the node: its figures, and those of links to it, may be too low.",
                    "Let it finish and measure again.",
                    cost=min(busy / cores, 1.0) / 2,
                )
            )
    return findings


def _power(run, _data):
    findings = []
    for name, node in run["nodes"].items():
        flags = conditions(node) & {"low_power", "battery", "speed_limit"}
        if not flags:
            continue
        words = {"low_power": "Low Power Mode is on", "battery": "it runs on battery", "speed_limit": "heat limits its clock"}
        findings.append(
            finding(
                "limit",
                "power",
                [name],
                " and ".join(words[flag] for flag in sorted(flags)),
                "mains power, automatic or high power mode, cool",
                "The system slows the chip down in this state; every figure of the node is lower than it could be.",
                "Plug it in, switch Low Power Mode off, give it air; then measure again.",
                cost=0.3,
            )
        )
    return findings


def _swapping(run, _data):
    findings = []
    for name, node in run["nodes"].items():
        if "swapping" not in conditions(node):
            continue
        before, after = (node[when].get("swap_used_bytes") or 0 for when in ("conditions_before", "conditions_after"))
        findings.append(
            finding(
                "note",
                "swapping",
                [name],
                f"swap in use grew by {binary_size(after - before)} during the run",
                "no growth",
                "The node had not enough memory for what was measured beside what runs there.",
                "Close other programs, or lower Ray's object store, and measure again.",
                cost=0.3,
            )
        )
    return findings


def _absent(run, _data):
    return [
        finding(
            "note",
            "absent_node",
            [name],
            "not measured",
            "part of the cluster",
            "The node was declared absent or could not be reached.",
            "Bring it back and run site.yml and bench.yml again.",
            cost=0.4,
        )
        for name in run["absent"]
    ]


RULES = (_versions, _fingerprints, _busy, _power, _swapping, _absent)
