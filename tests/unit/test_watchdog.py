"""When the watchdog starts a node again, and when it must leave it alone."""

import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time

import pytest
import ray_watchdog as watchdog

OLD = {"pid": 7, "since": 0, "asked": 0, "strikes": 0}


def seen(gcs=None, pid=7, head=False, **more):
    return {"pid": pid, "head": head, "gcs": gcs, "used": None, "faults": {}, "moved": False, **more}


def checks(*answers, head=False, start=200, every=30):
    """Return at which checks it restarts."""
    state, restarts = OLD, []
    for number, gcs in enumerate(answers):
        state, restart = watchdog.decide(state, seen(gcs, head=head), start + every * number)
        restarts.append(bool(restart))
    return restarts


def checks_of(fault, *observed, start=300, every=60, state=OLD, **more):
    """Return (at which checks it restarts for a fault, the last state)."""
    restarts = []
    for number, wrong in enumerate(observed):
        looked = {"gcs": "alive", "faults": {fault: wrong}, **more}
        state, restart = watchdog.decide(state, seen(**looked), start + every * number)
        restarts.append(bool(restart))
    return restarts, state


@pytest.mark.parametrize(
    ("fault", "observed", "more", "restarts"),
    [
        ("sockets", [True, True], {}, [False, True]),
        ("sockets", [True, False, True], {}, [False, False, False]),
        ("sockets", [True, None, True], {}, [False, False, True]),  # unknown neither counts nor clears
        ("zombie", [True, True], {}, [False, True]),
        ("zombie", [True, True], {"head": True, "used": 3}, [False, True]),  # its jobs have ended already
        ("wedged", [True, True, True], {}, [False, False, True]),
        ("wedged", [True, None, None, True, None, True], {}, [False, False, False, False, False, True]),
        ("wedged", [True, True, False, True, True], {}, [False] * 5),
        ("wedged", [None] * 50, {}, [False] * 50),
        # a head in use: what stops its jobs anyway after a while, what they can do without never
        ("sockets", [True] * 10, {"head": True, "used": 1}, [False] * 10),
        ("sockets", [True] * 16, {"head": True, "used": 1}, [False] * 15 + [True]),
        ("sockets", [True] * 3, {"head": True, "used": 0}, [False, True, False]),
        ("dashboard", [True] * 100, {"head": True, "used": 1}, [False] * 100),
        ("dashboard", [True] * 100, {"head": True, "used": None}, [False] * 100),
        ("dashboard", [True] * 3, {"head": True, "used": 0}, [False, False, True]),
    ],
)
def test_faults_that_the_supervisor_does_not_see(fault, observed, more, restarts):
    assert checks_of(fault, *observed, **more)[0] == restarts


def test_a_restart_that_did_not_help_is_repeated_ever_later():
    state, now, times = OLD, 300, []
    pid = 7
    while now < 4 * 86400:
        looked = seen("alive", pid=pid, head=True, used=0, faults={"dashboard": True})
        state, restart = watchdog.decide(state, looked, now)
        if restart:
            times.append(now)
            pid += 1
        now += 60
    gaps = [second - first for first, second in zip(times, times[1:])]
    assert gaps[0] < 900
    assert gaps == sorted(gaps)
    assert gaps[-1] > 8 * 3600


@pytest.mark.parametrize(("between", "delayed"), [(False, False), (None, True), (True, True)])
@pytest.mark.parametrize("at", [400, 600])
def test_a_restart_that_helped_does_not_delay_the_next_one(between, delayed, at):
    """None: whether it is gone could not be seen. 400: while the node has time to join the cluster."""
    restarts, state = checks_of("sockets", True, True)
    assert restarts == [False, True]
    state, _ = watchdog.decide({**state, "pid": 8}, seen("alive", pid=8, faults={"sockets": between}), at)
    more = [bool(watchdog.decide(state, seen("alive", pid=8, faults={"sockets": True}), at + 60)[1])]
    state, _ = watchdog.decide(state, seen("alive", pid=8, faults={"sockets": True}), at + 60)
    more.append(bool(watchdog.decide(state, seen("alive", pid=8, faults={"sockets": True}), at + 120)[1]))
    assert more == [False, not delayed]


