"""`make bench` leaves nothing running, however it ends; the real one runs in the scenario `local`."""

import os
import signal
import subprocess
import sys
import time

import bench
import pytest

# Notes how it was called, then behaves as the test asks for the playbook.
DOUBLE = """#!/bin/sh
echo "$@" >>"$CALLS"
case "$*" in
  *stop.yml*) exit ${STOP:-0} ;;
  *listeners.yml*) echo 'Ray runs on localhost and listens on 127.0.0.1 alone'; exit 0 ;;
esac
test -z "$WAIT" || { trap 'exit 99' INT TERM; touch "$WAIT"; i=0; while [ $i -lt 300 ]; do sleep 0.1; i=$((i+1)); done; }
exit ${BENCH:-0}
"""


@pytest.fixture
def run_bench(tmp_path):
    """Return (start, calls): start(*arguments, **environment) runs tools/bench.py with a double of ansible-playbook."""
    (tmp_path / "bin").mkdir()
    double = tmp_path / "bin" / "ansible-playbook"
    double.write_text(DOUBLE)
    double.chmod(0o755)
    noted = tmp_path / "calls"

    def start(*arguments, **more):
        environment = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "CALLS": str(noted), **more}
        command = [sys.executable, bench.__file__, *arguments]
        # What a shell starts in the background ignores SIGINT, what nohup starts SIGHUP, and so would all that they start.
        heard = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
        before = {number: signal.signal(number, handler) for number, handler in heard.items()}
        try:
            return subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
            )
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    return start, lambda: noted.read_text().splitlines()


RUN = "-i inventory/local site.yml bench.yml"
STOP = "-i inventory/local playbooks/stop.yml"


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "calls"),
    [
        (["inventory/local"], {}, 0, [RUN, STOP]),
        (["inventory/local"], {"BENCH": "2"}, 2, [RUN, STOP]),
        (["inventory/local"], {"STOP": "4"}, 4, [RUN, STOP]),
        (["inventory/local", "-e", "x=1"], {}, 0, [f"{RUN} -e x=1", f"{STOP} -e x=1"]),
        (["--keep", "inventory/local"], {}, 0, [RUN, "-i inventory/local playbooks/listeners.yml"]),
        (["--keep", "inventory/local"], {"BENCH": "2"}, 2, [RUN, "-i inventory/local playbooks/listeners.yml"]),
        # a cluster keeps running, and a dry run has started nothing
        (["inventory/studio"], {}, 0, ["-i inventory/studio site.yml bench.yml"]),
        (["inventory/local", "--check"], {}, 0, [f"{RUN} --check"]),
    ],
)
def test_what_is_called(run_bench, arguments, environment, status, calls):
    start, noted = run_bench
    process = start(*arguments, **environment)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == status, said
    assert noted() == calls
    assert ("Ray is stopped." in said) is (STOP in " ".join(calls) and "STOP" not in environment)
    assert ("could not be stopped" in said) is ("STOP" in environment)


@pytest.mark.parametrize(
    ("number", "whole"), [(signal.SIGINT, True), (signal.SIGTERM, True), (signal.SIGTERM, False), (signal.SIGHUP, False)]
)
def test_an_interrupt_stops_ray_too(run_bench, tmp_path, number, whole):
    start, noted = run_bench
    process = start("inventory/local", WAIT=str(tmp_path / "waits"))
    for _ in range(300):
        if (tmp_path / "waits").exists():
            break
        time.sleep(0.1)
    (os.killpg if whole else os.kill)(process.pid, number)
    said = process.communicate(timeout=60)[0]
    assert noted() == [RUN, STOP], said
    assert process.returncode != 0
    assert "Ray is stopped." in said


@pytest.mark.parametrize(("inside", "program"), [(False, ".venv/bin/ansible-playbook"), (True, "ansible-playbook")])
def test_printed_commands_fit_the_shell_that_make_was_typed_in(root, inside, program):
    path = [folder for folder in os.environ["PATH"].split(":") if not folder.startswith(str(root))]
    path = [str(root / ".venv" / "bin"), *path] if inside else path
    environment = {**os.environ, "PATH": ":".join(path)}
    evaluated = ["make", "--no-print-directory", "--eval", "program: ; @echo $$SAF_ANSIBLE_PLAYBOOK", "program"]
    done = subprocess.run(evaluated, cwd=root, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == program
