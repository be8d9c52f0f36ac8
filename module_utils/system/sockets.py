"""The node's sockets and addresses, the same on every operating system."""

from __future__ import annotations

import socket

from .current import system


def refusal(address, seconds):
    """Return why no connection to host:port is established within that time, "" if one is."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=seconds).close()
    except (OSError, ValueError, OverflowError) as error:
        return str(error) or type(error).__name__
    return ""


def listeners(running):
    """Return [{port, user, pid, command}] of listening TCP sockets; running: as from processes.running()."""
    return system.listeners(running)


def own_addresses():
    """Return the node's IPv4 addresses."""
    return system.own_addresses()


def bound(running):
    """Return [{protocol, address, port, user, pid, command}] of what waits for connections and datagrams."""
    return system.bound(running)
