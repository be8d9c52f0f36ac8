"""A node whose raylet has ended ends itself; with a real Ray: tests/integration/test_ray_secrets.py."""

import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
import ray_start


def ended(*dead):
    return lambda node: [(name, SimpleNamespace(returncode=code)) for name, code in dead]


@pytest.fixture
def port():
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as sample:
        return sample.getsockname()[1]


@pytest.fixture
def node():
    calls = []
    return SimpleNamespace(calls=calls, kill_all_processes=lambda **options: calls.append(options))


@pytest.mark.parametrize("dead", [[("raylet", 0)], [("raylet", -15)], [("log_monitor", -15), ("gcs_server", 0)]])
def test_a_daemon_that_has_ended_ends_the_supervisor(node, tmp_path, capsys, dead):
    left = []
    ray_start.guarded(ended(*dead), str(tmp_path / "maintenance.json"), left.append)(node)
    assert left == [1]
    assert node.calls == [{"check_alive": False, "allow_graceful": False}]
    assert f"Ended: {dead[-1][0]} with {dead[-1][1]}" in capsys.readouterr().err


@pytest.mark.parametrize("dead", [[], [("log_monitor", -15)], [("dashboard", 0)]])
def test_anything_else_is_what_ray_makes_of_it(node, tmp_path, dead):
    left = []
    seen = ray_start.guarded(ended(*dead), str(tmp_path / "maintenance.json"), left.append)(node)
    assert [name for name, _ in seen] == [name for name, _ in dead]
    assert (left, node.calls) == ([], [])


def test_a_drained_node_in_maintenance_stays_away(node, tmp_path):
    flag = tmp_path / "maintenance.json"
    flag.touch()
    left = []
    ray_start.guarded(ended(("raylet", 0)), str(flag), left.append)(node)
    assert (left, node.calls) == ([], [])


def test_it_ends_also_if_the_rest_cannot_be_killed(tmp_path):
    def refuses(**_options):
        raise RuntimeError("no such process")

    left = []
    look = ray_start.guarded(ended(("raylet", 0)), str(tmp_path / "none"), left.append)
    with pytest.raises(RuntimeError, match="no such process"):
        look(SimpleNamespace(kill_all_processes=refuses))
    assert left == [1]


def test_a_worker_waits_until_its_head_is_there(port):
    def open_later():
        time.sleep(0.3)
        with socket.create_server(("127.0.0.1", port)) as head:
            seen.append(head.accept()[1][0])

    seen = []
    thread = threading.Thread(target=open_later)
    thread.start()
    ray_start.wait_for_head([f"--address=127.0.0.1:{port}", "--block"], pause=0.01)
    thread.join()
    assert seen == ["127.0.0.1"]


def test_a_worker_without_a_head_says_so_and_ends(port):
    with pytest.raises(SystemExit, match=rf"The head at 127.0.0.1:{port} cannot be reached, for 0 s now: .*refused"):
        ray_start.wait_for_head([f"--address=127.0.0.1:{port}"], seconds=0)


def test_ray_starts_behind_the_wait(monkeypatch):
    done = []
    monkeypatch.setattr(ray_start, "wait_for_head", done.append)
    monkeypatch.setattr(ray_start.runpy, "run_path", lambda program, run_name: done.append(program))
    monkeypatch.setattr(sys, "argv", [])
    ray_start.main("/nowhere", "/venv/bin/ray", "start", "--address=alpha:6380")
    assert done == [("start", "--address=alpha:6380"), "/venv/bin/ray"]


def test_a_head_waits_for_nobody():
    ray_start.wait_for_head(["--head", "--port=6380"], seconds=0)


def test_a_ray_without_that_method_is_started_as_it_is(root, tmp_path):
    program = tmp_path / "ray"
    program.write_text("import sys\nif __name__ == '__main__':\n    print(sys.argv)\n")
    argv = [sys.executable, str(root / "roles" / "ray" / "files" / "ray_start.py"), "/nowhere", str(program), "start", "--block"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str([str(program), "start", "--block"])
    assert done.stderr.startswith("The end of a raylet by SIGTERM is noticed late: ")
