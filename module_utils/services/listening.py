"""The addresses and ports on which a node's Ray listens, and the sentence for people."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from ..system import processes
from ..system.current import system


def of_ray(venv_root):
    """Return [{address, port}] on which the Ray below ``venv_root`` listens; its workers are found by their account."""
    running = processes.running()
    users = {one["user"] for one in running if processes.is_managed(one["command"], venv_root)}
    pids = {
        one["pid"]
        for one in running
        if processes.is_managed(one["command"], venv_root) or (one["user"] in users and processes.is_part_of_ray(one["command"]))
    }
    return [{"address": address, "port": port} for address, port in sorted(system.listening_addresses(pids))]


def ranges(ports: Iterable[int]) -> str:
    """Return port numbers as text: 6380-6388, 8265."""
    words, left = [], sorted(set(ports))
    while left:
        first = last = left.pop(0)
        while left and left[0] == last + 1:
            last = left.pop(0)
        words.append(str(first) if first == last else f"{first}-{last}")
    return ", ".join(words)


def sentence(listeners, node):
    """Return who can reach what of a node's Ray; listeners: [{address, port}]."""
    if not listeners:
        return f"No Ray runs on {node}."
    inside: list = []
    outside: list = []
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
