"""An upgrade from one stack to another: what it starts from, why it must not begin, what it says, what came of it.

Pure functions. A release is {stack, python_version, venv}: what a node runs, or is to run. node: what node_stack_info returned
for one node, of which nothing is trusted; stacks: {name: pins} of all stacks of the repository.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..trust.untrusted import clean_text
from . import observed

Release = dict[str, str]
Node = Mapping[str, Any]
Stacks = Mapping[str, Mapping[str, Any]]

STEPS: Final = ("stage", "mark", "stop", "switch", "head", "workers", "verify", "commit")
# For people: what a node did, or did not get done.
NAMES: Final = {
    "stage": "building the new venv",
    "mark": "writing what is about to change",
    "stop": "stopping Ray",
    "switch": "activating the new venv",
    "head": "starting the head",
    "workers": "starting the workers",
    "verify": "verifying members and versions",
    "commit": "recording the new stack",
}
_MOST_JOBS: Final = 10
# A build has the wheels, their archive and the venv at the same time; wheels are half as large as what they become.
_DISK_FACTOR: Final = 2.5
_MOST_PAST: Final = 50


def stack_of(distributions: object, stacks: Stacks) -> str:
    """Return the stack whose pins are installed, "" where none fits, or several do; MLX may be missing, Ray not."""
    has = observed.mapping({"has": distributions}, "has") or {}
    fitting = [
        name
        for name, pins in stacks.items()
        if has.get("ray") == str(pins.get("ray")) and all(has.get(one, str(pin)) == str(pin) for one, pin in pins.items())
    ]
    return fitting[0] if len(fitting) == 1 else ""


def _release(found: object) -> Release:
    names = ("stack", "python_version", "venv")
    values = {name: observed.text(found, name) for name in names}
    return values if all(values.values()) else {}


def _venvs(node: Node) -> list[dict[str, Any]]:
    wanted = {"path": str, "python_version": str, "distributions": dict, "modified": float}
    return observed.rows(node, "venvs", wanted, optional=["modified"])


def release_of(node: Node, stacks: Stacks) -> Release:
    """Return what a node runs: by its record, else by what its active venv has; {} where that is unknown."""
    recorded = _release(observed.mapping(node, "record"))
    if recorded:
        return recorded
    active = next((one for one in _venvs(node) if one["path"] == observed.text(node, "active")), None)
    name = stack_of(active["distributions"], stacks) if active else ""
    return {"stack": name, "python_version": active["python_version"], "venv": active["path"]} if active and name else {}


def is_interrupted(node: Node) -> bool:
    """Return whether an upgrade has begun on a node and has neither ended nor been rolled back."""
    record = observed.mapping(node, "record") or {}
    running = observed.texts(node, "running")
    as_recorded = bool(running) and {observed.text(node, "active"), *running} == {observed.text(record, "venv")}
    return bool(_release(record.get("pending"))) and not as_recorded


def way_back(node: Node, target: str, stacks: Stacks) -> Release:
    """Return what a node returns to when a step fails: the newest release that is not the target and is still there."""
    record = observed.mapping(node, "record") or {}
    kept = {one["path"] for one in _venvs(node)}
    candidates = [release_of(node, stacks), _release(record.get("pending")), _release(record.get("previous"))]
    return next((one for one in candidates if one and one["stack"] != target and one["venv"] in kept), {})


def has_venv(node: Node, pins: Mapping[str, Any], python_version: str) -> bool:
    """Return whether a finished venv of the target is on a node."""
    return any(
        one["python_version"] == python_version and stack_of(one["distributions"], {"target": pins}) for one in _venvs(node)
    )


def refusal(
    members: Sequence[str], nodes: Mapping[str, Node], jobs: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any]
) -> str:
    """Return why the upgrade must not begin, "" where it may; nothing has been changed yet.

    wanted: stack, python_version, stacks, interrupt, commands {name: line to type}.
    """
    target, stacks, commands = wanted["stack"], wanted["stacks"], wanted["commands"]
    left_out = [name for name in members if name not in nodes]
    if left_out:
        return (
            f"All nodes must run the same Ray, and this run leaves out {', '.join(left_out)}. Without --limit, with all "
            f"nodes switched on:\n{commands['upgrade']}"
        )
    running = {name: release_of(nodes[name], stacks) for name in members}
    unknown = [name for name, release in running.items() if not release]
    if unknown:
        return (
            f"What {', '.join(unknown)} runs is none of the stacks {', '.join(stacks)}, so nothing could be rolled back. "
            f"Provision all nodes with the stack that they have, then upgrade:\n{commands['site']}"
        )
    unfinished = any(is_interrupted(nodes[name]) for name in members)
    present = sorted({release["stack"] for release in running.values()})
    if present == [target] and not unfinished:
        others = " or ".join(name for name in stacks if name != target) or "another one"
        return f"All nodes run stack {target} already. Name {others}:\n{commands['other']}"
    back = {name: way_back(nodes[name], target, stacks) for name in members}
    stuck = [name for name, release in back.items() if not release]
    if stuck or len({release["stack"] for release in back.values()}) > 1:
        said = ", ".join(f"{name} {running[name]['stack']}" for name in members)
        return (
            f"The nodes do not run one stack ({said}), so they could not go back together. Provision them with one stack first:\n"
            f"{commands['site']}"
        )
    full = _disk_sentences(members, nodes, stacks.get(target, {}), wanted["python_version"])
    if full:
        return f"{' '.join(full)} Free space there, or keep fewer venvs, then:\n{commands['upgrade']}"
    if jobs and not wanted["interrupt"] and not unfinished:
        return f"{_jobs(jobs)}\nWait for their end, or interrupt them:\n{commands['interrupt']}"
    return ""


def _disk_sentences(members: Sequence[str], nodes: Mapping[str, Node], pins: Mapping[str, Any], version: str) -> list[str]:
    sentences = []
    for name in members:
        free, size = observed.integer(nodes[name], "free_bytes"), observed.integer(nodes[name], "active_bytes")
        needed = _DISK_FACTOR * (size or 0)
        if not has_venv(nodes[name], pins, version) and (free is None or free < needed):
            has = "an unknown amount" if free is None else f"{free / 2**30:.1f} GiB"
            sentences.append(f"A second venv needs {needed / 2**30:.1f} GiB on {name}, which has {has} free.")
    return sentences


def _jobs(jobs: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"{len(jobs)} running {'job' if len(jobs) == 1 else 'jobs'} would end:"]
    for job in jobs[:_MOST_JOBS]:
        where = f" on {clean_text(job.get('node'), limit=60)}" if job.get("node") else ""
        what = clean_text(job.get("entrypoint"), limit=120) or "unknown"
        lines.append(f"  {clean_text(job.get('id'), limit=60)}{where}: {what}")
    if len(jobs) > _MOST_JOBS:
        lines.append(f"  and {len(jobs) - _MOST_JOBS} more")
    return "\n".join(lines)


def past(text: str) -> list[dict[str, Any]]:
    """Return the upgrades on record on the controller, the oldest first; [] for a file that is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [one for one in found if isinstance(one, dict)][-_MOST_PAST:] if isinstance(found, list) else []


