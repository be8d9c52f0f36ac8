"""From raw files to run.json: a pure function of what was planned and what was measured.

The shape is data/run.schema.json; the metrics are described in docs/numbers.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from . import metrics as registry
from . import thresholds, verdicts
from .analysis import flags, history, scaling, statistics
from .guard import guarded
from .migrations import VERSION
from .model import Failure, Measurement, Metric, Node, NotMeasured, RunDocument
from .trust import raw_shapes
from .verdicts import options

SCHEMA_VERSION: Final = VERSION
# What a part of the plan measures, for the sentence about a part that never came; by the beginning of its name.
_PARTS: Final = {
    "10-": "facts",
    "20-": "",
    "30-": "net.goodput",
    "31-": "net.together",
    "40-": "ray",
    "50-": "collective",
    "90-": "facts",
}


Plan = Mapping[str, Any]  # plan.json
Data = Mapping[str, Any]  # what the files of data/ hold, by name


class Measured(RunDocument, total=False):
    """A run document before anything is evaluated, with the derivations that raised."""

    failures: list[Failure]


def assemble(
    plan: Plan, raws: Iterable[Any], data: Data, finished: str, earlier: Sequence[Mapping[str, Any]] = ()
) -> RunDocument:
    """Return the run document: what was measured, and what it means.

    plan: what plan.json holds; raws: raw documents; data: {peaks, cuda, switches}, what the data files hold;
    finished: ISO 8601 time in UTC; earlier: run documents for the history.
    """
    return judged(measured(plan, raws, data, finished), data, earlier)


def measured(plan: Plan, raws: Iterable[Any], data: Data, finished: str) -> Measured:
    """Return the run document with its metrics, and nothing evaluated; arguments as for assemble().

    It is complete enough to be kept: nothing that happens later can lose it. What cannot be used of ``raws`` is listed as not
    measured; failures of derivations are in the key "failures", which judged() turns into findings.
    """
    failures: list[Failure] = []
    raws = [raw for raw in raws if isinstance(raw, dict)]
    nodes = _nodes(plan, raws)
    measurements, unusable = _measurements(raws, nodes)
    measurements += guarded("scaling", lambda: scaling.derive(measurements), [], failures)
    context = registry.Context(nodes, measurements, data)
    missing = _missing(plan, raws)
    not_measured = [row for raw in raws for row in raw_shapes.not_measured(raw.get("not_measured"), raw.get("node"))]
    return {
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
        "metrics": [_metric(measurement, context, failures) for measurement in measurements],
        "not_measured": _without_repeats(not_measured + unusable + missing + _left_out(plan)),
        "findings": [],
        "options": [],
        "keys": history.NO_KEYS,
        "history": history.NOTHING,
        "failures": failures,
    }


def judged(measured_document: Measured, data: Data, earlier: Sequence[Mapping[str, Any]] = ()) -> RunDocument:
    """Return a measured document with keys, history, findings and options; each of them is guarded."""
    document = unjudged(measured_document)
    failures = list(measured_document.get("failures", []))
    document["keys"] = guarded("keys of the history", lambda: history.keys(document), history.NO_KEYS, failures)
    document["history"] = guarded("history", lambda: history.compare(document, earlier), history.NOTHING, failures)
    document["findings"] = verdicts.judge(document, data, failures)
    document["options"] = options.options(document, failures)
    document["findings"] = verdicts.failed(document["findings"], failures)
    return document


def unjudged(document: Measured) -> RunDocument:
    """Return a copy of a measured document in the shape of the schema, for the time until it is evaluated."""
    copy = document.copy()
    copy.pop("failures", None)
    return copy


def confirmed(run: RunDocument, second: RunDocument, data: Data) -> RunDocument:
    """Return the run document after its suspects were measured again in ``second``; findings follow the confirmed history."""
    failures: list[Failure] = []
    run = {**run, "history": guarded("second measurement", lambda: history.confirm(run, second), run["history"], failures)}
    before = [finding for finding in run["findings"] if finding["kind"] == verdicts.FAILED]
    return {**run, "findings": verdicts.failed(verdicts.judge(run, data, failures), failures, before)}


def _measurements(raws: Iterable[dict[str, Any]], nodes: Mapping[str, Node]) -> tuple[list[Measurement], list[NotMeasured]]:
    """Return (measurements, rows of what cannot be used), in the order of the raw documents."""
    usable: list[Measurement] = []
    unusable: list[NotMeasured] = []
    for raw in raws:
        listed = raw.get("measurements")
        for item in listed if isinstance(listed, list) else []:
            measurement, fault = raw_shapes.measurement(item, nodes)
            if measurement:
                usable.append(measurement)
                continue
            reason = f"The answer of {raw.get('node')} cannot be used: {fault}."
            unusable += raw_shapes.not_measured([{**(item if isinstance(item, dict) else {}), "reason": reason}], "")
    return usable, unusable


def _missing(plan: Plan, raws: Iterable[dict[str, Any]]) -> list[NotMeasured]:
    """Return what the plan has and no raw file, as not measured."""
    there = {(str(raw.get("part")), str(raw.get("node"))) for raw in raws}
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


def _left_out(plan: Plan) -> list[NotMeasured]:
    """Return what the person who started the run left out (bench_skip, bench_only), as not measured: no fault, and no gap."""
    names = {"network": "net.goodput"}
    return [{"name": names.get(part, part), "subject": [], "reason": reason} for part, reason in plan.get("skipped", {}).items()]


def _nodes(plan: Plan, raws: Iterable[dict[str, Any]]) -> dict[str, Node]:
    nodes: dict[str, Node] = {
        name: {"facts": {}, "fingerprint": None, "conditions_before": {}, "conditions_after": {}} for name in plan["nodes"]
    }
    for raw in raws:
        facts = raw_shapes.facts(raw.get("facts"))
        if not facts or str(raw.get("node")) not in nodes:
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


def _metric(measurement: Measurement, context: registry.Context, failures: list[Failure]) -> Metric:
    unknown: tuple[float | None, str] = (None, "its ceiling could not be computed")
    ceiling, source = guarded(
        f"ceiling of {measurement['name']}", lambda: registry.ceiling(measurement, context), unknown, failures
    )
    metric: Metric = {
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
    metric["share"] = statistics.ratio(metric["median"], ceiling)
    # More than a measured ceiling is a surprise, more than a documented one is impossible.
    if (metric["share"] or 0) > thresholds.ABOVE_CEILING and not source.startswith(registry.MEASURED):
        metric["flags"].append("above_ceiling")
    metric["flags"] = guarded(f"flags of {metric['name']}", lambda: flags.of(metric, context.nodes), metric["flags"], failures)
    return metric


def _without_repeats(items: Iterable[NotMeasured]) -> list[NotMeasured]:
    seen: set[tuple[str, tuple[str, ...], str]] = set()
    kept = []
    for item in items:
        key = (item["name"], tuple(item["subject"]), item["reason"])
        if key not in seen:
            seen.add(key)
            kept.append(item)
    return kept
