"""Provider uv of role python: the pinned archive, a mirror, and what is refused. No network: the mirror is a folder."""

import getpass
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile

import pytest
import yaml

PLAY = [
    {
        "hosts": "cluster",
        "gather_facts": False,
        "roles": ["saf.fabric.python"],
        "post_tasks": [{"ansible.builtin.debug": {"msg": "chosen {{ python_interpreter }}"}}],
    }
]
HOSTS = {"head": {"hosts": {"alpha": {}}}}
TRIPLE = "x86_64-unknown-linux-gnu" if platform.machine() == "x86_64" else "aarch64-unknown-linux-gnu"


@pytest.fixture
def bring(root, tmp_path):
    """Run the role with a mirror that holds ``content`` as the archive: bring(version, content, sha256) -> (status, words)."""

    def run(version, sha256, archive=None, check=False, hosts=HOSTS, extra=(), umask=-1):
        mirror = tmp_path / "mirror" / "20251007"
        mirror.mkdir(parents=True, exist_ok=True)
        name = f"cpython-{version}+20251007-{TRIPLE}-install_only_stripped.tar.gz"
        if archive:
            (mirror / name).write_bytes(archive)
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "python_version": version,
            "python_provider": "uv",
            "python_mirror": f"file://{tmp_path / 'mirror'}",
            "venv_root": str(tmp_path / "saf"),
            "cluster_user": getpass.getuser(),
            "cluster_controller_cache": str(tmp_path / "cache"),
            "_python_builds": {"versions": {version: {"release": "20251007", "sha256": {TRIPLE: sha256} if sha256 else {}}}},
        }
        per_host = {name: variables.pop(name) for name in ("python_provider", "venv_root")}
        (tmp_path / "vars.yml").write_text(yaml.safe_dump(variables))
        (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"cluster": {"vars": per_host, "children": hosts}}))
        (tmp_path / "play.yml").write_text(yaml.safe_dump(PLAY))
        command = ["ansible-playbook", "-i", str(tmp_path / "hosts.yml"), "-e", f"@{tmp_path / 'vars.yml'}", *extra]
        command += [str(tmp_path / "play.yml")] + (["--check"] if check else [])
        environment = {**os.environ, "ANSIBLE_CONFIG": str(root / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        done = subprocess.run(
            command, cwd=root, env=environment, umask=umask, capture_output=True, text=True, check=False, timeout=120
        )
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    return run


def archive_of(tmp_path, version, padding=0):
    """Make an archive in the layout of python-build-standalone whose interpreter is the one that runs this test.

    Like the real ones it has no entries for folders. padding: bytes of another file behind the interpreter.
    """
    program = tmp_path / "python3"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    program.chmod(0o755)
    path = tmp_path / "archive.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(program, arcname="python/bin/python3")
        if padding:
            library = tmp_path / "library"
            library.write_bytes(os.urandom(padding))
            library.chmod(0o644)
            tar.add(library, arcname="python/lib/library")
    return path.read_bytes()


def test_the_pinned_archive_is_brought_checked_and_run(bring, tmp_path):
    version = platform.python_version()
    archive = archive_of(tmp_path, version)
    status, words = bring(version, hashlib.sha256(archive).hexdigest(), archive)
    assert status == 0, words
    assert "chosen " in words
    assert (tmp_path / "saf" / "python" / f"{version}-20251007" / "bin" / "python3").exists()


def test_an_archive_with_another_digest_is_refused(bring, tmp_path):
    status, words = bring(platform.python_version(), "0" * 64, b"tampered")
    assert status != 0
    assert "checksum" in words.lower()
    assert not (tmp_path / "saf" / "python").exists()


def test_an_archive_that_answers_as_another_version_is_refused(bring, tmp_path):
    archive = archive_of(tmp_path, "3.9.23")
    status, words = bring("3.9.23", hashlib.sha256(archive).hexdigest(), archive)
    assert status != 0
    assert "has no Python 3.9.23" in words


def home_of(tmp_path, version):
    return tmp_path / "saf" / "python" / f"{version}-20251007"


def changes(words):
    return int(re.search(r"changed=(\d+)", words).group(1))


def test_an_unpacking_that_was_cut_off_is_repaired_by_the_next_run(bring, tmp_path):
    """The interpreter comes first in the archive: it starts while all behind it is missing."""
    version = platform.python_version()
    whole = archive_of(tmp_path, version, padding=300_000)
    cut = whole[: len(whole) // 2]
    status, words = bring(version, hashlib.sha256(cut).hexdigest(), cut)
    assert status != 0, words
    assert not home_of(tmp_path, version).exists()
    shutil.rmtree(tmp_path / "cache")  # the digest is this test's own: the controller would not take the other archive
    status, words = bring(version, hashlib.sha256(whole).hexdigest(), whole)
    assert status == 0, words
    assert (home_of(tmp_path, version) / "lib" / "library").stat().st_size == 300_000
    status, words = bring(version, hashlib.sha256(whole).hexdigest(), whole)
    assert (status, changes(words)) == (0, 0), words


def test_what_an_earlier_version_left_half_unpacked_is_repaired(bring, tmp_path):
    """It unpacked in place and removed the archive last."""
    version = platform.python_version()
    home = home_of(tmp_path, version)
    whole = archive_of(tmp_path, version, padding=1000)
    (home / "bin").mkdir(parents=True)
    shutil.copy(tmp_path / "python3", home / "bin" / "python3")
    (home / "build.tar.gz").write_bytes(whole[:500])
    status, words = bring(version, hashlib.sha256(whole).hexdigest(), whole, check=True)
    assert (status, changes(words) > 0) == (0, True), words
    assert not (home / "lib").exists()
    status, words = bring(version, hashlib.sha256(whole).hexdigest(), whole)
    assert status == 0, words
    assert sorted(path.name for path in home.iterdir()) == ["bin", "lib"]


def test_every_account_can_read_it_whatever_the_umask(bring, tmp_path):
    version = platform.python_version()
    whole = archive_of(tmp_path, version, padding=1000)
    digest = hashlib.sha256(whole).hexdigest()
    status, words = bring(version, digest, whole, umask=0o077)
    assert status == 0, words
    home = home_of(tmp_path, version)
    modes = {path: path.stat().st_mode & 0o777 for path in (home.parent, home, *home.rglob("*"))}
    assert all(mode & 0o005 == 0o005 if path.is_dir() else mode & 0o004 for path, mode in modes.items()), modes
    (home / "lib").chmod(0o700)  # as an earlier version left it
    status, words = bring(version, digest, whole, umask=0o077)
    assert status == 0, words
    assert (home / "lib").stat().st_mode & 0o005 == 0o005
    status, words = bring(version, digest, whole, umask=0o077)
    assert (status, changes(words)) == (0, 0), words


def test_a_platform_without_a_pinned_build_is_refused(bring):
    status, words = bring("3.9.23", "")
    assert status != 0
    assert f"no pinned build of Python 3.9.23 for {TRIPLE}" in words
    assert "set python_provider to system" in words


def test_the_pinned_builds_of_the_repository_have_digests(root):
    builds = yaml.safe_load((root / "data" / "python_builds.yml").read_text())
    for build in builds["versions"].values():
        assert build["release"].isdigit()
        assert all(len(digest) == 64 for digest in build["sha256"].values())


@pytest.mark.parametrize(
    ("allowed", "accepted"),
    [(["-e", "python_mixed_providers=true"], True), (["-e", "python_mixed_providers=false"], False), ([], False)],
)
def test_nodes_of_one_system_with_pythons_from_different_places(bring, tmp_path, allowed, accepted):
    version = platform.python_version()
    archive = archive_of(tmp_path, version)
    system = {"python_provider": "system", "python_candidates": [sys.executable], "venv_root": str(tmp_path / "other")}
    hosts = {**HOSTS, "workers": {"hosts": {"beta": system}}}
    status, words = bring(version, hashlib.sha256(archive).hexdigest(), archive, hosts=hosts, extra=allowed)
    assert (status == 0) is accepted, words
    assert accepted or "Python comes from uv on alpha and from system on beta" in words
