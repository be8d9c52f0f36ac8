#!/usr/bin/env python3
"""Cycles of random quick faults on a cluster at work: nothing is lost that Ray promises to retry, and nothing grows on any node.

Each cycle does one fault, drawn by the seed, waits until all is well, and samples processes, memory, open files and disk of each
node. At the end every quantity must be flat (tests/support/faults/slope.py has the tolerances). Needs podman and root.

usage: soak.py [--cycles N] [--seed N] [--keep] [--results FILE]
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import run_faults as tool
from tests.support.faults import fault as faults
from tests.support.faults import slope


def drawn(catalog, cycles, seed):
    """Return the faults of a soak, the same ones for the same seed."""
    quick = [one for one in catalog if one.get("quick")]
    return random.Random(seed).choices(quick, k=cycles)  # noqa: S311 nothing is secret about it


def added(totals, tasks):
    """Add the tasks of a cycle to the totals: {done, failed: {error: n}, wrong, unfinished, with_driver}."""
    failed = Counter(totals["failed"]) + Counter(tasks["failed"])
    return {key: failed if key == "failed" else totals[key] + tasks[key] for key in totals}


def judged(samples):
    """Return {node: {quantity: {first, last, growth, allowed, flat}}} of {node: [usage]}."""
    found = {}
    for node, rows in samples.items():
        found[node] = {}
        for quantity in slope.TOLERANCES:
            values = [row[quantity] for row in rows]
            found[node][quantity] = {
                "first": values[0],
                "last": values[-1],
                "growth": round(slope.growth(values), 1),
                "allowed": round(slope.allowed(quantity, values), 1),
                "flat": slope.is_flat(quantity, values),
            }
    return found


def soak(rig, plan, cycle_seconds=240):
    """Do the faults; return (totals of tasks, samples of each node, how many cycles needed a human)."""
    totals = {"done": 0, "failed": {}, "wrong": 0, "unfinished": 0, "with_driver": 0}
    samples = {node: [] for node in rig.nodes}
    human = 0
    for number, one in enumerate(plan, 1):
        row = faults.measure(rig, {**one, "limit": one.get("limit", cycle_seconds)})
        totals, human = added(totals, row["tasks"]), human + row["human"]
        for node in rig.nodes:
            samples[node].append(rig.usage(node))
        line = {"cycle": number, "fault": one["name"], "healthy_after": row["healthy_after"], "tasks": row["tasks"]}
        print(json.dumps({**line, "usage": {node: rows[-1] for node, rows in samples.items()}}), flush=True)
    return totals, samples, human


def verdict(result):
    """Return what is wrong with a soak as sentences; an empty list if nothing is."""
    found = [
        f"{node}: {quantity} grows by {line['growth']} (tolerance {line['allowed']})"
        for node, quantities in result["usage"].items()
        for quantity, line in quantities.items()
        if not line["flat"]
    ]
    if result["lost"]:
        found.append(f"{result['lost']} tasks are lost that were to be retried")
    if result["human"]:
        found.append(f"{result['human']} cycles needed a human")
    return found


def main(arguments):
    parser = argparse.ArgumentParser(description="Cycles of random faults on a cluster in containers.")
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--seed", type=int, default=12)
    parser.add_argument("--keep", action="store_true", help="leave the nodes")
    parser.add_argument("--results", type=Path, help="append the result there")
    given = parser.parse_args(arguments)
    if given.cycles < 1:
        print("CYCLES must be at least 1.", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda got, frame: sys.exit(128 + got))
    tool.make_nodes()
    rig = tool.open_rig()
    begun = time.time()
    try:
        rig.install()
        totals, samples, human = soak(rig, drawn(faults.catalog(), given.cycles, given.seed))
    finally:
        rig.remove()
        if not given.keep:
            tool.remove_nodes()
    lost = sum(totals["failed"].values()) + totals["wrong"] + totals["unfinished"]
    result = {
        "cycles": given.cycles,
        "seed": given.seed,
        "minutes": round((time.time() - begun) / 60),
        "tasks": totals,
        "lost": lost,
    }
    result = tool.stamp({**result, "human": human, "usage": judged(samples)}, "soak")
    if given.results:
        with given.results.open("a") as stream:
            stream.write(json.dumps(result) + "\n")
    wrong = verdict(result)
    print(json.dumps(result))
    print("\n".join(wrong) or f"Soak: {given.cycles} cycles, {totals['done']} tasks done, none lost, everything flat")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
