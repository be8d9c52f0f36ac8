"""Processes and sockets of a Linux node: parsers of /proc, and what they are fed."""

from __future__ import annotations

import contextlib
import glob
import ipaddress
import os
import re
import struct

from .. import account
from ..command import read

LISTENING = "0A"
# Address, port, state, account and inode of a line of /proc/net/tcp, udp and their likes.
_SOCKET = re.compile(
    r"\s*\d+: ((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4}) \S+ ([0-9A-F]{2})(?: \S+){3}[ \t]+([0-9]{1,10})[ \t]+\d+[ \t]+([0-9]{1,20})\b"
)


def parse_stat(text, ticks_per_second):
    """Return (command, CPU seconds, parent) of /proc/<pid>/stat; commands may hold blanks and brackets."""
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    return head.partition("(")[2], (int(fields[11]) + int(fields[12])) / ticks_per_second, int(fields[1])


def socket_rows(text, state=LISTENING):
    """Return [(address, port, account number, inode)] of the sockets of /proc/net/tcp, udp and their likes in a state."""
    rows = [match.groups() for match in map(_SOCKET.match, text.splitlines()) if match]
    return [
        (_address(address), int(port, 16), int(uid), inode)
        for address, port, found, uid, inode in rows
        if found == state and len(address) in (8, 32)
    ]


def parse_proc_net(text):
    """Return {inode: (address, port)} of the listening sockets in /proc/net/tcp or tcp6."""
    return {inode: (address, port) for address, port, _uid, inode in socket_rows(text)}


def _address(digits):
    """Return an address that a little-endian machine writes in hexadecimal, "*" for all of them."""
    words = [int(digits[place : place + 8], 16) for place in range(0, len(digits), 8)]
    return _plain(ipaddress.ip_address(b"".join(struct.pack("<I", word) for word in words)))


def _plain(address):
    """Return an address as text, "*" for all of them; an IPv4 address that is mapped into IPv6 as IPv4."""
    return "*" if address.is_unspecified else str(getattr(address, "ipv4_mapped", None) or address)


def _same_network(folder):
    """Return whether a process shares our network; one in a container has separate ports and is a separate node."""
    try:
        return os.readlink(f"{folder}/ns/net") == os.readlink("/proc/self/ns/net")
    except OSError:
        return True


def running_processes():
    """Return [{pid, user, command}] of all processes that are visible here and share our network."""
    found = []
    for folder in glob.glob("/proc/[0-9]*"):
        command = read(f"{folder}/cmdline").replace("\0", " ").strip()
        if not command or not _same_network(folder):
            continue
        with contextlib.suppress(OSError):
            user = account.name_of(os.stat(folder).st_uid)
            found.append({"pid": int(os.path.basename(folder)), "user": user, "command": command})
    return found


def cpu_times():
    """Return {pid: (command, CPU seconds used so far, parent pid)} of all processes."""
    found, ticks = {}, os.sysconf("SC_CLK_TCK")
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as stream:
                found[int(path.split("/")[2])] = parse_stat(stream.read(), ticks)
        except (OSError, IndexError, ValueError):  # it has ended meanwhile
            continue
    return found


def listening_addresses(pids):
    """Return {(address, port)} on which these processes listen by TCP; the address is "*" for all."""
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
