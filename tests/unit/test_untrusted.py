"""What of a node's answer gets past the controller's border."""

import ast
import json

import pytest
import yaml

import node_preflight_info
from ansible_collections.saf.fabric.plugins.plugin_utils.text import labels
from ansible_collections.saf.fabric.plugins.plugin_utils.trust import border, untrusted
from ansible_collections.saf.fabric.plugins.plugin_utils.trust.untrusted import clean, clean_text, pick

GEMM = {
    "name": "gemm.float32",
    "scope": "node",
    "subject": ["alpha"],
    "unit": "FLOP/s",
    "better": "higher",
    "samples": [1.0, 2.0],
    "params": {"m": 8},
    "flags": [],
    "context": {},
}


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("22.0 ± 0.2 TFLOP/s", "22.0 ± 0.2 TFLOP/s"),
        ("a\x1b[2Jb\x1b[31;1mc", "abc"),
        ("a\x1b]0;title\x07b\x1b]8;;http://x\x1b\\c", "abc"),
        ("a\x9b2Jb\x1bc\x00\x08\x7f", "abc"),
        ("\u202egnp.exe\u202c\u2066\u200f", "gnp.exe"),
        ("one\r\ntwo\u2028three\tfour", "one  two three four"),
        ("\ud800", "\N{REPLACEMENT CHARACTER}"),
        ("x" * 5000, "x" * 3999 + "…"),
        (7, "7"),
    ],
)
def test_text_loses_what_acts_on_a_terminal(text, cleaned):
    assert clean_text(text) == cleaned


def test_lines_are_kept_where_they_are_asked_for():
    assert clean_text("a\nb\r", lines=True) == "a\nb "


def test_every_character_of_text_is_printable_or_gone():
    text = "".join(map(chr, range(0x3000)))
    assert all(letter.isprintable() or letter == " " or not letter.isascii() for letter in clean_text(text, limit=10**6))
    assert not set(clean_text(text, limit=10**6)) & {*map(chr, range(32)), *map(chr, range(0x7F, 0xA0)), "\u202e", "\u2028"}


def test_a_value_is_bounded():
    deep = "x"
    for _ in range(50):
        deep = [deep]
    assert "x" not in json.dumps(clean(deep))
    assert clean([float("nan"), float("inf"), 10**40, 1.5, True, None]) == [None, None, None, 1.5, True, None]
    assert clean({"a\x1b": {"b": "c\x07"}}) == {"a": {"b": "c"}}


@pytest.mark.parametrize(
    "key", ["add_host", "add_group", "ansible_facts", "_ansible_no_log", "__ansible_type", "ansible_host", "_ansible_\x1bnotify"]
)
def test_no_key_survives_by_which_ansible_acts(key):
    document = {key: {"x": 1}, "facts": {key: {"x": 1}, "y": [{key: 1}]}}
    assert pick(document, {"facts": {"type": "dict"}, key: {"type": "dict"}}) == {"facts": {"y": [{}]}}


SHAPE = {
    "service": {"type": "dict", "returned": "always", "contains": {"state": {"type": "str", "returned": "always"}}},
    "nodes": {"type": "list", "elements": "dict", "contains": {"alive": {"type": "bool"}}},
}


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ([], "it is a list, not a dictionary"),
        ({}, "service is missing"),
        ({"service": None}, "service is missing"),
        ({"service": "up"}, "service is text, not a dictionary"),
        ({"service": {}}, "service.state is missing"),
        ({"service": {"state": 1}}, "service.state is a whole number, not text"),
        ({"service": {"state": "x"}, "nodes": {}}, "nodes is a dictionary, not a list"),
        ({"service": {"state": "x"}, "nodes": ["a"]}, "an element of nodes is text, not a dictionary"),
        ({"service": {"state": "x"}, "nodes": [None]}, "an element of nodes is nothing, not a dictionary"),
        ({"service": {"state": "x"}, "nodes": [{"alive": "no"}]}, "nodes.alive is text, not true or false"),
    ],
)
def test_a_wrong_type_is_a_sentence(answer, fault):
    with pytest.raises(untrusted.Undocumented) as error:
        pick(answer, SHAPE)
    assert str(error.value) == fault


def test_a_failed_answer_may_lack_what_is_always_returned():
    assert pick({"failed": True}, {**SHAPE, "failed": {"type": "bool"}}) == {"failed": True}


def test_what_a_module_documents_passes():
    answer = {
        "service": {"manager": "systemd", "state": "active", "restarts": None, "keeps_ending": False, "last_error": ""},
        "venv": {},
        "provisioned": True,
        "configured": {"address": None, "head": None},
        "addresses": [],
        "listeners": [],
        "raylet": {"sockets": None},
        "watchdog": {"faults": [], "moved": False},
        "maintenance": "",
        "disk": {"path": "/opt", "free_bytes": 1, "total_bytes": 2, "inodes_free": None},
        "changed": False,
    }
    documented = tuple(answer)
    answer["warnings"] = ["\x1b"]
    assert border.result("node_status_info", "alpha", answer) == {key: answer[key] for key in documented}


