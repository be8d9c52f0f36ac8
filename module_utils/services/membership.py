"""Which cluster a node belongs to: the record that site.yml leaves, or the command line of a running Ray."""

from __future__ import annotations

import re
import socket

from ..system.processes import is_managed
from .raylet import read_document

_MOST = 253
_SECONDS = 3


def of_record(document):
    """Return {node, head, gcs} of etc/cluster.json, {} for anything else."""
    taken = {name: document.get(name) for name in ("node", "head", "gcs")}
    if all(isinstance(value, str) and 0 < len(value) <= _MOST for value in taken.values()):
        return taken
    return {}


def of_command(command):
    """Return {node, head, gcs} of the command line of ``ray start``, {} for anything else; a worker's does not name its head."""
    if not re.search(r"/ray start\b", command):
        return {}
    given = dict(re.findall(r"--([a-z-]+)=([^\s\"';]+)", command))
    name = given.get("node-name", "")
    if re.search(r"--head\b", command):
        own, port = given.get("node-ip-address"), given.get("port")
        return {"node": name, "head": name, "gcs": f"{own}:{port}"} if own and port else {}
    return {"node": name, "head": "", "gcs": given["address"]} if given.get("address") else {}


def accepts(address, seconds=_SECONDS):
    """Return whether something accepts connections at host:port; None where it does not say."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=seconds).close()
    except ConnectionRefusedError:
        return False
    except (socket.timeout, OSError, ValueError, OverflowError):
        return None
    return True


def observe(path, venv_root, running, gcs):
    """Return {node, head, gcs, answers} of the cluster that a node belongs to, {} for none.

    path: the record; running: processes; gcs: host:port of the cluster that asks. answers: whether another GCS than that one
    accepts connections, None where it was not asked or does not say.
    """
    found = of_record(read_document(path))
    for process in [] if found else running:
        if is_managed(process["command"], venv_root):
            found = found or of_command(process["command"])
    if not found:
        return {}
    return {**found, "answers": accepts(found["gcs"]) if gcs and found["gcs"] != gcs else None}
