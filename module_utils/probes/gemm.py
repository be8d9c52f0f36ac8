"""Probe: matrix products in MLX, and in NumPy beside them where MLX runs on the CPU.

Inputs are evaluated before the clock starts, every output is evaluated, mx.synchronize comes before the clock stops; warm-up by
count and by time; random normal data; the result is checked. FLOP = 2 m n k. TF32 is a matter of the environment.
"""

from __future__ import annotations

_LARGER = "Larger products were left out as well."


def main(params, emit):
    """params: shapes [n], dtypes, tf32 (bool, what the environment says), tolerance {dtype: float}, and those of timing.py.

    Emits a measurement for each dtype and shape (and implementation), or a not_measured with its reason.
    """
    import evaluation

    backend = "gpu" if evaluation.on_gpu() else "cpu"
    emit("result", {"backend": backend})
    if params["tf32"] and backend == "cpu":
        return  # a node with a CUDA device and MLX's wheel for the CPU
    cases = [(dtype, "mlx", mlx_product) for dtype in params["dtypes"]]
    if backend == "cpu" and "float32" in params["dtypes"]:
        cases.append(("float32", "numpy", numpy_product))
    total = len(cases) * len(params["shapes"])
    for number, (dtype, implementation, prepare) in enumerate(cases):
        sweep(params, emit, (dtype, implementation, prepare, backend), number * len(params["shapes"]), total)


def sweep(params, emit, case, done, total):
    """Measure all shapes of one case; a shape that the one before it shows to be too long is left out, with the reason."""
    import statistics

    import mlx.core as mx
    import timing

    dtype, implementation, prepare, backend = case
    rate = None
    for number, size in enumerate(params["shapes"]):
        name = "tf32" if params["tf32"] else dtype
        subject = {"dtype": name, "m": size, "n": size, "k": size, "implementation": implementation, "backend": backend}
        latest = f"{rate / 1e9:.1f} GFLOP/s" if rate else None
        what = f"gemm {name} {size} ({implementation})"
        emit("progress", {"what": what, "latest": latest, "done": done + number, "total": total})
        reason = timing.too_long(2 * size**3 / rate, params) if rate else None
        if reason:
            emit("not_measured", {"params": subject, "reason": f"At {latest}, {reason} {_LARGER}"})
            break
        try:
            call, check = prepare(size, dtype)
            document = timing.measure(call, params, 2 * size**3)
            error = check()
        except Exception as failure:
            emit("not_measured", {"params": subject, "reason": f"{timing.failure(failure)} {_LARGER}"})
            break
        mx.clear_cache()
        if not timing.is_correct(error, params["tolerance"][name]):
            emit("not_measured", {"params": subject, "reason": f"The product is wrong: relative error {error:.1e}."})
            continue
        rate = statistics.median_high(document["samples"])
        document["context"]["relative_error"] = error
        emit("measurement", {"params": subject, **document})


def mlx_product(size, dtype):
    """Return (call, check) for size x size products in MLX."""
    import evaluation
    import mlx.core as mx
    import numpy as np

    mx.random.seed(7)
    a = mx.random.normal((size, size)).astype(getattr(mx, dtype))
    b = mx.random.normal((size, size)).astype(getattr(mx, dtype))
    mx.eval(a, b)

    def check():
        rows = np.linspace(0, size - 1, 8).astype(int)
        tile = np.array(mx.matmul(a, b)[mx.array(rows)].astype(mx.float32))
        exact = np.array(a[mx.array(rows)].astype(mx.float32), dtype=np.float64) @ np.array(
            b.astype(mx.float32), dtype=np.float64
        )
        return float(np.abs(tile - exact).max() / np.abs(exact).max())

    return evaluation.repeat(lambda: mx.matmul(a, b), a.nbytes), check


def numpy_product(size, dtype):
    """Return (call, check) for size x size products in NumPy, whose BLAS shows what the CPU can do."""
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
