"""Interfaces and routes: parsers and small look-ups, pure but for the functions that say that they ask the system."""

from __future__ import annotations

import os
import platform
import re
import shutil

from .command import command_output

# The second word of a media line: 1000baseT, 2500Base-T, 10Gbase-T ... (capitals differ between macOS releases).
_MEDIA = re.compile(r"(\d+)(G?)base", re.IGNORECASE)
_SYS = "/sys/class/net"
_UNKNOWN_SPEED = 2**31 - 1  # Mb/s; old kernels write -1 without its sign


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
    """Return the kind of interface that a macOS hardware port stands for, by the names that the system itself gives.

    Adapters are called after where they are plugged in, too: "Thunderbolt Ethernet Slot 1" is Ethernet.
    """
    if name in ("Wi-Fi", "AirPort", "WLAN"):
        return "wifi"
    return "thunderbolt" if re.fullmatch(r"Thunderbolt (\d+|Bridge)", name) else "ethernet"


def parse_lower(text):
    """Return the interfaces below a VLAN, bond or bridge in macOS's ``ifconfig <name>``."""
    vlan = re.findall(r"(?m)^\s*vlan: \d+ parent interface: (\w+)", text)
    bond = re.findall(r"(?m)^\s*bond interfaces: (.+)$", text)
    return vlan + [name for names in bond for name in names.split()] + re.findall(r"(?m)^\s*member: (\w+)", text)


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
    known = facts.get("capable_bps") or facts.get("speed_is_nominal")
    if facts.get("kind") != "ethernet" or known or platform.system() == "Darwin":
        return ""
    installed = ethtool() is not None
    reason = (
        "its driver lists no link modes to ethtool" if installed else "ethtool is not installed; install it and measure again"
    )
    return f"What the port {facts.get('lower') or facts['interface']} could do is unknown: {reason}."


def interface_facts(name):
    """Return {interface, kind, negotiated_bps, capable_bps, mtu} of an interface (asks the system); None where unknown.

    kind: ethernet, wifi, thunderbolt, loopback, virtual (no port beneath it), unknown (a Mac does not say what it is). Of a
    bridge, bond or VLAN kind and speed are those of the ports beneath it, which ``lower`` names. driver: on Linux.
    speed_is_nominal: true where the speed is only a name, and more may pass.
    """
    if not name:
        return {"interface": None, "kind": None, "negotiated_bps": None, "capable_bps": None, "mtu": None}
    facts = _darwin_interface(name) if platform.system() == "Darwin" else _linux_interface(name)
    return {"interface": name, **facts}


# Drivers of virtual machines: whatever speed they report, the memory of the host carries the packets.
_PARAVIRTUAL = {"vmxnet", "vmxnet3", "virtio_net", "hv_netvsc", "vif", "xen-netfront", "xen_netfront", "ena", "gve", "gvnic"}
# Cards that virtual machines are given as if they were real; real ones have the same drivers.
_EMULATED = {"e1000", "e1000e", "8139cp", "8139too", "pcnet32", "tulip", "vlance"}
_THUNDERBOLT = {"thunderbolt-net", "thunderbolt_net"}


def _in_a_machine_of_software():
    """Return whether the system says that it runs in a virtual machine."""
    return bool(command_output("systemd-detect-virt", "--vm").strip())


def _driver(name):
    """Return the driver of an interface that stands for a device, "" for a device without one, None without a device."""
    device = os.path.join(_SYS, name, "device")
    if not os.path.lexists(device):
        return None
    try:
        return os.path.basename(os.readlink(os.path.join(device, "driver")))
    except OSError:
        return ""


def _ports(name, seen=()):
    """Return the interfaces with a device that an interface stands on: itself, or those below a bridge, bond or VLAN."""
    if _driver(name) is not None or name in seen:
        return [] if name in seen else [name]
    try:
        below = sorted(entry[len("lower_") :] for entry in os.listdir(os.path.join(_SYS, name)) if entry.startswith("lower_"))
    except OSError:
        return []
    return list(dict.fromkeys(port for one in below for port in _ports(one, (*seen, name))))


