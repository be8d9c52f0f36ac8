"""When nobody has to wait any longer for a service."""

import os
import subprocess
import sys

import pytest

import ray_cluster_info
from ansible_collections.saf.fabric.plugins.module_utils.services import process, service_end

UP = {"nodes": [{"name": "alpha", "address": "10.0.0.1", "alive": True, "is_head": True, "resources": {}, "death_reason": ""}]}


@pytest.fixture
def watch_of(tmp_path):
    """Return a watch over a process that runs ``code``: watch_of(code, wait)."""
    children = []

    def make(code, wait):
        with open(tmp_path / "ray.log", "ab") as log:
            child = subprocess.Popen([sys.executable, "-c", code], stdout=log, stderr=log)
        children.append(child)
        process.write_record(str(tmp_path / "ray.json"), {"pid": child.pid, "started": process.start_time(child.pid), "argv": []})
        if wait:
            child.wait(timeout=60)
        return service_end.Watch("process", "Ray", str(tmp_path / "ray.json"), str(tmp_path / "ray.log"))

    yield make
    for child in children:
        child.kill()
        child.wait()


def test_a_process_that_is_gone_is_told_with_its_last_line(watch_of):
    watch = watch_of(
        "import sys, time; print('starting', flush=True); time.sleep(0.2); sys.exit('ValueError: Attempting to cap\\n\\n')", True
    )
    assert watch.ended() == "Ray ended. Its log ends with: ValueError: Attempting to cap"


def test_a_process_that_runs_has_not_ended(watch_of):
    assert watch_of("import time; time.sleep(60)", False).ended() == ""


def test_a_process_that_nobody_started_is_not_watched(tmp_path):
    assert service_end.Watch("process", "Ray", str(tmp_path / "none"), str(tmp_path / "log")).ended() == ""
    assert service_end.Watch("launchd", "Ray").ended() == ""


def shown(state, restarts, load="loaded"):
    return f"LoadState={load}\nActiveState={state}\nNRestarts={restarts}\n"


@pytest.mark.parametrize(
    ("looks", "ended"),
    [
        ([shown("active", 0), shown("active", 0)], [False, False]),
        ([shown("failed", 0)], [True]),
        ([shown("inactive", 7)], [True]),
        (
            [shown("activating", 40), shown("activating", 41), shown("activating", 42), shown("activating", 43)],
            [False] * 3 + [True],
        ),
        ([shown("inactive", 0, "not-found")], [False]),
        ([""], [False]),
    ],
)
def test_a_unit(monkeypatch, looks, ended):
    answers = iter(looks)
    monkeypatch.setattr(service_end, "command_output", lambda *command: next(answers) if "show" in command else "last words\n")
    watch = service_end.Watch("systemd", "saf-ray")
    found = [watch.ended() for _look in looks]
    assert [bool(sentence) for sentence in found] == ended
    assert all(sentence.endswith("last words") for sentence in found if sentence)


def test_a_sandbox_that_cannot_be_set_up_is_named_with_its_switch(monkeypatch):
    text = shown("activating", 0) + "ExecMainStatus=226\n"
    answers = iter([text, text.replace("NRestarts=0", "NRestarts=3")])
    monkeypatch.setattr(service_end, "command_output", lambda *command: next(answers))
    watch = service_end.Watch("systemd", "saf-ray")
    assert watch.ended() == ""
    assert watch.ended() == (
        "systemd cannot confine saf-ray on this node (status 226/NAMESPACE): "
        "set ray_hardening: false for it in the inventory, and provision it again."
    )


class Gone:
    def ended(self):
        return "Ray ended."


class Runs:
    def ended(self):
        return ""


def test_the_wait_ends_with_the_service(monkeypatch):
    monkeypatch.setattr(ray_cluster_info.time, "sleep", lambda _seconds: pytest.fail("waited for a service that is gone"))
    assert ray_cluster_info.wait(lambda _left: (None, "refused"), ["alpha"], 3600, Gone()) == (None, "refused", "Ray ended.")


def test_the_wait_ends_when_all_are_alive(monkeypatch):
    answers = iter([(None, "refused"), ({"nodes": []}, ""), (UP, "")])
    monkeypatch.setattr(ray_cluster_info.time, "sleep", lambda _seconds: None)
    assert ray_cluster_info.wait(lambda _left: next(answers), ["alpha"], 3600, Runs()) == (UP, "", "")


def test_the_wait_has_a_bound(monkeypatch):
    clock = iter(range(0, 10**6, 7))
    monkeypatch.setattr(ray_cluster_info.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(ray_cluster_info.time, "sleep", lambda _seconds: None)
    lefts = []
    ray_cluster_info.wait(lambda left: (None, lefts.append(left) or "refused"), ["alpha"], 100, Runs())
    assert len(lefts) < 20
    assert max(lefts) <= 100
    assert min(lefts) >= 1


def test_the_module_asks_once_without_a_wait(run_module, tmp_path):
    free = {"python": str(tmp_path), "address": "127.0.0.1:1", "expected": ["alpha"]}
    answer = run_module(ray_cluster_info, free)
    assert (answer["reachable"], answer["ended"], answer["missing"]) == (False, "", ["alpha"])
    assert os.path.isdir(tmp_path)
