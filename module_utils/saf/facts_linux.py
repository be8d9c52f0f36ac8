"""A Linux node described: parsers of /proc and of a few commands."""

from __future__ import annotations

import os
import platform
import re
import time

from .node_state import command_output, glibc


def parse_cpuinfo(text):
    """Return ``{model, cores_physical, cores_logical}`` of /proc/cpuinfo; unknown values are None."""
    model = re.search(r"(?m)^model name\s*: (.+)$", text)
    physical = set(re.findall(r"(?ms)^physical id\s*: (\d+)$.*?^core id\s*: (\d+)$", text))
    return {
        "model": model.group(1).strip() if model else None,
        "cores_physical": len(physical) or None,
        "cores_logical": len(re.findall(r"(?m)^processor\s*:", text)) or None,
    }


def parse_os_release(text):
    """Return ``{name, version}`` of /etc/os-release."""
    pairs = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {"name": pairs.get("ID", "").strip('"'), "version": pairs.get("VERSION_ID", "").strip('"')}


def parse_meminfo(text):
    """Return ``{memory_available_bytes, swap_used_bytes}`` of /proc/meminfo."""
    values = {name: int(size) * 1024 for name, size in re.findall(r"(?m)^(\w+):\s+(\d+) kB$", text)}
    return {
        "memory_available_bytes": values.get("MemAvailable"),
        "swap_used_bytes": values.get("SwapTotal", 0) - values.get("SwapFree", 0),
    }


def interface_with(address, text):
    """Return the interface that carries ``address`` in the output of ``ip -o -4 addr``."""
    match = re.search(rf"(?m)^\d+: (\S+)\s+inet {re.escape(address)}/", text)
    return match.group(1) if match else None


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def gpu():
    """Return the first CUDA device that nvidia-smi tells of, or kind none."""
    name = command_output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader").strip().splitlines()
    return {"kind": "cuda", "name": name[0], "cores": None} if name else {"kind": "none", "name": None, "cores": None}


def describe():
    """Return the facts that differ from system to system (asks the system)."""
    cpu = parse_cpuinfo(_read("/proc/cpuinfo"))
    uptime = _read("/proc/uptime").split()
    return {
        "os": {**parse_os_release(_read("/etc/os-release")), "kernel": platform.release()},
        "chip": cpu["model"],
        "cpu": cpu,
        "gpu": gpu(),
        "glibc": glibc(),
        "virtual": command_output("systemd-detect-virt").strip().replace("none", ""),
        "conditions": {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "load_average": list(os.getloadavg()),
            "uptime_s": float(uptime[0]) if uptime else None,
            "power": None,
            **parse_meminfo(_read("/proc/meminfo")),
        },
    }
