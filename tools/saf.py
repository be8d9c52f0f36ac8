#!/usr/bin/env python3
"""Builds a line of ansible-playbook, prints it and runs it.

The printed line does the same when it is pasted into a shell in the clone. The Makefile's targets call this program, so that one
place knows the inventory and the names of the variables. It runs with the Python of a fresh Mac (3.9, standard library alone).
"""

from __future__ import annotations

import argparse
import difflib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import bench

ROOT = bench.ROOT
# {command: (its playbooks, what it does)}; bench and report do more than to run them.
COMMANDS = {
    "bench": (("site.yml", "bench.yml"), "provision, measure, write the report"),
    "site": (("site.yml",), "provision; a second run changes nothing"),
    "status": (("playbooks/status.yml",), "who is alive, what is wrong"),
    "audit": (("playbooks/audit.yml",), "what differs from docs/security.md; known faults"),
    "collect": (("playbooks/collect.yml",), "one archive for a request for help"),
    "report": (("playbooks/bench_report.yml",), "open the last report; with a RUN: write its report again"),
    "compare": (("playbooks/compare.yml",), "runs side by side; the last two by default"),
    "smoke": (("playbooks/smoke.yml",), "four MLX tasks over Ray"),
    "stop": (("playbooks/stop.yml",), "stop Ray"),
    "start": (("playbooks/start.yml",), "start Ray"),
    "reset": (("playbooks/reset.yml",), "undo everything that site did; asks first"),
}
# {option: variable} of what becomes -e variable=value.
VARIABLES = {"profile": "bench_profile", "skip": "bench_skip", "only": "bench_only", "model": "bench_model", "fail_on": "fail_on"}
EPILOG = """Options of ansible-playbook follow --: saf bench -- --limit beta -K
The inventory is -i, else $ANSIBLE_INVENTORY, else inventory/mine where it
exists, else inventory/local (this machine). The exit status is that of
ansible-playbook; make turns every failure into 2."""


class Parser(argparse.ArgumentParser):
    def error(self, message):
        hint = "\nOptions of ansible-playbook follow --, for instance: saf bench -- --limit beta"
        self.exit(2, f"{self.prog}: {message}.{hint if 'unrecognized arguments' in message else ''}\n")


