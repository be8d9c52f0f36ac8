"""The first CUDA device, as the driver's own library describes it (libcuda, no toolkit needed)."""

from __future__ import annotations

import ctypes

# CUdevice_attribute of the driver API.
_ATTRIBUTES = {
    "multiprocessors": 16,
    "clock_khz": 13,
    "memory_clock_khz": 36,
    "memory_bus_bits": 37,
    "cache_bytes": 38,
    "capability_major": 75,
    "capability_minor": 76,
}


def _driver():
    """Return libcuda, initialized; None without it or without a device."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    count = ctypes.c_int()
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0 or count.value < 1:
        return None
    return driver


def newest():
    """Return the newest CUDA that the driver runs, for instance 13.0; "" without a driver or a device."""
    driver, number = _driver(), ctypes.c_int()
    if driver is None or driver.cuDriverGetVersion(ctypes.byref(number)) != 0:
        return ""
    return f"{number.value // 1000}.{number.value % 1000 // 10}"


def device():
    """Return {multiprocessors, clock_khz, memory_clock_khz, memory_bus_bits, cache_bytes (L2), capability}, None without one."""
    driver, handle = _driver(), ctypes.c_int()
    if driver is None or driver.cuDeviceGet(ctypes.byref(handle), 0) != 0:
        return None
    values: dict = {}
    for name, number in _ATTRIBUTES.items():
        value = ctypes.c_int()
        answer = driver.cuDeviceGetAttribute(ctypes.byref(value), number, handle)
        values[name] = value.value if answer == 0 else None
    values["capability"] = f"{values.pop('capability_major')}.{values.pop('capability_minor')}"
    return values
