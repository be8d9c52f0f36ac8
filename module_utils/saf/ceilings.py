"""What a metric could reach at most, and where that figure comes from.

Sources: data/apple_silicon_peaks.csv for Apple chips; the frame arithmetic of Ethernet for links.
Every function returns ``(ceiling, source)``; the ceiling is None where none is known and the source says why.
"""

from __future__ import annotations

import csv
import io

# Measured above this multiple of its ceiling, a figure (or the ceiling) is wrong.
TOLERANCE = 1.05
STANDARD_RATES = (100e6, 1e9, 2.5e9, 5e9, 10e9, 25e9, 40e9, 100e9)

# Per frame: preamble 8 + header 14 + checksum 4 + gap 12 on the wire; IPv4 20 + TCP 20 + time stamps 12 inside.
_FRAME = 38
_HEADERS = 52


def tcp_goodput(rate, mtu=1500):
    """Return the TCP goodput in bit/s that an Ethernet of ``rate`` bit/s carries with frames of ``mtu`` bytes."""
    return rate * (mtu - _HEADERS) / (mtu + _FRAME)


def link(ends):
    """Return the ceiling of a link from the interfaces at its ends.

    ends: dicts with negotiated_bps, mtu and kind; None where an end is not known.
    """
    known = [end for end in ends if end and end.get("negotiated_bps")]
    if not known:
        return None, "neither end tells the speed that it negotiated"
    rate = min(end["negotiated_bps"] for end in known)
    mtu = min(end.get("mtu") or 1500 for end in known)
    source = f"TCP goodput of {rate / 1e9:g} Gb/s at MTU {mtu}"
    if any(end.get("kind") == "virtual" for end in known):
        source += ", the nominal speed of a virtual interface"
    return tcp_goodput(rate, mtu), source


def saturated_rate(goodput, below, mtu=1500):
    """Return the standard rate below ``below`` that ``goodput`` fills (93 to 102 %), or None.

    Shaped and real links both end a few per cent under the arithmetic.
    """
    for rate in STANDARD_RATES:
        if rate < below * 0.99 and 0.93 <= goodput / tcp_goodput(rate, mtu) <= 1.02:
            return rate
    return None


def read_peaks(text):
    """Return ``{(chip, gpu_cores): row}`` of data/apple_silicon_peaks.csv."""
    return {(row["chip"], int(row["gpu_cores"])): row for row in csv.DictReader(io.StringIO(text))}


def gemm(facts, params, peaks):
    """Return the ceiling in FLOP/s of a GEMM on a node.

    facts: node facts; params: the metric's (backend, dtype); peaks: as from read_peaks(). FP16 on the SIMD units of M1 to
    M5 runs at the FP32 rate; the matrix units of M5 need MLX 0.30 or newer and are not this stack's ceiling.
    """
    if params.get("backend") != "gpu":
        return None, "no documented peak for this CPU; see the NumPy figure beside it"
    cores = (facts.get("gpu") or {}).get("cores")
    chip = (facts.get("chip") or "").replace("Apple ", "")
    row = peaks.get((chip, cores))
    if row is None or not row["fp32_tflops"]:
        return None, f"no peak for {facts.get('chip')} with {cores} GPU cores in data/apple_silicon_peaks.csv"
    source = f"{cores} cores x 128 x 2 x {row['gpu_clock_mhz']} MHz (confidence {row['confidence']})"
    return float(row["fp32_tflops"]) * 1e12, source
