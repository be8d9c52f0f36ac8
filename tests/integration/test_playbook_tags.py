"""Parts of the playbooks by --tags and --skip-tags: which there are, what a part needs, and that no report is wrong by it."""

import json
import os
import re
import subprocess

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families


@pytest.fixture
def play(root, tmp_path):
    """Run playbooks against two names for this machine that have no cluster: play(arguments...) -> completed process."""
    head, worker = {"alpha": {"cluster_address": "127.0.0.1"}}, {"beta": {"cluster_address": "127.0.0.2"}}
    hosts = {"head": {"hosts": head}, "workers": {"hosts": worker}}
    variables = {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "venv_root": str(tmp_path / "none"),
        "cluster_user": "root",
        "bench_results_dir": str(tmp_path / "results"),
        "ray_service_manager": "process",
    }
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"vars": variables, "children": {"cluster": {"children": hosts}}}}))
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_STDOUT_CALLBACK": "default",
        "ANSIBLE_SHOW_CUSTOM_STATS": "1",
    }

    def run(*arguments):
        line = ["ansible-playbook", "-i", str(inventory), *arguments]
        return subprocess.run(line, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=120)

    return run


def said(done):
    return " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(
    ("playbook", "tags"),
    [
        ("site.yml", {"always", "preflight", "provision", "ray", "verify"}),
        ("bench.yml", {"always", "compute", "network", "ray", "collective", "report"}),
    ],
)
def test_the_tags_of_a_playbook(play, playbook, tags):
    listed = play(playbook, "--list-tags").stdout
    found = {tag.strip() for names in re.findall(r"TASK TAGS: \[(.*)\]", listed) for tag in names.split(",")}
    assert found == tags


def ran(done):
    """Return the tasks that ran, without the validation of arguments, which has no effect."""
    names = re.findall(r"(?m)^TASK \[(.*?)\] \*", done.stdout)
    return [name for name in names if "Validating arguments" not in name]


def test_ray_alone_checks_the_inventory_and_says_what_it_lacks(play):
    done = play("site.yml", "--tags", "ray")
    assert done.returncode == 2, said(done)
    assert "alpha has no venv at" in said(done)
    assert "site.yml" in said(done).split("Provision it:")[1]
    tasks = ran(done)
    assert "Fail if the inventory or the controller has problems" in tasks
    assert not [
        name
        for name in tasks
        if name.startswith(("saf.fabric.preflight", "saf.fabric.node ", "saf.fabric.python", "saf.fabric.venv"))
    ]


def test_ray_alone_as_a_dry_run_reaches_the_service_on_both_nodes(play):
    done = play("site.yml", "--tags", "ray", "--check")
    assert done.returncode == 0, said(done)
    tasks = ran(done)
    assert tasks.count("saf.fabric.ray : Gather the state of the node") == 2
    assert tasks.count("saf.fabric.cluster : Gather the facts that the roles read") >= 1


def test_verify_alone_and_preflight_alone_change_nothing(play):
    for tag in ("verify", "preflight"):
        done = play("site.yml", "--tags", tag, "--check")
        assert not re.findall(r"changed=[1-9]", done.stdout), said(done)
        assert not [name for name in ran(done) if name.startswith(("saf.fabric.node ", "saf.fabric.venv"))]


def run_of(tmp_path):
    (folder,) = [path for path in (tmp_path / "results").iterdir() if not path.is_symlink()]
    return folder, json.loads((folder / "run.json").read_text())


@pytest.mark.parametrize("choice", [("--tags", "network"), ("--skip-tags", "compute,ray,collective")])
def test_a_part_of_the_benchmark_reports_what_the_tags_left_out(play, tmp_path, choice):
    done = play("bench.yml", "-e", "bench_profile=quick", *choice)
    assert done.returncode == 0, said(done)
    folder, run = run_of(tmp_path)
    parts = {path.name.split("-alpha")[0].split("-beta")[0] for path in (folder / "raw").iterdir()}
    assert parts >= {"05-tags", "10-facts", "90-facts"}
    assert not [part for part in parts if part.startswith(("20-", "40-", "50-"))]
    assert [part for part in parts if part.startswith("30-")]
    left_out = {row["name"] for row in run["not_measured"] if "left out by --tags or --skip-tags" in row["reason"]}
    assert left_out == {"gemm", "memory", "ray", "collective"}
    assert not [row for row in run["not_measured"] if "The run ended" in row["reason"]]
    assert run["partial"] is False
    assert (folder / "report.html").exists()
    assert "saf_verdict" in done.stdout
    assert run["run_id"] in done.stdout.split("CUSTOM STATS")[1]


def test_tags_of_another_playbook_measure_and_report_nothing(play, tmp_path):
    done = play("bench.yml", "--tags", "preflight")
    assert done.returncode == 0, said(done)
    assert not (tmp_path / "results").exists()


def test_the_report_alone_asks_for_the_run(play, tmp_path):
    done = play("bench.yml", "--tags", "report")
    assert done.returncode == 2
    assert "Which run?" in said(done)


def test_no_report_where_the_tags_leave_it_out(play, tmp_path):
    done = play("bench.yml", "-e", "bench_profile=quick", "--tags", "network", "--skip-tags", "report")
    assert done.returncode == 0, said(done)
    (folder,) = (tmp_path / "results").iterdir()
    assert not (folder / "run.json").exists()
    assert (folder / "plan.json").exists()


def test_the_metrics_reach_the_textfile_collector(play, tmp_path):
    """And a folder that cannot be written fails with what to type, after the report."""
    collector = tmp_path / "collector"
    collector.mkdir()
    play("bench.yml", "-e", "bench_profile=quick", "--tags", "network")
    folder, run = run_of(tmp_path)
    report = ("playbooks/bench_report.yml", "-e", f"report_run_dir={folder}", "-e")
    done = play(*report, f"metrics_textfile_dir={collector}")
    assert done.returncode == 0, said(done)
    families = list(text_string_to_metric_families((collector / "saf.prom").read_text()))
    (info,) = [family.samples[0].labels for family in families if family.name == "saf_run_info"]
    assert info["run_id"] == run["run_id"]
    (folder / "report.html").unlink()
    done = play(*report, f"metrics_textfile_dir={collector}/none")
    assert done.returncode == 2
    assert "The report is complete, its metrics cannot be written to" in said(done)
    assert (folder / "report.html").exists()
