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


def parse_bound(text, protocol):
    """Return [{protocol, address, port, pid, command}] of ``lsof -nP -F pcn`` with -iTCP -sTCP:LISTEN or -iUDP.

    A UDP socket with a peer is written with an arrow, one that is not bound yet as "*:*".
    """
    found, pid, command = [], 0, ""
    for line in text.splitlines():
        address, _, port = line[1:].rpartition(":")
        if line.startswith("p") and line[1:].isdigit():
            pid = int(line[1:])
        elif line.startswith("c"):
            command = line[1:]
        elif line.startswith("n") and port.isdigit() and "->" not in line:
            end = {"protocol": protocol, "address": address.strip("[]"), "port": int(port)}
            found.append({**end, "pid": pid, "command": command})
    return found


def bound(running):
    """Return [{protocol, address, port, user, pid, command}] of listening TCP sockets and of UDP sockets without a peer.

    running: as from running_processes(). The address is "*" for all. Without root only the caller's own are seen.
    """
    known = {process["pid"]: process for process in running}
    listening = command_output("lsof", "-nP", "-iTCP", "-sTCP:LISTEN", "-F", "pcn", partial=True)
    found = parse_bound(listening, "tcp") + parse_bound(command_output("lsof", "-nP", "-iUDP", "-F", "pcn", partial=True), "udp")
    nobody: dict = {"user": ""}
    rows = [(one, known.get(one["pid"], nobody)) for one in found]
    return [{**one, "user": process["user"], "command": process.get("command", one["command"])} for one, process in rows]


def own_addresses():
    """Return the node's IPv4 addresses."""
    return parse_ifconfig_addresses(command_output("ifconfig", "-a"))
