"""Filters of upgrade.yml; the work is in plugins/plugin_utils/provision/upgrade.py."""

from __future__ import annotations

from pathlib import Path

import yaml

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import upgrade
from ansible_collections.saf.fabric.plugins.plugin_utils.text import command_line


def upgrade_plan(members, answers, jobs, wanted):
    """Return {refusal, lines, before: {node: release}}; answers: {node: node_stack_info} of the nodes of this run.

    wanted: stack, python_version, stacks, interrupt, cluster, known (text of the record on the controller).
    """
    stacks = wanted["stacks"]
    # With its Python each time: an inventory may name the one of the other stack.
    asked = {name: wanted[name] for name in ("stack", "python_version")}
    other = next((name for name in stacks if name != wanted["stack"]), "<stack>")
    present = upgrade.release_of(answers[members[0]], stacks) if members[0] in answers else {}
    wanted = {
        **wanted,
        "commands": {
            "upgrade": command_line.command("playbooks/upgrade.yml", extra=asked),
            "interrupt": command_line.command("playbooks/upgrade.yml", extra={**asked, "upgrade_interrupt": "true"}),
            "other": command_line.command("playbooks/upgrade.yml", extra={"stack": other}),
            "site": command_line.command("site.yml", extra={name: present.get(name, f"<{name}>") for name in asked}),
        },
    }
    found = jobs.get("jobs") or []
    refusal = upgrade.refusal(members, answers, found, wanted)
    if refusal:
        return {"refusal": refusal, "lines": [], "before": {}}
    return {
        "refusal": "",
        "lines": upgrade.plan_lines(members, answers, found, wanted, upgrade.past(wanted["known"])),
        "before": {name: upgrade.way_back(answers[name], wanted["stack"], stacks) for name in members},
    }


def upgrade_stacks(repository):
    """Return {name: pins} of the stacks of a repository; a stack.yml that is none is left out."""
    stacks = {}
    for path in sorted(Path(repository).glob("stacks/*/stack.yml")):
        try:
            found = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeError, yaml.YAMLError):
            continue
        pins = found.get("pins") if isinstance(found, dict) else None
        if isinstance(pins, dict):
            stacks[path.parent.name] = {str(name): str(pin) for name, pin in pins.items()}
    return stacks


class FilterModule:
    def filters(self):
        return {
            "upgrade_failures": upgrade.failures,
            "upgrade_past": upgrade.past,
            "upgrade_plan": upgrade_plan,
            "upgrade_progress": upgrade.progress,
            "upgrade_stacks": upgrade_stacks,
            "upgrade_seconds": lambda members, hostvars: upgrade.seconds(hostvars, members),
            "upgrade_superfluous": upgrade.superfluous,
        }
