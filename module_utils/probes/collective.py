"""Probe: one rank of a sweep of MLX collectives over the ring back end (TCP).

The world is asserted before anything is timed: without strict=True a missing back end gives a group of one. A barrier comes
before each sample, and the slowest rank's time counts.
"""

from __future__ import annotations


def main(params, emit):
    """params: rank, hosts ["address:port"], sizes [bytes], repetitions, warmup. Rank 0 emits the measurements.

    Samples are the bus bandwidth in bit/s: bytes / seconds x 2 (n - 1) / n for all_reduce, (n - 1) / n for all_gather, where
    bytes is the size of the result.
    """
    import json
    import os
    import statistics
    import tempfile

    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as stream:
        json.dump([[host] for host in params["hosts"]], stream)
    os.environ["MLX_RANK"] = str(params["rank"])
    os.environ["MLX_HOSTFILE"] = stream.name
    import mlx.core as mx

    mx.set_default_device(mx.cpu)  # the ring sends from the CPU; where the data was computed is another question
    world = mx.distributed.init(strict=True, backend="ring")
    os.unlink(stream.name)
    if world.size() != len(params["hosts"]) or world.rank() != params["rank"]:
        raise RuntimeError(f"rank {params['rank']} of {len(params['hosts'])} found itself as {world.rank()} of {world.size()}")
    expect = float(sum(range(1, world.size() + 1)))
    if mx.distributed.all_sum(mx.array([world.rank() + 1.0])).item() != expect:
        raise RuntimeError("the first all-reduce gave a wrong sum")
    cases = [(operation, size) for operation in ("all_reduce", "all_gather") for size in params["sizes"]]
    latest = None
    for number, (operation, size) in enumerate(cases):
        what = f"collective {operation} {size} B"
        emit("progress", {"what": what, "latest": latest, "done": number, "total": len(cases)})
        document = measure(operation, size, world, params)
        latest = f"{statistics.median_high(document['samples']) / 1e6:.0f} Mb/s"
        if world.rank() == 0:
            emit("measurement", document)


def measure(operation, size, world, params):
    """Return the measurement of one operation and size; raises when a result is wrong."""
    import time

    import mlx.core as mx

    ranks = world.size()
    reduce = operation == "all_reduce"
    count = max(1, size // 4 // (1 if reduce else ranks))
    moved = count * 4 * (1 if reduce else ranks)
    data = mx.full((count,), world.rank() + 1.0)
    mx.eval(data)
    run = mx.distributed.all_sum if reduce else mx.distributed.all_gather
    seconds = []
    for number in range(params["warmup"] + params["repetitions"]):
        mx.eval(mx.distributed.all_sum(mx.array([1.0])))  # barrier
        start = time.perf_counter()
        result = run(data)
        mx.eval(result)
        if number >= params["warmup"]:
            seconds.append(time.perf_counter() - start)
    first, last = result[0].item(), result[result.shape[0] - 1].item()
    expected = (sum(range(1, ranks + 1)),) * 2 if reduce else (1, ranks)
    if (first, last) != expected:
        raise RuntimeError(f"{operation} of {size} B gave {first}, {last} instead of {expected}")
    slowest = mx.max(mx.distributed.all_gather(mx.array([seconds])), axis=0).tolist()
    factor = (2 if reduce else 1) * (ranks - 1) / ranks
    return {
        "operation": operation,
        "params": {"bytes": moved, "ranks": ranks, "dtype": "float32", "backend": "ring"},
        "samples": [moved * 8 * factor / second for second in slowest],
        "context": {"seconds": slowest, "bus_factor": factor},
    }
