"""From raw files to run.json: a pure function of what was planned and what was measured.

The shape is data/run.schema.json; the metrics are described in docs/numbers.md.
"""

from __future__ import annotations

from . import advice, ceilings, flags, history, limits, scaling, statistics
from .verdicts import judge

SCHEMA_VERSION = 1
# What a part of the plan measures, for the sentence about a part that never came; by the beginning of its name.
_PARTS = {
    "10-": "facts",
    "20-": "",
    "30-": "net.goodput",
    "31-": "net.together",
    "40-": "ray",
    "50-": "collective",
    "90-": "facts",
}


def assemble(plan, raws, data, finished, earlier=()):
    """Return the run document.

    plan: dict of plan.json; raws: list of raw documents; data: {peaks, cuda, headlines, switches}, what the data files hold;
    finished: ISO 8601 time in UTC; earlier: run documents for the history.
    """
    nodes = _nodes(plan, raws)
    measured = [measurement for raw in raws for measurement in raw.get("measurements", []) if measurement["samples"]]
    measured += scaling.derive(measured)
    context = limits.Context(nodes, measured, data)
    missing = _missing(plan, raws)
    not_measured = [
        {"name": item["name"], "subject": item.get("subject", []), "reason": item["reason"]}
        for raw in raws
        for item in raw.get("not_measured", [])
    ]
    document = {
        "schema_version": SCHEMA_VERSION,
        "run_id": plan["run_id"],
        "started": plan["started"],
        "finished": finished,
        "partial": bool(missing),
        "profile": plan["profile"],
        "parameters": plan.get("parameters", {}),
        "playbook": plan["playbook"],
        "stack": plan["stack"],
        "head": plan["head"],
        "absent": plan.get("absent", []),
        "nodes": nodes,
        "metrics": [_metric(measurement, context) for measurement in measured],
        "not_measured": _without_repeats(not_measured + missing),
        "findings": [],
        "advice": [],
    }
    document["keys"] = history.keys(document)
    document["history"] = history.compare(document, earlier, data["headlines"])
    document["findings"] = judge(document, data)
    document["advice"] = advice.options(document)
    return document


def confirmed(run, second, data):
    """Return the run document after its suspects were measured again in ``second``; findings follow the confirmed history."""
    run = {**run, "history": history.confirm(run, second)}
    return {**run, "findings": judge(run, data)}


def _missing(plan, raws):
    """Return what the plan has and no raw file, as not measured."""
    there = {(raw["part"], raw["node"]) for raw in raws}
    return [
        {
            "name": next((name for start, name in _PARTS.items() if part.startswith(start)), "") or part.split("-", 1)[1],
            "subject": [node],
            "reason": "The run ended, or lost the node, before this was measured.",
        }
        for part, nodes in plan.get("parts", {}).items()
        for node in nodes
        if (part, node) not in there
    ]


def _nodes(plan, raws):
    nodes = {name: {"facts": {}, "fingerprint": None, "conditions_before": {}, "conditions_after": {}} for name in plan["nodes"]}
    for raw in raws:
        facts = raw.get("facts")
        if not facts or raw["node"] not in nodes:
            continue
        node = nodes[raw["node"]]
        conditions = facts.get("conditions", {})
        if not node["facts"]:
            node["facts"] = {key: value for key, value in facts.items() if key != "conditions"}
            node["fingerprint"] = (facts.get("venv") or {}).get("fingerprint")
            node["conditions_before"] = conditions
        else:  # a second set of facts is the state after the last measurement
            node["conditions_after"] = conditions
    return nodes


def _metric(measurement, context):
    ceiling, source = limits.ceiling(measurement, context)
    metric = {
        "name": measurement["name"],
        "scope": measurement["scope"],
        "subject": measurement["subject"],
        "link": measurement.get("link"),
        "params": measurement.get("params", {}),
        "unit": measurement["unit"],
        "better": measurement["better"],
        "samples": measurement["samples"],
        **statistics.summarise(measurement["samples"]),
        "ceiling": ceiling,
        "ceiling_source": source,
        "share": None,
        "flags": list(measurement.get("flags", [])),
        "context": measurement.get("context", {}),
    }
    if ceiling:
        metric["share"] = metric["median"] / ceiling
        # More than a measured ceiling is a surprise, more than a documented one is impossible.
        if metric["share"] > ceilings.TOLERANCE and not source.startswith(limits.MEASURED):
            metric["flags"].append("above_ceiling")
    metric["flags"] = flags.of(metric, context.nodes)
    return metric


def _without_repeats(items):
    seen, kept = set(), []
    for item in items:
        key = (item["name"], tuple(item["subject"]), item["reason"])
        if key not in seen:
            seen.add(key)
            kept.append(item)
    return kept
