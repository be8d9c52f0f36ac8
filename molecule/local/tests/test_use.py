"""What docs/use.md shows, on the one machine of the scenario: its program as a job and as a driver, and the commands for jobs."""

import re
import shlex

import pytest
from tests.support import settings
from tools import documents

SUBMIT = "HOME=/home/admin /home/admin/.saf/current/bin/ray job {} --address http://127.0.0.1:8265"
RESULTS = re.compile(r"(?m)^\[(\('[^']+', [\d.]+\)(?:, )?){8}\]$")


@pytest.fixture(scope="module")
def program(machine, kept):
    """Write the program of the page to the machine and return its folder."""
    page = (settings.ROOT / "docs" / "use.md").read_text()
    (source,) = [block.code for block in documents.blocks(page) if block.language == "python"]
    machine.check(f"mkdir -p /home/admin/demo && printf %s {shlex.quote(source)} > /home/admin/demo/my_program.py")
    return "/home/admin/demo"


def test_the_program_runs_as_a_job_with_its_folder(machine, program):
    printed = machine.check(f"{SUBMIT.format('submit')} --working-dir {program} -- python my_program.py 2>&1")
    assert RESULTS.search(printed), printed


def test_the_program_runs_as_a_driver(machine, program):
    printed = machine.check(f"cd {program} && HOME=/home/admin sh -c '. ~/.saf/etc/saf.env; exec python my_program.py' 2>&1")
    assert RESULTS.search(printed), printed


def test_jobs_are_listed_shown_and_stopped(machine, kept):
    machine.check(f"{SUBMIT.format('submit')} --submission-id saf-test --no-wait -- sh -c 'echo it runs; sleep 300'")
    assert "saf-test" in machine.check(f"{SUBMIT.format('list')} 2>&1")
    stopped = machine.check(f"{SUBMIT.format('stop')} saf-test 2>&1")
    assert "was stopped" in stopped, stopped
    assert "it runs" in machine.check(f"{SUBMIT.format('logs')} saf-test 2>&1")
