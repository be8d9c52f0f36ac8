"""Interfaces and routes of this node, the same on every operating system."""

from __future__ import annotations

from .current import system


def interface_of(address):
    """Return the name of the interface that has one of this node's addresses, None without one."""
    return system.interface_of(address)


def interface_to(address):
    """Return the name of the interface of the route to ``address``, None without one."""
    return system.interface_to(address)


def interface_facts(name):
    """Return {interface, kind, negotiated_bps, capable_bps, mtu} of an interface; None where unknown.

    kind: ethernet, wifi, thunderbolt, loopback, virtual (no port beneath it), unknown (a Mac does not report it). Of a bridge,
    bond or VLAN, kind and speed are those of the ports beneath it, which ``lower`` names. driver: on Linux. speed_is_nominal:
    true where the speed is only a label, and more may pass.
    """
    if not name:
        return {"interface": None, "kind": None, "negotiated_bps": None, "capable_bps": None, "mtu": None}
    return {"interface": name, **system.interface_facts(name)}


def unknown_capability(facts):
    """Return why the capable speed of an interface's port is unknown, "" where it is known or where there is no port."""
    known = facts.get("capable_bps") or facts.get("speed_is_nominal")
    return "" if facts.get("kind") != "ethernet" or known else system.capability_gap(facts)
