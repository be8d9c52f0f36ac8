"""Probe: the same matrix product for a long time. Heat shows in the series itself, whatever counters say."""

from __future__ import annotations


def main(params, emit):
    """params: size {backend: n}, dtype, seconds, sample_s. Emits one measurement with a sample about every sample_s seconds."""
    import time

    import evaluation
    import mlx.core as mx
    import timing

    backend = "gpu" if evaluation.on_gpu() else "cpu"
    size = params["size"][backend]
    mx.random.seed(7)
    a = mx.random.normal((size, size)).astype(getattr(mx, params["dtype"]))
    b = mx.random.normal((size, size)).astype(getattr(mx, params["dtype"]))
    mx.eval(a, b)

    call = evaluation.repeat(lambda: mx.matmul(a, b), a.nbytes)
    call(1)
    start = time.perf_counter()
    call(1)
    count = timing.calls_per_sample(call, params["sample_s"], time.perf_counter() - start)
    samples, times = [], []
    begun = told = time.perf_counter()
    while time.perf_counter() - begun < params["seconds"]:
        start = time.perf_counter()
        call(count)
        end = time.perf_counter()
        samples.append(count * 2 * size**3 / (end - start))
        times.append(end - begun)
        if end - told > 2:
            told = end
            latest = f"{samples[-1] / 1e9:.1f} GFLOP/s"
            emit("progress", {"what": "sustained", "latest": latest, "done": end - begun, "total": params["seconds"]})
    shape = {"dtype": params["dtype"], "m": size, "n": size, "k": size, "implementation": "mlx", "backend": backend}
    emit("measurement", {"params": {**shape, "seconds": params["seconds"]}, "samples": samples, "context": {"times_s": times}})
