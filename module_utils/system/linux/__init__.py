"""Linux: the functions that differ between operating systems; system.darwin has the same, system.current picks one."""

from __future__ import annotations

from .facts import describe
from .interfaces import (
    capability_gap,
    interface_facts,
    interface_of,
    interface_to,
    mtu_range,
    set_mtu_command,
)
from .processes import cpu_times, listening_addresses

NAME = "Linux"

__all__ = [
    "NAME",
    "capability_gap",
    "cpu_times",
    "describe",
    "interface_facts",
    "interface_of",
    "interface_to",
    "listening_addresses",
    "mtu_range",
    "set_mtu_command",
]
