"""Probe: operations of a transformer beside the products, and what one tiny evaluation costs.

softmax and layer_norm read and write their array once (B/s); attention is 4 b h l^2 d FLOP (two products); launch is the time
from asking for one element to having it (s): what many small Ray tasks feel. Values are checked against float32.
"""

from __future__ import annotations

_ROWS = 8  # that are checked
_TOLERANCE = 0.02  # of the largest value, in half precision


def main(params, emit):
    """params: sizes {backend: {rows, width, attention {batch, heads, length, dimension}, dtype}}, and those of timing.py."""
    import evaluation
    import mlx.core as mx
    import timing

    backend = "gpu" if evaluation.on_gpu() else "cpu"
    sizes = params["sizes"][backend]
    cases = operations(sizes)
    for number, (name, unit, work, size, function, error_of) in enumerate(cases):
        emit("progress", {"what": f"ops {name}", "latest": None, "done": number, "total": len(cases)})
        subject = {"operation": name, "dtype": sizes["dtype"], "backend": backend, **size}
        try:
            call = evaluation.repeat(function, function().nbytes)
            document = timing.latency(call, params) if unit == "s" else timing.measure(call, params, work)
            error = error_of(function())
        except Exception as failure:
            emit("not_measured", {"params": subject, "reason": timing.failure(failure)})
            continue
        mx.clear_cache()
        if not timing.is_correct(error, _TOLERANCE):
            emit("not_measured", {"params": subject, "reason": f"The result is wrong: relative error {error:.1e}."})
            continue
        document["context"]["relative_error"] = error
        emit("measurement", {"params": subject, "unit": unit, **document})


def operations(sizes):
    """Return [(name, unit, work of one call, size, function, error of its result)]."""
    import mlx.core as mx

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

    def off(result, exact):
        return (mx.abs(result.astype(mx.float32) - exact).max() / mx.abs(exact).max()).item()

    def softmax_error(result):
        powers = mx.exp(x[:_ROWS].astype(mx.float32))
        return off(result[:_ROWS], powers / powers.sum(axis=-1, keepdims=True))

    def norm_error(result):
        rows = x[:_ROWS].astype(mx.float32)
        centred = rows - rows.mean(axis=-1, keepdims=True)
        return off(result[:_ROWS], centred / mx.sqrt(mx.square(centred).mean(axis=-1, keepdims=True) + 1e-5))

    def attention_error(result):
        queries, keys, values = (array[0, 0].astype(mx.float32) for array in (q, k, v))
        return off(result[0, 0, :_ROWS], mx.softmax(queries[:_ROWS] @ keys.T * scale, axis=-1) @ values)

    return [
        ("softmax", "B/s", moved, table, lambda: mx.softmax(x, axis=-1), softmax_error),
        ("layer_norm", "B/s", moved, table, lambda: mx.fast.layer_norm(x, weight, bias, 1e-5), norm_error),
        ("attention", "FLOP/s", flop, shape, lambda: mx.fast.scaled_dot_product_attention(q, k, v, scale=scale), attention_error),
        ("launch", "s", 1, {}, lambda: one + 1.0, lambda result: abs(result.item() - 2)),
    ]