def estimate(known: Sequence[Mapping[str, Any]], cluster: str) -> str:
    """Return the sentence about how long the interruption will be: the last one that was measured, or that none was."""
    mine = [
        one
        for one in known
        if one.get("cluster") == cluster and one.get("result") == "done" and observed.number(one, "seconds") is not None
    ]
    if not mine:
        return "How long is unknown: no upgrade of this cluster is on record on this controller."
    last = mine[-1]
    way = f"{last.get('from')} to {last.get('to')} on {str(last.get('ended'))[:10]}"
    return f"The last upgrade of this cluster, {way}, interrupted it for {last['seconds']:.0f} s."


def plan_lines(
    members: Sequence[str],
    nodes: Mapping[str, Node],
    jobs: Sequence[Mapping[str, Any]],
    wanted: Mapping[str, Any],
    known: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Return the plan of an upgrade that may begin; wanted: as refusal(), and cluster."""
    target, stacks = wanted["stack"], wanted["stacks"]
    back = way_back(nodes[members[0]], target, stacks)
    pins = stacks[target]
    building = [name for name in members if not has_venv(nodes[name], pins, wanted["python_version"])]
    verb = "finishes what was interrupted: from" if any(is_interrupted(nodes[name]) for name in members) else "goes from"
    old_ray = stacks.get(back["stack"], {}).get("ray", "of another release")
    lines = [
        f"This {verb} {back['stack']} (Ray {old_ray}, Python {back['python_version']}) to {target} "
        f"(Ray {pins['ray']}, Python {wanted['python_version']}).",
        f"Before, with Ray at work: the new venv is built on {', '.join(building)}."
        if building
        else "The new venv is on all nodes already.",
        f"Interrupted: Ray stops on {', '.join(members)}; jobs, actors and objects are lost. "
        + estimate(known, wanted["cluster"]),
        f"If a step fails, all nodes return to {back['stack']}.",
    ]
    return lines + ([_jobs(jobs)] if jobs else [])


def progress(members: Sequence[str], hostvars: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return {node: {done: name of the last step that it has done, step, message: of what failed there}}."""
    found = {}
    for name in members:
        failure = hostvars[name].get("__upgrade_failure") or {}
        found[name] = {"done": hostvars[name].get("__upgrade_done", ""), "step": "", "message": "", **failure}
    return found


def failures(progressed: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each node that has not done all steps by a fault there, none when all have done all of them.

    A node that waited for the others is not named; one that answers no more has no failure, and is behind the others.
    """
    said = [
        f"{NAMES.get(one['step'], one['step'])} on {name}: {clean_text(one['message'], limit=600) or 'no message'}"
        for name, one in progressed.items()
        if one["step"]
    ]
    ranks = {name: STEPS.index(one["done"]) if one["done"] in STEPS else -1 for name, one in progressed.items()}
    furthest = max(ranks.values(), default=-1)
    if not said and min(ranks.values(), default=-1) < len(STEPS) - 1:
        lost = [name for name, rank in ranks.items() if rank < furthest] or list(progressed)
        after = STEPS[min(furthest, len(STEPS) - 1)] if furthest >= 0 else STEPS[0]
        said = [f"{NAMES[after]} on {name}: it does not answer any more" for name in lost]
    return said


def seconds(hostvars: Mapping[str, Mapping[str, Any]], members: Sequence[str]) -> int | None:
    """Return the seconds of the interruption: from the first stop to the end of the verification; None if Ray never stopped."""
    stopped = [hostvars[name].get("__upgrade_stopped") for name in members]
    up = [hostvars[name].get("__upgrade_up") for name in members]
    begins, ends = [float(one) for one in stopped if one], [float(one) for one in up if one]
    return round(max(ends) - min(begins)) if begins and ends else None


def superfluous(node: Node, keep: int) -> list[str]:
    """Return the venvs that go: neither used, nor recorded, nor among the newest ``keep`` earlier ones; one is always kept."""
    record = observed.mapping(node, "record") or {}
    parts = [record, record.get("previous"), record.get("pending")]
    used = {observed.text(node, "active"), *observed.texts(node, "running"), *(observed.text(part, "venv") for part in parts)}
    earlier = {observed.text(record.get("previous"), "venv")} - {""}
    others = [one["path"] for one in _venvs(node) if one["path"] not in used]
    return others[max(max(keep, 1) - len(earlier), 0) :]
