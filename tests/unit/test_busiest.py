"""What keeps a node busy."""

import pytest

from ansible_collections.saf.fabric.plugins.module_utils.system import busiest
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import processes as darwin
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import processes as linux

STAT = "812 (Web Content (2)) R 1 812 812 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 100 1000 10 18446744073709551615 0 0"
# ps -A -o pid= -o ppid= -o time= -o comm= of a Mac (whole paths, minutes without hours), and of Linux
PS = """  301     1 123:45.67 /System/Library/Frameworks/CoreServices.framework/Support/mds_stores
 4711   301   0:00.30 /Applications/My App.app/Contents/MacOS/My App
"""
PS_LINUX = " 301  1 1-02:03:04 sshd\n"


def test_a_command_may_hold_blanks_and_brackets():
    assert linux.parse_stat(STAT, 100) == ("Web Content (2)", 3.0, 1)


def test_ps_of_a_mac():
    assert darwin.parse_ps(PS) == {301: ("mds_stores", 123 * 60 + 45.67, 1), 4711: ("My App", 0.3, 301)}
    assert darwin.parse_ps(PS_LINUX) == {301: ("sshd", 93784.0, 1)}
    assert darwin.parse_ps("  1 0 - launchd\n") == {1: ("launchd", 0.0, 0)}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({1: ("a", 1.0, 0)}, {1: ("a", 1.5, 0)}, [("a", 100.0)]),
        ({1: ("sh", 1.0, 0)}, {1: ("cc", 1.5, 0)}, [("cc", 100.0)]),  # it has become another program
        ({1: ("a", 9.0, 0)}, {1: ("b", 0.25, 0)}, [("b", 50.0)]),  # another process with the same number
        ({}, {1: ("a", 0.25, 0)}, [("a", 50.0)]),  # begun meanwhile, a compiler for instance
        ({}, {1: ("a", 80.0, 0)}, [("a", 100.0)]),  # not in the first sample
        ({1: ("a", 1.0, 0)}, {}, []),
    ],
)
def test_two_samples_give_the_percentage_of_a_core(before, after, found):
    assert busiest.used(before, after, 0.5) == found


def test_the_measurement_itself_is_not_what_keeps_a_node_busy():
    found = {1: ("init", 0, 0), 5: ("sshd", 0, 1), 7: ("python", 0, 5), 8: ("other", 0, 5)}
    assert busiest.own_line(found, 7) == [7, 5, 1]
    assert busiest.own_line({3: ("a", 0, 3)}, 3) == [3]


@pytest.mark.parametrize(
    ("bursts", "cores", "asked"),
    [
        ([0.1, 9, 9], 0.1, 1),  # calm at once
        ([2.0, 0.2, 9], 0.2, 2),  # a burst that passes: a Ray that has just started, the end of an installation
        ([2.0, 3.0, 1.5], 1.5, 3),
    ],
)
def test_only_what_lasts_counts(monkeypatch, bursts, cores, asked):
    looks = iter([look for burst in bursts for look in ({9: ("x", 0.0, 1)}, {9: ("x", burst, 1)})])
    clock = iter(float(second) for second in range(100))
    monkeypatch.setattr(busiest, "_sample", lambda: next(looks))
    monkeypatch.setattr(busiest.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(busiest.time, "monotonic", lambda: next(clock))
    now = busiest.now()
    assert now["busy_cores"] == cores
    assert len(list(looks)) == 6 - 2 * asked


def test_only_the_busiest_processes_are_reported():
    loads = [("idle", 1.0), ("c", 30.4), ("a", 190.0), ("b", 80.0), ("d", 25.0)]
    assert busiest.top(loads) == [
        {"command": "a", "cpu_percent": 190},
        {"command": "b", "cpu_percent": 80},
        {"command": "c", "cpu_percent": 30},
    ]
