"""Which addresses and ports a node's Ray listens on: parsers, and what they read."""

from __future__ import annotations

import contextlib
import glob
import ipaddress
import os
import platform
import struct

from ..system import command, processes

_LISTEN = "0A"


def parse_proc_net(text):
    """Return {inode: (address, port)} of the listening sockets in /proc/net/tcp or tcp6 of a little-endian machine."""
    found = {}
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == _LISTEN:
            address, _, port = fields[1].rpartition(":")
            words = [int(address[place : place + 8], 16) for place in range(0, len(address), 8)]
            packed = b"".join(struct.pack("<I", word) for word in words)
            found[fields[9]] = (plain(ipaddress.ip_address(packed)), int(port, 16))
    return found


def plain(address):
    """Return an address as text, "*" for all of them; an IPv4 address that is mapped into IPv6 as IPv4."""
    return "*" if address.is_unspecified else str(getattr(address, "ipv4_mapped", None) or address)


def parse_lsof(text):
    """Return {(pid, address, port)} of ``lsof -nP -iTCP -sTCP:LISTEN -F pn``."""
    found, pid = set(), 0
    for line in text.splitlines():
        name, _, port = line[1:].rpartition(":")
        if line.startswith("p"):
            pid = int(line[1:])
        elif line.startswith("n") and port.isdigit():
            found.add((pid, name.strip("[]"), int(port)))
    return found


def of_processes(pids):
    """Return {(address, port)} on which these processes listen."""
    if platform.system() == "Darwin":
        text = command.command_output("lsof", "-nP", "-iTCP", "-sTCP:LISTEN", "-F", "pn")
        return {(address, port) for pid, address, port in parse_lsof(text) if pid in pids}
    sockets = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError), open(table, encoding="ascii") as stream:
            sockets.update(parse_proc_net(stream.read()))
    found = set()
    for link in (path for pid in pids for path in glob.glob(f"/proc/{pid}/fd/*")):
        with contextlib.suppress(OSError):
            target = os.readlink(link)
            if target.startswith("socket:[") and target[8:-1] in sockets:
                found.add(sockets[target[8:-1]])
    return found


def of_ray(venv_root):
    """Return [{address, port}] on which the Ray below ``venv_root`` listens; its workers show no path, but their account."""
    running = processes.running()
    users = {one["user"] for one in running if processes.is_managed(one["command"], venv_root)}
    pids = {
        one["pid"]
        for one in running
        if processes.is_managed(one["command"], venv_root) or (one["user"] in users and processes.is_part_of_ray(one["command"]))
    }
    return [{"address": address, "port": port} for address, port in sorted(of_processes(pids))]


def ranges(ports):
    """Return port numbers in words: 6380-6388, 8265."""
    words, ports = [], sorted(set(ports))
    while ports:
        first = last = ports.pop(0)
        while ports and ports[0] == last + 1:
            last = ports.pop(0)
        words.append(str(first) if first == last else f"{first}-{last}")
    return ", ".join(words)


def sentence(listeners, node):
    """Return who can reach what of a node's Ray; listeners: [{address, port}]."""
    if not listeners:
        return f"No Ray runs on {node}."
    inside, outside = [], []
    for one in listeners:
        try:
            loopback = ipaddress.ip_address(str(one["address"])).is_loopback
        except ValueError:
            loopback = False
        (inside if loopback else outside).append(int(one["port"]))
    if not outside:
        return f"Ray runs on {node} and listens on 127.0.0.1 alone, ports {ranges(inside)}: no other machine reaches it."
    return (
        f"Ray runs on {node} and other machines reach its ports {ranges(outside)}: "
        "whoever reaches them can run programs there, without a password."
    )
