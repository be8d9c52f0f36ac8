"""A module that is killed before any of its file operations: the next run does the whole work and leaves nothing else."""

import json
import os
import shutil
import stat

import pytest
from tests.support import killed

import node_files
import node_manifest
import run_lock

HOLDER = {"mark": "here 1 2", "place": "here", "pid": 1, "who": "me@here"}


def tree(folder):
    """Return {path: (mode, content)} of what is in a folder."""
    found = {}
    for where, names, files in os.walk(folder):
        for name in names + files:
            path = os.path.join(where, name)
            content = open(path).read() if os.path.isfile(path) else None  # noqa: SIM115
            found[os.path.relpath(path, folder)] = (stat.S_IMODE(os.lstat(path).st_mode), content)
    return found


@pytest.fixture
def fresh(tmp_path):
    """Make the folder that the module works in as it was before."""
    folder = tmp_path / "node"

    def make():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "old.conf").write_text("old")
        (folder / "gone.conf").write_text("gone")

    make.folder = folder
    return make


def files_of(folder):
    return [
        {"path": str(folder / "etc" / "saf"), "state": "directory", "mode": "0755"},
        {"path": str(folder / "etc" / "saf" / "secret"), "secret_content": "secret", "mode": "0400"},
        {"path": str(folder / "old.conf"), "content": "new", "mode": "0644"},
        {"path": str(folder / "gone.conf"), "state": "absent"},
    ]


def entries_of(folder):
    return [{"kind": "file", "name": str(folder / name)} for name in ("old.conf", "new.conf")]


CASES = {
    "files": (node_files, lambda folder: {"files": files_of(folder)}),
    "manifest": (node_manifest, lambda folder: {"path": str(folder / "root" / "manifest.json"), "entries": entries_of(folder)}),
    "mark": (run_lock, lambda folder: {"path": str(folder / "run.lock"), "holder": HOLDER}),
}


def without_times(found):
    """Return a tree with the time of an entry or a mark taken out."""
    answer = {}
    for path, (mode, content) in found.items():
        if path.endswith(("manifest.json", "run.lock")):
            document = json.loads(content)
            document.pop("since", None)
            kept = [{**entry, "recorded": ""} for entry in document["entries"]] if "entries" in document else document
            answer[path] = (mode, kept)
        else:
            answer[path] = (mode, content)
    return answer


@pytest.mark.parametrize("case", CASES)
def test_killed_anywhere_the_next_run_does_the_whole_work(run_module, fresh, case):
    module, arguments = CASES[case]
    fresh()
    given = arguments(fresh.folder)
    assert not run_module(module, given)["failed"]
    wanted, points = without_times(tree(fresh.folder)), 0
    for number in killed.everywhere(fresh, lambda: run_module(module, given)):
        answer = run_module(module, given)
        assert not answer["failed"], (number, answer)
        assert without_times(tree(fresh.folder)) == wanted, number
        assert not run_module(module, given)["changed"], number
        points = number
    assert points >= {"files": 8, "manifest": 3, "mark": 2}[case]
