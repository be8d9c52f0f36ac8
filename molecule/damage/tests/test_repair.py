"""Damage done to a healthy cluster, one kind at a time; each test leaves it healthy again."""

import os
import signal

import pytest
from tests.support import playbooks
from tests.support.waiting import wait_for


@pytest.fixture
def repaired(saf_playbook, ray, nodes):
    """Run site.yml, return what it did, prove that the cluster is whole."""

    def run():
        done = saf_playbook("site.yml")
        assert done.rc == 0, done.output
        assert len(ray.alive()) == len(nodes)
        return done

    return run


def numpy_file(node):
    """Return the path of a file of the node's venv."""
    source = "import numpy, os; print(os.path.join(os.path.dirname(numpy.__file__), 'version.py'))"
    return node.script(node.python, source)


def venvs(node):
    """Return the folders in venvs/, finished or not."""
    return [name for name in node.check(f"ls -A {node.root}/venvs").split() if name != ".lock"]  # the builders' lock


def test_damage_is_repaired_where_it_is_and_nowhere_else(nodes, repaired):
    """A file of one node's venv is gone, the service of another one is stopped; the head has nothing."""
    path = numpy_file(nodes["worker1"])
    nodes["worker1"].check(f"rm {path}")
    nodes["worker2"].check("systemctl stop saf-ray.service")
    done = repaired()
    assert set(done.changed) == {"worker1", "worker2"}
    assert nodes["worker1"].exists(path)
    assert nodes["worker2"].service.is_running


def test_service_that_is_killed_comes_back_by_itself(nodes, ray):
    worker = nodes["worker1"]
    before = worker.service.pid
    worker.check(f"kill -KILL {before}")
    wait_for(lambda: worker.service.pid not in (0, before), "a new main process of the service")
    ray.wait_until_alive([worker.address])


def test_controller_killed_while_a_venv_is_built(nodes, repaired):
    """The next run finishes what was begun on one node, and repairs a file that was altered on another meanwhile."""
    worker, path = nodes["worker2"], numpy_file(nodes["worker1"])
    (finished,) = venvs(worker)
    worker.check(f"rm -rf {worker.root}/venvs/{finished}")
    controller = playbooks.start("site.yml")
    try:
        wait_for(lambda: venvs(worker) or controller.poll() is not None, "the build to begin")
        assert controller.poll() is None, controller.stdout.read()
        assert not worker.exists(f"{worker.root}/venvs/{finished}/.saf-venv.json"), "the build was over too soon"
    finally:
        os.killpg(controller.pid, signal.SIGKILL)
        controller.wait()
        controller.stdout.close()
    nodes["worker1"].check(f"echo '# altered' >>{path}")
    done = repaired()
    # What was begun on worker2 may have been finished there meanwhile.
    assert {"worker1"} <= set(done.changed) <= {"worker1", "worker2"}
    assert "# altered" not in nodes["worker1"].read(path)
    assert venvs(worker) == [finished]
    assert worker.distributions() == nodes["worker1"].distributions()
