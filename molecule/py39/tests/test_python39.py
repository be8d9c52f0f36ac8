"""What runs on Python 3.9: the cluster, and the unit tests of everything that is sent to nodes."""

import re

import pytest
from tests.support import target_tests


def test_nodes_have_python_3_9(node):
    assert node.vars["python_version"].startswith("3.9.")
    assert node.check(f"{node.python} --version") == f"Python {node.vars['python_version']}"


def test_cluster_runs_on_it(ray, nodes, head):
    told = ray.ask()
    assert told["python"] == head.vars["python_version"]
    assert sum(node["alive"] for node in told["nodes"]) == len(nodes)


@pytest.fixture
def packed(tmp_path, head):
    ours, others = target_tests.pack(tmp_path)
    target_tests.send(tmp_path, f"{head.vars['molecule_prefix']}-{head.name}", "/srv/unit")
    yield ours, others
    head.check("rm -rf /srv/unit")


def test_unit_tests_of_target_code_pass(head, packed, capsys):
    ours, others = packed
    assert "test_venv.py" in ours
    done = head.run("cd /srv/unit && PYTHONPATH=site python3.9 -m pytest -q -p no:cacheprovider tests/unit 2>&1")
    with capsys.disabled():
        print(f"\n3.9: {done.stdout.strip().splitlines()[-1]}; on the controller only: {', '.join(others) or 'none'}")
    assert done.rc == 0, done.stdout
    assert re.search(r"\d+ passed", done.stdout)
