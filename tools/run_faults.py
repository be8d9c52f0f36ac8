#!/usr/bin/env python3
"""Do faults to a cluster in containers that is at work, and write one line of JSON for each: what was noticed, healed and lost.

The nodes are those of the other scenarios (molecule/default); they are made and provisioned if they are not there, and removed at
the end. Needs podman and root.

usage: run_faults.py [--list] [--quick] [--ready] [--keep] [--repeat N] [--results FILE] [--as before|after] [NAME...]
  --ready      the nodes are there and provisioned
  --keep       leave the nodes
  --results    append the rows there, for tools/reliability.py (docs/reliability.json: what docs/reliability.md is made of)
  --as         the column of the document that the rows are for
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("MOLECULE_EPHEMERAL_DIRECTORY", str(ROOT / ".cache" / "molecule" / "default"))
os.environ.setdefault("ANSIBLE_CONFIG", str(ROOT / "ansible.cfg"))
os.environ.setdefault("CONTAINERS_CONF", str(ROOT / "molecule" / "containers.conf"))
sys.path.insert(0, str(ROOT))

from tests.support import playbooks, settings  # noqa: E402
from tests.support.faults import fault as faults  # noqa: E402
from tests.support.faults.rig import Rig  # noqa: E402


def molecule(*arguments):
    command = ["molecule", *arguments, "--no-command-borders", "--no-report"]
    return subprocess.run(command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL).returncode


def make_nodes():
    """Create and provision the nodes unless they are there."""
    status = 0
    if not (settings.inventory_path() / "runtime.yml").exists():
        status = molecule("create", "--scenario-name", "default")
    if status == 0:
        status = molecule("converge", "--scenario-name", "faults")
    if status:
        raise SystemExit("The nodes could not be made: see above.")


def remove_nodes():
    molecule("destroy", "--scenario-name", "default")


def open_rig():
    return Rig.of_inventory(settings.inventory(), settings.settings_of)


def ask_status():
    """Return the exit status of playbooks/status.yml: 0 healthy, 2 degraded, 1 unknown."""
    return playbooks.run("playbooks/status.yml").rc


def commit():
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


COMMIT = commit()  # of what runs, also if the checkout changes meanwhile


def stamp(row, column):
    """Return the row with what it needs to be judged later."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return {**row, "column": column, "date": now.strftime("%Y-%m-%dT%H:%MZ"), "commit": COMMIT, "cores": os.cpu_count()}


def report(row):
    """Print a row as one line for people."""
    missed = faults.missed(row)
    felt = "not noticed" if row["noticed_after"] is None else f"noticed after {row['noticed_after']} s by {row['noticed_by']}"
    whole = (
        "never whole" if row["human"] else f"whole after {row['healthy_after']} s ({row['healthy_after_heal']} s from its end)"
    )
    print(f"  {felt}; {whole}; load {row['load']}; {'; '.join(missed) or 'meets its target'}", flush=True)


def run(rig, chosen, column, results=None):
    """Do faults one after another; return (rows, names of those that could not be done)."""
    rows, undone = [], []
    for one in chosen:
        print(f"{one['name']}: {one['title']}", flush=True)
        try:
            row = stamp(faults.measure(rig, one, ask_status=ask_status), column)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            print(f"  could not be done: {error}", flush=True)
            undone.append(one["name"])
            faults.repair(rig)
            continue
        rows.append(row)
        report(row)
        print(json.dumps(row), flush=True)
        if results:
            with results.open("a") as stream:
                stream.write(json.dumps(row) + "\n")
    return rows, undone


def main(arguments):
    parser = argparse.ArgumentParser(description="Do faults to a cluster in containers.")
    parser.add_argument("--list", action="store_true", help="only list the faults")
    parser.add_argument("--quick", action="store_true", help="only the quick ones")
    parser.add_argument("--ready", action="store_true", help="the nodes are there and provisioned")
    parser.add_argument("--keep", action="store_true", help="leave the nodes")
    parser.add_argument("--repeat", type=int, default=1, help="how often")
    parser.add_argument("--results", type=Path, help="append the rows there")
    parser.add_argument("--as", dest="column", default="after", choices=["before", "after"])
    parser.add_argument("names", nargs="*", metavar="NAME")
    given = parser.parse_args(arguments)
    try:
        chosen = faults.chosen(faults.catalog(), given.names, given.quick)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if given.list:
        print("\n".join(f"{one['name']:28} {one['title']}" for one in chosen))
        return 0
    signal.signal(signal.SIGTERM, lambda got, frame: sys.exit(128 + got))
    if not given.ready:
        make_nodes()
    rig = open_rig()
    try:
        rig.install()
        rows, undone = run(rig, chosen * given.repeat, given.column, given.results)
    finally:
        rig.remove()
        if not given.keep:
            remove_nodes()
    misses = [row for row in rows if faults.missed(row)]
    print(f"Faults: {len(rows)} done, {len(misses)} miss their target, {sum(row['human'] for row in rows)} need a human")
    if undone:
        print(f"Not done: {', '.join(undone)}")
    return 1 if misses or undone else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