@pytest.mark.parametrize("gcs", ["gone", "closed", "unanswered", None])
@pytest.mark.parametrize("head", [True, False])
def test_a_node_whose_address_is_gone_is_never_restarted(gcs, head):
    state = OLD
    for now in range(300, 30000, 30):
        looked = seen(gcs, head=head, used=0, moved=True, faults={"sockets": True, "zombie": True})
        state, restart = watchdog.decide(state, looked, now)
        assert not restart
    assert state["moved"]
    state, _restart = watchdog.decide(state, seen("alive", head=head), 30000)
    assert "moved" not in state


def test_a_task_is_run_now_and_then_on_a_node_that_seems_healthy():
    healthy = {**OLD, "tasked": 0}
    late = watchdog.TASK_S
    assert watchdog.must_task(healthy, True, False, late)
    assert not watchdog.must_task(healthy, True, False, late - 1)
    assert not watchdog.must_task(healthy, True, True, late), "a busy node is not a wedged one"
    assert not watchdog.must_task(healthy, False, False, late)
    assert not watchdog.must_task({**healthy, "strikes": 1}, True, False, late)
    assert not watchdog.must_task({**healthy, "faults": {"sockets": [1, 0]}}, True, False, late)
    assert watchdog.must_task({**healthy, "faults": {"wedged": [1, 0]}}, True, False, watchdog.TASK_AGAIN_S)


SOCKET = "--raylet_socket_name="


def test_raylets_sockets_and_zombies(tmp_path):
    (tmp_path / "raylet").touch()
    here, gone = f"{SOCKET}{tmp_path}/raylet", f"{SOCKET}{tmp_path}/nothing"
    assert watchdog.raylet_faults([]) == {"zombie": False, "sockets": None}  # it waits for its head
    assert watchdog.raylet_faults([("S", ["raylet", here])]) == {"zombie": False, "sockets": False}
    assert watchdog.raylet_faults([("S", ["raylet", gone])]) == {"zombie": False, "sockets": True}
    closed = f"{SOCKET}{tmp_path}/raylet/inside"  # what may not be entered proves nothing
    assert watchdog.raylet_faults([("S", ["raylet", closed])]) == {"zombie": False, "sockets": None}
    assert watchdog.raylet_faults([("Z", [""])]) == {"zombie": True, "sockets": None}
    assert watchdog.raylet_faults([("Z", [""]), ("S", ["raylet", here])]) == {"zombie": False, "sockets": False}
    assert watchdog.raylet_faults([("S", ["raylet", "--other"])]) == {"zombie": False, "sockets": None}


def test_raylets_in_the_listing_of_a_mac():
    listing = "\n".join([
        "    1 Ss   /sbin/launchd",
        f"   50 S    /opt/saf/venvs/1/lib/ray/core/src/ray/raylet/raylet {SOCKET}/opt/a/raylet --x=1",
        "   50 Z    (raylet)",
        "   50 S    /opt/saf/bin/python /opt/ray/raylet_monitor.py --raylet=1",
        "   51 S    /x/raylet --y",
        "nonsense",
    ])  # fmt: skip
    found = watchdog.children_by_ps(50, listing)
    assert [state for state, _words in found] == ["S", "Z"]
    assert f"{SOCKET}/opt/a/raylet" in found[0][1]


def test_raylets_among_real_processes(tmp_path):
    program = tmp_path / "raylet"
    program.symlink_to("/bin/sleep")
    child = subprocess.Popen([str(program), "60"])
    try:
        assert [words[0] for _state, words in watchdog.raylets(os.getpid()) if words[0]] == [str(program)]
        child.kill()
        deadline = time.monotonic() + 10
        while watchdog.raylet_faults(watchdog.raylets(os.getpid()))["zombie"] is False and time.monotonic() < deadline:
            time.sleep(0.05)
        assert watchdog.raylet_faults(watchdog.raylets(os.getpid()))["zombie"] is True
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize(("host", "own"), [("127.0.0.1", True), ("203.0.113.7", False), ("name", None), ("", None)])
def test_own_addresses(host, own):
    assert watchdog.is_own(host) is own


