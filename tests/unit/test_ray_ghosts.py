"""The report of an earlier raylet never keeps a worker from starting; with a real Ray: molecule/damage."""

import socket
import subprocess
import sys

import pytest


@pytest.fixture
def program(root):
    return str(root / "roles" / "ray" / "files" / "ray_ghosts.py")


def run(*arguments):
    return subprocess.run([sys.executable, "-I", *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_a_closed_port_a_missing_file_and_a_python_without_ray_end_with_one_line_and_0(program):
    with socket.create_server(("127.0.0.1", 0)) as server:
        open_port = f"127.0.0.1:{server.getsockname()[1]}"
        answers = [run(program, open_port, "a", "/nowhere")]
    answers += [run(program, open_port, "a", "/nowhere"), run(program, "", "", ""), run(program)]
    for done in answers:
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        (line,) = done.stdout.splitlines()
        assert line.startswith("An earlier raylet of this node could not be looked for: ")
