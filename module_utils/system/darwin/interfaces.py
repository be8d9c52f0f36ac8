"""Interfaces and routes of a Mac: parsers of ifconfig, networksetup and route, and what they are fed."""

from __future__ import annotations

import re

from .. import ports
from ..command import command_output

# The second word of a media line: 1000baseT, 2500Base-T, 10Gbase-T ... (capitals differ between macOS releases).
_MEDIA = re.compile(r"(?<!\d)(\d{1,9})(G?)base", re.IGNORECASE)


def media_speed(text):
    """Return the speed in bit/s of a media name, None for autoselect, none and unknown types."""
    match = _MEDIA.search(text)
    if not match:
        return None
    return int(match.group(1)) * (10**9 if match.group(2) else 10**6)


def parse_route_get(text):
    """Return the interface in the output of ``route -n get <address>``."""
    match = re.search(r"(?m)^[ \t]*interface: (\S+)", text)
    return match.group(1) if match else None


def parse_ifconfig_interface(text):
    """Return ``{mtu, negotiated_bps}`` of one interface in ``ifconfig <name>``."""
    mtu = re.search(r"\bmtu (\d{1,9})\b", text)
    media = re.search(r"(?m)^[ \t]*media: (.*)$", text)
    active = media.group(1).split("(", 1)[-1] if media else ""
    return {"mtu": int(mtu.group(1)) if mtu else None, "negotiated_bps": media_speed(active)}


def parse_valid_media(text):
    """Return the highest speed in bit/s of ``networksetup -listValidMedia <port>``, None where it lists none."""
    speeds = [speed for speed in map(media_speed, text.splitlines()) if speed]
    return max(speeds) if speeds else None


def parse_hardware_ports(text):
    """Return ``{device: hardware port}`` of ``networksetup -listallhardwareports``."""
    return {device: port for port, device in re.findall(r"Hardware Port: (.+)\nDevice: (\S+)", text)}


def parse_mtu_range(text):
    """Return [minimum, maximum] of ``networksetup -listValidMTURange <device>``, None where it reports none."""
    match = re.search(r"Range: (\d{1,9})-(\d{1,9})\b", text)
    return [int(match.group(1)), int(match.group(2))] if match else None


def parse_lower(text):
    """Return the interfaces below a VLAN, bond or bridge in ``ifconfig <name>``."""
    vlan = re.findall(r"(?m)^[ \t]*vlan: \d+ parent interface: (\w+)", text)
    bond = re.findall(r"(?m)^[ \t]*bond interfaces: (.+)$", text)
    return vlan + [name for names in bond for name in names.split()] + re.findall(r"(?m)^[ \t]*member: (\w+)", text)


def parse_interface_of(address, text):
    """Return the interface that has ``address`` in the output of ``ifconfig -a``, None without one."""
    name = None
    for line in text.splitlines():
        match = re.match(r"(\S+): flags=", line)
        if match:
            name = match.group(1)
        elif re.match(rf"\s+inet {re.escape(address)} ", line):
            return name
    return None


def port_kind(name):
    """Return the kind of interface of a hardware port, by the names that macOS itself gives.

    Adapters are named after where they are plugged in, too: "Thunderbolt Ethernet Slot 1" is Ethernet.
    """
    if name in ("Wi-Fi", "AirPort", "WLAN"):
        return "wifi"
    return "thunderbolt" if re.fullmatch(r"Thunderbolt (\d+|Bridge)", name) else "ethernet"


def interface_of(address):
    """Return the name of the interface that has one of this node's addresses, None without one."""
    return parse_interface_of(address, command_output("ifconfig", "-a"))


def interface_to(address):
    """Return the name of the interface of the route to ``address``, None without one."""
    return parse_route_get(command_output("route", "-n", "get", address))


def mtu_range(interface):
    """Return [minimum, maximum] MTU of an interface in bytes, None where unknown."""
    return parse_mtu_range(command_output("networksetup", "-listValidMTURange", interface))


def set_mtu_command(interface, mtu):
    """Return the argv that sets an MTU in bytes; it stays after a boot."""
    return ["networksetup", "-setMTU", interface, str(mtu)]


def capability_gap(facts):
    """Return "": a Mac lists the speeds of every Ethernet port; facts: interface_facts()."""
    return ""


def interface_facts(name):
    """Return {kind, negotiated_bps, capable_bps, mtu, mtu_range, lower} of an interface; see system.interfaces."""
    if name.startswith("lo"):
        return {"kind": "loopback", "negotiated_bps": None, "capable_bps": None, "mtu": None}
    hardware = parse_hardware_ports(command_output("networksetup", "-listallhardwareports"))
    text = command_output("ifconfig", name)
    facts = {"mtu_range": mtu_range(name), **parse_ifconfig_interface(text)}
    lower = [port for port in parse_lower(text) if port in hardware]
    below = [_port(port, hardware[port]) for port in lower]
    if name in hardware:
        port = _port(name, hardware[name])
        bridged = {member["kind"] for member in below} == {"thunderbolt"}  # the name of the bridge is translated
        return {**facts, "kind": "thunderbolt" if bridged else port["kind"], "capable_bps": port["capable_bps"]}
    if below:
        return {**facts, **ports.combine(below, facts["negotiated_bps"]), "lower": ", ".join(lower)}
    tunnel = re.search(r"(?m)^\S+: flags=\w+<\S*\bPOINTOPOINT\b", text)
    return {**facts, "kind": "virtual" if tunnel else "unknown", "capable_bps": None}


def _port(device, name):
    """Return {kind, negotiated_bps, capable_bps} of a hardware port; Wi-Fi by its device, since port names are translated."""
    # "Wi-Fi Power (en0): On", or a sentence that it is not a Wi-Fi interface
    wifi = f"({device}): " in command_output("networksetup", "-getairportpower", device)
    return {
        "kind": "wifi" if wifi else port_kind(name),
        "negotiated_bps": parse_ifconfig_interface(command_output("ifconfig", device))["negotiated_bps"],
        "capable_bps": parse_valid_media(command_output("networksetup", "-listValidMedia", name)),
    }