def parser():
    """Return the parser of what comes before --."""
    whole = Parser(
        prog="saf", description=__doc__.split("\n")[0], epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (_playbooks, words) in COMMANDS.items():
        one = commands.add_parser(name, help=words, description=words, epilog=EPILOG, formatter_class=whole.formatter_class)
        one.add_argument("-i", "--inventory", help="folder or file of an inventory")
        one.add_argument("--check", action="store_true", help="say what would be done and change nothing")
        if name == "bench":
            one.add_argument("--quick", dest="profile", action="store_const", const="quick", help="the short profile")
            one.add_argument("--profile", choices=["quick", "standard", "full"], help="how much is measured")
            one.add_argument("--skip", metavar="A,B", help="sections and suites to leave out, for instance network,llm")
            one.add_argument("--only", metavar="A,B", help="sections and suites to measure, and no others")
            one.add_argument("--model", metavar="A,B", help="language models: folders on the nodes")
            one.add_argument("--keep", action="store_true", help="leave Ray running on this machine")
            one.add_argument("--fail-on", metavar="A,B", help="fault, limit, regression: fail when the report has one")
        elif name in ("compare", "report"):
            one.add_argument(
                "runs", nargs="*" if name == "compare" else "?", metavar="RUN", help="an id, a folder, latest, previous"
            )
        elif name == "reset":
            one.add_argument("--yes", action="store_true", help="do not ask")
    return whole


def parse(arguments):
    """Return (options, arguments of ansible-playbook); an inventory behind -- is the inventory."""
    own, rest = (arguments, []) if "--" not in arguments else split(arguments, arguments.index("--"))
    close = difflib.get_close_matches(own[0], COMMANDS, n=1) if own[:1] and own[0] not in COMMANDS else []
    if close:
        print(f"saf: {own[0]} is not a command. Did you mean {close[0]}?", file=sys.stderr)
        sys.exit(2)  # as every other wrong use
    options = parser().parse_args(own)
    given = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    given.add_argument("-i", "--inventory")
    known, rest = given.parse_known_args(rest)
    options.inventory = known.inventory or options.inventory
    return options, rest


def split(arguments, at):
    """Return what comes before and after one argument."""
    return arguments[:at], arguments[at + 1 :]


def default_inventory(root, environment):
    """Return the inventory where none is named."""
    mine = "inventory/mine" if (root / "inventory" / "mine").exists() else "inventory/local"
    return environment.get("ANSIBLE_INVENTORY") or mine


def quoted(value):
    """Return a value as -e name=value takes it: it splits the text at blanks, as a shell does."""
    if not set(value) & set(" \t\n\"'\\"):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def extra_of(options):
    """Return the options of a command as words of ansible-playbook."""
    values = {variable: getattr(options, name, None) for name, variable in VARIABLES.items()}
    runs = getattr(options, "runs", None)
    if runs:
        values["report_run_dir" if options.command == "report" else "compare_runs"] = (
            runs if isinstance(runs, str) else ",".join(runs)
        )
    if getattr(options, "yes", False):
        values["reset_confirm"] = "yes"
    words = [word for name, value in values.items() if value for word in ("-e", f"{name}={quoted(value)}")]
    if options.check:  # what bench would measure is no difference to a file
        words += ["--check"] if options.command == "bench" else ["--check", "--diff"]
    return words


def playbooks_of(options):
    """Return the playbooks of a command; a dry bench says what it would measure and provisions nothing."""
    return ("bench.yml",) if options.command == "bench" and options.check else COMMANDS[options.command][0]


def open_report():
    """Print the path of the last report, and open it on a desktop; return the exit status."""
    report = ROOT / "results" / "latest" / "report.html"
    if not report.exists():
        print("There is no report in results/ yet. Measure first:\n  make bench QUICK=1", file=sys.stderr)
        return 1
    print(report.relative_to(ROOT))
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    if (
        opener
        and sys.stdout.isatty()
        and (sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    ):
        return subprocess.run([opener, str(report)], check=False).returncode
    return 0


def main(arguments):
    options, rest = parse(arguments)
    if options.command == "report" and not options.runs and not rest:
        return open_report()
    inventory = options.inventory or default_inventory(ROOT, os.environ)
    if options.inventory and Path(inventory).exists():
        inventory = os.path.relpath(inventory, ROOT) if ROOT in Path(inventory).resolve().parents else os.path.abspath(inventory)
    words = [*extra_of(options), *rest]
    line = bench.playbook_line(inventory, playbooks_of(options), words)
    venv = ROOT / ".venv" / "bin"
    inside = str(venv) in os.environ.get("PATH", "").split(os.pathsep)
    os.environ.setdefault("SAF_ANSIBLE_PLAYBOOK", "ansible-playbook" if inside else ".venv/bin/ansible-playbook")
    os.environ["PATH"] = f"{venv}{os.pathsep}{os.environ.get('PATH', '')}"
    os.environ["ANSIBLE_CONFIG"] = str(ROOT / "ansible.cfg")
    if Path.cwd() != ROOT:
        print(f"+ cd {shlex.quote(str(ROOT))}", file=sys.stderr)
        os.chdir(ROOT)
    if (
        not (venv.parent / ".ready").exists()
        and subprocess.run(["make", "--no-print-directory", "setup"], check=False).returncode
    ):
        return 1
    print("+ " + " ".join(map(shlex.quote, [os.environ["SAF_ANSIBLE_PLAYBOOK"], *line[1:]])), file=sys.stderr, flush=True)
    if options.command == "bench" and not options.check:
        return bench.provision_and_measure(inventory, words, options.keep)
    os.execvp(line[0], line)  # noqa: S606 a list of words, and this process has nothing left to do


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
