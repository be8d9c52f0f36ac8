"""What playbooks/remove_node.yml refuses, and what it says at its end: pure functions but for the reading of the inventory."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.saf.fabric.plugins.module_utils.services.service_log import one_line

from .observed import text, texts

Command = Callable[..., str]


def refused(node: str, groups: Mapping[str, Sequence[str]], limit: str, command: Command) -> str:
    """Return why a node cannot be removed, with what to type; "" if it can be. limit: the value of --limit."""
    head, workers = list(groups.get("head", [])), list(groups.get("workers", []))
    example = command("playbooks/remove_node.yml", extra={"node": workers[0] if workers else "<name>"})
    if not node:
        return f"Say which node leaves, with -e node=<name>:\n{example}"
    if node in head:
        return (
            f"{node} is the head. Make another node the head first: exchange the two in the groups head and workers of the "
            f"inventory, then run this, and repeat:\n{command('site.yml')}"
        )
    if node not in workers:
        close = difflib.get_close_matches(node, workers, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        return f"{one_line(node, 100)} is no worker of the inventory. {hint}The workers: {', '.join(workers) or 'none'}."
    if limit:
        return f"All other nodes take part, so leave out --limit:\n{command('playbooks/remove_node.yml', extra={'node': node})}"
    return ""


def lines_of(node: str, texts_by_file: Mapping[str, str]) -> list[str]:
    """Return "FILE:LINE: TEXT" of the lines of an inventory that begin with a node's name; YAML or INI."""
    begins = re.compile(rf"[\"']?{re.escape(node)}[\"']?\s*(:|\s|$)")
    return [
        f"{path}:{number}: {line.strip()}"
        for path, content in texts_by_file.items()
        for number, line in enumerate(content.splitlines(), 1)
        if begins.match(line.strip())
    ]


def files_of(variables: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Return ({file of the inventory: its text}, [files of host_vars]) of a node; variables: its hostvars."""
    folder, file, name = (str(variables.get(key) or "") for key in ("inventory_dir", "inventory_file", "inventory_hostname"))
    read: dict[str, str] = {}
    if file and os.path.isfile(file) and os.path.getsize(file) < 1 << 20:
        try:
            with open(file, encoding="utf-8") as stream:
                read[file] = stream.read()
        except (OSError, UnicodeDecodeError):
            pass
    paths = [os.path.join(folder, "host_vars", name + ending) for ending in ("", ".yml", ".yaml", ".json")] if folder else []
    return read, [path for path in paths if os.path.exists(path)]


def report(
    node: str,
    variables: Mapping[str, Any],
    is_gone: bool,
    cluster: Mapping[str, Any],
    venv_root: str,
    check: bool,
    command: Command,
) -> str:
    """Return what is left to do; cluster: result of ray_cluster_info without the node among the expected."""
    read, more = files_of(variables)
    found = lines_of(node, read)
    if check:
        return f"{node} would be removed. Nothing was changed."
    said = [
        f"{node} is out of the cluster. Remove it from the inventory now:",
        *(found or ["its line in the group workers"]),
        *more,
    ]
    if node in texts(cluster, "unexpected"):
        said.append(f"The head counts {node} as alive: if that stays so, its Ray still reaches the cluster; stop it there.")
    elif cluster.get("reachable") is False:
        said.append(f"The head could not be asked who is in the cluster: {one_line(text(cluster, 'reason'), 200)}")
    if is_gone:
        said += [
            f"On {node} everything is still there: the service, which starts at boot and looks for the head, {venv_root}, "
            "and the token or certificate of the cluster. If it comes back, before its line is removed:",
            command("playbooks/reset.yml", node),
            "If it is lost or stolen, and the cluster has a token or certificates, make new ones:",
            command("playbooks/rotate_secrets.yml"),
        ]
    return "\n".join(said)
