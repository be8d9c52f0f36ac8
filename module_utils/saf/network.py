"""Interfaces and routes: parsers and small look-ups, pure but for the functions that say that they ask the system."""

from __future__ import annotations

import os
import platform
import re
import shutil

from .node_state import command_output

# The second word of a media line: 1000baseT, 2500Base-T, 10Gbase-T ... (capitals differ between macOS releases).
_MEDIA = re.compile(r"(\d+)(G?)base", re.IGNORECASE)
_SYS = "/sys/class/net"


def media_speed(text):
    """Return the speed in bit/s that a media name stands for, None for autoselect, none and unknown types."""
    match = _MEDIA.search(text)
    if not match:
        return None
    return int(match.group(1)) * (10**9 if match.group(2) else 10**6)


def parse_ip_route(text):
    """Return the interface in the output of ``ip -o route get <address>``."""
    match = re.search(r"\bdev (\S+)", text)
    return match.group(1) if match else None


def parse_route_get(text):
    """Return the interface in the output of macOS's ``route -n get <address>``."""
    match = re.search(r"(?m)^\s*interface: (\S+)", text)
    return match.group(1) if match else None


def parse_ethtool(text):
    """Return ``{capable_bps, partner_bps}`` from ethtool's link modes; None where it lists none."""

    def fastest(title):
        block = re.search(rf"{title} link modes:((?:.*\n)(?:\s{{20,}}.*\n)*)", text + "\n")
        speeds = [int(speed) for speed in re.findall(r"(\d+)base", block.group(1))] if block else []
        return max(speeds) * 10**6 if speeds else None

    return {"capable_bps": fastest("Supported"), "partner_bps": fastest("Link partner advertised")}


def parse_ifconfig_interface(text):
    """Return ``{mtu, negotiated_bps}`` of one interface in macOS's ``ifconfig <name>``."""
    mtu = re.search(r"\bmtu (\d+)", text)
    media = re.search(r"(?m)^\s*media: (.*)$", text)
    active = media.group(1).split("(", 1)[-1] if media else ""
    return {"mtu": int(mtu.group(1)) if mtu else None, "negotiated_bps": media_speed(active)}


def parse_valid_media(text):
    """Return the fastest speed in ``networksetup -listValidMedia <port>``."""
    speeds = [speed for speed in map(media_speed, text.splitlines()) if speed]
    return max(speeds) if speeds else None


def parse_hardware_ports(text):
    """Return ``{device: hardware port}`` of ``networksetup -listallhardwareports``."""
    return {device: port for port, device in re.findall(r"Hardware Port: (.+)\nDevice: (\S+)", text)}


def parse_mtu_range(text):
    """Return [least, most] of ``networksetup -listValidMTURange <device>``, None where it tells none."""
    match = re.search(r"Range: (\d+)-(\d+)", text)
    return [int(match.group(1)), int(match.group(2))] if match else None


def port_kind(name):
    """Return the kind of interface that a macOS hardware port stands for."""
    if name == "Wi-Fi":
        return "wifi"
    return "thunderbolt" if name.startswith("Thunderbolt") else "ethernet"


def interface_to(address):
    """Return the name of the interface through which the system reaches ``address`` (asks the system)."""
    if platform.system() == "Darwin":
        return parse_route_get(command_output("route", "-n", "get", address))
    return parse_ip_route(command_output("ip", "-o", "route", "get", address))


def ethtool():
    """Return the path of ethtool, None where it is not installed; the PATH of an account without root lacks its folder."""
    return shutil.which("ethtool", path=os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin")))


def unknown_capability(facts):
    """Return why it is not known what the port of an interface could do, "" where it is known or where there is no port."""
    if facts.get("kind") != "ethernet" or facts.get("capable_bps") or platform.system() == "Darwin":
        return ""
    installed = ethtool() is not None
    reason = (
        "its driver lists no link modes to ethtool" if installed else "ethtool is not installed; install it and measure again"
    )
    return f"What the port {facts['interface']} could do is unknown: {reason}."


def interface_facts(name):
    """Return {interface, kind, negotiated_bps, capable_bps, mtu} of an interface (asks the system); None where unknown."""
    if not name:
        return {"interface": None, "kind": None, "negotiated_bps": None, "capable_bps": None, "mtu": None}
    facts = _darwin_interface(name) if platform.system() == "Darwin" else _linux_interface(name)
    return {"interface": name, **facts}


def _linux_interface(name):
    folder = os.path.join(_SYS, name)
    speed = _number(os.path.join(folder, "speed"))
    if name == "lo":
        kind = "loopback"
    elif os.path.isdir(os.path.join(folder, "wireless")):
        kind = "wifi"
    elif not os.path.exists(os.path.join(folder, "device")):
        kind = "virtual"
    else:
        kind = "thunderbolt" if name.startswith("thunderbolt") else "ethernet"
    modes = parse_ethtool(command_output(ethtool(), name)) if ethtool() else {"capable_bps": None, "partner_bps": None}
    return {
        "kind": kind,
        "negotiated_bps": speed * 10**6 if speed and speed > 0 else None,
        "capable_bps": modes["capable_bps"],
        "partner_bps": modes["partner_bps"],
        "mtu": _number(os.path.join(folder, "mtu")),
    }


def _darwin_interface(name):
    if name.startswith("lo"):
        return {"kind": "loopback", "negotiated_bps": None, "capable_bps": None, "mtu": None}
    port = parse_hardware_ports(command_output("networksetup", "-listallhardwareports")).get(name, "")
    return {
        "kind": port_kind(port),
        "capable_bps": parse_valid_media(command_output("networksetup", "-listValidMedia", port)) if port else None,
        "mtu_range": parse_mtu_range(command_output("networksetup", "-listValidMTURange", name)),
        **parse_ifconfig_interface(command_output("ifconfig", name)),
    }


def _number(path):
    try:
        with open(path) as stream:
            return int(stream.read())
    except (OSError, ValueError):
        return None
