"""The same tree as an installed collection: built, installed into another project, called by its name."""

import shutil
import sys
import tarfile

import pytest
from runs import SITUATIONS, write_run
from tests.support.installed import Project


@pytest.fixture(scope="module")
def project(request, tmp_path_factory):
    """A project with the collection in its folder ``collections`` and an inventory of this machine."""
    root = request.config.rootpath
    project = Project(tmp_path_factory.mktemp("project"), root)
    shutil.copytree(root / "inventory" / "local", project.folder / "inventory")
    return project


def test_it_holds_what_runs_and_no_more(project):
    with tarfile.open(project.archive) as archive:
        tops = {name.split("/")[0] for name in archive.getnames()}
    assert {"roles", "playbooks", "library", "module_utils", "plugins", "stacks", "data", "meta"} <= tops
    assert {name for name in tops if name.startswith(".")} | (
        tops & {"tests", "molecule", "tools", "collections", "results", "saf", "mkdocs.yml"}
    ) == set()


def test_its_playbooks_run_by_name_from_another_project(project):
    done = project.run("ansible-playbook", "-i", "inventory", "saf.fabric.site", "--check", check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "failed=0" in done.stdout
    assert "saf.fabric.venv" in done.stdout


def test_what_a_run_writes_lies_in_the_project(project):
    done = project.run("ansible-playbook", "-i", "inventory", "saf.fabric.compare", check=False)
    assert done.returncode != 0
    assert f"No run to compare in {project.folder}/results" in done.stdout + done.stderr


def test_it_writes_the_whole_report(project, tmp_path):
    plan, raws = SITUATIONS["healthy_single"]()
    folder = tmp_path / plan["run_id"]
    write_run(folder, plan, raws)
    line = ["ansible-playbook", "-i", "inventory", "saf.fabric.bench_report", "-e", f"report_run_dir={folder}"]
    done = project.run(*line, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    written = {path.name for path in folder.iterdir()}
    assert written == {"plan.json", "raw", "run.json", "report.html", "report.md", "metrics.prom", "metrics.csv"}


def test_its_modules_and_filters_have_full_names(project):
    (project.folder / "play.yml").write_text(
        "- hosts: localhost\n  gather_facts: false\n  tasks:\n"
        "    - saf.fabric.node_status_info: {venv_root: /nowhere, unit: none, label: none}\n      register: seen\n"
        # The name that this module had before.
        "    - saf.fabric.node_status: {venv_root: /nowhere, unit: none, label: none}\n      register: earlier\n"
        "    - ansible.builtin.assert: {that: earlier.service == seen.service}\n"
        "    - ansible.builtin.debug: {msg: \"{{ seen.listeners | map(attribute='port') | list | to_json }}\"}\n"
        "    - ansible.builtin.debug: {msg: \"{{ 'results' | saf.fabric.in_workspace }}\"}\n"
    )
    interpreter = f"ansible_python_interpreter={sys.executable}"
    done = project.run("ansible-playbook", "-i", "localhost,", "-c", "local", "-e", interpreter, "play.yml", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{project.folder}/results" in done.stdout
    assert project.run("ansible-doc", "saf.fabric.node_manifest").stdout.startswith("> MODULE saf.fabric.node_manifest")
