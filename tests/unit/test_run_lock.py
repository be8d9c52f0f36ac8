"""One run at a time changes a node, and a run that has ended keeps no other one waiting."""

import fcntl
import json
import os
import subprocess
import sys
import threading

import pytest

import run_lock as module
from ansible_collections.saf.fabric.plugins.module_utils.services.process import start_time
from ansible_collections.saf.fabric.plugins.module_utils.system import login
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import run_lock

MINE = {"mark": "here 10 5", "place": "here", "pid": 10, "who": "me@here"}
OTHER = {"mark": "there 20 7", "place": "there", "pid": 20, "who": "you@there"}
NOW = 1_000_000.0


def params(**more):
    return {"holder": MINE, "gone": "", "force": False, "bound": 100, **more}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.lock"


def take(path, now=NOW, **more):
    with module.opened(str(path), create=True) as handle:
        return module.take(handle, params(**more), now)


def written(path):
    return json.loads(path.read_text())


def test_first_run_takes_the_node_and_takes_it_again(path):
    assert take(path) == {}
    assert take(path, now=NOW + 5) == {}
    assert (written(path)["mark"], written(path)["since"]) == (MINE["mark"], NOW)


def test_no_other_account_can_hold_the_file(path):
    """Whoever may open a file can lock it, and every run would wait."""
    take(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_process_that_holds_the_file_is_not_waited_for_without_end(path, monkeypatch):
    monkeypatch.setattr(module, "_ATTEMPTS", 2)
    take(path)
    with path.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError, match="another process holds it"):
            take(path)


@pytest.mark.parametrize(
    ("found", "free"),
    [
        ({"since": NOW - 10}, False),
        ({"since": NOW - 100}, True),  # no connection, and older than the bound
        ({"since": NOW + 10}, True),  # the clock was set back: its age is unknown
        ({"since": "yesterday"}, True),
        ({}, True),
        ({"since": NOW - 10, "login": {"pid": os.getpid(), "started": start_time(os.getpid())}}, False),
        ({"since": NOW - 5000, "login": {"pid": os.getpid(), "started": start_time(os.getpid())}}, False),
        ({"since": NOW - 10, "login": {"pid": os.getpid(), "started": "another"}}, True),
        # a run of this controller: its connection may be closed while it works on another node
        ({"since": NOW - 5000, "place": "here", "login": {"pid": os.getpid(), "started": "another"}}, False),
    ],
)
def test_another_run_keeps_the_node_until_it_has_ended(path, found, free):
    path.write_text(json.dumps({**OTHER, **found}))
    answer = take(path)
    assert answer == ({} if free else {**OTHER, **found})
    assert written(path)["mark"] == (MINE if free else OTHER)["mark"]


@pytest.mark.parametrize("more", [{"force": True}, {"gone": OTHER["mark"]}])
def test_another_run_is_replaced_by_force_or_when_it_is_known_to_have_ended(path, more):
    path.write_text(json.dumps({**OTHER, "since": NOW}))
    assert take(path, gone="another 1 2") == {**OTHER, "since": NOW}
    assert take(path, **more) == {}
    assert written(path)["mark"] == MINE["mark"]


@pytest.mark.parametrize("text", ["", "{", "[]", '"text"', '{"mark": 5}', "\0" * 5000, '{"mark": "x"' + " " * 5000 + "}"])
def test_half_a_mark_is_none(path, text):
    path.write_text(text)
    assert take(path) == {}
    assert written(path)["mark"] == MINE["mark"]


def test_link_in_place_of_the_file_is_not_followed(path, tmp_path):
    path.symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic link"):
        take(path)
    assert not (tmp_path / "target").exists()


def test_second_run_waits_for_the_file_and_never_gets_one_that_was_removed(path):
    events, first_has_it = [], threading.Event()

    def second():
        first_has_it.wait(10)
        with module.opened(str(path), create=True) as handle:
            events.append("second" if os.path.samestat(os.fstat(handle), os.stat(path)) else "second, removed")

    thread = threading.Thread(target=second)
    thread.start()
    with module.opened(str(path), create=True):
        first_has_it.set()
        thread.join(0.5)  # it has the file open by then, and waits
        events.append("first")
        path.unlink()
    thread.join(10)
    assert events == ["first", "second"]
    assert path.exists()


def test_of_many_runs_at_once_one_gets_the_node(path):
    source = (
        "import sys, run_lock as module\n"
        "holder = {'mark': sys.argv[2], 'place': 'p' + sys.argv[2], 'pid': 1, 'who': 'x'}\n"
        "given = {'holder': holder, 'gone': '', 'force': False, 'bound': 1e12}\n"
        "with module.opened(sys.argv[1], create=True) as handle:\n"
        "    print(module.take(handle, given, 5.0).get('mark', 'taken'))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    runs = [
        subprocess.Popen([sys.executable, "-c", source, str(path), str(one)], stdout=subprocess.PIPE, text=True, env=environment)
        for one in range(8)
    ]
    said = [run.communicate(timeout=60)[0].strip() for run in runs]
    assert said.count("taken") == 1
    assert set(said) - {"taken"} == {str(said.index("taken"))}


def test_a_run_on_this_controller_has_ended_with_its_process():
    child = subprocess.Popen(["sleep", "60"])
    try:
        mark = run_lock.mark_of(child.pid)
        text = mark.text()
        assert not run_lock.has_ended(text)
        assert run_lock.has_ended(mark._replace(started="1").text())  # the number belongs to another process now
        assert not run_lock.has_ended(mark._replace(place="elsewhere", started="1").text())
    finally:
        child.kill()
        child.wait()
    assert run_lock.has_ended(text)


@pytest.mark.parametrize("text", [None, 5, "", "a b", "a b c d", f"{run_lock.place()} -1 5", f"{run_lock.place()} {'9' * 30} 5"])
def test_mark_that_no_run_writes_is_no_run_that_has_ended(text):
    assert run_lock.has_ended(text) is False


def test_sentence_names_the_other_run_and_both_commands():
    said = run_lock.sentence("alpha", {"who": "me@studio\x1b[31m", "pid": 7, "seconds": 190}, "<again>", "<forced>")
    assert (
        "Another run is changing alpha: me@studio, process 7, for 3 min. Wait until it has ended, then repeat:\n<again>" in said
    )
    assert said.endswith("<forced>")
    assert "less than a minute" in run_lock.sentence("alpha", {"who": "x", "pid": 7, "seconds": 59}, "", "")


def test_login_is_the_nearest_sshd(monkeypatch):
    tree = {50: (40, "python3"), 40: (30, "sudo"), 30: (20, "sshd-session"), 20: (1, "sshd"), 1: (0, "systemd")}
    monkeypatch.setattr(login, "parent_of", lambda pid: tree.get(pid, (0, "")))
    monkeypatch.setattr(login, "start_time", lambda pid: f"start of {pid}")
    assert login.of(50) == {"pid": 30, "started": "start of 30"}
    assert login.is_alive(login.of(50))
    tree[30] = (1, "cron")
    assert login.of(50) is None


def test_parent_is_read_of_the_system():
    assert login.parent_of(os.getpid())[0] == os.getppid()
    assert login.parent_of(2**22 + 5) == (0, "")
    assert not login.is_alive(None)
