"""Filters of containers.yml; the work is in plugins/plugin_utils/provision/containers.py."""

from __future__ import annotations

import json

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import containers
from ansible_collections.saf.fabric.plugins.plugin_utils.text import command_line

_MARK = "SAF "
_MOST = 100000  # characters of an answer


def containers_problem(observed, wanted):
    """Return why the containers cannot run, "" where they can."""
    fewer = {"containers_workers": max(wanted["workers"] - 1, 0)}
    own = {"ansible_become": "false", "containers_dir": "~/saf-containers"}
    commands = {
        name: command_line.command("playbooks/containers.yml", extra=extra) for name, extra in (("fewer", fewer), ("own", own))
    }
    return containers.problem(observed, wanted, commands)


def containers_answer(output):
    """Return what a script in a container has printed as JSON behind its mark; {} where it has not."""
    lines = [line[len(_MARK) :] for line in str(output)[-_MOST:].splitlines() if line.startswith(_MARK)]
    try:
        answer = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


class FilterModule:
    def filters(self):
        return {
            "containers_answer": containers_answer,
            "containers_compose": lambda wanted, observed: containers.compose(wanted, containers.sizes(observed, wanted)),
            "containers_digest": containers.digest,
            "containers_lines": containers.lines,
            "containers_member_lines": containers.member_lines,
            "containers_names": lambda wanted: containers.names(wanted["project"], wanted["workers"]),
            "containers_problem": containers_problem,
            "containers_smoke_problem": containers.smoke_problem,
            "containers_state_problem": containers.state_problem,
            "containers_task_lines": containers.task_lines,
        }
