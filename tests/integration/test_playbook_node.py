"""Role node on this machine without its privileged half: what it records, what reset leaves, packages that are not available."""

import getpass
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

DOUBLE = Path(__file__).resolve().parents[1] / "fixtures" / "package_manager.py"
# Each names what its command makes last, or the command itself makes all or nothing.
MADE_LAST = {
    "{{ cluster_bottles.prefix }}/bin/brew": "a Homebrew that is checked out repairs the rest itself",
    "/opt/homebrew/bin/{{ item }}": "brew links a keg after it has poured it",
}


@pytest.fixture
def play(root, tmp_path):
    """Run tasks on this machine by the product's roles: play(tasks, variables, env) -> (status, output)."""

    def run(tasks, variables=None, env=None):
        (tmp_path / "hosts.yml").write_text("cluster: {children: {head: {hosts: {alpha: {ansible_host: 127.0.0.1}}}}}\n")
        everything = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "venv_root": str(tmp_path / "saf"),
            "cluster_user": getpass.getuser(),
            **(variables or {}),
        }
        (tmp_path / "vars.json").write_text(json.dumps(everything))
        (tmp_path / "play.yml").write_text(yaml.safe_dump([{"hosts": "cluster", "gather_facts": False, "tasks": tasks}]))
        command = [
            "ansible-playbook",
            "-i",
            str(tmp_path / "hosts.yml"),
            "-e",
            f"@{tmp_path / 'vars.json'}",
            str(tmp_path / "play.yml"),
        ]
        environment = {**os.environ, "ANSIBLE_CONFIG": str(root / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", **(env or {})}
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=120)
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    return run


def role(name, tasks_from="main", **variables):
    return {
        "ansible.builtin.include_role": {"name": f"saf.fabric.{name}", "tasks_from": tasks_from},
        **({"vars": variables} if variables else {}),
    }


def test_reset_leaves_a_root_that_was_there_before_empty(play, tmp_path):
    root = tmp_path / "saf"
    root.mkdir()
    status, words = play([role("node", "directories")])
    assert status == 0, words
    # What other roles put there.
    for name in ("python/3.9.23-20251007/bin", "venvs/0123456789abcdef", "ray/tmp"):
        (root / name).mkdir(parents=True)
    (root / "current").symlink_to("venvs/0123456789abcdef")
    (root / "etc" / "ray.env").write_text("")
    status, words = play([role("reset")])
    assert status == 0, words
    assert list(root.iterdir()) == []


def test_reset_of_a_root_with_other_peoples_folders_names_what_it_left_in_them(play, tmp_path):
    root = tmp_path / "saf"
    (root / "etc").mkdir(parents=True)
    status, words = play([role("node", "directories")])
    (root / "etc" / "ray.env").write_text("")
    status, words = play([role("reset")])
    assert status != 0
    assert f"{root}/etc/ray.env of the installation is still there: rm -rf {root}/etc/ray.env" in words
    assert [path.name for path in root.iterdir()] == ["etc"]


PACKAGES = {"node_packages": ["saf-program"], "node_packages_linux": []}


@pytest.fixture
def manager(tmp_path):
    """The environment in which pacman is a double with this state: manager(way="closed")."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "pacman").write_text(f"#!{sys.executable}\n" + DOUBLE.read_text())
    (folder / "pacman").chmod(0o755)

    def environment(**state):
        start = {"installed": [], "cached": [], "index": ["saf-program"], "mirror": [], "way": "open"}
        (tmp_path / "packages.json").write_text(json.dumps({**start, **state}))
        return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "SAF_PACKAGES": str(tmp_path / "packages.json")}

    return environment


TASKS = [
    role("cluster"),
    {"ansible.builtin.set_fact": {"ansible_facts": {"pkg_mgr": "pacman"}, "_node_worker": "root"}},
    role("node", "packages", ansible_facts={"pkg_mgr": "pacman", "system": "Linux"}),
]


def entries(tmp_path):
    path = tmp_path / "saf" / "manifest.json"
    return [entry for entry in json.loads(path.read_text())["entries"] if entry["kind"] == "package"] if path.exists() else []


@pytest.mark.parametrize("way", ["closed", "open"])
def test_a_package_is_recorded_only_where_it_was_installed(play, tmp_path, manager, way):
    status, words = play(TASKS, PACKAGES, manager(way=way))
    assert status == 0, words
    installed = json.loads((tmp_path / "packages.json").read_text())["installed"]
    if way == "open":
        assert installed == ["saf-program"]
        assert [entry["manager"] for entry in entries(tmp_path)] == ["pacman"]
    else:
        assert "saf-program could not be installed on alpha; the cluster works without" in words
        assert "changed=0" in words, "a package that is not available would make every run a change"
        assert entries(tmp_path) == []


def tasks_of(document):
    """Return all tasks of a list of tasks, those in blocks included."""
    for task in document or []:
        yield task
        for part in ("block", "rescue", "always"):
            yield from tasks_of(task.get(part))


def test_creates_names_what_is_made_last(root):
    """A guard that is made early takes what was interrupted for done, for ever."""
    found = set()
    for path in sorted(root.glob("roles/*/tasks/*.yml")):
        for task in tasks_of(yaml.safe_load(path.read_text())):
            for value in task.values():
                if isinstance(value, dict) and "creates" in value:
                    found.add(value["creates"])
    assert found == set(MADE_LAST), "say in MADE_LAST why a command that was interrupted did not make it"


def test_every_folder_that_the_role_makes_is_recorded(root):
    variables = yaml.safe_load((root / "roles/node/vars/main.yml").read_text())
    recorded = [entry["name"] for entry in variables["_node_entries"] if entry["kind"] == "directory"]
    assert recorded == list(dict.fromkeys(recorded))
    assert set(recorded) == {folder["path"] for folder in variables["_node_directories"]}
