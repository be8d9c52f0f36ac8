"""iperf3: its command lines, and what its answers mean. Pure functions."""

from __future__ import annotations

import functools
import json
import math

_MODES = {"forward": [], "reverse": ["--reverse"], "both": ["--bidir"]}


def command(iperf3, host, port, mode, streams, seconds, omit, udp_bps=None):
    """Return the client's command line; mode: forward, reverse or both; udp_bps: rate of a UDP run, None for TCP."""
    line = [iperf3, "--client", host, "--port", str(port), "--json", "--get-server-output", "--connect-timeout", "5000"]
    line += ["--time", str(seconds), "--parallel", str(streams), *_MODES[mode]]
    return line + (["--udp", "--bitrate", str(int(udp_bps))] if udp_bps is not None else ["--omit", str(omit)])


def _unrepeated(pairs):
    """Return an object of JSON; what repeats a key gets the name that iperf3 has for it since 3.11.

    3.7 to 3.10 repeat "sum", "sum_sent" and "sum_received" in runs of both directions, the reverse one last.
    """
    found = {}
    for key, value in pairs:
        found[key + "_bidir_reverse" if key in found else key] = value
    return found


def _document(text):
    """Return (document, error sentence)."""
    try:
        document = json.loads(text, object_pairs_hook=_unrepeated)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return None, "iperf3 gave no JSON: " + " ".join(text.split())[:200]
    return (None, str(document["error"])) if document.get("error") else (document, "")


def _guarded(read):
    """Make an answer that lacks what is expected an error sentence instead of an exception."""

    @functools.wraps(read)
    def guarded(text, *arguments):
        document, error = _document(text)
        if not error:
            try:
                return read(document, *arguments)
            except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError) as lack:
                version = _version(document) or "iperf3 of unknown version"
                error = f"the answer of {version} lacks what is measured ({type(lack).__name__}: {lack}); try another release."
        return {"error": error, "directions": {}}

    return guarded


def _version(document):
    start = document.get("start")
    return start.get("version", "") if isinstance(start, dict) else ""


def _number(part, key):
    """Return a measured value of the answer; raises where it is missing or no number."""
    value = float(part[key])
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{key} is {part[key]}")
    return value


def _received(document):
    """Return the samples (bit/s) of the sums that this side received, after slow start and without a sliver at the end."""
    sums = [
        part
        for interval in document.get("intervals", [])
        for part in (interval["sum"], interval.get("sum_bidir_reverse"))
        if part and not part.get("sender") and not part.get("omitted")
    ]
    return [_number(part, "bits_per_second") for part in sums if part["seconds"] > 0.3]


@_guarded
def parse(document, mode):
    """Return ``{error, version, cpu, directions: {forward|reverse: {samples, goodput, retransmits}}}`` of one TCP run's JSON.

    samples: the receiver's goodput in bit/s for each interval after slow start: the client's own intervals in reverse, else the
    server's. goodput: the receiver's value over the whole run. retransmits: None where the sender's system has none
    (macOS before iperf3 3.21). cpu: % of one core, {host_total, remote_total}.
    """
    end, server = document["end"], document.get("server_output_json") or {}
    directions = {}
    for direction in ("forward", "reverse") if mode == "both" else (mode,):
        suffix = "_bidir_reverse" if mode == "both" and direction == "reverse" else ""
        goodput = _number(end["sum_received" + suffix], "bits_per_second")
        directions[direction] = {
            "samples": _received(document if direction == "reverse" else server) or [goodput],
            "goodput": goodput,
            "retransmits": end["sum_sent" + suffix].get("retransmits"),
        }
    return {
        "error": "",
        "version": _version(document),
        "cpu": {key: end.get("cpu_utilization_percent", {}).get(key) for key in ("host_total", "remote_total")},
        "directions": directions,
    }


@_guarded
def parse_udp(document):
    """Return ``{error, jitter_s, loss (fraction), packets}`` of one UDP run's JSON, as the receiver saw it."""
    end = (document.get("server_output_json") or document)["end"]["sum"]
    return {
        "error": "",
        "jitter_s": _number(end, "jitter_ms") / 1e3,
        "loss": _number({"lost_percent": 0, **end}, "lost_percent") / 100,
        "packets": end["packets"],
    }
