"""Puts a backup of a controller back; the work is in plugin_utils/backup/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

from ansible.parsing.vault import AnsibleVaultError, is_encrypted

from ansible_collections.saf.fabric.plugins.plugin_utils import runs
from ansible_collections.saf.fabric.plugins.plugin_utils.backup import gathering, restoring
from ansible_collections.saf.fabric.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.saf.fabric.plugins.plugin_utils.runs import RunError


class ActionModule(ControllerAction):
    ARGUMENTS: ClassVar = {
        "path": {"type": "path", "required": True},
        "inventory": {"type": "path", "required": True},
        "secrets": {"type": "path", "required": True},
        "results": {"type": "path", "required": True},
        "known_hosts": {"type": "path", "default": "~/.ssh/known_hosts"},
    }

    def work(self, arguments):
        path = Path(arguments["path"])
        places = {name: Path(arguments[name]) for name in restoring.PLACES}
        try:
            with open(path, "rb") as stream:
                data = stream.read(5 * gathering.MOST_BYTES)  # a vault has four letters for each byte
        except OSError as error:
            raise RunError(f"{path} cannot be read ({error.strerror}): set restore_file to the file of the backup.") from None
        if is_encrypted(data):
            try:
                data = self._loader._vault.decrypt(data)
            except AnsibleVaultError:
                raise RunError(
                    f"{path} is encrypted, and no password that was given opens it. Add --ask-vault-pass, or "
                    "--vault-password-file FILE, with the password of the backup."
                ) from None
        try:
            files = restoring.unpack(data)
            planned, differing = restoring.plan(files, places, Path(arguments["known_hosts"]).expanduser())
            if differing:
                shown = ", ".join(map(str, differing[:5])) + (f" and {len(differing) - 5} more" if len(differing) > 5 else "")
                raise RunError(f"Nothing was restored: {shown} would be replaced. Move them to another place, then repeat this.")
            if not self._task.check_mode:
                restoring.write(planned, places["secrets"])
        except restoring.Refused as error:
            raise RunError(f"Nothing was restored from {path}. {error}") from None
        except OSError as error:
            raise RunError(f"{error.filename} cannot be written ({error.strerror}).") from None
        restored = runs.folders(places["results"])
        if restored:
            runs.set_latest(restored[-1], self._task.check_mode)
        document = json.loads(files["backup.json"][0])
        inventories = sorted({name.split("/")[1] for name in files if name.startswith("inventory/")})
        return {
            "changed": bool(planned),
            "cluster": str(document.get("cluster", ""))[:200],
            "inventories": [str(places["inventory"] / name) for name in inventories],
            "written": len(planned),
            "unchanged": len(files) - 1 - len(planned),
        }
