"""Which ceiling belongs to which metric. Pure functions over the measurements of a run.

A ceiling is documented (arithmetic over what the hardware is) or measured in the same run on the same node or link; only a
documented one makes a figure above it impossible, and the source of a measured one begins with "measured".
"""

from __future__ import annotations

from . import ceilings, statistics

MEASURED = "measured"


class Context:
    """What the rules need: nodes' facts, the data files, and all measurements with their medians."""

    def __init__(self, nodes, measurements, data):
        self.nodes, self.data = nodes, data
        self.by_name = {}
        for measurement in measurements:
            self.by_name.setdefault(measurement["name"], []).append(measurement)

    def facts(self, metric):
        return self.nodes.get(metric["subject"][0], {}).get("facts", {}) if metric["subject"] else {}

    def best(self, name, keep):
        """Return the highest median of the measurements of a name that ``keep`` accepts, or None."""
        medians = [statistics.median(item["samples"]) for item in self.by_name.get(name, []) if keep(item)]
        return max(medians) if medians else None

    def goodput(self, pair, link=None):
        """Return the best goodput in bit/s from one node to another."""
        link = link or "default"
        return self.best("net.goodput", lambda item: item["subject"] == list(pair) and item["link"] == link)


def ceiling(metric, context):
    """Return (ceiling, source) of a metric; the ceiling is None where none is known."""
    name = metric["name"]
    for prefix, rule in _RULES.items():
        if name == prefix or (prefix.endswith(".") and name.startswith(prefix)):
            return rule(metric, context)
    return None, "no ceiling is defined for this metric"


def _gemm(metric, context):
    params = metric["params"]
    if params["backend"] == "gpu":
        return ceilings.gemm(context.facts(metric), params, context.data)
    if params.get("implementation") == "numpy":
        return None, "NumPy's BLAS is itself what the CPU is measured by"
    beside = context.best(
        "gemm.float32", lambda item: item["subject"] == metric["subject"] and item["params"]["implementation"] == "numpy"
    )
    return beside, f"{MEASURED}: the best product of NumPy in float32 on the same CPU" if beside else "NumPy was not measured"


def _memory(metric, context):
    params = metric["params"]
    if params["backend"] == "gpu":
        return ceilings.memory(context.facts(metric), params, context.data)
    if params.get("implementation") == "numpy":
        return None, "NumPy is itself what the CPU is measured by"
    beside = context.best(
        metric["name"], lambda item: item["subject"] == metric["subject"] and item["params"]["implementation"] == "numpy"
    )
    return beside, f"{MEASURED}: the same by NumPy on the same CPU, one thread" if beside else "NumPy was not measured"


def _operation(metric, context):
    if metric["unit"] == "FLOP/s":
        return ceilings.gemm(context.facts(metric), metric["params"], context.data)
    if metric["unit"] == "B/s":
        return ceilings.memory(context.facts(metric), metric["params"], context.data)
    return None, "a latency has no ceiling"


def _prefill(metric, context):
    peak, source = ceilings.gemm(context.facts(metric), {**metric["params"], "dtype": "bfloat16"}, context.data)
    # Runs of before this was recorded counted every parameter.
    work = 2 * (metric["context"].get("prompt_parameters") or metric["params"]["parameters"])
    return (peak / work, f"2 FLOP a parameter, without embeddings and output, at {source}") if peak else (None, source)


def _decode(metric, context):
    bandwidth, source = ceilings.memory(context.facts(metric), metric["params"], context.data)
    params = metric["params"]
    if not bandwidth:
        return None, source
    return bandwidth / params["read_bytes"] * params["batch"], f"all weights read once for each token at {source}"


def _goodput(metric, context):
    return ceilings.link(ends(metric, context.nodes))


def _together(metric, context):
    facts = (context.facts(metric).get("links") or {}).get(metric["link"] or "default")
    return ceilings.link([facts])


def _transfer(metric, context):
    goodput = context.goodput(metric["subject"])
    return goodput, f"{MEASURED}: the goodput of iperf3 over the same link" if goodput else "the link's goodput was not measured"


def _collective(metric, context):
    names = list(context.nodes)
    ring = {(name, names[(number + 1) % len(names)]) for number, name in enumerate(names)}
    ring = {pair: context.goodput(pair) for pair in ring}
    known = {pair: goodput for pair, goodput in ring.items() if goodput}
    if not known:
        return None, "no link of the ring was measured"
    slowest = min(known, key=known.get)
    return known[slowest], f"{MEASURED}: the goodput of the ring's slowest link, {slowest[0]} to {slowest[1]}"


def _gpu_clock(metric, context):
    facts = context.facts(metric)
    clock, source = ceilings.apple_clock(facts, ceilings.apple_row(facts, context.data["peaks"]))
    return clock, source or "the GPU's highest clock is not known"


def _gpu_utilisation(_metric, _context):
    return 1.0, "the GPU is never idle"


def _scaling(_metric, _context):
    return 1.0, "n nodes do n times the work of one"


_RULES = {
    "gemm.": _gemm,
    "memory.": _memory,
    "ops.": _operation,
    "llm.prefill": _prefill,
    "llm.decode": _decode,
    "net.goodput": _goodput,
    "net.goodput_both": _goodput,
    "net.together": _together,
    "ray.transfer": _transfer,
    "collective.": _collective,
    "scaling.": _scaling,
    "gpu.clock": _gpu_clock,
    "gpu.utilisation": _gpu_utilisation,
}


def ends(metric, nodes):
    """Return the interfaces at both ends of a link, sender first: of the route where it is known, else of the address."""
    found = []
    for side, node in zip(("from", "to"), metric["subject"]):
        links = nodes.get(node, {}).get("facts", {}).get("links") or {}
        found.append(metric.get("context", {}).get(side) or links.get(metric["link"] or "default"))
    return found
