"""Parts of the playbooks by --tags and --skip-tags: which there are, what a part needs, and that no report is wrong by it."""

import functools
import getpass
import json
import os
import re
import subprocess

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families


def playbook(root, folder, *arguments):
    """Run playbooks against two names for this machine that have no cluster; their files are below ``folder``."""
    head, worker = {"alpha": {"cluster_address": "127.0.0.1"}}, {"beta": {"cluster_address": "127.0.0.2"}}
    variables = {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "venv_root": str(folder / "none"),
        "cluster_user": getpass.getuser(),
        "bench_results_dir": str(folder / "results"),
        "ray_service_manager": "process",
    }
    hosts = {"head": {"hosts": head}, "workers": {"hosts": worker}}
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"vars": variables, "children": {"cluster": {"children": hosts}}}}))
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_STDOUT_CALLBACK": "default",
        "ANSIBLE_SHOW_CUSTOM_STATS": "1",
        "TMPDIR": str(folder),  # a benchmark looks there for another one
    }
    line = ["ansible-playbook", "-i", str(folder / "hosts.yml"), *arguments]
    return subprocess.run(line, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture
def play(root, tmp_path):
    return functools.partial(playbook, root, tmp_path)


def said(done):
    return " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(
    ("playbook", "tags"),
    [
        ("site.yml", {"always", "preflight", "provision", "firewall", "ray", "verify"}),
        ("bench.yml", {"always", "compute", "network", "ray", "collective", "report"}),
    ],
)
def test_the_tags_of_a_playbook(play, playbook, tags):
    listed = play(playbook, "--list-tags").stdout
    found = {tag.strip() for names in re.findall(r"TASK TAGS: \[(.*)\]", listed) for tag in names.split(",")}
    assert found == tags


def ran(done):
    """Return the tasks that ran, without the validation of arguments, which has no effect."""
    names = re.findall(r"(?m)^TASK \[(.*?)\] (?:\[CHECK MODE\] )?\*", done.stdout)
    return [name for name in names if "Validating arguments" not in name]


def test_ray_alone_says_what_it_lacks(play):
    done = play("site.yml", "--tags", "ray")
    assert done.returncode == 2, said(done)
    assert "alpha has no venv at" in said(done)
    assert "site.yml" in said(done).split("Provision it:")[1]
    others = ("saf.fabric.preflight", "saf.fabric.node ", "saf.fabric.python", "saf.fabric.venv")
    assert not [name for name in ran(done) if name.startswith(others)]


def test_the_inventory_is_checked_under_any_tag(play):
    done = play("site.yml", "--tags", "verify", "-e", "cluster_address=127.0.0.1")
    assert done.returncode == 2
    assert "Nothing was changed" in done.stdout
    assert "one address a node" in said(done)


def test_ray_alone_as_a_dry_run_reaches_the_service_on_both_nodes(play):
    done = play("site.yml", "--tags", "ray", "--check")
    assert done.returncode == 0, said(done)
    tasks = ran(done)
    assert tasks.count("saf.fabric.ray : Get what the service depends on") == 2
    assert tasks.count("saf.fabric.cluster : Gather the facts that the roles read") >= 1


def test_verify_alone_and_preflight_alone_change_nothing(play):
    for tag in ("verify", "preflight"):
        done = play("site.yml", "--tags", tag, "--check")
        assert not re.findall(r"changed=[1-9]", done.stdout), said(done)
        assert not [name for name in ran(done) if name.startswith(("saf.fabric.node ", "saf.fabric.venv"))]


@pytest.fixture(scope="module")
def measured(request, tmp_path_factory):
    """One run of the network alone, and what the playbook said: (folder of the run, document, output)."""
    folder = tmp_path_factory.mktemp("measured")
    short = {"network": {"seconds": 1, "omit": 0, "modes": ["forward"], "round_trips": 50}}
    extra = {"bench_profile": "quick", "bench_overrides": short, "metrics_textfile_dir": str(folder)}
    done = playbook(request.config.rootpath, folder, "bench.yml", "--tags", "network", "-e", json.dumps(extra))
    assert done.returncode == 0, said(done)
    (run,) = [path for path in (folder / "results").iterdir() if not path.is_symlink()]
    return run, json.loads((run / "run.json").read_text()), done.stdout


def test_a_part_of_the_benchmark_reports_what_the_tags_left_out(measured):
    folder, run, _output = measured
    parts = {re.sub(r"-(alpha|beta)\.json", "", path.name) for path in (folder / "raw").iterdir()}
    assert parts == {"10-facts", "30-network-01", "90-facts"}
    left_out = {row["name"] for row in run["not_measured"] if "left out by --tags or --skip-tags" in row["reason"]}
    assert left_out == {"gemm", "memory", "ray", "collective"}
    assert not [row for row in run["not_measured"] if "The run ended" in row["reason"]]
    assert run["partial"] is False
    assert "left out by --tags" in (folder / "report.html").read_text()


def test_the_verdict_is_published_for_workflows(measured):
    _folder, run, output = measured
    published = output.split("CUSTOM STATS")[1]
    assert run["run_id"] in published
    assert all(name in published for name in ("saf_verdict", "saf_findings", "saf_report_dir"))


def test_the_metrics_reach_the_textfile_collector(measured):
    folder, run, _output = measured
    families = list(text_string_to_metric_families((folder.parents[1] / "saf.prom").read_text()))
    (info,) = [family.samples[0].labels for family in families if family.name == "saf_run_info"]
    assert info["run_id"] == run["run_id"]


def test_a_folder_that_cannot_be_written_does_not_lose_the_report(play, measured):
    folder, _run, _output = measured
    (folder / "report.html").unlink()
    done = play("playbooks/bench_report.yml", "-e", f"report_run_dir={folder}", "-e", f"metrics_textfile_dir={folder}/none")
    assert done.returncode == 2
    assert "The report is complete, its metrics cannot be written to" in said(done)
    assert (folder / "report.html").exists()


def test_tags_of_another_playbook_measure_and_report_nothing(play, tmp_path):
    done = play("bench.yml", "--tags", "preflight")
    assert done.returncode == 0, said(done)
    assert not (tmp_path / "results").exists()


def test_the_report_alone_asks_for_the_run(play):
    done = play("bench.yml", "--tags", "report")
    assert done.returncode == 2
    assert "Which run?" in said(done)


def test_no_report_where_the_tags_leave_it_out(play):
    listed = play("bench.yml", "--list-tasks", "--skip-tags", "report").stdout
    assert "saf.fabric.bench : Measure the network" in listed
    assert "saf.fabric.report" not in listed
