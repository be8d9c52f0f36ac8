"""Other people's controllers: become in the inventory, other strategies, few forks, another current directory, a moved clone."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import yaml
from runs import SITUATIONS
from tests.support import output

LOGGING_SUDO = """#!/bin/sh
echo "$@" >> {log}
while [ "$1" != /bin/sh ]; do shift; done
exec "$@"
"""


@pytest.fixture
def play(root, tmp_path):
    """Run a playbook: play(playbook, hosts, *arguments, cwd, **environment) -> (status, words)."""

    def run(playbook, hosts, *arguments, cwd=root, **environment):
        (tmp_path / "hosts.yml").write_text(yaml.safe_dump(hosts))
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        command = ["ansible-playbook", "-i", str(tmp_path / "hosts.yml"), str(root / playbook), *arguments]
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**inherited, **output.ENVIRONMENT, "ANSIBLE_NOCOLOR": "1", **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    return run


def cluster(*names, **variables):
    """Return an inventory whose nodes are all this machine, the first is the head."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, **variables}
    nodes = {name: {"cluster_address": f"127.0.0.{number}"} for number, name in enumerate(names, start=1)}
    head, workers = names[0], names[1:]
    children = {"head": {"hosts": {head: nodes[head]}}, "workers": {"hosts": {name: nodes[name] for name in workers}}}
    return {"all": {"vars": local, "children": {"cluster": {"children": children}}}}


def test_a_report_is_the_controllers_work_whatever_the_inventory_says_of_its_host(play, tmp_path):
    """Become in the inventory, and a node that is called localhost and has a separate interpreter."""
    plan, raws = SITUATIONS["healthy_studios"]()
    folder = tmp_path / "results" / plan["run_id"]
    (folder / "raw").mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(plan))
    for number, raw in enumerate(raws):
        (folder / "raw" / f"{number}.json").write_text(json.dumps(raw))
    log, sudo = tmp_path / "sudo.log", tmp_path / "sudo"
    sudo.write_text(LOGGING_SUDO.format(log=log))
    sudo.chmod(0o755)
    hosts = cluster("localhost", ansible_become=True, ansible_become_exe=str(sudo), ansible_become_user="daemon")
    hosts["all"]["vars"]["ansible_python_interpreter"] = "/no/such/python"
    status, words = play("playbooks/bench_report.yml", hosts, "-e", f"report_run_dir={folder}")
    assert status == 0, words
    assert (folder / "report.html").exists()
    assert not log.exists(), log.read_text()


def test_fewer_forks_than_nodes_are_refused_before_anything_is_measured(play, tmp_path):
    hosts = cluster("alpha", "beta", "gamma")
    status, words = play(
        "bench.yml", hosts, "-f", "2", "-e", f"bench_results_dir={tmp_path / 'results'}", ANSIBLE_STRATEGY="free"
    )
    assert status != 0
    assert "at least 3, one for each node" in words
    assert "Add -f 3 to the command" in words
    assert not (tmp_path / "results").exists()


def test_provisioning_needs_no_forks_and_other_peoples_groups_are_theirs(play):
    # What depends on facts of a node is not known yet, and is no fault.
    memory = "{{ ansible_facts['memtotal_mb'] * 2**19 }}"
    hosts = cluster("alpha", "beta", "gamma", ray_object_store_memory=memory)
    hosts["all"]["children"]["web"] = {
        "hosts": {"web1": {"cluster_name": "prod", "report_email": "x", "ray_prt": 1, "bench_profil": "x"}}
    }
    status, words = play("playbooks/check_inventory.yml", hosts, "-f", "1", ANSIBLE_STRATEGY="free")
    assert status == 0, words


def test_what_must_agree_is_compared_and_types_are_told(play):
    hosts = cluster("alpha", "beta")
    children = hosts["all"]["children"]["cluster"]["children"]
    children["head"]["vars"] = {"ray_port": 6390, "venv_root": "/Volumes/Fast/saf"}
    children["workers"]["vars"] = {"venv_root": "saf", "ray_dashbord_host": "x"}
    wrong = ["-e", "ray_watchdog_interval=abc", "-e", "python_mixed_providers=maybe"]
    wrong += ["-e", "ray_dashboard_port=10100", "-e", "cluster_controller_cache=cache"]
    status, words = play("playbooks/check_inventory.yml", hosts, *wrong)
    assert status != 0
    for fragment in (
        "alpha: 6390, beta: 6380",
        "alpha: /Volumes/Fast/saf, beta: saf",
        "Did you mean ray_dashboard_host?",
        "for instance ray_watchdog_interval:",
        "Write python_mixed_providers: true or",
        "not among 10002 to 10999",
        "cluster_controller_cache an absolute path",
    ):
        assert set(fragment.split()) <= set(words.split()), (fragment, words)


