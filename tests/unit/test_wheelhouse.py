"""wheelhouse without a network: what it packs, who fetches, and a run beside it."""

import fcntl
import os
import tarfile
import threading
import time
import types

import pytest
from ansible.errors import AnsibleError

from ansible_collections.saf.fabric.plugins.action import wheelhouse as action
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import wheelhouse

TARGET = {"system": "Linux", "machine": "x86_64", "python_version": "3.9.23", "glibc": "2.36"}


@pytest.fixture
def fetched(monkeypatch):
    """Replace the download by one that writes a file; returns the folders that it was called for."""
    folders = []

    def download(_house, _part, _target, destination):
        folders.append(os.path.basename(destination))
        with open(os.path.join(destination, "requirements.txt"), "w") as stream:
            stream.write("pkg==1.0\n")

    monkeypatch.setattr(wheelhouse.Wheelhouse, "download", download)
    return folders


@pytest.fixture
def run(root, tmp_path):
    """Run the action as a task does and return its result: run(check=False, **arguments)."""

    def call(check=False, **arguments):
        given = {
            "lock": str(root / "stacks" / "studio-2025" / "requirements.lock"),
            "installer_lock": str(root / "data" / "installer.lock"),
            "cache": str(tmp_path / "cache"),
            "target": TARGET,
            **arguments,
        }
        task = types.SimpleNamespace(args=given, check_mode=check, async_val=0, action="wheelhouse")
        connection = types.SimpleNamespace(_shell=types.SimpleNamespace(tmpdir=None))
        return action.ActionModule(task, connection, None, None, None, None).run(task_vars={})

    return call


def test_neither_the_umask_nor_the_accounts_of_the_controller_travel(run, fetched):
    before = os.umask(0o077)
    try:
        made = run()
    finally:
        os.umask(before)
    assert made["changed"], made
    assert fetched == ["wheels", "installer"]
    with tarfile.open(made["archive"]) as tar:
        members = tar.getmembers()
    assert {(member.mode, member.uid, member.gid, member.uname) for member in members if member.isfile()} == {(0o644, 0, 0, "")}
    assert {member.mode for member in members if member.isdir()} == {0o755}
    assert made["size"] == os.path.getsize(made["archive"])


def test_an_existing_archive_is_used_unchanged(run, fetched):
    made = run()
    again = run()
    assert (again["changed"], again["archive"]) == (False, made["archive"])
    assert fetched == ["wheels", "installer"]


def test_check_mode_reports_the_change_and_fetches_nothing(run, fetched, tmp_path):
    result = run(check=True)
    assert (result["changed"], result["size"]) == (True, 0)
    assert (fetched, list(tmp_path.iterdir())) == ([], [])


def test_several_nodes_of_one_kind_fetch_once(run, fetched, monkeypatch):
    """The task runs for all nodes at the same time, each in a separate process: none has the archive when they begin."""
    results, begin, ensure, download = [], threading.Barrier(4), wheelhouse.Wheelhouse.ensure, wheelhouse.Wheelhouse.download

    def at_once(*arguments):
        begin.wait(timeout=60)
        return ensure(*arguments)

    def slowly(*arguments):
        time.sleep(0.2)
        download(*arguments)

    monkeypatch.setattr(wheelhouse.Wheelhouse, "ensure", at_once)
    monkeypatch.setattr(wheelhouse.Wheelhouse, "download", slowly)
    nodes = [threading.Thread(target=lambda: results.append(run())) for _ in range(4)]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join()
    assert fetched == ["wheels", "installer"]
    assert sorted(result["changed"] for result in results) == [False, False, False, True]
    assert len({result["archive"] for result in results}) == 1
    assert all(result["size"] for result in results)


def test_another_run_that_never_ends_is_one_sentence(run, fetched, monkeypatch):
    made = run()
    os.unlink(made["archive"])
    monkeypatch.setattr(wheelhouse, "_LOCK_SECONDS", 0)
    with open(made["archive"] + ".lock", "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        refused = run()
    assert refused["failed"]
    assert "end it or wait, then repeat" in refused["msg"]


def test_a_lock_that_cannot_be_read_is_one_sentence(run, tmp_path):
    (tmp_path / "broken.lock").write_text("ray==2.49.1\n")
    refused = run(lock=str(tmp_path / "broken.lock"))
    assert refused["failed"]
    assert "without a sha256" in refused["msg"]
    assert run(lock=str(tmp_path / "missing.lock"))["failed"]


@pytest.mark.parametrize("target", [{**TARGET, "glibc": None}, {**TARGET, "system": "Darwin"}, {"system": "Linux"}])
def test_a_target_without_its_release_is_refused(run, target):
    with pytest.raises(AnsibleError, match="target"):
        run(target={name: value for name, value in target.items() if value is not None})
