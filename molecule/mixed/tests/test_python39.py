"""What is sent to nodes runs on Python 3.9: its tests, on a node."""

import re

import pytest
from tests.support import target_tests


@pytest.fixture
def gamma(nodes):
    return nodes["gamma"]


@pytest.fixture
def packed(tmp_path, gamma):
    ours, others = target_tests.pack(tmp_path)
    target_tests.send(tmp_path, f"{gamma.vars['molecule_prefix']}-{gamma.name}", "/srv/tests")
    yield ours, others
    gamma.check("rm -rf /srv/tests")


def test_tests_of_target_code_pass(gamma, packed, capsys):
    ours, others = packed
    assert "test_venv.py" in ours
    done = gamma.run("cd /srv/tests && PYTHONPATH=site python3.9 -m pytest -q -p no:cacheprovider tests 2>&1")
    with capsys.disabled():
        print(f"\n3.9: {done.stdout.strip().splitlines()[-1]}; on the controller only: {', '.join(others) or 'none'}")
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED ", "ERROR ", "E  "))]
    # The names first: who reads a log that is cut in the middle still learns them.
    assert done.rc == 0, "\n".join([*failed, done.stdout])
    assert re.search(r"\d+ passed", done.stdout)
