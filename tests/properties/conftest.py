"""How many made-up inputs the tests of this folder have tried, printed at the end of a run."""

import fuzzing
import pytest


@pytest.fixture(autouse=True)
def _counted(record_property):
    before = dict(fuzzing.COUNTS)
    yield
    for group, count in fuzzing.COUNTS.items():
        record_property(f"inputs: {group}", count - before.get(group, 0))


def pytest_terminal_summary(terminalreporter):
    found = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, count in getattr(report, "user_properties", ()) if getattr(report, "when", "") == "teardown" else ():
                if name.startswith("inputs: ") and count:
                    found[name] = found.get(name, 0) + count
    for name, count in sorted(found.items()):
        terminalreporter.write_line(f"{name}: {count}")
    if found:
        terminalreporter.write_line(f"inputs in all: {sum(found.values())}")
