"""Listening for some seconds on ports of a service that does not run yet, and connecting to them."""

from __future__ import annotations

import concurrent.futures
import os
import signal
import socket
import subprocess
import sys

from ..system import processes

# Runs in the background by itself: says which ports it got, then accepts until its time is over.
_LISTENER = """
import select, socket, sys, time
end = time.monotonic() + float(sys.argv[1])
sockets = []
for port in sys.argv[2:]:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("", int(port)))
        listener.listen(64)
        sockets.append(listener)
    except OSError:
        listener.close()
print(len(sockets), flush=True)
sys.stdout.close()
while sockets and time.monotonic() < end:
    for ready in select.select(sockets, [], [], 0.2)[0]:
        ready.accept()[0].close()
"""
_NAME = "saf-port-listener"
# Three ports of each of 63 peers; more wait for a thread.
_AT_ONCE = 192


def listen(ports, seconds):
    """Start a background listener on those ports that are free; return its pid, 0 when it got none."""
    command = [sys.executable, "-c", f"# {_NAME}\n{_LISTENER}", str(seconds), *map(str, ports)]
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    opened = int(child.stdout.readline() or 0)
    child.stdout.close()
    return child.pid if opened else 0


def reason(target, seconds):
    """Return why a target does not answer within ``seconds``, "" when it does."""
    try:
        socket.create_connection((target["host"], target["port"]), timeout=seconds).close()
    except OSError as error:
        return "no answer" if isinstance(error, socket.timeout) else str(error)
    return ""


def refused(targets, seconds):
    """Return the targets that do not answer within ``seconds``, with the reason; all are tried at once."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, min(len(targets), _AT_ONCE))) as pool:
        reasons = list(pool.map(lambda target: reason(target, seconds), targets))
    return [{**target, "reason": why} for target, why in zip(targets, reasons) if why]


def close(pid):
    """End the listener, but only if the process is one."""
    if any(process["pid"] == pid and _NAME in process["command"] for process in processes.running()):
        os.kill(pid, signal.SIGTERM)
