"""An interface on top of several ports (bridge, bond, VLAN): pure functions."""

from __future__ import annotations


def combine(ports, own_speed):
    """Return the facts of an interface on top of several ports: a value on which all agree, else None.

    ports: facts of each port, with ``kind`` and ``negotiated_bps``; own_speed: bit/s that the interface itself reports.
    """
    facts = {
        key: values[0] if len(set(values)) == 1 else None
        for key, values in ((key, [port.get(key) for port in ports]) for key in ports[0])
    }
    facts["kind"] = facts["kind"] or "virtual"
    speed = facts["negotiated_bps"]
    summed = speed and len(ports) > 1 and (own_speed or 0) > speed
    if summed:
        facts["negotiated_bps"] = own_speed
    # No single connection has a sum, several may have it.
    if summed or any(port.get("speed_is_nominal") for port in ports):
        facts.update(speed_is_nominal=True, capable_bps=None, partner_bps=None)
    return facts
