"""A benchmark that ends before its report leaves what it measured as one document."""

import json
from types import SimpleNamespace

import pytest
from runs import SITUATIONS

from ansible_collections.saf.fabric.plugins.callback import interrupted_run


@pytest.fixture
def callback():
    return interrupted_run


@pytest.fixture
def folder(tmp_path):
    plan, raws = SITUATIONS["healthy_studios"]()
    folder = tmp_path / plan["run_id"]
    (folder / "raw").mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps({**plan, "parts": {"50-collective": ["alpha", "beta"]}}))
    for number, raw in enumerate(raws):
        (folder / "raw" / f"{number}.json").write_text(json.dumps(raw))
    return folder


def test_what_was_measured_is_kept_as_partial(callback, folder):
    sentence = callback.write_partial(folder)
    assert "Interrupted." in sentence
    assert "bench_report.yml" in sentence
    run = json.loads((folder / "run.json").read_text())
    assert run["partial"]
    assert {metric["name"] for metric in run["metrics"]} >= {"gemm.float32", "net.goodput"}
    assert {
        "name": "collective",
        "subject": ["beta"],
        "reason": "The run ended, or lost the node, before this was measured.",
    } in run["not_measured"]


def test_a_finished_run_is_left_alone(callback, folder):
    (folder / "run.json").write_text("{}")
    assert callback.write_partial(folder) == ""
    assert (folder / "run.json").read_text() == "{}"


def test_nothing_measured_is_no_run(callback, folder):
    for path in (folder / "raw").iterdir():
        path.unlink()
    assert callback.write_partial(folder) == ""
    assert not (folder / "run.json").exists()


@pytest.mark.parametrize(
    ("action", "folder"), [("ansible.builtin.set_fact", "/results/x"), ("node_hardware_info", None), ("ping", None)]
)
def test_the_folder_comes_from_the_controllers_own_task(callback, monkeypatch, action, folder):
    monkeypatch.setattr(callback.atexit, "register", lambda function: None)
    module = callback.CallbackModule()
    answer = {"ansible_facts": {"bench_run_dir": "/results/x"}}
    module.v2_runner_on_ok(SimpleNamespace(_task=SimpleNamespace(action=action), _result=answer))
    assert module._folder == folder


def test_its_sentence_does_not_mix_with_what_the_stdout_callback_writes(callback, folder, capsys):
    module = callback.CallbackModule()
    module._folder = folder
    module._finish()
    said = capsys.readouterr()
    assert said.out == ""
    assert "Interrupted." in said.err