@pytest.mark.parametrize("playbook", ["site.yml", "playbooks/status.yml"])
def test_from_another_directory_one_sentence_says_what_to_type(play, root, tmp_path, playbook):
    status, words = play(playbook, cluster("alpha"), "--check", cwd=tmp_path)
    assert status != 0
    assert f"Ansible has not read {root}/ansible.cfg" in words
    assert f"cd {root}" in words


@pytest.mark.parametrize("name", ["saf", "my saf"])
def test_the_environment_of_a_moved_clone_is_made_anew(root, tmp_path, name):
    clone = tmp_path / name
    (clone / ".venv" / "bin").mkdir(parents=True)
    for file in ("Makefile", "pyproject.toml", "uv.lock"):
        shutil.copy(root / file, clone / file)
    (clone / ".venv" / "bin" / "uv").touch()
    ready = clone / ".venv" / ".ready"

    def dry_run():
        command = ["make", "--dry-run", "setup"]
        return subprocess.run(command, cwd=clone, capture_output=True, text=True, check=True, timeout=60).stdout

    ready.write_text(f"{clone.resolve()}\n")
    assert "rm -rf .venv" not in dry_run()
    ready.write_text("/somewhere/else\n")
    assert dry_run().index("rm -rf .venv") < dry_run().index("make_venv.sh") < dry_run().index("uv sync")


def test_the_local_inventory_works_in_a_path_with_a_blank(root, tmp_path):
    """The interpreter of the clone's own environment has the blank in its path, too."""
    python = tmp_path / "my clone" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    lookup = yaml.safe_load((root / "inventory" / "local" / "group_vars" / "all.yml").read_text())["python_version"]
    # Ansible's own variable cannot be set from outside.
    lookup = lookup.replace("ansible_playbook_python", "the_python")
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"msg": lookup}}]}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(play))
    command = [
        "ansible-playbook",
        "-i",
        "localhost,",
        str(tmp_path / "play.yml"),
        "-e",
        json.dumps({"the_python": str(python)}),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


def test_the_wait_for_ray_ends_with_its_process_and_shows_its_last_words(play, root, tmp_path):
    """An hour is allowed; the process has ended already."""
    for folder in ("etc", "log"):
        (tmp_path / "saf" / folder).mkdir(parents=True)
    (tmp_path / "saf" / "etc" / "ray.json").write_text(json.dumps({"pid": 2**22 + 1, "started": "1", "argv": ["ray"]}))
    (tmp_path / "saf" / "log" / "ray.log").write_text("starting\nValueError: Attempting to cap object store memory\n\n")
    tasks = [{"ansible.builtin.include_role": {"name": "saf.fabric.ray", "tasks_from": "verify"}}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{"hosts": "cluster", "gather_facts": False, "tasks": tasks}]))
    hosts = cluster("alpha", venv_root=str(tmp_path / "saf"), ray_service_manager="process", ray_port=1, ray_start_timeout="3600")
    status, words = play(tmp_path / "play.yml", hosts, cwd=root)
    assert status != 0
    assert "Ray on alpha is not part of the cluster. Ray ended. Its log ends with: ValueError: Attempting to cap" in words


def test_runs_are_compared_where_they_were_written(play, root, tmp_path):
    run = tmp_path / "elsewhere" / "20260101T000000Z"
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    status, words = play("playbooks/compare.yml", cluster("alpha"), "-e", f"bench_results_dir={run.parent}")
    assert status != 0
    assert "1 run to compare" in words


@pytest.mark.parametrize(("requires", "version"), [(">=3.9,<3.14", "3.9"), (">=3.13,<3.15", "3.13")])
def test_a_lock_is_compiled_for_the_oldest_python_of_its_stack(root, tmp_path, requires, version):
    shutil.copy(root / "Makefile", tmp_path / "Makefile")
    (tmp_path / "stacks" / "next").mkdir(parents=True)
    (tmp_path / "stacks" / "next" / "stack.yml").write_text(f'name: next\npython_requires: "{requires}"  # why\n')
    for file in (".venv/bin/uv", "pyproject.toml", "uv.lock", ".venv/.ready"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    command = ["make", "--dry-run", "lock", "STACK=next"]
    words = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60).stdout
    stack_line = next(line for line in words.splitlines() if "cd stacks/next" in line)
    assert f"--python-version {version} " in stack_line


def test_the_exit_status_survives_callbacks_of_a_persons_own(root, tmp_path):
    tasks = [{"ansible.builtin.set_stats": {"data": {"saf_exit_status": 7}}}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.minimal",
    }
    command = ["ansible-playbook", "-i", "localhost,", str(tmp_path / "play.yml")]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 7, done.stdout + done.stderr
