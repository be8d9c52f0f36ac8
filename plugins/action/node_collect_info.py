"""Runs the module node_collect_info, and writes what passes of its answer to the controller, redacted and bounded."""

from __future__ import annotations

from pathlib import Path

from ansible.plugins.action import ActionBase

from ansible_collections.saf.fabric.plugins.plugin_utils.collect import contents, received
from ansible_collections.saf.fabric.plugins.plugin_utils.trust import border


class ActionModule(border.Bordered, ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        answer = self.trusted("node_collect_info", self._execute_module(task_vars=task_vars), task_vars)
        self._remove_tmp_path(self._connection._shell.tmpdir)
        if answer.get("failed"):
            return {**result, **answer}
        arguments = self._task.args
        secrets = Path(arguments.get("literals_from") or "/nonexistent")
        literals = contents.known_secrets(task_vars["hostvars"], secrets)
        most_file, most = int(arguments.get("max_file_bytes", 2**20)), int(arguments.get("max_bytes", 2**23))
        kept, files, gaps = received.texts(answer, most_file, most, literals)
        try:
            received.write(Path(arguments["into"]), kept)
        except OSError as error:
            return {**result, "failed": True, "msg": f"{arguments['into']} cannot be written ({error.strerror})."}
        return {**result, "changed": False, **received.summary(files, gaps, answer["session"])}
