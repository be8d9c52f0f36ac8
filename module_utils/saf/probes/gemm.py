"""Probe: matrix products in MLX, and in NumPy beside them where MLX runs on the CPU.

Inputs are evaluated before the clock starts, every output is kept and evaluated, mx.synchronize comes before the clock stops;
warm-up by count and by time; random normal data; TF32 off; the result is checked. FLOP = 2 m n k.
"""

from __future__ import annotations


def main(params, emit):
    """params: shapes [n], dtypes, warmup_calls, warmup_s, min_samples, max_samples, sample_s, budget_s, tolerance {dtype: float}.

    Emits a measurement for each dtype and shape (and implementation), or a not_measured with its reason.
    """
    import os

    os.environ["MLX_ENABLE_TF32"] = "0"
    import mlx.core as mx

    backend = "gpu" if mx.default_device() == mx.Device(mx.gpu) else "cpu"
    implementations = [("mlx", mlx_product)]
    if backend == "cpu":
        implementations.append(("numpy", numpy_product))
    for dtype in params["dtypes"]:
        for implementation, prepare in implementations:
            rate = None
            for size in params["shapes"]:
                subject = {"dtype": dtype, "m": size, "n": size, "k": size, "implementation": implementation, "backend": backend}
                if rate and 2 * size**3 / rate * (params["min_samples"] + params["warmup_calls"]) > params["budget_s"]:
                    emit("not_measured", {"params": subject, "reason": _too_long(size, rate, params)})
                    continue
                call, check = prepare(size, dtype)
                document = measure(call, params, 2 * size**3)
                error = check()
                if error > params["tolerance"][dtype]:
                    emit("not_measured", {"params": subject, "reason": f"The product is wrong: relative error {error:.1e}."})
                    continue
                rate = sorted(document["samples"])[len(document["samples"]) // 2]
                document["context"]["relative_error"] = error
                emit("measurement", {"params": subject, **document})


def _too_long(size, rate, params):
    seconds = 2 * size**3 / rate
    return (
        f"One product of {size} would take {seconds:.1f} s at {rate / 1e9:.1f} GFLOP/s; the budget is {params['budget_s']:g} s."
    )


def measure(call, params, flop):
    """Return {samples (FLOP/s), context} of ``call(count)``, which does ``count`` products and waits for all of them."""
    import time

    start = time.perf_counter()
    call(1)
    first = time.perf_counter() - start
    calls, warm = 0, time.perf_counter()
    while calls < params["warmup_calls"] or time.perf_counter() - warm < params["warmup_s"]:
        call(1)
        calls += 1
        if time.perf_counter() - warm > params["budget_s"] / 4 and calls > 1:
            break
    each = (time.perf_counter() - warm) / calls
    count = max(1, int(params["sample_s"] / each))
    samples, begun = [], time.perf_counter()
    while len(samples) < params["min_samples"] or time.perf_counter() - begun < params["sample_s"] * params["min_samples"]:
        start = time.perf_counter()
        call(count)
        samples.append(count * flop / (time.perf_counter() - start))
        if len(samples) >= params["max_samples"]:
            break
    return {"samples": samples, "context": {"first_call_s": first, "warmup_calls": calls, "products_per_sample": count}}


def mlx_product(size, dtype):
    """Return (call, check) for size x size products in MLX."""
    import mlx.core as mx
    import numpy as np

    mx.random.seed(7)
    a = mx.random.normal((size, size)).astype(getattr(mx, dtype))
    b = mx.random.normal((size, size)).astype(getattr(mx, dtype))
    mx.eval(a, b)

    def call(count):
        outputs = [mx.matmul(a, b) for _ in range(count)]
        mx.eval(outputs)
        mx.synchronize()

    def check():
        rows = np.linspace(0, size - 1, 8).astype(int)
        tile = np.array(mx.matmul(a, b)[mx.array(rows)].astype(mx.float32))
        exact = np.array(a[mx.array(rows)].astype(mx.float32), dtype=np.float64) @ np.array(
            b.astype(mx.float32), dtype=np.float64
        )
        return float(np.abs(tile - exact).max() / np.abs(exact).max())

    return call, check


def numpy_product(size, dtype):
    """Return (call, check) for size x size products in NumPy, whose BLAS tells what the CPU can do."""
    import numpy as np

    generator = np.random.default_rng(7)
    a = generator.standard_normal((size, size)).astype(dtype)
    b = generator.standard_normal((size, size)).astype(dtype)

    def call(count):
        for _ in range(count):
            a @ b

    def check():
        tile = (a[:8] @ b).astype(np.float64)
        exact = a[:8].astype(np.float64) @ b.astype(np.float64)
        return float(np.abs(tile - exact).max() / np.abs(exact).max())

    return call, check
