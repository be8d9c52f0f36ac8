"""iperf3: its command lines, and what its answers mean. Pure functions."""

from __future__ import annotations

import json

_MODES = {"forward": [], "reverse": ["--reverse"], "both": ["--bidir"]}


def command(iperf3, host, port, mode, streams, seconds, omit, udp_bps=None):
    """Return the client's command line; mode: forward, reverse or both; udp_bps: rate of a UDP run, None for TCP."""
    line = [iperf3, "--client", host, "--port", str(port), "--json", "--get-server-output", "--connect-timeout", "5000"]
    line += ["--time", str(seconds), "--parallel", str(streams), *_MODES[mode]]
    return line + (["--udp", "--bitrate", str(int(udp_bps))] if udp_bps else ["--omit", str(omit)])


def _document(text):
    """Return (document, error sentence)."""
    try:
        document = json.loads(text)
    except ValueError:
        return None, "iperf3 gave no JSON: " + " ".join(text.split())[:200]
    return (None, document["error"]) if document.get("error") else (document, "")


def _received(document):
    """Return the samples (bit/s) of the sums that this side received, after slow start and without a sliver at the end."""
    sums = [
        part
        for interval in document.get("intervals", [])
        for part in (interval["sum"], interval.get("sum_bidir_reverse"))
        if part and not part.get("sender") and not part.get("omitted")
    ]
    return [part["bits_per_second"] for part in sums if part["seconds"] > 0.3]


def parse(text, mode):
    """Return ``{error, version, cpu, directions: {forward|reverse: {samples, goodput, retransmits}}}`` of one TCP run.

    samples: the receiver's goodput in bit/s for each interval after slow start: the client's own intervals in reverse, else the
    server's. goodput: the receiver's figure over the whole run. retransmits: None where the sender's system does not tell
    (macOS before iperf3 3.21). cpu: per cent of one core, {host_total, remote_total}.
    """
    document, error = _document(text)
    if error:
        return {"error": error, "directions": {}}
    end, server = document["end"], document.get("server_output_json") or {}
    directions = {}
    for direction in ("forward", "reverse") if mode == "both" else (mode,):
        suffix = "_bidir_reverse" if mode == "both" and direction == "reverse" else ""
        goodput = end["sum_received" + suffix]["bits_per_second"]
        directions[direction] = {
            "samples": _received(document if direction == "reverse" else server) or [goodput],
            "goodput": goodput,
            "retransmits": end["sum_sent" + suffix].get("retransmits"),
        }
    return {
        "error": "",
        "version": document.get("start", {}).get("version", ""),
        "cpu": {key: end.get("cpu_utilization_percent", {}).get(key) for key in ("host_total", "remote_total")},
        "directions": directions,
    }


def parse_udp(text):
    """Return ``{error, jitter_s, loss (share), packets}`` of one UDP run, as the receiver saw it."""
    document, error = _document(text)
    if error:
        return {"error": error}
    end = (document.get("server_output_json") or document)["end"]["sum"]
    return {
        "error": "",
        "jitter_s": end["jitter_ms"] / 1e3,
        "loss": (end.get("lost_percent") or 0) / 100,
        "packets": end["packets"],
    }
