"""From raw files to run.json: a pure function of what was planned and what was measured.

The shape is data/run.schema.json; the metrics are described in docs/numbers.md.
"""

from __future__ import annotations

from . import ceilings, statistics
from .verdicts import judge

SCHEMA_VERSION = 1


def assemble(plan, raws, peaks_csv, finished):
    """Return the run document.

    plan: dict of plan.json; raws: list of raw documents; peaks_csv: text of the table of Apple chips;
    finished: ISO 8601 time in UTC.
    """
    nodes = _nodes(plan, raws)
    peaks = ceilings.read_peaks(peaks_csv)
    metrics = [_metric(m, nodes, peaks) for raw in raws for m in raw.get("measurements", []) if m["samples"]]
    metrics += _strong_scaling(metrics)
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
        "profile": plan["profile"],
        "parameters": plan.get("parameters", {}),
        "playbook": plan["playbook"],
        "stack": plan["stack"],
        "head": plan["head"],
        "absent": plan.get("absent", []),
        "nodes": nodes,
        "metrics": metrics,
        "not_measured": _without_repeats(not_measured),
        "findings": [],
    }
    document["findings"] = judge(document)
    return document


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


def _metric(measurement, nodes, peaks):
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
        "ceiling": None,
        "ceiling_source": "no ceiling is defined for this metric",
        "share": None,
        "flags": list(measurement.get("flags", [])),
        "context": measurement.get("context", {}),
    }
    if metric["name"].startswith("gemm."):
        facts = nodes.get(metric["subject"][0], {}).get("facts", {})
        metric["ceiling"], metric["ceiling_source"] = ceilings.gemm(facts, metric["params"], peaks)
    elif metric["name"] == "net.goodput":
        metric["ceiling"], metric["ceiling_source"] = ceilings.link(_ends(metric, nodes))
    if metric["ceiling"]:
        metric["share"] = metric["median"] / metric["ceiling"]
        if metric["share"] > ceilings.TOLERANCE:
            metric["flags"].append("above_ceiling")
    return metric


def _ends(metric, nodes):
    """Return the interfaces at both ends of a link, sender first."""
    context = metric["context"]
    ends = []
    for side, node in zip(("from", "to"), metric["subject"]):
        links = nodes.get(node, {}).get("facts", {}).get("links", {})
        ends.append(context.get(side) or links.get(metric["link"] or "default"))
    return ends


def _strong_scaling(metrics):
    """Return scaling.strong = T1 / (n * Tn), derived from ray.mlx_tasks on one node and on all."""
    runs = [metric for metric in metrics if metric["name"] == "ray.mlx_tasks"]
    one = next((metric for metric in runs if len(metric["params"]["nodes"]) == 1), None)
    derived = []
    for many in runs:
        count = len(many["params"]["nodes"])
        if one is None or count == 1:
            continue
        efficiency = one["median"] / (count * many["median"])
        derived.append(
            {
                **many,
                "name": "scaling.strong",
                "unit": "1",
                "better": "higher",
                "samples": [one["median"] / (count * sample) for sample in many["samples"]],
                **statistics.summarise([one["median"] / (count * sample) for sample in many["samples"]]),
                "median": efficiency,
                "ceiling": 1.0,
                "ceiling_source": f"{count} nodes do the work of one in 1/{count} of its time",
                "share": efficiency,
                "flags": ["above_ceiling"] if efficiency > ceilings.TOLERANCE else [],
                "context": {"one_node_s": one["median"], "all_nodes_s": many["median"], **many["context"]},
            }
        )
    return derived


def _without_repeats(items):
    seen, kept = set(), []
    for item in items:
        key = (item["name"], tuple(item["subject"]), item["reason"])
        if key not in seen:
            seen.add(key)
            kept.append(item)
    return kept
