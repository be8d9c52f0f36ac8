"""Whatever a file on the controller holds, its reader answers, or raises its own error with a sentence."""

from __future__ import annotations

import copy
import functools
import json
from pathlib import Path

import fuzzing
import pytest
from fuzzing import JSON, TEXTS
from hypothesis import given
from hypothesis import strategies as st
from runs import SITUATIONS

from ansible_collections.saf.fabric.plugins.module_utils.services import service_log, systemd
from ansible_collections.saf.fabric.plugins.module_utils.system import environment
from ansible_collections.saf.fabric.plugins.plugin_utils import migrations, run_document, runs
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import lock, proxies
from ansible_collections.saf.fabric.plugins.plugin_utils.text import command_line, width, words

FINISHED = "2026-11-23T18:25:00Z"
NAME = sorted(SITUATIONS)[0]


@functools.cache
def small_run():
    """Return (plan, raw documents, run document) of one of the situations, as text."""
    plan, raws = json.loads(json.dumps(SITUATIONS[NAME]()))
    run = run_document.assemble(copy.deepcopy(plan), copy.deepcopy(raws), runs.data_files(), FINISHED)
    return json.dumps(plan), [json.dumps(raw) for raw in raws[:2]], json.dumps(run)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "results" / "20261123T182500Z"
    (made / "raw").mkdir(parents=True)
    return made


def bytes_of(texts):
    damaged = fuzzing.damaged(texts).map(lambda text: text.encode("utf-8", "surrogatepass"))
    return st.one_of(damaged, damaged, JSON.map(lambda value: json.dumps(value).encode()), st.binary(max_size=50))


def refused(call):
    """Return what a reader answers, or the sentence of its error."""
    with fuzzing.ends():
        try:
            return call()
        except runs.RunError as error:
            text = str(error)
    assert "Traceback" not in text
    assert len(text) < 1500
    return None


@fuzzing.inputs("files of runs", 80)
@given(st.data())
def test_any_run_document_is_read_or_refused(tmp_path_factory, data):
    place = tmp_path_factory.mktemp("run")
    (place / "run.json").write_bytes(data.draw(bytes_of([small_run()[2]])))
    refused(lambda: runs.read(place))


@fuzzing.inputs("files of runs", 60)
@given(st.data())
def test_any_raw_file_and_any_plan_is_read_or_refused(tmp_path_factory, data):
    place = tmp_path_factory.mktemp("run")
    (place / "raw").mkdir()
    plan, raws, _run = small_run()
    (place / "plan.json").write_bytes(data.draw(st.one_of(st.just(plan.encode()), bytes_of([plan]))))
    (place / "raw" / "a.json").write_bytes(data.draw(bytes_of(raws)))
    refused(lambda: runs.read_plan(place))
    refused(lambda: runs.read_raws(place))


@fuzzing.inputs("files of runs", 60)
@given(st.data())
def test_any_earlier_run_is_history_or_ignored(tmp_path_factory, data):
    place = tmp_path_factory.mktemp("results")
    plan, _raws, run = small_run()
    for name in ("20261122T182500Z", "20261123T182500Z"):
        (place / name).mkdir()
        (place / name / "plan.json").write_text(plan)
    earlier = place / "20261122T182500Z"
    (earlier / "run.json").write_bytes(data.draw(bytes_of([run])))
    if data.draw(st.booleans()):
        (earlier / "plan.json").write_bytes(data.draw(bytes_of([plan])))
    with fuzzing.ends():
        assert isinstance(runs.earlier_runs(place / "20261123T182500Z"), list)
        seconds = runs.last_seconds(place, json.loads(plan))
    assert seconds is None or seconds > 0


@fuzzing.inputs("files of runs", 300)
@given(JSON)
def test_any_document_is_migrated_or_left_alone(document):
    for value in (document, {"schema_version": 1, "findings": document}, {"schema_version": 1, "findings": [document]}):
        try:
            migrations.migrate(value)
        except (KeyError, TypeError, AttributeError):  # its callers take these as "no run"
            continue


LOCK = (
    "ray==2.49.1 ; python_version < '3.12' \\\n    --hash=sha256:ab \\\n    --hash=sha256:cd\nnumpy==2.0.2 --hash=sha256:ef # x\n"
)
TARGET = {"system": "Linux", "machine": "x86_64", "python_version": "3.11.9", "glibc": "2.36"}


@fuzzing.inputs("words and locks", 300)
@given(fuzzing.damaged([LOCK]))
def test_any_lock_is_resolved_or_refused(text):
    with fuzzing.ends():
        try:
            found = lock.resolve(text, TARGET)
        except lock.LockError as error:
            assert_bounded(str(error), 4 * len(text) + 500)
        else:
            assert all(isinstance(version, str) for version in found["distributions"].values())


def assert_bounded(text, most):
    assert "Traceback" not in text
    assert len(text) <= most


@fuzzing.inputs("words and locks", 400)
@given(JSON, st.dictionaries(TEXTS, JSON, max_size=4), st.lists(TEXTS, max_size=3))
def test_any_value_is_quoted_or_taken_apart(value, variables, addresses):
    text = str(value) if not isinstance(value, str) else value
    with fuzzing.ends():
        assert all(isinstance(word, str) and word.strip() for word in words.words(value))
        assert "\n" not in service_log.one_line(text)
        assert environment.parse(environment.line("X", text)).get("X") in (text, None)
        assert isinstance(systemd.quote(text), str)
        assert isinstance(systemd.word(text), str)
        found = proxies.environment(variables, addresses)
        assert set(variables) <= set(found)
        assert all(len(line) < 10 * len(text) + 200 for line in width.fold(text, 60))
        call = {"program": "ansible-playbook", "cwd": "/x", "repository": "/x", "config": "", "inventory": ["i"], "options": []}
        assert command_line.playbook_command("site.yml", call, addresses, {"name": value})


PEAKS = (Path(__file__).resolve().parents[2] / "data" / "apple_silicon_peaks.csv").read_text()


def test_the_recorded_run_is_read(folder):
    plan, raws, run = small_run()
    (folder / "plan.json").write_text(plan)
    (folder / "raw" / "a.json").write_text(raws[0])
    (folder / "run.json").write_text(run)
    assert runs.read(folder)["profile"]
    assert runs.read_plan(folder)
    assert runs.read_raws(folder)[0]


@pytest.mark.parametrize("content", ["[" * 200000, '{"a":' * 100000, "9" * 200000], ids=["lists", "dictionaries", "digits"])
def test_a_document_without_end_is_refused(folder, content):
    for name in ("plan.json", "run.json", "raw/a.json"):
        (folder / name).write_text(content)
    for read in (runs.read, runs.read_plan, runs.read_raws):
        assert refused(lambda read=read: read(folder)) is None
    (folder / "plan.json").write_text(small_run()[0])
    later = folder.parent / "20261124T182500Z"
    later.mkdir()
    (later / "plan.json").write_text(small_run()[0])
    assert runs.earlier_runs(later) == []
    (folder / "plan.json").write_text(content)
    assert runs.earlier_runs(later) == []
    assert runs.last_seconds(folder.parent, json.loads(small_run()[0])) is None
