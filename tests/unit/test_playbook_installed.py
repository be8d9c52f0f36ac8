"""The same tree as an installed collection: built, installed into another project, called by its name."""

import json
import os
import shutil
import subprocess
import sys
import tarfile

import pytest
from runs import SITUATIONS

CONFIG = "[defaults]\ncollections_path = collections\ncallbacks_enabled = saf.fabric.exit_status, saf.fabric.interrupted_run\n"


@pytest.fixture(scope="module")
def project(request, tmp_path_factory):
    """A project with the collection in its folder ``collections`` and an inventory of this machine: run(command) -> process."""
    root = request.config.rootpath
    folder = tmp_path_factory.mktemp("project")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
    environment |= {"ANSIBLE_NOCOLOR": "1", "PWD": str(folder)}

    def run(*command, cwd=folder, check=True):
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=check, timeout=300)

    # Only what is in Git: a checkout that was worked in holds caches and results as well.
    known = run("git", "ls-files", "-z", cwd=root, check=False)
    if known.returncode == 0:
        listed = known.stdout.split("\0")
    else:  # an export without Git
        skipped = {"results", "__pycache__"}
        files = (path.relative_to(root) for path in root.rglob("*") if path.is_symlink() or path.is_file())
        listed = [str(file) for file in files if not any(part.startswith(".") or part in skipped for part in file.parts)]
    tree = tmp_path_factory.mktemp("tree")
    for name in filter(None, listed):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        if (root / name).is_symlink() or (root / name).exists():
            shutil.copy(root / name, tree / name, follow_symlinks=False)
    run("ansible-galaxy", "collection", "build", "--output-path", str(folder), str(tree))
    (folder / "ansible.cfg").write_text(CONFIG)
    (archive,) = folder.glob("saf-fabric-*.tar.gz")
    run("ansible-galaxy", "collection", "install", str(archive), "--collections-path", "collections")
    shutil.copytree(root / "inventory" / "local", folder / "inventory")
    run.archive = archive
    run.folder = folder
    return run


def test_it_holds_what_runs_and_no_more(project):
    with tarfile.open(project.archive) as archive:
        tops = {name.split("/")[0] for name in archive.getnames()}
    assert {"roles", "playbooks", "library", "module_utils", "plugins", "stacks", "data", "meta"} <= tops
    assert {name for name in tops if name.startswith(".")} | (
        tops & {"tests", "molecule", "tools", "collections", "results"}
    ) == set()


def test_its_playbooks_run_by_name_from_another_project(project):
    done = project("ansible-playbook", "-i", "inventory", "saf.fabric.site", "--check", check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "failed=0" in done.stdout
    assert "saf.fabric.venv" in done.stdout


def test_what_a_run_writes_lies_in_the_project(project):
    done = project("ansible-playbook", "-i", "inventory", "saf.fabric.compare", check=False)
    assert done.returncode != 0
    assert f"No run to compare in {project.folder}/results" in done.stdout + done.stderr


def test_it_writes_the_whole_report(project, tmp_path):
    plan, raws = SITUATIONS["healthy_single"]()
    folder = tmp_path / plan["run_id"]
    (folder / "raw").mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(plan))
    for number, raw in enumerate(raws):
        (folder / "raw" / f"{number}.json").write_text(json.dumps(raw))
    line = ["ansible-playbook", "-i", "inventory", "saf.fabric.bench_report", "-e", f"report_run_dir={folder}"]
    done = project(*line, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    written = {path.name for path in folder.iterdir()}
    assert written == {"plan.json", "raw", "run.json", "report.html", "report.md", "metrics.prom", "metrics.csv"}


def test_its_modules_and_filters_have_full_names(project):
    (project.folder / "play.yml").write_text(
        "- hosts: localhost\n  gather_facts: false\n  tasks:\n"
        "    - saf.fabric.node_status: {venv_root: /nowhere}\n      register: seen\n"
        "    - ansible.builtin.debug: {msg: \"{{ seen.listeners | map(attribute='port') | list | to_json }}\"}\n"
        "    - ansible.builtin.debug: {msg: \"{{ 'results' | saf.fabric.in_workspace }}\"}\n"
    )
    interpreter = f"ansible_python_interpreter={sys.executable}"
    done = project("ansible-playbook", "-i", "localhost,", "-c", "local", "-e", interpreter, "play.yml", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{project.folder}/results" in done.stdout
    assert project("ansible-doc", "saf.fabric.node_manifest").stdout.startswith("> MODULE saf.fabric.node_manifest")
