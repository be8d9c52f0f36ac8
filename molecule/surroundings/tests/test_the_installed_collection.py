"""A playbook of another project uses the installed collection on the head; runs after test_surroundings.py."""

import json

import jsonschema
import pytest
import yaml
from tests.support import settings
from tests.support.installed import Project

PLAY = """
- name: Provision
  import_playbook: saf.fabric.site

- name: Measure
  import_playbook: saf.fabric.bench
  vars:
    bench_profile: quick
    bench_overrides: {llm: null}

- name: Read the report
  hosts: head
  gather_facts: false
  tasks:
    - name: Show what was measured
      ansible.builtin.debug:
        msg: "{{ run.metrics | map(attribute='name') | unique }}"
      vars:
        run: "{{ lookup('ansible.builtin.file', 'results/latest/run.json') | from_json }}"
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory, head):
    """A project with one node, the head, and the cache of this checkout: a second download would prove nothing."""
    project = Project(tmp_path_factory.mktemp("project"), settings.ROOT)
    node = {**head.vars, "cluster_controller_cache": str(settings.ROOT / ".cache")}
    del node["bench_results_dir"]  # of the scenario; the project has its own
    groups = {"head": {"hosts": {"head1": node}}, "workers": {}}
    (project.folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"children": {"cluster": {"children": groups}}}}))
    (project.folder / "play.yml").write_text(PLAY)
    return project


def test_a_playbook_outside_the_repository_provisions_and_measures(project, root):
    done = project.run("ansible-playbook", "-i", "inventory.yml", "play.yml", timeout=900)
    assert '"gemm.float32"' in done.stdout
    run = project.folder / "results" / "latest"
    document = json.loads((run / "run.json").read_text())
    jsonschema.validate(document, json.loads((root / "data" / "run.schema.json").read_text()))
    assert not document["partial"]
    assert {"gemm.float32", "memory.triad", "ray.task_rtt"} <= {metric["name"] for metric in document["metrics"]}
    assert "head1" in (run / "report.html").read_text()


def test_its_reset_leaves_the_node_clean(project, head):
    project.run("ansible-playbook", "-i", "inventory.yml", "saf.fabric.reset", "-e", "reset_confirm=yes", timeout=300)
    assert not head.exists(head.root)
