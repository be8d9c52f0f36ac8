"""Linux: the functions that differ between operating systems; system.darwin has the same, system.current picks one."""

from __future__ import annotations

from . import packet_filter
from .facts import describe
from .hardware import architecture, glibc, memory_bytes
from .interfaces import (
    capability_gap,
    interface_facts,
    interface_of,
    interface_to,
    mtu_range,
    set_mtu_command,
)
from .processes import cpu_times, listening_addresses, running_processes
from .sockets import bound, listeners, own_addresses

NAME = "Linux"

__all__ = [
    "NAME",
    "architecture",
    "bound",
    "capability_gap",
    "cpu_times",
    "describe",
    "glibc",
    "interface_facts",
    "interface_of",
    "interface_to",
    "listeners",
    "listening_addresses",
    "memory_bytes",
    "mtu_range",
    "own_addresses",
    "packet_filter",
    "running_processes",
    "set_mtu_command",
]
