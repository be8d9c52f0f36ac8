"""Removing folders with mount points at and below them; the mount points are played, this test may not mount."""

import os

import pytest

from ansible_collections.saf.fabric.plugins.module_utils.system import folders


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "root"
    for name in ("venvs/a", "ray/tmp", "lost+found"):
        (root / name).mkdir(parents=True)
    for name in ("manifest.json", "venvs/a/file", "ray/tmp/file"):
        (root / name).write_text("")
    return root


@pytest.fixture
def mounts(monkeypatch):
    """Let these paths be the mount points: mounts(path, ..)."""
    return lambda *paths: monkeypatch.setattr(os.path, "ismount", lambda path: path in [str(one) for one in paths])


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_plain_folder_goes(tree):
    assert folders.remove(str(tree)) == []
    assert not tree.exists()


def test_a_mount_point_stays_and_its_content_goes(tree, mounts):
    mounts(tree)
    assert not folders.is_only_mounts(str(tree))
    assert folders.remove(str(tree)) == []
    assert names(tree) == ["lost+found"]
    assert folders.is_only_mounts(str(tree))


def test_a_mount_point_below_is_emptied_and_keeps_the_folders_above_it(tree, mounts):
    mounts(tree / "ray")
    assert folders.remove(str(tree)) == []
    assert names(tree) == ["ray"]
    assert folders.is_only_mounts(str(tree))
    mounts()
    assert not folders.is_only_mounts(str(tree))


def test_links_are_removed_and_never_followed(tree, tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "file").write_text("")
    (tree / "link").symlink_to(theirs)
    assert folders.remove(str(tree)) == []
    assert names(theirs) == ["file"]


def test_what_cannot_be_removed_is_named(tree, monkeypatch):
    def refuse(path, unlink=os.unlink):
        if path.endswith("manifest.json"):
            raise OSError("Operation not permitted")
        unlink(path)

    monkeypatch.setattr(os, "unlink", refuse)
    assert folders.remove(str(tree)) == [str(tree / "manifest.json")]
    assert names(tree) == ["manifest.json"]


@pytest.mark.parametrize(
    ("folder", "path", "answer"),
    [("/opt/saf", "/opt/saf", True), ("/opt/saf", "/opt/saf/x", True), ("/opt/sa", "/opt/saf/x", False), ("/", "/x", True)],
)
def test_holds(folder, path, answer):
    assert folders.holds(folder, path) is answer
