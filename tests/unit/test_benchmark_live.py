"""What the screen shows while a node measures, and why a module failed."""

import json

import benchmark_live
import pytest

from ansible_collections.saf.fabric.plugins.plugin_utils.trust import border


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (
            {"what": "gemm 4096", "latest": "21.9 TFLOP/s", "done": 1, "total": 4},
            "     alpha: gemm 4096 (21.9 TFLOP/s, about 30 s left)",
        ),
        ({"what": "gemm 4096", "latest": None, "done": 0, "total": 4}, "     alpha: gemm 4096"),
        ({"what": "round trips", "latest": None, "done": 4, "total": 4}, "     alpha: round trips (about 0 s left)"),
        ({"what": "\x1b[2Jgemm\n\u202e", "latest": "\x9b31m", "done": 0, "total": 4}, "     alpha: gemm "),
        ({"what": "x" * 500, "latest": None, "done": 0, "total": 1}, "     alpha: " + "x" * 120),
        ({"what": "x", "latest": None, "done": 1e-300, "total": 1e300}, "     alpha: x (about 277:46:40 left)"),
        ({"what": "x", "latest": None, "done": "many", "total": 4}, ""),
        ({"what": "x"}, ""),
        (["x"], ""),
    ],
)
def test_what_the_screen_shows(record, line):
    assert benchmark_live.progress_line("alpha", json.dumps(record), 10.0) == line


@pytest.mark.parametrize("text", ['{"what": "half a li', "{" * 10, '{"a":' * 100000])
def test_what_is_no_record_is_not_shown(text):
    assert benchmark_live.progress_line("alpha", text, 10.0) == ""


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"msg": "settings lack shapes"}, "settings lack shapes"),
        (
            {"cmd": "x", "data": "", "stderr": "Traceback\n  ...\nMemoryError: no room\n", "msg": "Traceback ..."},
            "The module ended without a result: MemoryError: no room",
        ),
        ({"exception": {"event": {"msg": "[Errno 2] No such file"}}}, "The module ended with an error: [Errno 2] No such file"),
        ({"exception": "x"}, "The module ended with an error: no message"),
        ({"cmd": "x", "data": "", "stderr": "", "msg": "Traceback ..."}, "The module ended without a result: no message"),
        ({"msg": "Bad.", "module_stderr": "a\n\x1b[2Jb\n"}, "The module ended without a result: b"),
    ],
)
def test_a_module_that_broke_off_says_its_last_words(document, message):
    result = border.result("mlx_benchmark", "alpha", {"failed": True, **document})
    assert result == {"failed": True, "msg": message}
