"""A Linux node described: parsers of /proc and of a few commands."""

from __future__ import annotations

import glob
import os
import platform
import re
import time

from . import cuda
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


def parse_cache_size(text):
    """Return the bytes of a cache size as sysfs writes it: 32768K, 8M."""
    match = re.fullmatch(r"(\d+)([KMG])", text.strip())
    return int(match.group(1)) * {"K": 2**10, "M": 2**20, "G": 2**30}[match.group(2)] if match else None


def last_cache_bytes(folder="/sys/devices/system/cpu/cpu0/cache"):
    """Return the bytes of the last level of cache that the first core sees, None where the system does not tell (macOS)."""
    levels = {}
    for index in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        level, size = _read(f"{folder}/{index}/level").strip(), parse_cache_size(_read(f"{folder}/{index}/size"))
        if level and size:
            levels[int(level)] = size
    return levels[max(levels)] if levels else None


def parse_mhz(text):
    """Return the highest "cpu MHz" of /proc/cpuinfo in Hz, None where the system does not tell."""
    clocks = [float(value) for value in re.findall(r"(?m)^cpu MHz\s*: ([\d.]+)$", text)]
    return max(clocks) * 1e6 if clocks else None


def temperature(pattern="/sys/class/thermal/thermal_zone*/temp"):
    """Return the highest temperature of the thermal zones in degrees Celsius, None where there is none."""
    readings = [int(text) / 1000 for text in map(_read, glob.glob(pattern)) if text.strip().lstrip("-").isdigit()]
    return max(readings) if readings else None


def gpu():
    """Return the first CUDA device that nvidia-smi tells of, or kind none."""
    name = command_output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader").strip().splitlines()
    if not name:
        return {"kind": "none", "name": None, "cores": None}
    return {"kind": "cuda", "name": name[0], "cores": None, "cuda": cuda.device()}


def describe():
    """Return the facts that differ from system to system (asks the system)."""
    cpu = parse_cpuinfo(_read("/proc/cpuinfo"))
    uptime = _read("/proc/uptime").split()
    return {
        "os": {**parse_os_release(_read("/etc/os-release")), "kernel": platform.release()},
        "chip": cpu["model"],
        "cpu": cpu,
        "gpu": gpu(),
        "cache_bytes": last_cache_bytes(),
        "glibc": glibc(),
        "virtual": command_output("systemd-detect-virt").strip().replace("none", ""),
        "conditions": {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "load_average": list(os.getloadavg()),
            "uptime_s": float(uptime[0]) if uptime else None,
            "power": None,
            "cpu_clock_hz": parse_mhz(_read("/proc/cpuinfo")),
            "temperature_c": temperature(),
            **parse_meminfo(_read("/proc/meminfo")),
        },
    }
