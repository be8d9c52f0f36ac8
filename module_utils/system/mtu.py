"""The MTU of an interface: read it, what it may be, and the command that sets it."""

from __future__ import annotations

from . import interfaces
from .current import system


def read(interface):
    """Return the MTU of an interface in bytes, None where unknown."""
    return interfaces.interface_facts(interface)["mtu"]


def allowed(interface):
    """Return [minimum, maximum] MTU of an interface in bytes, None where unknown."""
    return system.mtu_range(interface)


def command(interface, mtu):
    """Return the argv that sets the MTU of an interface in bytes."""
    return system.set_mtu_command(interface, mtu)


def refusal(wanted, bounds):
    """Return why an MTU cannot be set, "" when it can; bounds: as from allowed()."""
    if bounds and not bounds[0] <= wanted <= bounds[1]:
        return f"it may be {bounds[0]} to {bounds[1]}"
    return ""
