"""Bad input as a user meets it: the playbook is run, on this machine alone, and changes nothing."""

import getpass
import os
import re
import shutil
import socket
import subprocess
import tempfile

import pytest
import yaml

from ansible_collections.saf.fabric.plugins.module_utils.system import processes

GOOD = {
    "all": {
        "vars": {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "cluster_address": "127.0.0.1",
            "ray_service_manager": "process",
            "ray_port": 26380,
            # Interpreters are tried as this account; this one is there, and may run the one that runs the tests.
            "cluster_user": getpass.getuser(),
        },
        "children": {"cluster": {"children": {"head": {"hosts": {"alpha": {}}}, "workers": {"hosts": {}}}}},
    }
}


@pytest.fixture
def short_root():
    """Return a folder that is not there yet, with a path short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="s") as folder:
        yield os.path.join(folder, "saf")


@pytest.fixture
def preflight(root, tmp_path, short_root):
    """Run a playbook over a changed copy of the good inventory: preflight(edit, **extra) -> (status, words)."""

    def run(edit=None, tree=root, playbook="playbooks/preflight.yml", **extra):
        inventory = yaml.safe_load(yaml.safe_dump(GOOD))
        variables = inventory["all"]["vars"]
        variables["venv_root"] = short_root
        variables["python_version"] = subprocess.run(
            ["python3", "-c", "import platform; print(platform.python_version())"], capture_output=True, text=True, check=True
        ).stdout.strip()
        variables["python_candidates"] = ["{{ ansible_playbook_python }}"]
        variables.update(extra)
        if edit:
            edit(inventory["all"]["children"]["cluster"]["children"])
        (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))
        command = ["ansible-playbook", "-i", str(tmp_path / "hosts.yml"), playbook]
        environment = {**os.environ, "ANSIBLE_CONFIG": str(tree / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert "changed=0" in done.stdout, done.stdout + done.stderr
        assert not os.path.exists(short_root)
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    return run


def assert_passes(status, words, sentence):
    """Assert that nothing was wrong, or that a Ray that `make bench` has left running on this machine was found."""
    if any(processes.is_ray(process["command"]) for process in processes.running()):
        assert status != 0
        assert "alpha foreign Ray none" in words
    else:
        assert status == 0, words
        assert sentence in words


def test_a_good_inventory_passes(preflight):
    assert_passes(*preflight(), "1 of 1 nodes take part")


def no_head(groups):
    groups["head"] = {"hosts": {}}
    groups["workers"] = {"hosts": {"alpha": {}}}


def two_heads(groups):
    groups["head"]["hosts"]["beta"] = {"cluster_address": "127.0.0.2"}


def unreachable_worker(groups):
    groups["workers"]["hosts"]["beta"] = {
        "ansible_connection": "ssh",
        "ansible_host": "127.0.0.1",
        "ansible_port": 1,
        "cluster_address": "127.0.0.2",
    }


@pytest.mark.parametrize(
    ("edit", "extra", "fragments"),
    [
        (no_head, {}, ["one host in group head", "Put one host into the group head"]),
        (two_heads, {}, ["alpha, beta", "Keep one of them"]),
        (None, {"stack": "studio-2052"}, ["Did you mean studio-2025?"]),
        (None, {"ray_dashbord_port": 1}, ["Did you mean ray_dashboard_port?"]),
        (None, {"python_version": "3.9"}, ["Name the exact patch version"]),
        (None, {"python_version": "3.11.99"}, ["python 3.11.99", "python_provider: uv"]),
        (None, {"preflight_disk_gb": 10**6}, ["1000000.0 GiB free", "set venv_root to another"]),
        (None, {"cluster_address": "10.255.255.9"}, ["one of the node's own", "10.255.255.9"]),
        (unreachable_worker, {}, ["beta login", "the node answers", "preflight_unreachable_workers: skip"]),
    ],
)
def test_bad_input_is_refused(preflight, edit, extra, fragments):
    status, words = preflight(edit, **extra)
    assert status != 0
    assert "Nothing was changed." in words
    missing = [fragment for fragment in fragments if fragment not in words]
    assert not missing, words


@pytest.mark.parametrize(
    ("extra", "fragment"),
    [
        ({"bench_profil": "quick"}, "Did you mean bench_profile?"),
        ({"bench_overrides": {"netwrok": None}}, "Did you mean network?"),
        ({"bench_skip": "ray,netwrok"}, "Did you mean network?"),
        ({"bench_only": "gemn"}, "Did you mean gemm?"),
        ({"bench_model": "Qwen3-4"}, "Did you mean Qwen3-4B?"),
        ({"fail_on": "fauld"}, "Did you mean fault?"),
    ],
)
def test_a_misspelt_wish_is_refused_before_anything_is_measured(preflight, tmp_path, extra, fragment):
    status, words = preflight(playbook="bench.yml", bench_results_dir=str(tmp_path / "results"), **extra)
    assert status != 0
    assert fragment in words
    assert not (tmp_path / "results").exists()


def test_a_dry_run_of_the_benchmark_says_what_would_be_measured_and_contacts_no_node(root, tmp_path):
    command = ["ansible-playbook", "-i", "inventory/studio", "bench.yml", "--check"]
    command += ["-e", f"bench_results_dir={tmp_path / 'results'}", "-e", "bench_skip=ray,llm"]
    command += ["-e", "ansible_connection=ssh", "-e", "ansible_ssh_executable=/bin/false"]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(root / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
    words = " ".join(done.stdout.split())
    assert "Profile standard on alpha, beta: gemm on all nodes at the same time" in words
    assert "ray skipped by bench_skip" in words
    assert re.search(r"In all about \d+ minutes\.", words)
    assert not (tmp_path / "results").exists()


def test_a_worker_may_be_left_out_knowingly(preflight):
    assert_passes(
        *preflight(unreachable_worker, preflight_unreachable_workers="skip", firewall_enabled=False),
        "1 of 2 nodes take part, without beta",
    )


def test_a_taken_port_names_its_holder(preflight):
    with socket.socket() as listener:
        listener.bind(("", 0))
        listener.listen()
        port = listener.getsockname()[1]
        status, words = preflight(ray_port=port)
    assert status != 0
    assert f"{port} free" in words
    assert {"Stop", "ray_port"} <= set(words.split())


def test_a_lock_that_was_altered_by_hand_is_refused(preflight, root, tmp_path):
    tree = tmp_path / "tree"
    shutil.copytree(root, tree, symlinks=True, ignore=shutil.ignore_patterns(".venv", ".cache", ".git", "results", ".ansible"))
    lock = tree / "stacks" / "studio-2025" / "requirements.lock"
    lock.write_text(lock.read_text().replace("ray==2.49.1", "ray==2.49.2", 1))
    status, words = preflight(tree=tree)
    assert status != 0
    assert "It was altered by hand" in words
