"""Packs what a new controller needs into one encrypted file; the work is in plugin_utils/backup/."""

from __future__ import annotations

import calendar
import time
from pathlib import Path
from typing import ClassVar

from ansible.parsing.vault import match_encrypt_secret

from ansible_collections.saf.fabric.plugins.plugin_utils.backup import gathering
from ansible_collections.saf.fabric.plugins.plugin_utils.collect import archive
from ansible_collections.saf.fabric.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.saf.fabric.plugins.plugin_utils.runs import RunError
from ansible_collections.saf.fabric.plugins.plugin_utils.text import command_line


class ActionModule(ControllerAction):
    ARGUMENTS: ClassVar = {
        "path": {"type": "path", "required": True},
        "cluster": {"type": "str", "required": True},
        "hosts": {"type": "list", "elements": "str", "default": []},
        "secrets": {"type": "path", "required": True},
        "results": {"type": "path"},
        "known_hosts": {"type": "path", "default": "~/.ssh/known_hosts"},
        "plain": {"type": "bool", "default": False},
    }

    def work(self, arguments):
        path, secret = Path(arguments["path"]), None
        if not arguments["plain"]:
            found = match_encrypt_secret(self._loader._vault.secrets) if self._loader._vault.secrets else None
            if not found:
                raise RunError(
                    "A backup contains the keys of the cluster, so it is encrypted with the password of ansible-vault, and none "
                    "was given. Add --ask-vault-pass, or --vault-password-file FILE."
                )
            secret = found[1]
        if path.exists():
            raise RunError(f"{path} exists and is not replaced: set backup_file to another name.")
        call = command_line.this_call()
        made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        try:
            backup = gathering.gather(
                [str(Path(call["cwd"]) / source) if "," not in source else source for source in call["inventory"]],
                Path(arguments["secrets"]),
                Path(arguments["results"]) if arguments["results"] else None,
                arguments["hosts"],
                Path(arguments["known_hosts"]).expanduser(),
                arguments["cluster"],
                made,
            )
            data = archive.packed("", backup.files, calendar.timegm(time.gmtime()))
            if secret is not None:
                data = self._loader._vault.encrypt(data, secret=secret)
            if not self._task.check_mode:
                path.parent.mkdir(parents=True, exist_ok=True)
                archive.write_private(path, data)
        except gathering.TooLarge:
            most = gathering.MOST_BYTES // 2**20
            raise RunError(
                f"There is more than {most} MiB to back up: leave the runs out with -e backup_results=false."
            ) from None
        except OSError as error:
            raise RunError(f"{error.filename or path} cannot be read or written ({error.strerror or error}).") from None
        return {
            "changed": True,
            "path": str(path),
            "files": len(backup.files),
            "secrets": sum(name.startswith("secrets/") for name in backup.files),
            "runs": len({name.split("/")[1] for name in backup.files if name.startswith("results/")}),
            "left_out": backup.left_out[:50],
        }
