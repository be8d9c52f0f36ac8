"""What Prometheus scrapes, which alerts it has, and what a node says about its links: pure functions over the inventory."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ..trust.untrusted import clean_text

# What monitoring_alerts may change of a rule.
CHANGEABLE: Final = ("annotations", "expr", "for", "labels")
_OFF: Final = ("false", "no", "off")
_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def target(address: object, port: object) -> str:
    """Return address and port as Prometheus and its programs take them."""
    text = str(address)
    return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"


def targets(
    addresses: Mapping[str, str], head: str, ports: Mapping[str, object], exporters: Iterable[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return {job: targets for file_sd_configs}, each with the inventory name of its node as the label host.

    Not the label node: the metrics of benchmark runs have that already. addresses: {node: address} of all members; ports: {node,
    ray, autoscaler, dashboard}; exporters: nodes with node_exporter.
    """

    def entry(host: str, *names: str) -> dict[str, Any]:
        return {"targets": [target(addresses[host], ports[name]) for name in names], "labels": {"host": host}}

    with_exporter = set(exporters)
    return {
        "node": [entry(host, "node") for host in addresses if host in with_exporter],
        "ray": [entry(host, *(("ray", "autoscaler", "dashboard") if host == head else ("ray",))) for host in addresses],
    }


def alerts_of(documents: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the alerts of files of rules."""
    return [rule["alert"] for document in documents for group in document["groups"] for rule in group["rules"]]


def is_off(change: object) -> bool:
    """Return whether a change of a rule removes it."""
    return change is None or change is False or str(change).strip().lower() in _OFF


def rules(documents: Sequence[Mapping[str, Any]], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return one file of rules: those of the documents with changes, {alert: {field: value}, or false to remove it}."""
    groups = []
    for group in (group for document in documents for group in document["groups"]):
        kept = []
        for rule in group["rules"]:
            change = changes.get(rule["alert"], {})
            if not is_off(change):
                kept.append({**copy.deepcopy(dict(rule)), **change})
        if kept:
            groups.append({"name": group["name"], "rules": kept})
    return {"groups": groups}


def refusal(
    documents: Sequence[Mapping[str, Any]], changes: object, servers: Sequence[str], members: Sequence[str], play: Sequence[str]
) -> str:
    """Return why monitoring cannot be set up as the inventory says, "" where it can.

    changes: monitoring_alerts as given; servers: group monitoring; play: the nodes of this run.
    """
    if len(servers) > 1:
        return f"Group monitoring has {', '.join(servers)}: keep one of them, Prometheus runs on one node."
    strangers = [name for name in servers if name not in members]
    if strangers:
        return f"{strangers[0]} of group monitoring is no node of the cluster: name one of {', '.join(members)}."
    missing = [name for name in members if name not in play]
    if missing:
        return f"Prometheus scrapes all nodes, and this run leaves out {', '.join(missing)}: repeat it without --limit."
    if not isinstance(changes, Mapping):
        return "monitoring_alerts is no dictionary: write for instance monitoring_alerts: {SafNodeLost: {for: 5m}}."
    known = alerts_of(documents)
    unknown = sorted(str(name) for name in changes if name not in known)
    if unknown:
        return f"There is no alert {unknown[0]} to change: monitoring_alerts may name {', '.join(sorted(known))}."
    for name, change in changes.items():
        if not is_off(change) and (not isinstance(change, Mapping) or set(change) - set(CHANGEABLE)):
            return f"monitoring_alerts.{name} may have {', '.join(CHANGEABLE)}, or be false to remove the alert."
    return ""


def link_lines(links: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the metrics of a node's links in Prometheus' text format.

    links: {name: {address, interface, ...}} of node_hardware_info; one whose interface is not known is left out.
    """
    lines = [
        "# HELP saf_link_info The interface of each link of the inventory, as it was when this file was written; always 1.",
        "# TYPE saf_link_info gauge",
    ]
    for name, link in sorted(links.items()):
        device = clean_text(str(link.get("interface") or ""), limit=64)
        if device:
            labels = {"link": name, "address": str(link.get("address", "")), "device": device}
            spelled = ",".join(f'{label}="{value.translate(_ESCAPES)}"' for label, value in labels.items())
            lines.append(f"saf_link_info{{{spelled}}} 1")
    return "\n".join(lines) + "\n"
