"""Probe: operations of a transformer beside the products, and what one tiny evaluation costs.

softmax and layer_norm read and write their array once (B/s); attention is 4 b h l^2 d FLOP (two products); launch is the time
from asking for one element to having it (s): what many small Ray tasks feel.
"""

from __future__ import annotations


def main(params, emit):
    """params: sizes {backend: {rows, width, attention {batch, heads, length, dimension}, dtype}}, and those of timing.py."""
    import evaluation
    import mlx.core as mx
    import timing

    backend = "gpu" if evaluation.on_gpu() else "cpu"
    sizes = params["sizes"][backend]
    dtype = getattr(mx, sizes["dtype"])
    mx.random.seed(7)
    x = mx.random.normal((sizes["rows"], sizes["width"])).astype(dtype)
    weight, bias = mx.ones((sizes["width"],), dtype), mx.zeros((sizes["width"],), dtype)
    shape = sizes["attention"]
    q, k, v = (
        mx.random.normal((shape["batch"], shape["heads"], shape["length"], shape["dimension"])).astype(dtype) for _ in range(3)
    )
    one = mx.array(1.0)
    mx.eval(x, weight, bias, q, k, v, one)
    scale = shape["dimension"] ** -0.5
    flop = 4 * shape["batch"] * shape["heads"] * shape["length"] ** 2 * shape["dimension"]
    moved = 2 * x.nbytes
    table = {"rows": sizes["rows"], "width": sizes["width"]}
    cases = [
        ("softmax", "B/s", moved, table, lambda: mx.softmax(x, axis=-1)),
        ("layer_norm", "B/s", moved, table, lambda: mx.fast.layer_norm(x, weight, bias, 1e-5)),
        ("attention", "FLOP/s", flop, shape, lambda: mx.fast.scaled_dot_product_attention(q, k, v, scale=scale)),
        ("launch", "s", 1, {}, lambda: one + 1.0),
    ]
    for number, (name, unit, work, size, function) in enumerate(cases):
        emit("progress", {"what": f"ops {name}", "latest": None, "done": number, "total": len(cases)})

        call = evaluation.repeat(function, function().nbytes)
        subject = {"operation": name, "dtype": sizes["dtype"], "backend": backend, **size}
        try:
            document = timing.latency(call, params) if unit == "s" else timing.measure(call, params, work)
        except timing.TooLong as error:
            emit("not_measured", {"params": subject, "reason": str(error)})
            continue
        mx.clear_cache()
        if not bool(mx.all(mx.isfinite(function())).item()):
            emit("not_measured", {"params": subject, "reason": "The result is not finite."})
            continue
        emit("measurement", {"params": subject, "unit": unit, **document})