@pytest.mark.parametrize(
    "module", ["node_status_info", "node_hardware_info", "ray_cluster_info", "node_preflight_info", "mlx_benchmark"]
)
@pytest.mark.parametrize("answer", ["text", {"facts": 1, "service": 1, "nodes": 1, "system": 1, "measurements": 1}])
def test_an_answer_of_another_shape_names_the_node(module, answer):
    result = border.result(module, "beta", answer)
    assert result["failed"]
    assert f"The answer of {module} on beta is ignored: " in result["msg"]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"unit": "<b>"}, "unit: '<b>' is not one of"),
        ({"better": "x"}, "better: 'x' is not one of"),
        ({"scope": "x"}, "scope: 'x' is not one of"),
        ({"flags": ["<img src=x>"]}, "flags/0: '<img src=x>' is not one of"),
        ({"name": "../../x"}, "name: '../../x' does not match"),
        ({"samples": [1, None]}, "samples/1 is no number"),
        ({"samples": [True]}, "samples/0 is no number"),
        ({"samples": 1}, "samples: 1 is not of type 'array'"),
        ({"subject": ["gamma"]}, "it speaks of gamma, which is no node of this run"),
        ({"record": True}, "Additional properties are not allowed"),
    ],
)
def test_a_measurement_that_no_module_makes_is_left_out_with_the_reason(changed, fault):
    answer = {"measurements": [GEMM, {**GEMM, **changed}], "not_measured": []}
    result = border.result("mlx_benchmark", "alpha", answer, {"alpha", "beta"})
    assert result["measurements"] == [GEMM]
    (entry,) = result["not_measured"]
    assert fault in entry["reason"]
    assert entry["subject"] == ["alpha"]


@pytest.mark.parametrize("changed", [{"samples": 7}, {"subject": 7}, {"subject": [7]}, {"name": "<b>"}, {"reason": ""}, {"x": 1}])
def test_an_entry_that_no_module_makes_is_left_out_too(changed):
    entry = {"name": "gemm", "subject": ["alpha"], "reason": "no room", "link": None}
    result = border.result(
        "mlx_benchmark", "alpha", {"measurements": [], "not_measured": [entry, {**entry, **changed}]}, {"alpha"}
    )
    assert result["not_measured"][0] == entry
    assert result["not_measured"][1]["reason"].startswith("A part of the answer of alpha is ignored: ")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "it is no JSON: nothing"),
        ("\x1b[2Jhello", "it is no JSON: hello"),
        ('{"a": ' + "[" * 200000, "it is nested too deeply"),
        ("{" + " " * untrusted.MOST_BYTES, "it is larger than 64 MiB"),
    ],
)
def test_a_result_that_is_none_is_a_sentence(text, fault):
    with pytest.raises(ValueError, match=fault):
        border.parse(text)


def test_numbers_that_cost_time_or_are_none_are_dropped():
    assert border.parse('noise {"a": ' + "9" * 100000 + ', "b": NaN, "c": 1e999, "d": 3}') == {
        "a": None,
        "b": None,
        "c": float("inf"),
        "d": 3,
    }


def routing(root):
    """Return plugin_routing of the collection: {kind: {name: redirect}}."""
    documented = yaml.safe_load((root / "meta" / "runtime.yml").read_text())["plugin_routing"]
    return {kind: {name: entry["redirect"].rpartition(".")[2] for name, entry in of.items()} for kind, of in documented.items()}


def acted_for(root):
    """Return the modules with an action plugin of their own name, or redirected to one."""
    routes = routing(root)
    modules = {path.stem for path in (root / "library").glob("*.py")}
    own = modules & {path.stem for path in (root / "plugins" / "action").glob("*.py")}
    return {name for name in routes["action"] if name not in routes["modules"]} | own


def test_an_earlier_name_of_a_module_has_the_border_of_its_present_one(root):
    routes = routing(root)
    assert routes["modules"]
    for earlier, present in routes["modules"].items():
        assert not (root / "library" / f"{earlier}.py").exists()
        assert (root / "library" / f"{present}.py").exists()
        assert routes["action"][earlier] == routes["action"][present]


def test_every_key_that_a_bordered_module_returns_is_documented(root):
    for name in acted_for(root):
        module = root / "library" / f"{name}.py"
        calls = [
            call
            for call in ast.walk(ast.parse(module.read_text()))
            if getattr(getattr(call, "func", 0), "attr", "") == "exit_json"
        ]
        returned = {keyword.arg for call in calls for keyword in call.keywords} - {None, "changed", "failed", "msg"}
        assert returned <= set(border.documented(module.stem)), module.stem


def test_every_module_that_the_controller_reads_has_its_border(root):
    changing = {
        "active_venv",
        "compose_project",
        "container_image",
        "interface_mtu",
        "launchd_service",
        "locked_venv",
        "node_files",
        "node_manifest",
        "node_package",
        "packet_filter",
        "pinned_formula",
        "power_settings",
        "process_service",
    }
    modules = {path.stem for path in (root / "library").glob("*.py")}
    assert modules - acted_for(root) == changing


def test_the_schema_knows_every_flag_that_has_a_meaning(root):
    schema = json.loads((root / "data" / "run.schema.json").read_text())
    assert schema["$defs"]["flag"]["enum"] == sorted(labels.FLAGS)


def test_returns_are_yaml_with_types(root):
    for path in (root / "library").glob("*.py"):
        for key, shape in border.documented(path.stem).items():
            assert shape.get("type") in untrusted._TYPES, (path.stem, key)


def test_everything_that_preflight_observes_is_documented_and_passes_the_border(run_module, tmp_path):
    answer = run_module(node_preflight_info, {"venv_root": str(tmp_path), "python_version": "3.11.2"})
    passed = border.result("node_preflight_info", "alpha", answer)
    assert set(passed) == set(answer) - {"invocation"}
    documented = set(border.documented("node_preflight_info"))
    assert documented - {"clock_offset"} == set(passed) - {"changed", "failed"}
