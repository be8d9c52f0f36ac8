#!/usr/bin/env python3
"""Run Molecule scenarios one after the other and sum up what passed, what failed, and how long each took.

Scenarios that share nodes get them from the first that needs them, and new ones after a failure, so that no scenario
pays for another's. Containers go away at the end, after a failure and after Ctrl-C alike.

usage: run_molecule.py NAME...      the scenarios, in this order
       run_molecule.py --all NAME... the same, and refuse when a scenario of molecule/ is not among them
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
SCENARIOS = ROOT / "molecule"
OWNER = "default"  # the scenario whose nodes are shared


def known():
    """Return the scenarios of the repository, without the one that only makes nodes."""
    return sorted(path.parent.name for path in SCENARIOS.glob("*/molecule.yml") if path.parent.name != OWNER)


def shares_nodes(name):
    """Return whether a scenario uses the shared nodes (.config/molecule/config.yml) or makes its own."""
    return yaml.safe_load((SCENARIOS / name / "molecule.yml").read_text()).get("shared_state", True)


def environment(name):
    """Return the environment: a folder of this checkout, so that two checkouts on one machine do not meet."""
    folder = ROOT / ".cache" / "molecule" / (OWNER if shares_nodes(name) else name)
    return {**os.environ, "MOLECULE_EPHEMERAL_DIRECTORY": str(folder), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}


def call(*arguments, name):
    """Run molecule for a scenario; return its exit status. Interrupts reach it through the terminal or us."""
    command = ["molecule", *arguments, "--no-command-borders", "--no-report"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(name), start_new_session=True)
    try:
        return process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise


def run(name, made):
    """Run one scenario, note in ``made`` whose nodes may exist; return its exit status."""
    owner = OWNER if shares_nodes(name) else name
    made.add(owner)
    return call("test", "--scenario-name", name, "--destroy", "never" if owner == OWNER else "always", name=name)


def destroy(made):
    """Remove the nodes of the scenarios in ``made``."""
    status = 0
    for owner in sorted(made):
        status = call("destroy", "--scenario-name", owner, name=owner) or status
    made.clear()
    return status


def sum_up(results):
    print("\nScenario      result   seconds")
    for name, status, seconds in results:
        print(f"{name:13} {'passed' if status == 0 else 'FAILED':8} {seconds:7.0f}")
    failed = sum(status != 0 for _, status, _ in results)
    print(
        f"Scenarios: {len(results) - failed} passed, {failed} failed, {sum(row[2] for row in results):.0f} s",
        flush=True,
    )
    return 1 if failed else 0


def main(arguments):
    names = [name for name in arguments if name != "--all"]
    unknown = sorted(set(names) - set(known()))
    if unknown or not names:
        print(f"There is no scenario {', '.join(unknown) or 'named'}: take from {', '.join(known())}.", file=sys.stderr)
        return 2
    left_out = sorted(set(known()) - set(names))
    if "--all" in arguments and left_out:
        print(f"{', '.join(left_out)} of molecule/ would never run: add to SCENARIOS in the Makefile.", file=sys.stderr)
        return 2

    # SIGINT too: a shell starts background jobs with it ignored, and Python would leave it so.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, frame: sys.exit(128 + got))
    results = []
    made: set = set()
    try:
        for name in names:
            print(f"\n=== scenario {name}", flush=True)
            start = time.monotonic()
            status = run(name, made)
            results.append((name, status, time.monotonic() - start))
            if status and shares_nodes(name):
                destroy(made)
    finally:
        cleared = destroy(made)
        status = sum_up(results)
    return status or cleared


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
