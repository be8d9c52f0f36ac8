"""After `make bench` by a user without root on a machine without an init system."""

import json
import re

import jsonschema
from tests.support import settings


def test_the_path_of_the_report_is_told():
    text = (settings.ephemeral() / "make-bench.log").read_text()
    assert "report.html" in text
    assert re.search(r"(?m)^ . report .* 1 node", text)
    assert " failed on " not in text
    assert len(text.splitlines()) <= 60, "the result must not be looked for"
    assert "Dashboard on localhost: http://127.0.0.1:8265" in text


def test_document_keeps_its_schema_and_describes_the_machine(machine, root):
    document = json.loads(machine.read("results/latest/run.json"))
    jsonschema.validate(document, json.loads((root / "data" / "run.schema.json").read_text()))
    assert len(document["nodes"]) == 1
    assert {metric["name"] for metric in document["metrics"]} >= {"gemm.float32", "ray.task_rtt", "ray.mlx_tasks"}


def test_one_machine_has_no_pairs(machine):
    document = json.loads(machine.read("results/latest/run.json"))
    assert not [metric for metric in document["metrics"] if metric["scope"] == "pair"]


def test_report_is_there(machine):
    assert "<html" in machine.read("results/latest/report.html")
    assert machine.read("results/latest/report.md")


def test_nothing_was_written_outside_of_the_home(machine):
    # -xdev leaves out /proc and /dev; what programs put into /tmp is theirs
    assert not machine.run("find / -xdev -user admin -not -path '/home/admin*' -not -path '/tmp/*'").stdout


def listening(machine):
    """Return {(address, port)} of everything that listens on the machine."""
    rows = [line.split()[3].rpartition(":") for line in machine.check("ss -Htln").splitlines()]
    return {(address.strip("[]").removeprefix("::ffff:"), int(port)) for address, _, port in rows}


def test_nothing_is_left_running(machine):
    assert "Ray is stopped." in (settings.ephemeral() / "make-bench.log").read_text()
    assert machine.run("pgrep --uid admin --list-full 'raylet|gcs_server|ray'").stdout == ""
    assert {address for address, _port in listening(machine)} <= {"127.0.0.1", "::1"}


def test_ray_runs_as_the_user_and_is_reached_from_the_machine_only(machine, kept):
    assert machine.check("pgrep --uid admin --count gcs_server") == "1"
    seen = listening(machine)
    assert ("127.0.0.1", 6380) in seen
    assert {address for address, _port in seen} <= {"127.0.0.1", "::1"}
    pinned = {*range(6380, 6389), 8265, *range(10001, 11000)}
    assert {port for _address, port in seen} <= pinned
    assert "listens on 127.0.0.1 alone, ports 6380-6388, 8265" in " ".join(kept.split())
    assert "playbooks/stop.yml" in kept


def test_a_submitted_job_runs_with_the_python_of_the_cluster(machine, kept):
    submitted = machine.check(
        "HOME=/home/admin /home/admin/.saf/current/bin/ray job submit --address http://127.0.0.1:8265 -- "
        "python -c 'import sys, ray; print(\"job runs\", sys.executable)'"
    )
    assert re.search(r"job runs /home/admin/\.saf/venvs/[0-9a-f]{16}/bin/python", submitted), submitted
