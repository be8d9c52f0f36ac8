"""Wait for what must happen, and say what did not."""

from __future__ import annotations

import time


def wait_for(condition, what, seconds=180):
    """Wait until ``condition()`` is true. what: a text, or what returns it when it is needed."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f"waited {seconds} s for {what() if callable(what) else what}"
        time.sleep(0.2)
