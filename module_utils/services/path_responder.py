"""A responder for some seconds: accepts TCP connections and answers UDP datagrams on ports on which nothing listens yet."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

from ..system import processes

NAME = "saf-path-responder"

# Runs in the background; its first line of output is {opened, port, error}. What comes back of a datagram is short, so that
# an answer proves the way here alone: the other way is proved by the other node.
_PROGRAM = """
import json, select, socket, sys, time
seconds, tcp_ports, udp_ports = json.loads(sys.argv[1])
end = time.monotonic() + seconds
listeners, echoes = [], []
for port in udp_ports:
    echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        echo.bind(("", port))
    except OSError as error:
        print(json.dumps({"opened": 0, "port": port, "error": error.strerror}))
        sys.exit()
    echoes.append(echo)
for port in tcp_ports:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("", port))
        listener.listen(64)
        listeners.append(listener)
    except OSError:
        listener.close()
print(json.dumps({"opened": len(listeners + echoes), "port": 0, "error": ""}), flush=True)
sys.stdout.close()
while listeners + echoes and time.monotonic() < end:
    for ready in select.select(listeners + echoes, [], [], 0.2)[0]:
        try:
            if ready in listeners:
                ready.accept()[0].close()
            else:
                data, address = ready.recvfrom(65536)
                ready.sendto(data[:16], address)
        except OSError:
            pass
"""


class PortInUse(Exception):
    """A UDP port on which the responder cannot listen; the message is a sentence."""


def start(tcp_ports, udp_ports, seconds):
    """Start a responder in the background that ends after ``seconds``; return its pid, 0 when there was nothing to open.

    A TCP port in use is skipped, since its service answers by itself. Raises PortInUse for a UDP port.
    """
    arguments = json.dumps([seconds, tcp_ports, udp_ports])
    child = subprocess.Popen(
        [sys.executable, "-c", f"# {NAME}\n{_PROGRAM}", arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    if child.stdout is None:  # never: it is a pipe
        raise AssertionError
    with child.stdout:
        state = json.loads(child.stdout.readline() or '{"opened": 0, "error": ""}')
    if state["error"]:
        raise PortInUse(f"UDP port {state['port']} cannot be used to answer the other nodes ({state['error']})")
    return child.pid if state["opened"] else 0


def stop(pid, seconds=5):
    """End a responder and wait up to ``seconds`` until it is gone; a process that is none is left alone."""
    if not is_responder(pid):
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while is_responder(pid) and time.monotonic() < deadline:
        time.sleep(0.05)


def is_responder(pid):
    """Return whether a process is a responder, by its command line."""
    return any(process["pid"] == pid and NAME in process["command"] for process in processes.running())
