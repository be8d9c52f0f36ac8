"""Sockets and addresses of a Linux node: parsers of /proc, and what they read."""

from __future__ import annotations

import contextlib
import glob
import os
import re

from .. import account
from ..command import command_output, read
from .processes import LISTENING, socket_rows

_UNCONNECTED = "07"


def parse_proc_net_tcp(text):
    """Return ``{port: (inode, uid)}`` of the listening sockets in /proc/net/tcp or tcp6."""
    return {port: (inode, uid) for _address, port, uid, inode in socket_rows(text)}


def parse_fib_trie(text):
    """Return the node's own IPv4 addresses from /proc/net/fib_trie."""
    addresses, last = [], ""
    for line in text.splitlines():
        match = re.search(r"\|-- (\d+\.\d+\.\d+\.\d+)", line)
        if match:
            last = match.group(1)
        elif "/32 host LOCAL" in line and last not in addresses:
            addresses.append(last)
    return addresses


def parse_ip_addresses(text):
    """Return the IPv4 addresses in the output of ``ip -o -4 addr``."""
    return re.findall(r"(?m)^\d+: \S+\s+inet (\d+\.\d+\.\d+\.\d+)", text)


def listeners(running):
    """Return [{port, user, pid, command}] of listening TCP sockets; running: as from running_processes().

    Without CAP_SYS_PTRACE (a container) the holder of another account's socket is unknown: pid is 0 then.
    """
    sockets = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        sockets.update(parse_proc_net_tcp(read(table)))
    holders = _holders(running)
    return [
        {"port": port, "user": account.name_of(uid), **holders.get(inode, {"pid": 0, "command": ""})}
        for port, (inode, uid) in sorted(sockets.items())
    ]


def _holders(running):
    """Return {inode of a socket: process that has it open}."""
    holders = {}
    for process in running:
        for link in glob.glob(f"/proc/{process['pid']}/fd/*"):
            with contextlib.suppress(OSError):
                target = os.readlink(link)
                if target.startswith("socket:["):
                    holders[target[8:-1]] = process
    return holders


def parse_bound(text, state):
    """Return [(inode, uid, address, port)] of the sockets in /proc/net/tcp, udp and their likes that are in a state."""
    return [(inode, uid, address, port) for address, port, uid, inode in socket_rows(text, state)]


def bound(running):
    """Return [{protocol, address, port, user, pid, command}] of listening TCP sockets and of UDP sockets without a peer.

    running: as from running_processes(). The address is "*" for all; pid is 0 where the holder may not be known.
    """
    holders = _holders(running)
    found = []
    for name, protocol, state in (
        ("tcp", "tcp", LISTENING),
        ("tcp6", "tcp", LISTENING),
        ("udp", "udp", _UNCONNECTED),
        ("udp6", "udp", _UNCONNECTED),
    ):
        for inode, uid, address, port in parse_bound(read(f"/proc/net/{name}"), state):
            holder = holders.get(inode, {"pid": 0, "command": ""})
            owner = {"user": account.name_of(uid), "pid": holder["pid"], "command": holder["command"]}
            found.append({"protocol": protocol, "address": address, "port": port, **owner})
    return found


def own_addresses():
    """Return the node's IPv4 addresses."""
    # gVisor has no fib_trie.
    return parse_fib_trie(read("/proc/net/fib_trie")) or parse_ip_addresses(command_output("ip", "-o", "-4", "addr"))