@pytest.mark.parametrize(
    ("answers", "head", "restarts"),
    [
        (("gone", "gone"), False, [False, True]),
        (("gone", "alive", "gone"), False, [False, False, False]),
        (("closed", "closed", "closed"), False, [False, False, False]),  # the head is away: not this worker's fault
        (("closed", "closed"), True, [False, True]),  # the head's GCS is its own child
        ((None, None, None), False, [False, False, False]),
        (("gone", "gone", "gone"), False, [False, True, False]),  # young again
        (("gone", "failed", "gone"), True, [False, False, True]),  # our own failure neither counts nor clears
    ],
)
def test_restarts(answers, head, restarts):
    assert checks(*answers, head=head) == restarts


@pytest.mark.parametrize("head", [True, False])
@pytest.mark.parametrize("answer", ["failed", "unanswered"])
def test_neither_our_own_failure_nor_a_slow_head_is_a_dead_one(answer, head):
    """Swap storms, a venv that is being repaired, a newer Ray: a restart of the head would end every job."""
    assert not any(checks(*[answer] * 20, head=head))


def test_our_own_failure_is_never_counted():
    assert not any(checks(*["failed"] * 200, head=True))


def test_silence_of_the_head_counts_in_minutes_not_in_checks():
    assert watchdog.UNANSWERED_S >= 600
    for every in (1, 30, 300):
        restarts = checks(*["unanswered"] * (watchdog.UNANSWERED_S // every + 1), head=True, every=every)
        assert restarts[-1]
        assert not any(restarts[:-1])
    assert not any(checks(*["unanswered"] * 20, "alive", *["unanswered"] * 20, head=True))
    assert not any(checks(*["unanswered"] * 100, head=False))


def test_a_stopped_service_and_a_young_one_are_left_alone():
    assert watchdog.decide(OLD, seen("gone", pid=0), 500) == ({}, "")
    state, restart = watchdog.decide(OLD, seen("gone", pid=8), 500)
    assert not restart
    assert state["since"] == 500
    assert watchdog.decide(state, seen("gone", pid=8), 500 + watchdog.GRACE_S - 1) == (state, "")


def test_the_gcs_is_asked_when_there_is_a_reason():
    assert watchdog.must_ask(OLD, port_open=False, now=100)
    assert watchdog.must_ask({**OLD, "strikes": 1}, port_open=True, now=100)
    assert watchdog.must_ask({**OLD, "unanswered": 50}, port_open=True, now=100)
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


# --- the question


@pytest.mark.parametrize(
    ("events", "returncode", "answer"),
    [
        ([{"asking": True}, {"alive": True}], 0, "alive"),
        ([{"asking": True}, {"alive": True}], -6, "alive"),  # what happens at its exit is no matter
        ([{"asking": True}, {"alive": False}], 0, "gone"),
        ([{"asking": True}, {"unanswered": "Deadline Exceeded"}], 0, "unanswered"),
        ([{"asking": True}], -6, "unanswered"),
        ([{"asking": True}], None, "unanswered"),
        ([{"failed": "Ray cannot be imported"}], 0, "failed"),
        ([], 1, "failed"),
        ([], None, "failed"),  # a swap storm: Ray was not even imported
        ([], -9, "failed"),
        ([{"asking": True}, {"failed": "AttributeError"}], 0, "failed"),
        ([["alive"], 3, None], 0, "failed"),
    ],
)
def test_what_the_child_said(events, returncode, answer):
    assert watchdog.interpret(events, returncode)[0] == answer


@pytest.fixture
def gcs():
    """A port that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def ask(gcs, root, folder, **more):
    """Ask as the role installs it: the question and the reader of the settings in one folder."""
    for file in ("roles/ray/files/ray_membership.py", "module_utils/services/ray_settings_file.py"):
        shutil.copy(root / file, folder)
    question = str(folder / "ray_membership.py")
    user = pwd.getpwuid(os.geteuid()).pw_name
    config = {"gcs": gcs, "name": "a", "user": user, "python": sys.executable, "question": question, "settings": os.devnull}
    return watchdog.ask_gcs({**config, **more})


def test_a_port_that_answers_and_an_interpreter_without_ray_is_our_own_failure(gcs, root, tmp_path):
    answer, reason, _used = ask(gcs, root, tmp_path)
    assert answer == "failed"
    assert "imported" in reason


def test_an_interpreter_or_an_account_that_is_gone_is_our_own_failure(gcs, root, tmp_path):
    assert ask(gcs, root, tmp_path, python="/nowhere/python")[0] == "failed"
    if os.geteuid() == 0:
        assert ask(gcs, root, tmp_path, user="nosuchaccount")[0] == "failed"


def test_a_closed_port_is_told_from_a_silent_one(root, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert ask(f"127.0.0.1:{port}", root, tmp_path) == ("closed", "", None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_the_question_runs_as_the_account(gcs, tmp_path):
    question = tmp_path / "question.py"
    question.write_text("import json, os\nprint(json.dumps({'failed': [os.getuid(), os.getgroups(), os.getcwd()]}))\n")
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent != parent.parent and parent.stat().st_uid == os.geteuid() and parent.stat().st_mode & 0o5 != 0o5:
            parent.chmod(0o755)
    answer = watchdog.ask_gcs(
        {"gcs": gcs, "name": "a", "user": "nobody", "python": "/usr/bin/python3", "question": str(question)}
    )
    assert answer == ("failed", str([65534, [], "/"]), None)


# --- leases


@pytest.fixture
def lease(tmp_path, monkeypatch):
    monkeypatch.setattr(watchdog.tempfile, "gettempdir", lambda: str(tmp_path))
    folder = tmp_path / "saf-job-x"
    folder.mkdir()
    (folder / "lease").touch()
    return folder / "lease"


def test_a_lease_of_our_own_counts_while_it_is_fresh(lease):
    assert watchdog.measuring(time.time())
    assert not watchdog.measuring(time.time() + watchdog.LEASE_S)
    assert not watchdog.measuring(time.time() - 3600), "a time in the future would switch the watchdog off for good"


def test_a_link_is_no_lease(lease, tmp_path):
    lease.unlink()
    (tmp_path / "elsewhere").touch()
    lease.symlink_to(tmp_path / "elsewhere")
    assert not watchdog.measuring(time.time())


def test_a_linked_folder_holds_no_lease(lease, tmp_path):
    (tmp_path / "other").mkdir()
    lease.rename(tmp_path / "other" / "lease")
    lease.parent.rmdir()
    lease.parent.symlink_to(tmp_path / "other")
    assert not watchdog.measuring(time.time())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("whose", ["folder", "lease"])
def test_a_lease_of_another_account_does_not_count(lease, whose):
    os.chown(lease if whose == "lease" else lease.parent, 65534, 65534)
    assert not watchdog.measuring(time.time())


# --- one check from end to end, with a supervisor that is a script


def test_a_failure_of_our_own_is_logged_once_and_restarts_nothing(tmp_path, gcs, root):
    restarted = tmp_path / "restarted"
    config = {
        "name": "a", "head": True, "host": "127.0.0.1", "port": 1, "gcs": gcs, "user": "nobody", "python": "/nowhere/python",
        "question": "/nowhere", "state_file": str(tmp_path / "state"), "pid": ["echo", "MainPID=7"],
        "restart": ["touch", str(restarted)],
    }  # fmt: skip
    (tmp_path / "config").write_text(json.dumps(config))
    (tmp_path / "state").write_text(json.dumps({**OLD, "since": time.monotonic() - 1000, "asked": 0}))
    command = [sys.executable, str(root / "roles" / "ray" / "files" / "ray_watchdog.py"), str(tmp_path / "config")]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    told = [subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout for _check in range(4)]
    assert "could not be asked" in told[0]
    assert told[1:] == ["", "", ""]
    assert not restarted.exists()
