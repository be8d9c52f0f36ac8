"""Helper of the probes: how MLX is made to do all of the work, and nothing but the work; probes import it by its bare name."""

from __future__ import annotations

_TOGETHER = 128  # outputs of one evaluation at most, and
_TOGETHER_BYTES = 256 * 2**20  # so much memory for them
_ON_THEIR_WAY = 2  # evaluations that the GPU has not ended while the next one is built


def on_gpu():
    """Return whether MLX computes on a GPU."""
    import mlx.core as mx

    return mx.default_device() == mx.Device(mx.gpu)


def repeat(function, output_bytes):
    """Return ``call(count)``, which evaluates ``function()`` count times and waits for all of it.

    output_bytes: size of what ``function()`` returns. On a GPU the next evaluations are built while others are on their way: to
    wait for each would count the way there and back as work, to keep every output of a sample would fill the memory. On a CPU
    that way is short, and outputs that are kept cost page faults: there each is evaluated alone.
    """
    import mlx.core as mx

    together, ahead = 1, 0
    if on_gpu():
        together, ahead = min(_TOGETHER, max(1, _TOGETHER_BYTES // output_bytes)), _ON_THEIR_WAY

    def call(count):
        waiting = []
        for start in range(0, count, together):
            outputs = [function() for _ in range(min(together, count - start))]
            mx.async_eval(outputs)
            waiting.append(outputs)
            if len(waiting) > ahead:
                mx.eval(waiting.pop(0))
        mx.synchronize()

    return call
