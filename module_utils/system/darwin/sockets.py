"""Sockets and addresses of a Mac: parsers of lsof and ifconfig, and what they read."""

from __future__ import annotations

import re

from ..command import command_output
from ..numbers import whole


def parse_lsof(text):
    """Return [{port, pid, command}] of ``lsof -nP -iTCP -sTCP:LISTEN -F pcn``."""
    found, pid, command = [], 0, ""
    for line in text.splitlines():
        if line.startswith("p"):
            pid = whole(line[1:], 0)
        elif line.startswith("c"):
            command = line[1:]
        elif line.startswith("n"):
            port = whole(line.rpartition(":")[2])
            if port is not None:
                found.append({"port": port, "pid": pid, "command": command})
    return found


def parse_ifconfig_addresses(text):
    """Return the IPv4 addresses in the output of ``ifconfig -a``."""
    return re.findall(r"(?m)^[ \t]+inet (\d+\.\d+\.\d+\.\d+)", text)


def listeners(running):
    """Return [{port, user, pid, command}] of listening TCP sockets; running: as from running_processes()."""
    accounts = {process["pid"]: process["user"] for process in running}
    commands = {process["pid"]: process["command"] for process in running}
    found = parse_lsof(command_output("lsof", "-nP", "-iTCP", "-sTCP:LISTEN", "-F", "pcn", partial=True))
    # lsof cuts names; ps has the whole line.
    return [{**row, "user": accounts.get(row["pid"], ""), "command": commands.get(row["pid"], row["command"])} for row in found]


def own_addresses():
    """Return the node's IPv4 addresses."""
    return parse_ifconfig_addresses(command_output("ifconfig", "-a"))
