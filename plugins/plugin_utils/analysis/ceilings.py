"""What a metric could reach at most, and where that value comes from.

Sources: data/apple_silicon_peaks.csv for Apple chips; the frame arithmetic of Ethernet for links.
Every rule returns ``(ceiling, source)``; the ceiling is None where none is known and the source is the reason. Which rule belongs
to which metric is in the registry (metrics/families).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from ..text.units import percent

Facts = Mapping[str, Any]  # of a node or of an interface
Peaks = Mapping[tuple[str, int, int | None], Mapping[str, str]]
Ceiling = tuple[float | None, str]

_SAME_CLOCK = 0.1  # two clocks that differ by less are the same one
STANDARD_RATES = (100e6, 1e9, 2.5e9, 5e9, 10e9, 25e9, 40e9, 100e9)

# Per frame: preamble 8 + header 14 + checksum 4 + gap 12 on the wire; IPv4 20 + TCP 20 + time stamps 12 inside.
_FRAME = 38
_HEADERS = 52


def tcp_goodput(rate: float, mtu: float = 1500) -> float:
    """Return the TCP goodput in bit/s that an Ethernet of ``rate`` bit/s carries with frames of ``mtu`` bytes."""
    return rate * (mtu - _HEADERS) / (mtu + _FRAME)


def is_nominal(end: Facts) -> bool:
    """Return whether the speed of an interface is only a name: no hardware of this node is behind it."""
    return end.get("kind") == "virtual" or bool(end.get("speed_is_nominal"))


def link(ends: Iterable[Facts | None]) -> Ceiling:
    """Return the ceiling of a link from the interfaces at its ends.

    ends: dicts with negotiated_bps, mtu, kind and, where a driver invents its speed, speed_is_nominal; None where an end is not
    known. A nominal speed is no ceiling.
    """
    known = [end for end in ends if end and end.get("negotiated_bps")]
    real = [end for end in known if not is_nominal(end)]
    if not known:
        return None, "neither end reports the speed that it negotiated"
    if not real:
        return None, "the speed of a virtual interface, or of several ports that act as one, is only a name"
    rate = min(end["negotiated_bps"] for end in real)
    mtu = min(end.get("mtu") or 1500 for end in known)
    return tcp_goodput(rate, mtu), f"TCP goodput of {rate / 1e9:g} Gb/s at MTU {mtu}"


def saturated_rate(goodput: float, below: float, mtu: float = 1500) -> float | None:
    """Return the standard rate below ``below`` that ``goodput`` fills (93 to 102 %), or None.

    Shaped and real links both end a few % below the arithmetic.
    """
    for rate in STANDARD_RATES:
        if rate < below * 0.99 and 0.93 * tcp_goodput(rate, mtu) <= goodput <= 1.02 * tcp_goodput(rate, mtu):
            return rate
    return None


def read_peaks(text: str) -> dict[tuple[str, int, int | None], dict[str, str]]:
    """Return ``{(chip, gpu_cores, GB of memory or None): row}`` of data/apple_silicon_peaks.csv.

    Where a row depends on the size of the memory its column memory_gb names the sizes, with blanks between them.
    """
    rows: dict[tuple[str, int, int | None], dict[str, str]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        sizes: list[str] | list[None] = (row.get("memory_gb") or "").split() or [None]
        for size in sizes:
            rows[(row["chip"], int(row["gpu_cores"]), int(size) if size else None)] = row
    return rows


def apple_row(facts: Facts, peaks: Peaks) -> Mapping[str, str] | None:
    """Return the row of the peaks table that belongs to a node, or None."""
    chip: str = (facts.get("chip") or "").replace("Apple ", "")
    cores: int = (facts.get("gpu") or {}).get("cores") or 0
    size = round((facts.get("memory_bytes") or 0) / 2**30)
    return peaks.get((chip, cores, size)) or peaks.get((chip, cores, None))


def apple_clock(facts: Facts, row: Mapping[str, str] | None) -> Ceiling:
    """Return (clock in Hz, source) of an Apple GPU: the node's own table where it can be identified, else the data file's.

    Which table is the GPU's differs from chip to chip: one that agrees with the data file within 10 % is; where the file has no
    clock, voltage-states9 is, as on most chips.
    """
    tables: dict[str, float] = (facts.get("gpu") or {}).get("clock_tables_hz") or {}
    if row and row["gpu_clock_mhz"]:
        listed = float(row["gpu_clock_mhz"]) * 1e6
        own = [clock for clock in tables.values() if abs(clock / listed - 1) < _SAME_CLOCK]
        if own:
            clock = min(own, key=lambda value: abs(value - listed))
            return clock, f"{clock / 1e6:.0f} MHz of the node's own clock table"
        source = f"{row['gpu_clock_mhz']} MHz of data/apple_silicon_peaks.csv (confidence {row['confidence']})"
        return listed, source + (
            f"; none of the node's own clock tables is within {percent(_SAME_CLOCK)} of it" if tables else ""
        )
    usual = tables.get("voltage-states9")
    return (usual, f"{usual / 1e6:.0f} MHz of the node's own clock table") if usual else (None, "")


def apple_gemm(facts: Facts, peaks: Peaks) -> Ceiling:
    """Return the ceiling in FLOP/s of a product on an Apple GPU.

    FP16 and BF16 run at the FP32 rate on the SIMD units of M1 to M5; the matrix units of M5 need MLX 0.30 and are not this
    stack's ceiling.
    """
    cores = (facts.get("gpu") or {}).get("cores")
    clock, source = apple_clock(facts, apple_row(facts, peaks))
    if not cores or not clock:
        return None, f"no peak for {facts.get('chip')} with {cores} GPU cores in data/apple_silicon_peaks.csv"
    return cores * 256 * clock, f"{cores} cores x 128 x 2 x {source}"


def cuda_gemm(facts: Facts, dtype: str, architectures: Mapping[str, Any]) -> Ceiling:
    """Return the ceiling in FLOP/s of a product on a CUDA device."""
    device = (facts.get("gpu") or {}).get("cuda") or {}
    rate = (architectures.get(str(device.get("capability"))) or {}).get(dtype)
    if not rate or not device.get("multiprocessors") or not device.get("clock_khz"):
        return None, f"no rate for {dtype} on compute capability {device.get('capability')} in data/cuda_architectures.yml"
    clock = device["clock_khz"] * 1e3
    source = f"{device['multiprocessors']} multiprocessors x {rate} FLOP x {clock / 1e6:.0f} MHz"
    return device["multiprocessors"] * rate * clock, source


def gemm(facts: Facts, params: Mapping[str, Any], data: Mapping[str, Any]) -> Ceiling:
    """Return the ceiling in FLOP/s of a product on a node's GPU.

    facts: node facts; params: the metric's (backend, dtype); data: {peaks: read_peaks(), cuda: data/cuda_architectures.yml}.
    """
    if params.get("backend") != "gpu":
        return None, "no documented peak for this CPU"
    if (facts.get("gpu") or {}).get("kind") == "cuda":
        return cuda_gemm(facts, params.get("dtype", "float32"), data["cuda"])
    return apple_gemm(facts, data["peaks"])


def memory(facts: Facts, params: Mapping[str, Any], data: Mapping[str, Any]) -> Ceiling:
    """Return the ceiling in B/s of a node's GPU memory."""
    if params.get("backend") != "gpu":
        return None, "no documented bandwidth for this CPU"
    device = (facts.get("gpu") or {}).get("cuda")
    if device and device.get("memory_clock_khz") and device.get("memory_bus_bits"):
        clock, width = device["memory_clock_khz"] * 1e3, device["memory_bus_bits"]
        return 2 * clock * width / 8, f"2 x {clock / 1e6:.0f} MHz x {width} bit"
    row = apple_row(facts, data["peaks"])
    if row is None or not row["mem_bw_gb_s"]:
        return None, f"no bandwidth for {facts.get('chip')} with its memory in data/apple_silicon_peaks.csv"
    return float(row["mem_bw_gb_s"]) * 1e9, f"{row['mem_bw_gb_s']} GB/s of data/apple_silicon_peaks.csv"
