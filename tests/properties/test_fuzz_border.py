"""Whatever a node answers, the border returns a result that Ansible can take: documented keys, clean text, bounded values."""

from __future__ import annotations

import json
import math

import fuzzing
import pytest
import status as status_filters
from benchmark_live import progress_line
from fuzzing import SCALARS, TEXTS
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import access, repository
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import status as judge
from ansible_collections.saf.fabric.plugins.plugin_utils.trust import border, untrusted

MODULES = sorted(path.stem for path in (repository.ROOT / "library").glob("*.py"))
COMMON = [
    "failed",
    "changed",
    "skipped",
    "msg",
    "exception",
    "module_stderr",
    "module_stdout",
    "cmd",
    "ansible_facts",
    "add_host",
]

KEYS = st.one_of(st.sampled_from(["add_host", "ansible_facts", "_ansible_no_log", "__ansible_type"]), TEXTS)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8)


def shaped(documented):
    """Return a strategy for what a module documents, with any value in any place."""
    kinds = {
        "str": TEXTS,
        "int": fuzzing.INTEGERS,
        "float": fuzzing.FLOATS,
        "bool": st.booleans(),
        "list": st.lists(JSON, max_size=3),
        "dict": st.dictionaries(KEYS, JSON, max_size=3),
    }
    found = {}
    for name, shape in documented.items():
        inner = shape.get("contains")
        right = shaped(inner) if inner else kinds[shape.get("type", "str")]
        right = st.lists(right, max_size=3) if inner and shape.get("type") == "list" else right
        found[name] = st.one_of(right, right, right, JSON)
    return st.fixed_dictionaries({}, optional=found)


def checked(value, depth=0):
    """Check that a result is bounded, finite and without what acts on a terminal or on Ansible."""
    assert depth < 20
    if isinstance(value, dict):
        for key, one in value.items():
            assert isinstance(key, str)
            assert not untrusted.is_reserved(key), key
            checked(key, depth + 1)
            checked(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            checked(one, depth + 1)
    elif isinstance(value, str):
        assert len(value) <= 2 * untrusted.MOST_TEXT
        assert not any((ord(letter) < 32 and letter != "\n") or 0x7F <= ord(letter) < 0xA0 for letter in value), value[:200]
    elif isinstance(value, float):
        assert math.isfinite(value)
    else:
        assert value is None or isinstance(value, (bool, int))


@pytest.mark.parametrize("module", MODULES)
def test_any_answer_of_a_module_becomes_a_result(module):
    documented = border.documented(module)

    @fuzzing.inputs("answers of nodes", 20)
    @given(shaped(documented), st.dictionaries(st.sampled_from(COMMON) | TEXTS, JSON, max_size=4))
    def check(answer, more):
        with fuzzing.ends():
            result = border.result(module, "beta", {**answer, **more}, {"alpha", "beta"})
        checked(result)
        assert set(result) <= {*documented, "failed", "changed", "skipped", "msg", "measurements", "not_measured"}
        json.dumps(result, allow_nan=False)
        if result.get("failed"):
            assert isinstance(result["msg"], str)
            assert result["msg"]
            assert "Traceback" not in result["msg"] or "Traceback" in str(more)

    check()


@fuzzing.inputs("answers of nodes", 300)
@given(st.one_of(fuzzing.damaged(['noise {"changed": false, "a": [1, 2.5, "x"], "b": {"c": null}}']), st.text(max_size=200)))
def test_any_text_is_an_answer_or_a_sentence(text):
    with fuzzing.ends():
        try:
            answer = border.parse(text)
        except ValueError as error:
            answer = str(error)
    assert isinstance(answer, dict) or fuzzing.is_sentence(answer)


@fuzzing.inputs("answers of nodes", 300)
@given(
    st.one_of(fuzzing.damaged(['{"what": "gemm", "latest": "1 TFLOP/s", "done": 3, "total": 9}']), JSON.map(json.dumps)),
    fuzzing.FLOATS,
)
def test_any_progress_is_a_line_or_nothing(text, elapsed):
    with fuzzing.ends():
        line = progress_line("beta", text, 0.0 if not math.isfinite(elapsed) else abs(elapsed))
    assert isinstance(line, str)
    assert len(line) < 500
    checked(line)


REGISTERED = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("msg", "stdout", "stderr", "module_stderr", "module_stdout"), JSON),
        **{name: st.booleans() for name in ("failed", "unreachable", "skipped")},
    },
)


@fuzzing.inputs("answers of nodes", 300)
@given(REGISTERED, st.none() | REGISTERED, st.none() | REGISTERED)
def test_any_registered_result_is_judged(ping, tools, become):
    for row in access.problems("beta", ping, tools, become):
        assert all(isinstance(value, str) for value in row.values())
        checked(row)
        assert max(map(len, row.values())) <= 1000


OBSERVED = shaped(border.documented("node_status_info"))
CLUSTER = shaped(border.documented("ray_cluster_info"))


@fuzzing.inputs("answers of nodes", 100)
@given(st.lists(st.tuples(REGISTERED, OBSERVED, TEXTS | st.just("")), min_size=2, max_size=2), CLUSTER)
def test_any_answers_give_a_status(answers, cluster):
    passed = [(ping, border.result("node_status_info", "x", answer), failure) for ping, answer, failure in answers]
    seen = border.result("ray_cluster_info", "alpha", cluster)
    wanted = {"ray": "2.49.1", "python": "3.11.9", "addresses": {"alpha": "10.0.0.1", "beta": "10.0.0.2"}, "gcs": "10.0.0.1:6380"}
    observed = {name: judge.observation(*answer) for name, answer in zip(["alpha", "beta"], passed)}
    cluster = None if not seen or seen.get("failed") else seen
    with fuzzing.ends():
        document = judge.judge(
            ["alpha", "beta"], "alpha", observed, cluster, wanted, "2026-11-23T18:25:00Z", lambda *_a: "make x"
        )
        text = status_filters.status_table.render(document, 100)
    assert document["verdict"] in judge.EXIT_CODES
    assert "Traceback" not in text
    assert len(text) < 20000
