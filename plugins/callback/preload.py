"""Loads plugins once, before Ansible forks.

Ansible runs each task on each node in a separate, forked process. Plugins that the parent has not loaded are loaded, and
those of collections compiled, in each of these processes again: a third of the controller's CPU time of a run that changes
nothing.
"""

from __future__ import annotations

DOCUMENTATION = """
name: preload
type: aggregate
short_description: Load plugins before Ansible forks
version_added: "0.1.0"
description:
  - Loads the plugins that the tasks of this collection use in the parent process, whose forks then have them. Changes no result.
"""

import contextlib
from pathlib import Path

from ansible.plugins import loader
from ansible.plugins.callback import CallbackBase

_ACTIONS = Path(__file__).resolve().parents[1] / "action"
# The first name of a kind makes its loader read all of that collection.
_USED = {
    loader.filter_loader: ("ansible.builtin.default", "saf.fabric.playbook_command"),
    loader.test_loader: ("ansible.builtin.defined",),
    loader.lookup_loader: (
        *(f"ansible.builtin.{name}" for name in ("config", "env", "file", "query", "template", "vars", "varnames")),
        *(f"saf.fabric.{name}" for name in ("option_default", "inventory_problems")),
    ),
    loader.action_loader: (
        *(f"ansible.builtin.{name}" for name in ("command", "copy", "debug", "fail", "normal", "raw", "set_fact", "shell")),
        "ansible.builtin.validate_argument_spec",
        *(f"saf.fabric.{path.stem}" for path in sorted(_ACTIONS.glob("*.py"))),
    ),
    loader.connection_loader: ("ansible.builtin.ssh", "ansible.builtin.local"),
    loader.become_loader: ("ansible.builtin.sudo",),
    loader.shell_loader: ("ansible.builtin.sh",),
}


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "preload"

    def v2_playbook_on_start(self, playbook):
        for plugins, names in _USED.items():
            for name in names:
                # What cannot be loaded is reported by the task that needs it.
                with contextlib.suppress(Exception):
                    plugins.get(name, class_only=True)
