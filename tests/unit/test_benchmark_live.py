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


@pytest.mark.parametrize(
    ("document", "result"),
    [
        ({"changed": False, "measurements": []}, {"changed": False, "measurements": []}),
        ({"failed": True, "msg": "settings lack shapes"}, {"failed": True, "msg": "settings lack shapes"}),
        (
            {
                "failed": True,
                "cmd": "x",
                "data": "",
                "stderr": "Traceback\n  ...\nMemoryError: no room\n",
                "msg": "Traceback ...",
            },
            {"failed": True, "msg": "The module ended without a result: MemoryError: no room"},
        ),
        (
            {"failed": True, "exception": {"event": {"msg": "[Errno 2] No such file"}}},
            {"failed": True, "msg": "The module ended with an error: [Errno 2] No such file"},
        ),
        (
            {"failed": True, "cmd": "x", "data": "", "stderr": "", "msg": "Traceback ..."},
            {"failed": True, "msg": "The module ended without a result: no message"},
        ),
    ],
)
def test_a_module_that_broke_off_says_its_last_words(document, result):
    assert benchmark_live.readable(document) == result
