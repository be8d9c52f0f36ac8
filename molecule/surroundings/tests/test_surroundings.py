"""The flow in hostile surroundings, in this order: what is hostile, site, again, status, smoke, reset."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support import playbooks, settings

WEB = {"hosts": {"web1": {"ansible_host": "192.0.2.1", "ansible_user": "deploy"}}}
FOREIGN = {"cluster_name": "prod", "report_email": "owner@example.com", "python_path": "/srv"}
# An account that sudo does not know, on the controller's own PATH.
SUDO = '#!/bin/sh\necho "$0 $*" >>"$SAF_SUDO_LOG"\necho \'sudo: a password is required\' >&2\nexit 1\n'


class Elsewhere:
    """A copy of the checkout in a path with blanks, used from another folder in another language by a user without root."""

    def __init__(self, folder, hostile):
        self.hostile = hostile
        self.root = folder / "My Projects" / "saf"
        self.results = folder / "results"
        self.inventory = folder / "foreign.yml"
        self.sudo_log = folder / "sudo.log"
        self.locales = folder / "locales"
        self.programs = folder / "programs"
        for path in (self.root, self.locales, self.programs):
            path.mkdir(parents=True)
        self._copy_checkout()
        web = {**WEB, "vars": FOREIGN if hostile["foreign_variables"] else {}}
        everything = {"children": {"web": web}, "vars": {"ansible_become": True} if hostile["become_in_inventory"] else {}}
        self.inventory.write_text(json.dumps({"all": everything}))
        (self.programs / "sudo").write_text(SUDO)
        (self.programs / "sudo").chmod(0o755)

    def _copy_checkout(self):
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=settings.ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
        for name in filter(None, names):
            target = self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(settings.ROOT / name):
                shutil.copy(settings.ROOT / name, target, follow_symlinks=False)
        if not self.hostile["read_only_checkout"]:
            (self.root / ".cache").symlink_to(settings.ROOT / ".cache")

    @property
    def state(self):
        """Return what the checkout holds, as a run must leave it."""
        return sorted(str(path) for path in self.root.rglob("*") if "__pycache__" not in path.parts)

    def language(self):
        """Return a Turkish environment where the controller has the language's sources, else the plainest."""
        made = shutil.which("localedef") and subprocess.run(
            ["localedef", "-i", "tr_TR", "-f", "UTF-8", str(self.locales / "tr_TR.UTF-8")], capture_output=True, check=False
        )
        if made and made.returncode in (0, 1) and (self.locales / "tr_TR.UTF-8").exists():
            return {"LOCPATH": str(self.locales), "LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8"}
        return {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}

    def run(self, playbook, *arguments):
        line = ["ansible-playbook", "-i", str(settings.inventory_path()), "-i", str(self.inventory)]
        if self.hostile["numbers_as_text"]:
            line += ["-e", "ray_watchdog_interval=30", "-e", "ray_start_timeout=300", "-e", "ray_object_store_memory=268435456"]
        if self.hostile["read_only_checkout"]:
            line += ["-e", f"cluster_controller_cache={settings.ROOT / '.cache'}", "-e", f"bench_results_dir={self.results}"]
        environment = playbooks.environment(
            ANSIBLE_CONFIG=str(self.root / "ansible.cfg"),
            ANSIBLE_FORKS="1",
            PATH=f"{self.programs}{os.pathsep}{os.environ['PATH']}",
            SAF_SUDO_LOG=str(self.sudo_log),
            **self.language(),
        )
        done = subprocess.run(
            [*line, *arguments, str(self.root / playbook)],
            env=environment,
            cwd="/",
            umask=0o077,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        return playbooks.outcome(done.returncode, done.stdout)


@pytest.fixture(scope="module")
def hostile(head):
    """What is switched on in nodes.yml."""
    return head.vars["hostile"]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory, hostile):
    return Elsewhere(Path(tmp_path_factory.mktemp("another account")), hostile)


@pytest.fixture(scope="module")
def before(nodes, elsewhere):
    """What is there before: the checkout, and what belongs to others on the nodes."""
    return {"checkout": elsewhere.state, "nodes": {name: others(node) for name, node in nodes.items()}}


def others(node):
    return node.check("cat /etc/environment /etc/passwd; ls /opt /etc/systemd/system; dpkg-query -W")


def test_the_surroundings_are_hostile(nodes, before, hostile):
    for node in nodes.values():
        assert node.check("umask") == "0077"
        assert node.check("su - admin -c 'echo $TMPDIR'") == "/tmp/private"  # noqa: S108 made by prepare.yml
        assert bool(node.check("echo $TMPDIR")) is hostile["private_tmpdir_for_root"]
        assert node.check("stat -c %a /tmp/private /home/admin").split() == ["700", "700"]
    assert {node.check(". /etc/os-release; echo $VERSION_ID") for node in nodes.values()} == {"12", "13"}
    worker = nodes["worker1"]
    assert "198.51.100.1" in worker.check("ip route get 203.0.113.9")
    assert worker.run("command -v iperf3").rc != 0


def test_site_succeeds(elsewhere, before):
    made = elsewhere.run("site.yml")
    assert made.rc == 0, made.output
    assert "iperf3 could not be installed on worker1" in made.words


def test_the_service_account_can_read_the_venv_and_runs_ray(nodes, ray):
    for node in nodes.values():
        user = node.vars["cluster_user"]
        assert node.service.is_running
        assert node.owner_of(node.service.pid) == user
        assert node.script(node.python, "import ray, mlx.core; print(ray.__version__)", user=user)
        venvs = f"{node.root}/venvs {node.root}/current/"
        unread = f"find {venvs} -name __pycache__ -prune -o ! -type l ! -perm -004 -print | grep -v /.lock"
        assert node.run(unread).stdout == ""
    assert len(ray.alive()) == len(nodes)


def test_a_package_that_no_mirror_gives_is_in_no_record(nodes):
    assert not [entry for entry in nodes["worker1"].manifest["entries"] if entry["kind"] == "package"]


def test_a_second_run_changes_nothing(elsewhere):
    again = elsewhere.run("site.yml")
    assert again.rc == 0, again.output
    assert not again.changed, again.output


def test_status_is_healthy(elsewhere):
    status = elsewhere.run("playbooks/status.yml")
    assert status.rc == 0, status.output


def test_smoke_reaches_both(elsewhere, nodes):
    smoke = elsewhere.run("playbooks/smoke.yml")
    assert smoke.rc == 0, smoke.output
    assert all(f"{name}:" in smoke.output for name in nodes)


def test_reset_leaves_what_was_there_before(elsewhere, nodes, before):
    reset = elsewhere.run("playbooks/reset.yml", "-e", "reset_confirm=yes")
    assert reset.rc == 0, reset.output
    for name, node in nodes.items():
        assert not node.exists(node.root)
        assert others(node) == before["nodes"][name]
        assert node.run(f"find / -xdev -user {node.vars['cluster_user']}").rc != 0, "the account is gone"


def test_the_controller_was_left_alone(elsewhere, before, hostile):
    assert not elsewhere.sudo_log.exists(), elsewhere.sudo_log.read_text()
    if hostile["read_only_checkout"]:
        assert elsewhere.state == before["checkout"]
