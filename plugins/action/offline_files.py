"""Finds and compares files of the folder of an offline installation; library/offline_files.py documents it."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ansible_collections.saf.fabric.plugins.plugin_utils.provision.offline.needs import fetch_command
from ansible_collections.saf.fabric.plugins.plugin_utils.provision.offline.store import OfflineError, Store

_SPEC = {"folder": {"type": "path", "required": True}, "prefix": {"type": "str", "required": True}}


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(_SPEC)
        try:
            store = Store(options["folder"]).load()
            names = [name for name in store.files if name.startswith(options["prefix"])]
            if not names:
                raise OfflineError(f"{store.folder} has nothing in {options['prefix']}")
            for name in names:
                if fault := store.fault(name):
                    raise OfflineError(f"{store.folder / name} {fault}")
        except OfflineError as error:
            return {**result, "failed": True, "msg": f"{error}. Where there is a network, type: {fetch_command([])}"}
        return {**result, "changed": False, "paths": [str(store.path(name)) for name in names]}
