"""Makes and renews the secrets of a cluster on the controller; the work is in plugin_utils/security/store.py."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import ClassVar

from ansible_collections.saf.fabric.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.saf.fabric.plugins.plugin_utils.runs import RunError
from ansible_collections.saf.fabric.plugins.plugin_utils.security.store import SecretError, Store
from ansible_collections.saf.fabric.plugins.plugin_utils.text import command_line


class ActionModule(ControllerAction):
    ARGUMENTS: ClassVar = {
        "folder": {"type": "path", "required": True},
        "cluster": {"type": "str", "required": True},
        "token": {"type": "bool", "default": False},
        "nodes": {"type": "dict", "default": {}},
        "keep": {"type": "list", "elements": "str"},
        "rotate": {"type": "bool", "default": False},
    }

    def work(self, arguments):
        folder, rotate = Path(arguments["folder"]), arguments["rotate"]
        now = datetime.datetime.now(datetime.timezone.utc)
        command = command_line.command("playbooks/rotate_secrets.yml")
        store = Store(folder, arguments["cluster"], now, command, self._task.check_mode)
        wanted = arguments["token"] or arguments["nodes"] or arguments["keep"] is None
        dropped = []
        if not wanted and not folder.is_dir():  # nothing is kept there, so nothing can be dropped
            return {"changed": False, "token": "", "token_mark": "", "authority": "", "nodes": {}, "dropped": []}
        try:
            with store.locked():
                if arguments["keep"] is not None:
                    dropped = store.drop_others(arguments["keep"])
                token = store.token(rotate) if arguments["token"] else {"changed": False, "mark": ""}
                certificates = {"changed": False, "nodes": {}}
                if arguments["nodes"]:
                    certificates = store.certificates(arguments["nodes"], rotate)
        except SecretError as error:
            raise RunError(str(error)) from None
        return {
            "changed": bool(dropped) or token["changed"] or certificates["changed"],
            "dropped": dropped,
            "token": str(folder / "token") if arguments["token"] else "",
            "token_mark": token["mark"],
            "authority": str(folder / "ca.crt") if arguments["nodes"] else "",
            "nodes": certificates["nodes"],
        }
