"""Names and short descriptions of metrics, severities and flags, as people read them."""

from __future__ import annotations

from .units import percent

TITLES = {
    "gemm.float32": "Matrix products, float32",
    "gemm.tf32": "Matrix products, TF32",
    "gemm.float16": "Matrix products, float16",
    "gemm.bfloat16": "Matrix products, bfloat16",
    "gemm.sustained": "Matrix products over time",
    "memory.copy": "Memory bandwidth, copy",
    "memory.scale": "Memory bandwidth, scale",
    "memory.add": "Memory bandwidth, add",
    "memory.triad": "Memory bandwidth, triad",
    "ops.softmax": "Softmax",
    "ops.layer_norm": "Layer norm",
    "ops.attention": "Attention",
    "ops.launch": "One small evaluation",
    "llm.prefill": "Language model, prefill",
    "llm.decode": "Language model, decode",
    "gpu.utilisation": "GPU busy, as the system says",
    "gpu.clock": "GPU clock while busy",
    "net.goodput": "Goodput between nodes",
    "net.goodput_both": "Goodput with both directions at once",
    "net.rtt.idle": "Round trip, idle link",
    "net.rtt.loaded": "Round trip, loaded link",
    "net.udp_jitter": "UDP jitter",
    "net.udp_loss": "UDP loss",
    "net.together": "All nodes sending at once",
    "ray.task_rtt": "Round trip of an empty Ray task",
    "ray.task_rate": "Empty Ray tasks a second",
    "ray.transfer": "Ray object from node to node",
    "ray.broadcast": "Ray object from the head to all",
    "ray.mlx_tasks": "A set of MLX tasks over Ray, wall time",
    "scaling.strong": "Strong scaling: the same work on more nodes",
    "scaling.weak": "Weak scaling: more work on more nodes",
    "collective.all_reduce": "All-reduce, bus bandwidth",
    "collective.all_gather": "All-gather, bus bandwidth",
}
SEVERITY = {"fault": "Fault", "limit": "Limit", "note": "Note"}
FLAGS = {
    "above_ceiling": "above 1.05 of its documented ceiling: the figure or the ceiling is wrong; it counts as no record",
    "throttled": "the rate fell by more than 5 % while the same work went on",
    "cpu_bound": "a core of one end was fully busy: the CPU was measured, not the link",
    "unstable": "the samples' MAD is above 10 % of their median",
    "small_arrays": "the arrays are less than four times the last cache: memory did not allow more",
    "busy_node": "other work ran on a node of it before the first measurement",
    "low_power": "Low Power Mode was on",
    "battery": "a node of it ran on battery",
    "swapping": "swap in use grew during the run",
    "speed_limit": "the system limited the clock",
}


def plural(count, word):
    return f"{count} {word}" + ("" if count == 1 else "s")


def where(subject):
    return ", ".join(subject) or "cluster"


def gain(factor):
    """Return a bounded gain in words; less than one per cent is nothing that a run could show."""
    return f"at most {factor:g} times" if factor >= 1.01 else "none for the tasks of this run"


def busy_words(conditions):
    """Return the busiest processes of a node's conditions with their share of one core, "" where none was told."""
    return ", ".join(f"{one['command']} {one['cpu_percent']} %" for one in conditions.get("busiest") or [])


def what(metric):
    """Return in words what a figure was measured with."""
    params, kind = metric["params"], metric["name"].split(".")[0]
    return _WORDS.get(kind, lambda _metric, _params: "")(metric, params)


def _gemm(metric, params):
    words = f"{params['m']} x {params['n']} x {params['k']}, {params.get('implementation', 'mlx')} on the {params['backend']}"
    return words + (f", {params['seconds']} s" if metric["name"] == "gemm.sustained" else "")


def _memory(_metric, params):
    return f"arrays of {params['array_bytes'] / 1e6:.0f} MB, {params['implementation']} on the {params['backend']}"


def _ops(metric, params):
    if "rows" in params:
        return f"{params['rows']} x {params['width']} {params['dtype']} on the {params['backend']}"
    if "heads" in params:
        shape = f"batch {params['batch']}, {params['heads']} heads, length {params['length']}, {params['dimension']} each"
        return f"{shape}, {params['dtype']} on the {params['backend']}"
    return f"one element on the {params['backend']}"


def _llm(_metric, params):
    model = params["model"] + (" (random weights)" if params["synthetic"] else "")
    return (
        f"{model}, {params['bits'] or 16} bits, prompt {params['prompt']}, generation {params['generation']}, "
        f"batch {params['batch']}, on the {params['backend']}{'' if params.get('compiled', True) else ', not compiled'}"
    )


def _net(metric, params):
    link = f"link {metric['link']}"
    if "flows" in params:
        return f"{link}, {plural(params['flows'], 'flow')} out of the node, {params['seconds']} s"
    if "iperf3" in params:
        return f"{link}, {plural(params['streams'], 'stream')}, {params['seconds']} s, iperf3"
    if "packets" in params:
        return f"{link}, {params['packets']} datagrams at {params['bits_per_second'] / 1e6:.0f} Mb/s"
    load = f", while iperf3 sends ({params['load']})" if "load" in params else ""
    return f"{link}, {params['bytes']} B over TCP{load}"


def _ray(metric, params):
    if metric["name"] == "ray.task_rtt":
        return "one task at a time"
    if metric["name"] == "ray.task_rate":
        return f"bursts of {params['tasks']}, all nodes"
    if "bytes" in params:
        size = f"{params['bytes'] / 2**20:g} MiB"
        return size + (f" to {plural(params['receivers'], 'node')}, all copies counted" if "receivers" in params else "")
    return _tasks(metric, params)


def _tasks(metric, params):
    nodes = plural(len(params["nodes"]), "node")
    words = f"{params['tasks']} tasks on {nodes}, {params['products']} products of {params['size']} each"
    split = metric.get("context", {}).get("split")
    return words + (": " + ", ".join(f"{part} {percent(share)}" for part, share in split.items()) if split else "")


def _collective(_metric, params):
    return f"{params['bytes']} B over {params['ranks']} ranks, {params['dtype']}, {params['backend']}"


def _gpu(_metric, params):
    return f"while {params['suite']} was measured, by {params['source']}"


_WORDS = {
    "gpu": _gpu,
    "gemm": _gemm,
    "memory": _memory,
    "ops": _ops,
    "llm": _llm,
    "net": _net,
    "ray": _ray,
    "scaling": _tasks,
    "collective": _collective,
}
