"""The node's sockets and addresses: parsers, and what they read (/proc on Linux, lsof and ifconfig on a Mac)."""

from __future__ import annotations

import contextlib
import glob
import os
import platform
import re

from .command import command_output, read
from .processes import user_name

_LISTEN = "0A"


def parse_proc_net_tcp(text):
    """Return ``{port: (inode, uid)}`` of the listening sockets in /proc/net/tcp or tcp6."""
    sockets = {}
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == _LISTEN:
            sockets[int(fields[1].rsplit(":", 1)[1], 16)] = (fields[9], int(fields[7]))
    return sockets


def parse_lsof(text):
    """Return [{port, pid, command}] of ``lsof -nP -iTCP -sTCP:LISTEN -F pcn``."""
    found, pid, command = [], 0, ""
    for line in text.splitlines():
        if line.startswith("p"):
            pid = int(line[1:])
        elif line.startswith("c"):
            command = line[1:]
        elif line.startswith("n") and line.rsplit(":", 1)[-1].isdigit():
            found.append({"port": int(line.rsplit(":", 1)[-1]), "pid": pid, "command": command})
    return found


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


def parse_ifconfig_addresses(text):
    """Return the IPv4 addresses in the output of ``ifconfig -a``."""
    return re.findall(r"(?m)^\s+inet (\d+\.\d+\.\d+\.\d+)", text)


def parse_ip_addresses(text):
    """Return the IPv4 addresses in the output of ``ip -o -4 addr``."""
    return re.findall(r"(?m)^\d+: \S+\s+inet (\d+\.\d+\.\d+\.\d+)", text)


def listeners(running):
    """Return [{port, user, pid, command}] of listening TCP sockets; running: as from processes.running().

    Linux without CAP_SYS_PTRACE (a container) does not tell who holds a socket of another account: pid is 0 then.
    """
    if platform.system() == "Darwin":
        accounts = {process["pid"]: process["user"] for process in running}
        commands = {process["pid"]: process["command"] for process in running}
        found = parse_lsof(command_output("lsof", "-nP", "-iTCP", "-sTCP:LISTEN", "-F", "pcn", partial=True))
        # lsof cuts names; ps has the whole line.
        return [
            {**row, "user": accounts.get(row["pid"], ""), "command": commands.get(row["pid"], row["command"])} for row in found
        ]
    sockets = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        sockets.update(parse_proc_net_tcp(read(table)))
    holders = {}
    for process in running:
        for link in glob.glob(f"/proc/{process['pid']}/fd/*"):
            with contextlib.suppress(OSError):
                target = os.readlink(link)
                if target.startswith("socket:["):
                    holders[target[8:-1]] = process
    return [
        {"port": port, "user": user_name(uid), **holders.get(inode, {"pid": 0, "command": ""})}
        for port, (inode, uid) in sorted(sockets.items())
    ]


def own_addresses():
    """Return the node's IPv4 addresses."""
    if platform.system() == "Darwin":
        return parse_ifconfig_addresses(command_output("ifconfig", "-a"))
    # gVisor has no fib_trie.
    return parse_fib_trie(read("/proc/net/fib_trie")) or parse_ip_addresses(command_output("ip", "-o", "-4", "addr"))
