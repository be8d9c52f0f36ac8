"""Fetches the wheels of a lock for one kind of node into one archive; library/wheelhouse.py documents it."""

from __future__ import annotations

import os
from pathlib import Path

from ansible import constants
from ansible.plugins.action import ActionBase

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import lock
from ansible_collections.saf.fabric.plugins.plugin_utils.provision.offline.archive import OfflineWheelhouse
from ansible_collections.saf.fabric.plugins.plugin_utils.provision.offline.needs import fetch_command
from ansible_collections.saf.fabric.plugins.plugin_utils.provision.offline.store import OfflineError, Store
from ansible_collections.saf.fabric.plugins.plugin_utils.provision.wheelhouse import FetchError, Wheelhouse

_TARGET = {
    "system": {"type": "str", "choices": ["Linux", "Darwin"], "required": True},
    "machine": {"type": "str", "required": True},
    "python_version": {"type": "str", "required": True},
    "glibc": {"type": "str"},
    "macos": {"type": "str"},
    "accelerator": {"type": "str"},
}
_SPEC = {
    "lock": {"type": "path", "required": True},
    "installer_lock": {"type": "path", "required": True},
    "cache": {"type": "path", "required": True},
    "target": {
        "type": "dict",
        "required": True,
        "options": _TARGET,
        "required_if": [("system", "Linux", ["glibc"]), ("system", "Darwin", ["macos"])],
    },
    "index_url": {"type": "str", "default": ""},
    "offline_dir": {"type": "str", "default": ""},
    "environment": {"type": "dict", "default": {}},
}


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(_SPEC)
        target = options["target"]
        # Ansible removes its own temporary folder even where a run is interrupted.
        workspace = constants.DEFAULT_LOCAL_TMP
        house: Wheelhouse
        try:
            if options["offline_dir"]:
                house = OfflineWheelhouse(options["cache"], Store(options["offline_dir"]).load(), workspace)
            else:
                house = Wheelhouse(options["cache"], options["index_url"], options["environment"], workspace)
            wheels, installer = (lock.resolve(Path(options[name]).read_text(), target) for name in ("lock", "installer_lock"))
            archive = house.archive(wheels, installer, target)
            changed = not os.path.exists(archive)
            if changed and not self._task.check_mode:
                changed = house.ensure(wheels, installer, target)
        except FetchError as error:
            return {**result, "failed": True, "msg": str(error), **({"cmd": error.command} if error.command else {})}
        except OfflineError as error:
            return {**result, "failed": True, "msg": f"{error}. Where there is a network, type: {fetch_command([])}"}
        except (OSError, lock.LockError) as error:
            return {**result, "failed": True, "msg": str(error)}
        size = os.path.getsize(archive) if os.path.exists(archive) else 0
        return {**result, "changed": changed, "archive": archive, "digest": wheels["digest"], "size": size}
