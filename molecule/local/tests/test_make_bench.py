"""After `make bench` by a user without root on a machine without an init system."""

import hashlib
import json

import jsonschema
import pytest
from tests.support import settings
from tests.support.machines import Machine


@pytest.fixture(scope="module")
def machine():
    prefix = f"saf-{hashlib.sha256(str(settings.ROOT).encode()).hexdigest()[:6]}-local"
    return Machine(f"{prefix}-machine", "admin", "/home/admin/studio-air-fabric")


def test_the_path_of_the_report_is_told():
    text = (settings.ephemeral() / "make-bench.log").read_text()
    assert "report.html" in text
    assert "failed=0" in text


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


def test_ray_runs_as_the_user_and_shows_its_dashboard_to_the_machine_only(machine):
    assert machine.check("pgrep --uid admin --count gcs_server") == "1"
    assert machine.check("ss -Htln 'sport = :8265'").split()[3] == "127.0.0.1:8265"
