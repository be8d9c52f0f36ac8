"""What the screen shows while a node measures."""

import benchmark_live
import pytest


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (
            {"what": "gemm 4096", "latest": "21.9 TFLOP/s", "done": 1, "total": 4},
            "  alpha: gemm 4096 (21.9 TFLOP/s, about 30 s left)",
        ),
        ({"what": "gemm 4096", "latest": None, "done": 0, "total": 4}, "  alpha: gemm 4096"),
        ({"what": "round trips", "latest": None, "done": 4, "total": 4}, "  alpha: round trips (about 0 s left)"),
    ],
)
def test_what_the_screen_shows(record, line):
    assert benchmark_live.progress_line("alpha", record, 10.0) == line
