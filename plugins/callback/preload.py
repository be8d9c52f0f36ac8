"""Loads plugins once, before Ansible forks, and keeps packed modules for the next run.

Ansible runs each task on each node in a separate, forked process. Plugins that the parent has not loaded are loaded, and
those of collections compiled, in each of these processes again: a third of the controller's CPU time of a run that changes
nothing. A fifth goes into packing modules that have not changed since the last run.
"""

from __future__ import annotations

DOCUMENTATION = """
name: preload
type: aggregate
short_description: Load plugins before Ansible forks, and keep packed modules
version_added: "0.1.0"
description:
  - Loads the plugins that the tasks of this collection use in the parent process, whose forks then have them. Changes no result.
  - Keeps the modules that Ansible has packed in C(~/.ansible/saf_packed_modules), which this account alone can write, until
    Ansible or a file of this collection changes.
"""

import contextlib
from pathlib import Path

import ansible
from ansible import constants
from ansible.executor import module_common
from ansible.plugins import loader
from ansible.plugins.callback import CallbackBase

from ansible_collections.saf.fabric.plugins.plugin_utils import packed_modules, workspace

_ACTIONS = Path(__file__).resolve().parents[1] / "action"
# Where Ansible keeps what it has packed in this run (module_common.py). With another place, nothing is found and all is packed.
_OF_THIS_RUN = Path(constants.DEFAULT_LOCAL_TMP) / "ansiballz_cache"
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

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        self.kept = None

    def v2_playbook_on_start(self, playbook):
        # Without them a run is slower and no different.
        with contextlib.suppress(OSError):
            self.kept = packages()
            if self.kept:
                packed_modules.make_folder(self.kept)
                packed_modules.make_folder(_OF_THIS_RUN)
                packed_modules.copy(self.kept, _OF_THIS_RUN)
        for plugins, names in _USED.items():
            for name in names:
                # What cannot be loaded is reported by the task that needs it.
                with contextlib.suppress(Exception):
                    plugins.get(name, class_only=True)

    def v2_playbook_on_stats(self, stats):
        if self.kept:
            with contextlib.suppress(OSError):
                packed_modules.copy(_OF_THIS_RUN, self.kept)
                packed_modules.forget_old(self.kept)


def packages():
    """Return the folder of packages that fit this Ansible and this collection, None where other files may be packed as well."""
    if any(Path(folder).is_dir() for folder in constants.DEFAULT_MODULE_UTILS_PATH):
        return None
    # Where Ansible finds the modules: with a collection that is put together from several places, not beside this file.
    plugins = Path(packed_modules.__file__).parents[1]
    packed = [path.resolve() for folder in ("modules", "module_utils") for path in plugins.joinpath(folder).rglob("*.py")]
    if not all(path.is_relative_to(workspace.REPOSITORY) for path in packed):
        return None
    files = [Path(module_common.__file__), *packed]
    return Path(constants.ANSIBLE_HOME) / "saf_packed_modules" / packed_modules.digest(ansible.__version__, files)
