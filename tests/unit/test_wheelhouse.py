"""wheelhouse without a network: what it packs, and a run beside it."""

import fcntl
import os
import tarfile

import pytest

import wheelhouse

TARGET = {"system": "Linux", "machine": "x86_64", "python_version": "3.9.23", "glibc": "2.36"}


@pytest.fixture
def fetch(run_module, root, tmp_path, monkeypatch):
    """Run the module with a download that writes one wheel."""

    def download(_module, _resolved, _target, wheels):
        with open(os.path.join(wheels, "requirements.txt"), "w") as stream:
            stream.write("pkg==1.0\n")

    monkeypatch.setattr(wheelhouse, "download", download)
    arguments = {
        "lock": str(root / "stacks" / "studio-2025" / "requirements.lock"),
        "installer_lock": str(root / "data" / "installer.lock"),
        "cache": str(tmp_path / "cache"),
        "target": TARGET,
    }
    return lambda: run_module(wheelhouse, arguments)


def test_neither_the_umask_nor_the_accounts_of_the_controller_travel(fetch):
    before = os.umask(0o077)
    try:
        made = fetch()
    finally:
        os.umask(before)
    assert not made["failed"], made
    with tarfile.open(made["archive"]) as tar:
        members = tar.getmembers()
    assert {(member.mode, member.uid, member.gid, member.uname) for member in members if member.isfile()} == {(0o644, 0, 0, "")}
    assert {member.mode for member in members if member.isdir()} == {0o755}


def test_another_run_that_never_ends_is_one_sentence(fetch, monkeypatch):
    made = fetch()
    os.unlink(made["archive"])
    monkeypatch.setattr(wheelhouse, "_LOCK_SECONDS", 0)
    with open(made["archive"] + ".lock", "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        refused = fetch()
    assert refused["failed"]
    assert "end it or wait, then repeat" in refused["msg"]
