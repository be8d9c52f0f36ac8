"""Packs the archive for a request for help on the controller; the work is in plugin_utils/collect/."""

from __future__ import annotations

import calendar
import re
import shutil
import time
from pathlib import Path
from typing import Any, ClassVar

from ansible.release import __version__ as ansible_version

from ansible_collections.saf.fabric.plugins.plugin_utils.collect import archive, contents, index, received
from ansible_collections.saf.fabric.plugins.plugin_utils.collect.redaction import redact, structure
from ansible_collections.saf.fabric.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.saf.fabric.plugins.plugin_utils.runs import RunError
from ansible_collections.saf.fabric.plugins.plugin_utils.text import command_line


class ActionModule(ControllerAction):
    ARGUMENTS: ClassVar = {
        "destination": {"type": "path", "required": True},
        "cluster": {"type": "str", "required": True},
        "made": {"type": "str", "required": True},
        "staging": {"type": "path", "required": True},
        "nodes": {"type": "dict", "required": True},
        "status": {"type": "raw"},
        "table": {"type": "str", "default": ""},
        "results": {"type": "path", "required": True},
        "runs": {"type": "int", "default": 2},
        "secrets": {"type": "path", "required": True},
        "max_file_bytes": {"type": "int", "default": 2**20},
        "max_bytes": {"type": "int", "default": 2**26},
    }

    def run(self, tmp=None, task_vars=None):
        self._hostvars = task_vars["hostvars"]
        return super().run(tmp, task_vars)

    def work(self, arguments):
        literals = contents.known_secrets(self._hostvars, Path(arguments["secrets"]))
        texts: dict[str, str] = {}
        gaps: list[dict[str, str]] = []

        def attempt(name, work):
            contents.attempt(name, work, texts, gaps, literals)

        status = arguments["status"] if isinstance(arguments["status"], dict) else {}
        attempt("status.json", lambda: contents.as_text(structure(status, literals)))
        attempt("status.txt", lambda: redact(arguments["table"], literals))
        attempt(
            "controller.json",
            lambda: contents.as_text(structure(contents.controller(command_line.this_call(), ansible_version), literals)),
        )
        attempt(
            "settings.json", lambda: contents.as_text(contents.settings_of(self._hostvars, list(arguments["nodes"]), literals))
        )
        nodes = {}
        for name, answer in arguments["nodes"].items():
            nodes[name] = self._node(name, answer, Path(arguments["staging"]), arguments["max_file_bytes"], texts, literals)
        try:
            of_runs, missing = contents.last_runs(
                Path(arguments["results"]), arguments["runs"], arguments["max_file_bytes"], literals
            )
            texts.update(of_runs)
            gaps += [{"what": name, "why": why} for name, why in missing.items()]
        except OSError as error:
            gaps.append({"what": "runs", "why": str(error.strerror)})
        kept, left_out = archive.within(texts, arguments["max_bytes"])
        gaps += [{"what": name, "why": why} for name, why in sorted(left_out.items())]
        page = index.page(arguments["cluster"], arguments["made"], str(status.get("verdict", "unknown")), nodes, gaps)
        kept["index.md"] = page.encode("utf-8", "replace")
        plain = re.sub(r"[^A-Za-z0-9._-]", "-", arguments["cluster"])[:100]
        stamp = re.sub(r"[^0-9TZ]", "", arguments["made"])
        name = f"saf-collect-{plain}-{stamp}"
        path = Path(arguments["destination"]) / f"{name}.tar.gz"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            archive.pack(path, name, kept, calendar.timegm(time.gmtime()))
        except OSError as error:
            raise RunError(f"{path} cannot be written ({error.strerror or error}): set collect_dir to another folder.") from None
        finally:
            shutil.rmtree(arguments["staging"], ignore_errors=True)
        return {"path": str(path), "bytes": path.stat().st_size, "files": len(kept), "missing": index.sentence(nodes)}

    @staticmethod
    def _node(name, answer, staging, most_file_bytes, texts, literals):
        """Add the texts of a node; return what the index says of it."""
        folder = received.folder_of(name)
        node: dict[str, Any] = {"reason": "", "files": [], "gaps": []}
        refused, collected, hardware = (answer.get(key) or {} for key in ("ping", "collected", "hardware"))
        if refused.get("unreachable"):
            return {**node, "reason": redact(f"It does not answer over SSH: {refused.get('msg', '')}", literals)[:400]}
        if refused.get("failed"):
            return {**node, "reason": redact(f"It runs no module: {refused.get('msg', '')}", literals)[:400]}
        if collected.get("files") is None:
            why = answer.get("failed") or collected.get("msg") or "no message"
            node["gaps"].append({"what": "logs, definitions, machine", "why": redact(str(why), literals)[:400]})
        else:
            node["files"], node["gaps"] = collected["files"], list(collected["gaps"])
            try:
                texts.update(
                    {f"nodes/{folder}/{one}": text for one, text in contents.staged(staging / folder, most_file_bytes).items()}
                )
            except OSError as error:
                node["gaps"].append({"what": "all", "why": str(error.strerror)})
        if hardware.get("failed") or not hardware.get("facts"):
            node["gaps"].append({"what": "hardware.json", "why": redact(str(hardware.get("msg", "no message")), literals)[:400]})
        else:
            texts[f"nodes/{folder}/hardware.json"] = contents.as_text(structure(hardware["facts"], literals))
        return node
