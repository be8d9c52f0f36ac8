"""Which cluster a node belongs to: the record that site.yml leaves, or the command line of a running Ray."""

from __future__ import annotations

import re
import socket
import ssl

from ..system.processes import is_managed
from .raylet import read_document

_MOST = 253
_SECONDS = 3
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))  # and an empty frame of settings
_HEADER, _SETTINGS = 9, b"\x04"


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


def speaks_grpc(address, seconds=_SECONDS):
    """Return whether what listens at host:port speaks HTTP/2, as a GCS does; None where it does not say.

    A connection alone proves nothing: some networks and proxies accept one to any address.
    """
    try:
        if _answer(address, seconds)[3:4] == _SETTINGS:
            return True
        with _connect(address, seconds) as plain, _any_tls().wrap_socket(plain) as secured:  # ray_tls
            return secured.selected_alpn_protocol() == "h2" or None
    except ConnectionRefusedError:
        return False
    except (socket.timeout, OSError, ValueError, OverflowError):
        return None


def _connect(address, seconds):
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=seconds)


def _answer(address, seconds):
    """Return what comes back for the preface of HTTP/2 (RFC 9113, 3.4): the header of a frame, b"" where that is no answer."""
    with _connect(address, seconds) as connection:
        try:
            connection.sendall(_PREFACE)
            return connection.recv(_HEADER)
        except (socket.timeout, OSError):
            return b""


def _any_tls():
    """Return a context that trusts everybody: nothing is sent, only the protocol is asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    return context


def observe(path, venv_root, running, gcs):
    """Return {node, head, gcs, answers} of the cluster that a node belongs to, {} for none.

    path: the record; running: processes; gcs: host:port of the cluster that asks. answers: whether another GCS than that one
    answers, None where it was not asked or does not say.
    """
    found = of_record(read_document(path))
    for process in [] if found else running:
        if is_managed(process["command"], venv_root):
            found = found or of_command(process["command"])
    if not found:
        return {}
    return {**found, "answers": speaks_grpc(found["gcs"]) if gcs and found["gcs"] != gcs else None}
