#!/usr/bin/env python3
"""Run Molecule scenarios and report what passed, what failed, and how long each took.

Scenarios that share nodes get them from the first that needs them, provisioned, and new ones after a failure, so that no scenario
pays for another's. Those that share none run beside them with ``--jobs 2``; each then writes a log that is printed at its end.
Containers go away at the end, after a failure and after Ctrl-C alike.

usage: run_molecule.py [--jobs N] NAME...       the scenarios, in this order
       run_molecule.py [--jobs N] --all NAME... [--besides NAME...]
                                               the same, and refuse when a scenario of molecule/ is named in neither list
"""

from __future__ import annotations

import argparse
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
# Measures: nothing runs beside it, and nothing behind it in the list begins before it.
ALONE = {"bench"}
# Its nodes are not provisioned when it has passed.
UNDOES = {"reset"}


def known():
    """Return the scenarios of the repository, without the one that only makes nodes."""
    return sorted(path.parent.name for path in SCENARIOS.glob("*/molecule.yml") if path.parent.name != OWNER)


def shares_nodes(name):
    """Return whether a scenario uses the shared nodes (.config/molecule/config.yml) or makes its own."""
    return yaml.safe_load((SCENARIOS / name / "molecule.yml").read_text()).get("shared_state", True)


def owner_of(name):
    return OWNER if name == OWNER or shares_nodes(name) else name


def environment(name, provisioned=False):
    """Return the environment: a folder of this checkout, so that two checkouts on one machine do not meet."""
    folder = ROOT / ".cache" / "molecule" / owner_of(name)
    more = {"MOLECULE_EPHEMERAL_DIRECTORY": str(folder), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    if provisioned:
        more["SAF_CONVERGE"] = "../shared/provisioned.yml"
    return {**os.environ, **more}


def start(*arguments, name, provisioned=False, output=None):
    """Start molecule for a scenario in a separate process group; output: a file, or None for the terminal."""
    command = ["molecule", *arguments, "--no-command-borders", "--no-report"]
    environ = environment(name, provisioned)
    return subprocess.Popen(
        command, cwd=ROOT, env=environ, start_new_session=True, stdin=subprocess.DEVNULL, stdout=output, stderr=output
    )


class Run:
    """The scenarios of one call: what waits, what runs, what came of it."""

    def __init__(self, names, jobs):
        self.waiting = list(names)
        self.jobs = jobs
        self.running = {}  # name: (process, start, log)
        self.results = []  # (name, status, seconds)
        self.made = set()  # owners of nodes that may exist
        self.provisioned = False  # the shared nodes

    def may_start(self, name):
        """Return whether a waiting scenario may run beside those that do; nothing overtakes one that needs to be alone."""
        before = self.waiting[: self.waiting.index(name)]
        if len(self.running) >= self.jobs or ALONE & {*before, *self.running}:
            return False
        if name in ALONE and self.running:
            return False
        return not (shares_nodes(name) and any(shares_nodes(other) for other in (*before, *self.running)))

    def begin(self, name):
        print(f"\n=== scenario {name}", flush=True)
        log = None
        if self.jobs > 1:
            folder = ROOT / ".cache" / "molecule-logs"
            folder.mkdir(parents=True, exist_ok=True)
            log = (folder / f"{name}.log").open("w+")
        owner = owner_of(name)
        self.made.add(owner)
        destroy = "never" if owner == OWNER else "always"
        ready = owner == OWNER and self.provisioned
        process = start("test", "--scenario-name", name, "--destroy", destroy, name=name, provisioned=ready, output=log)
        self.waiting.remove(name)
        self.running[name] = (process, time.monotonic(), log)

    def end(self, name):
        """Record a scenario that has ended; shared nodes that a failure has left go away."""
        process, begun, log = self.running.pop(name)
        self.results.append((name, process.returncode, time.monotonic() - begun))
        if log:
            log.seek(0)
            print(f"\n=== output of {name}\n{log.read()}", flush=True)
            log.close()
        if owner_of(name) == OWNER:
            self.provisioned = process.returncode == 0 and name not in UNDOES
            if process.returncode:
                self.destroy([OWNER])

    def all(self):
        """Run everything; return 0 when all passed and the nodes are gone."""
        try:
            while self.waiting or self.running:
                for name in [*self.waiting]:
                    if self.may_start(name):
                        self.begin(name)
                ended = [name for name, (process, *_more) in self.running.items() if process.poll() is not None]
                for name in ended:
                    self.end(name)
                if not ended:
                    time.sleep(0.2)
        finally:
            self.stop()
            cleared = self.destroy(sorted(self.made))
            status = sum_up(self.results)
        return status or cleared

    def stop(self):
        """End what still runs: after an interrupt."""
        for process, *_more in self.running.values():
            os.killpg(process.pid, signal.SIGTERM)
        for process, *_more in self.running.values():
            process.wait()

    def destroy(self, owners):
        """Remove the nodes of scenarios."""
        status = 0
        for owner in owners:
            status = start("destroy", "--scenario-name", owner, name=owner).wait() or status
            self.made.discard(owner)
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
    parser = argparse.ArgumentParser(description="Run Molecule scenarios.")
    parser.add_argument("--jobs", type=int, default=1, help="how many scenarios may run at a time")
    parser.add_argument("--all", action="store_true", help="refuse when a scenario is not named")
    parser.add_argument("--besides", nargs="*", default=(), metavar="NAME", help="scenarios that run elsewhere")
    parser.add_argument("names", nargs="*", metavar="NAME")
    given = parser.parse_args(arguments)
    unknown = sorted({*given.names, *given.besides} - set(known()))
    if unknown or not given.names:
        print(f"There is no scenario {', '.join(unknown) or 'named'}: take from {', '.join(known())}.", file=sys.stderr)
        return 2
    left_out = sorted(set(known()) - {*given.names, *given.besides})
    if given.all and left_out:
        print(f"{', '.join(left_out)} of molecule/ would never run: add to SCENARIOS in the Makefile.", file=sys.stderr)
        return 2

    # SIGINT too: a shell starts background jobs with it ignored, and Python would leave it so.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, frame: sys.exit(128 + got))
    return Run(given.names, given.jobs).all()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
