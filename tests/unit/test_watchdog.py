"""When the watchdog starts a node again, and when it must leave it alone."""

import pytest
import ray_watchdog as watchdog

OLD = {"pid": 7, "since": 0, "asked": 0, "strikes": 0}


def seen(gcs=None, pid=7, head=False):
    return {"pid": pid, "head": head, "gcs": gcs}


def looks(*answers, head=False, start=200):
    """Return at which looks, 30 s apart, it restarts."""
    state, restarts = OLD, []
    for number, gcs in enumerate(answers):
        state, restart = watchdog.decide(state, seen(gcs, head=head), start + 30 * number)
        restarts.append(restart)
    return restarts


@pytest.mark.parametrize(
    ("answers", "head", "restarts"),
    [
        (("gone", "gone"), False, [False, True]),
        (("gone", "alive", "gone"), False, [False, False, False]),
        (("silent", "silent", "silent"), False, [False, False, False]),  # the head is away: not this worker's fault
        (("silent", "silent"), True, [False, True]),  # the head's GCS is its own child
        ((None, None, None), False, [False, False, False]),
        (("gone", "gone", "gone"), False, [False, True, False]),  # young again
    ],
)
def test_restarts(answers, head, restarts):
    assert looks(*answers, head=head) == restarts


def test_a_stopped_service_and_a_young_one_are_left_alone():
    assert watchdog.decide(OLD, seen("gone", pid=0), 500) == ({}, False)
    state, restart = watchdog.decide(OLD, seen("gone", pid=8), 500)
    assert not restart
    assert state["since"] == 500
    assert watchdog.decide(state, seen("gone", pid=8), 500 + watchdog.GRACE_S - 1) == (state, False)


def test_the_gcs_is_asked_when_there_is_a_reason():
    assert watchdog.must_ask(OLD, port_open=False, now=100)
    assert watchdog.must_ask({**OLD, "strikes": 1}, port_open=True, now=100)
    assert watchdog.must_ask(OLD, port_open=True, now=watchdog.ASK_S)
    assert not watchdog.must_ask({**OLD, "asked": 90}, port_open=True, now=100)


@pytest.mark.parametrize(
    ("text", "pid"),
    [
        ("system/x = {\n\tpid = 893\n\tresource coalition = {\n\t\tpid = 1\n\t}\n}", 893),
        ("MainPID=412\n", 412),
        ("MainPID=0\n", 0),
        ("", 0),
    ],
)
def test_pid_of_either_supervisor(monkeypatch, text, pid):
    monkeypatch.setattr(watchdog.subprocess, "run", lambda *_arguments, **_options: type("Answer", (), {"stdout": text})())
    assert watchdog.service_pid(["x"]) == pid
