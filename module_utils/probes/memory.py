"""Probe: memory bandwidth by the rules of STREAM, in MLX, and in NumPy beside it where MLX runs on the CPU.

Bytes read and bytes written both count; arrays are several times the last cache; results are checked.
"""

from __future__ import annotations

_FACTOR = 3.0


def main(params, emit):
    """params: arrays {backend: {bytes, flags}}, and those of timing.py. Emits one measurement (B/s) for each operation."""
    import statistics

    import evaluation
    import mlx.core as mx
    import timing

    backend = "gpu" if evaluation.on_gpu() else "cpu"
    arrays = params["arrays"][backend]
    count = arrays["bytes"] // 4
    cases = [("mlx", operation) for operation in mlx_operations(count)]
    if backend == "cpu":
        cases += [("numpy", operation) for operation in numpy_operations(count)]
    latest = None
    for number, (implementation, (name, moved, call, check)) in enumerate(cases):
        what = f"memory {name} ({implementation})"
        emit("progress", {"what": what, "latest": latest, "done": number, "total": len(cases)})
        subject = {"operation": name, "array_bytes": count * 4, "dtype": "float32", "implementation": implementation}
        subject.update({"backend": backend, "transfers": moved})
        try:
            document = timing.measure(call, params, moved * count * 4)
            right = check()
        except Exception as error:
            emit("not_measured", {"params": subject, "reason": timing.failure(error)})
            continue
        mx.clear_cache()
        if not right:
            emit("not_measured", {"params": subject, "reason": "The result is wrong."})
            continue
        latest = f"{statistics.median_high(document['samples']) / 1e9:.1f} GB/s"
        emit("measurement", {"params": subject, "flags": arrays["flags"], **document})


def mlx_operations(count):
    """Return [(name, arrays read or written, call, check)] over float32 arrays of ``count`` elements."""
    import evaluation
    import mlx.core as mx

    a = mx.random.normal((count,), key=mx.random.key(1))
    b = mx.random.normal((count,), key=mx.random.key(2))
    half = count // 2
    mx.eval(a, b)
    triad, transfers = fused_triad(a, b)
    functions = [
        # Two halves of two arrays put together: the copy kernel, and nothing that could be done without moving the data.
        ("copy", 2, lambda: mx.concatenate([a[:half], b[half:]]), lambda c: (c[0] == a[0]) & (c[count - 1] == b[count - 1])),
        ("scale", 2, lambda: a * _FACTOR, lambda c: mx.abs(c[7] - _FACTOR * a[7]) < 1e-4),
        ("add", 3, lambda: a + b, lambda c: mx.abs(c[7] - (a[7] + b[7])) < 1e-4),
        ("triad", transfers, triad, lambda c: mx.abs(c[7] - (a[7] + _FACTOR * b[7])) < 1e-3),
    ]

    def checked(function, right):
        return lambda: bool(right(function()).item())

    return [
        (name, moved, evaluation.repeat(function, a.nbytes), checked(function, right))
        for name, moved, function, right in functions
    ]


def fused_triad(a, b):
    """Return (triad, arrays moved): one kernel where MLX can compile, else two, which then move five arrays."""
    import mlx.core as mx

    fused = mx.compile(lambda x, y: x + _FACTOR * y)
    try:
        mx.eval(fused(a[:8], b[:8]))
    except Exception:  # the CPU back end compiles with the system's C++ compiler, which nodes need not have
        return (lambda: a + _FACTOR * b), 5
    return (lambda: fused(a, b)), 3


def numpy_operations(count):
    """Return the same for NumPy, into an array that exists already; one thread."""
    import numpy as np

    generator = np.random.default_rng(7)
    a, b = generator.standard_normal((2, count), dtype=np.float32)
    c = np.zeros(count, dtype=np.float32)

    def triad():
        np.multiply(b, np.float32(_FACTOR), out=c)
        np.add(a, c, out=c)

    functions = [
        ("copy", 2, lambda: np.copyto(c, a), lambda: c[7] == a[7]),
        ("scale", 2, lambda: np.multiply(a, np.float32(_FACTOR), out=c), lambda: abs(c[7] - _FACTOR * a[7]) < 1e-4),
        ("add", 3, lambda: np.add(a, b, out=c), lambda: abs(c[7] - (a[7] + b[7])) < 1e-4),
        ("triad", 5, triad, lambda: abs(c[7] - (a[7] + _FACTOR * b[7])) < 1e-3),
    ]

    def repeat(function):
        def call(times):
            for _ in range(times):
                function()

        return call

    return [(name, moved, repeat(function), lambda right=right: bool(right())) for name, moved, function, right in functions]
