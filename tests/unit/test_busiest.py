"""A busy node is told with what it is busy."""

import os
import subprocess
import sys

import pytest
from ansible.module_utils.saf import busiest

STAT = "812 (Web Content (2)) R 1 812 812 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 100 1000 10 18446744073709551615 0 0"
# ps -A -o pcpu= -o comm= of a Mac (whole paths), and one with a decimal comma
PS = """  212.4 /System/Library/Frameworks/CoreServices.framework/Support/mds_stores
   80,0 /System/Library/CoreServices/backupd
    0.3 /Applications/My App.app/Contents/MacOS/My App
"""


def test_a_command_may_hold_blanks_and_brackets():
    assert busiest.parse_stat(STAT) == ("Web Content (2)", 300)


def test_ps_of_a_mac():
    assert busiest.parse_ps(PS) == [("mds_stores", 212.4), ("backupd", 80.0), ("My App", 0.3)]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({1: ("a", 100)}, {1: ("a", 150)}, [("a", 100.0)]),
        ({1: ("a", 100)}, {1: ("b", 150)}, []),  # another process with the same number
        ({}, {1: ("a", 150)}, []),
    ],
)
def test_two_looks_give_a_share_of_a_core(before, after, found):
    assert busiest.used(before, after, 0.5, 100) == found


def test_only_the_few_that_matter_are_told():
    shares = [("idle", 1.0), ("c", 30.4), ("a", 190.0), ("b", 80.0), ("d", 25.0)]
    assert busiest.top(shares) == [
        {"command": "a", "cpu_percent": 190},
        {"command": "b", "cpu_percent": 80},
        {"command": "c", "cpu_percent": 30},
    ]


def test_a_process_that_spins_is_found_on_this_machine(monkeypatch):
    monkeypatch.setattr(busiest, "_MOST", 1000)
    monkeypatch.setattr(busiest, "_LEAST", 1)
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as spinning:
        try:
            with open(f"/proc/{spinning.pid}/stat") as stream:
                name, _ticks = busiest.parse_stat(stream.read())
            assert name in [one["command"] for one in busiest.processes()]
        finally:
            spinning.kill()
    assert os.getpid() not in busiest._look()
