"""The module node_files: a set of files and folders in one call."""

import os
import stat

import pytest

import node_files


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


@pytest.fixture
def apply(run_module):
    """Run the module for entries: apply({...}, {...}, check=True)."""

    def run(*entries, **options):
        return run_module(node_files, {"files": [{**entry, "path": str(entry["path"])} for entry in entries]}, **options)

    return run


def test_everything_is_made_once(apply, tmp_path):
    folder, file, old = tmp_path / "etc", tmp_path / "etc" / "ray.env", tmp_path / "old.py"
    old.write_text("")
    entries = (
        {"path": folder, "state": "directory", "mode": "0700"},
        {"path": file, "content": "A=ü\n", "mode": "0640"},
        {"path": old, "state": "absent"},
    )
    first = apply(*entries)
    assert first["changed_paths"] == [str(folder), str(file), str(old)]
    assert (file.read_text(), mode(file), mode(folder), old.exists()) == ("A=ü\n", 0o640, 0o700, False)
    assert first["times"] == {str(file): file.stat().st_mtime}
    second = apply(*entries)
    assert (second["changed"], second["changed_paths"], second["diff"]) == (False, [], [])
    assert os.listdir(folder) == ["ray.env"], "a temporary file is left"


def test_a_dry_run_says_what_would_change_and_changes_nothing(apply, tmp_path):
    there, old = tmp_path / "there", tmp_path / "old"
    there.write_text("one\n")
    old.write_text("")
    answer = apply(
        {"path": tmp_path / "new" / "file", "content": "x", "mode": "0644"},
        {"path": tmp_path / "new", "state": "directory", "mode": "0755", "owner": "no-such-account"},
        {"path": there, "content": "two\n"},
        {"path": old, "state": "absent"},
        check=True,
    )
    assert answer["changed_paths"] == [str(tmp_path / "new" / "file"), str(tmp_path / "new"), str(there), str(old)]
    assert (there.read_text(), old.exists(), (tmp_path / "new").exists()) == ("one\n", True, False)
    assert answer["diff"][2]["before"] == "one\n"
    assert answer["diff"][2]["after"] == "two\n"


def test_what_is_secret_is_shown_nowhere(apply, tmp_path):
    path = tmp_path / "ray.env"
    path.write_text("PASSWORD=old-secret\n")
    path.chmod(0o644)
    answer = apply({"path": path, "secret_content": "PASSWORD=new-secret\n", "mode": "0600"}, diff=True)
    assert (path.read_text(), mode(path)) == ("PASSWORD=new-secret\n", 0o600)
    assert answer["changed_paths"] == [str(path)]
    assert "secret\\n" not in str(answer)


def test_a_new_file_has_its_mode_before_it_has_its_name(apply, tmp_path, monkeypatch):
    """Whoever watches the folder must not be able to open a secret in between."""
    seen, replace = [], os.replace

    def watched(source, target):
        seen.append(mode(source))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watched)
    os.umask(0)
    apply({"path": tmp_path / "ray.env", "secret_content": "x", "mode": "0400"})
    assert seen == [0o400]


def test_only_the_mode_may_differ(apply, tmp_path):
    path = tmp_path / "file"
    path.write_text("same")
    path.chmod(0o666)
    answer = apply({"path": path, "content": "same", "mode": "0644"})
    assert (answer["changed_paths"], mode(path)) == ([str(path)], 0o644)


def test_a_link_is_replaced_and_never_followed(apply, tmp_path):
    target, link = tmp_path / "shadow", tmp_path / "watchdog.json"
    target.write_text("precious")
    link.symlink_to(target)
    apply({"path": link, "content": "new", "mode": "0644"})
    assert (target.read_text(), link.read_text(), link.is_symlink()) == ("precious", "new", False)


@pytest.mark.parametrize("state", ["file", "absent"])
def test_a_folder_in_the_place_of_a_file_is_named(apply, tmp_path, state):
    (tmp_path / "file" / "inside").mkdir(parents=True)
    answer = apply({"path": tmp_path / "file", "state": state})
    assert answer["failed"]
    assert f"{tmp_path}/file is a folder" in answer["msg"]
    assert (tmp_path / "file" / "inside").exists()


def test_what_was_written_before_a_failure_is_said(apply, tmp_path):
    (tmp_path / "blocked").write_text("")
    answer = apply(
        {"path": tmp_path / "first", "content": "x", "mode": "0644"},
        {"path": tmp_path / "blocked" / "file", "content": "x", "mode": "0644"},
    )
    assert answer["failed"]
    assert answer["changed_paths"] == [str(tmp_path / "first")]
    assert "blocked/file cannot be written: Not a directory." in answer["msg"]


def test_a_full_disk_leaves_the_old_file(apply, tmp_path, monkeypatch):
    path = tmp_path / "ray.env"
    path.write_text("old")

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    answer = apply({"path": path, "content": "new", "mode": "0644"})
    assert "No space left on device" in answer["msg"]
    assert (path.read_text(), os.listdir(tmp_path)) == ("old", ["ray.env"])


def test_what_a_run_that_was_killed_left_is_replaced_and_never_followed(apply, tmp_path):
    """A run that is killed between writing and renaming leaves one file, which may hold a secret."""
    partial, target = tmp_path / ".ray.env.saf-new", tmp_path / "target"
    for leave in (lambda: partial.write_text("half of a secr"), lambda: partial.symlink_to(target)):
        leave()
        apply({"path": tmp_path / "ray.env", "secret_content": f"{leave}", "mode": "0600"})
        assert os.listdir(tmp_path) == ["ray.env"]