def _linux_port(name):
    """Return {kind, negotiated_bps, capable_bps, partner_bps, driver, speed_is_nominal} of an interface with a device."""
    driver = _driver(name)
    nominal = driver in _PARAVIRTUAL or (driver in _EMULATED and _in_a_machine_of_software())
    if any(os.path.exists(os.path.join(_SYS, name, entry)) for entry in ("wireless", "phy80211")):
        kind = "wifi"
    else:
        kind = "thunderbolt" if driver in _THUNDERBOLT else "ethernet"
    modes = parse_ethtool(command_output(ethtool(), name, partial=True) if ethtool() else "")
    facts = {"kind": kind, "negotiated_bps": _speed(name), "driver": driver or None, **modes}
    # What such a driver lists as its modes is no more than what it calls its speed.
    return {**facts, "capable_bps": None, "partner_bps": None, "speed_is_nominal": True} if nominal else facts


def _linux_interface(name):
    facts = {"capable_bps": None, "partner_bps": None, "driver": None, "mtu": _number(os.path.join(_SYS, name, "mtu"))}
    ports = _ports(name)
    if name == "lo" or not ports:
        return {**facts, "kind": "loopback" if name == "lo" else "virtual", "negotiated_bps": _speed(name)}
    if ports == [name]:
        return {**facts, **_linux_port(name)}
    # A port without a cable carries nothing.
    ports = [port for port in ports if _speed(port)] or ports
    return {**facts, **_together([_linux_port(port) for port in ports], _speed(name)), "lower": ", ".join(ports)}


def _together(ports, own_speed):
    """Return the facts of an interface on top of several ports; own_speed: what it reports itself."""
    facts = {
        key: values[0] if len(set(values)) == 1 else None
        for key, values in ((key, [port.get(key) for port in ports]) for key in ports[0])
    }
    facts["kind"] = facts["kind"] or "virtual"
    speed = facts["negotiated_bps"]
    summed = speed and len(ports) > 1 and (own_speed or 0) > speed
    if summed:
        facts["negotiated_bps"] = own_speed
    # A sum that no single connection has, and that several may have.
    if summed or any(port.get("speed_is_nominal") for port in ports):
        facts.update(speed_is_nominal=True, capable_bps=None, partner_bps=None)
    return facts


def _speed(name):
    """Return the speed in bit/s that an interface reports, None where it tells none."""
    speed = _number(os.path.join(_SYS, name, "speed"))
    return speed * 10**6 if speed and 0 < speed < _UNKNOWN_SPEED else None


def _darwin_interface(name):
    if name.startswith("lo"):
        return {"kind": "loopback", "negotiated_bps": None, "capable_bps": None, "mtu": None}
    ports = parse_hardware_ports(command_output("networksetup", "-listallhardwareports"))
    text = command_output("ifconfig", name)
    facts = {
        "mtu_range": parse_mtu_range(command_output("networksetup", "-listValidMTURange", name)),
        **parse_ifconfig_interface(text),
    }
    below = [_darwin_port(port, ports[port]) for port in parse_lower(text) if port in ports]
    if name in ports:
        port = _darwin_port(name, ports[name])
        bridged = {member["kind"] for member in below} == {"thunderbolt"}  # whatever the system's language calls the bridge
        return {**facts, "kind": "thunderbolt" if bridged else port["kind"], "capable_bps": port["capable_bps"]}
    if below:
        joined = _together(below, facts["negotiated_bps"])
        return {**facts, **joined, "lower": ", ".join(port for port in parse_lower(text) if port in ports)}
    tunnel = re.search(r"(?m)^\S+: flags=\w+<\S*\bPOINTOPOINT\b", text)
    return {**facts, "kind": "virtual" if tunnel else "unknown", "capable_bps": None}


def _darwin_port(device, name):
    """Return {kind, negotiated_bps, capable_bps} of a hardware port; Wi-Fi by its device, since ports have translated names."""
    # "Wi-Fi Power (en0): On", or that it is no Wi-Fi interface
    wifi = f"({device}): " in command_output("networksetup", "-getairportpower", device)
    return {
        "kind": "wifi" if wifi else port_kind(name),
        "negotiated_bps": parse_ifconfig_interface(command_output("ifconfig", device))["negotiated_bps"],
        "capable_bps": parse_valid_media(command_output("networksetup", "-listValidMedia", name)),
    }


def _number(path):
    try:
        with open(path) as stream:
            return int(stream.read())
    except (OSError, ValueError):
        return None
