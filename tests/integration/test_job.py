"""A measurement ends if the controller is gone, and reports its progress."""

import json
import subprocess
import sys
import time

import pytest

from ansible_collections.saf.fabric.plugins.module_utils.measure import job

MODULE = """
import sys, time
sys.path.insert(0, {root!r} + '/collections')
from ansible_collections.saf.fabric.plugins.module_utils.measure import job
job.LEASE_S = 2
with job.Job({folder!r}) as running:
    running.report("step", "1 Gb/s", 1, 4)
    print("ready", flush=True)
    try:
        time.sleep(60)
    finally:
        print("cleaned up", flush=True)
"""


@pytest.fixture
def start(root, tmp_path):
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / "lease").touch()
    started = []

    def run():
        code = MODULE.format(root=str(root), folder=str(folder))
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        return process, folder

    yield run
    for process in started:
        process.kill()
        process.wait()


def test_a_lease_that_nobody_renews_ends_the_module(start):
    process, folder = start()
    out, err = process.communicate(timeout=20)
    assert process.returncode != 0
    assert out == "cleaned up\n"
    assert "The controller is gone" in err
    assert not folder.exists()


def test_a_lease_that_is_gone_ends_it_at_once(start):
    process, folder = start()
    begun = time.monotonic()
    (folder / "lease").unlink()
    process.communicate(timeout=20)
    assert time.monotonic() - begun < 10


def test_progress_lines(start):
    _process, folder = start()
    assert json.loads((folder / "progress").read_text()) == {"what": "step", "latest": "1 Gb/s", "done": 1, "total": 4}


def test_without_a_folder_nothing_happens():
    with job.Job(None) as running:
        running.report("step", None, 0, 1)


@pytest.mark.parametrize(("age", "holds"), [(0, True), (29, True), (31, False)])
def test_the_lease_has_a_length(tmp_path, age, holds):
    lease = tmp_path / "lease"
    lease.touch()
    assert job.lease_holds(str(lease), lease.stat().st_mtime + age) is holds


def test_no_lease_does_not_hold(tmp_path):
    assert not job.lease_holds(str(tmp_path / "lease"), 0)
