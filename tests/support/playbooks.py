"""Run a playbook of the repository against the scenario's nodes and keep what came of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass, field

from tests.support import output, settings

_RECAP = re.compile(r"^(?P<host>\S+)\s+:\s+(?P<counts>ok=\d+.*)$", re.M)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Outcome:
    rc: int
    output: str
    counts: dict = field(default_factory=dict)

    @property
    def changed(self):
        return {host: counts["changed"] for host, counts in self.counts.items() if counts["changed"]}

    @property
    def words(self):
        """Return the output as one line with single spaces, for sentences that the screen has wrapped."""
        return " ".join(self.output.split())


def outcome(rc, output):
    """Read the recap of a run."""
    output = _COLOUR.sub("", output)
    counts = {
        found["host"]: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", found["counts"])}
        for found in _RECAP.finditer(output)
    }
    return Outcome(rc, output, counts)


def command(playbook, extra_vars=None, inventories=(), arguments=(), own_inventory=True):
    """Return the command line; further inventories come after the scenario's own (unless left out) and so win."""
    line = ["ansible-playbook"]
    own = [settings.inventory_path()] if own_inventory else []
    for path in (*own, *inventories):
        line += ["--inventory", str(path)]
    if extra_vars:
        line += ["--extra-vars", json.dumps(extra_vars)]
    return [*line, *arguments, str(settings.ROOT / playbook)]


def environment(**more):
    return {
        **os.environ,
        "ANSIBLE_CONFIG": str(settings.ROOT / "ansible.cfg"),
        "ANSIBLE_FORCE_COLOR": "0",
        "ANSIBLE_NOCOLOR": "1",
        **output.ENVIRONMENT,
        **more,
    }


def run(playbook, extra_vars=None, inventories=(), arguments=(), own_inventory=True, env=None):
    """Run a playbook to its end, whatever that is."""
    done = subprocess.run(
        command(playbook, extra_vars, inventories, arguments, own_inventory),
        env=environment(**(env or {})),
        cwd=settings.ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return outcome(done.returncode, done.stdout)


def start(playbook, extra_vars=None, arguments=()):
    """Start a playbook in a separate process group and return the process, to be interrupted by the test."""
    return subprocess.Popen(
        command(playbook, extra_vars, arguments=arguments),
        env=environment(PYTHONUNBUFFERED="1"),
        cwd=settings.ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def podman(*arguments):
    """Run podman as the scenario's playbooks do; return what it printed."""
    surroundings = {**os.environ, "CONTAINERS_CONF": str(settings.ROOT / "molecule" / "containers.conf")}
    command = ["podman", *arguments]
    return subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True, timeout=120).stdout


def nsenter(pid, *command):
    """Run a command in the mount namespace of a node, with more rights than its root has."""
    subprocess.run(["nsenter", "--target", str(pid), "--mount", "--", *command], check=True, timeout=60)
