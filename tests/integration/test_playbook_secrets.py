"""The secrets of a cluster on their way to the nodes: role ray's own tasks against folders of this machine, and the rotation."""

import json
import os
import re
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from ansible_collections.saf.fabric.plugins.module_utils.system import environment

ROOT = Path(__file__).resolve().parents[2]
# The account that gets the files where root writes them.
ACCOUNT = "nobody" if os.geteuid() == 0 else "root"
PREFIXES = ("cluster_ray_", "cluster_secrets", "cluster_name")
NO_TOKEN = {"ray_token_authentication": "never"}
FILES = {"ray-token", "ray-ca.crt", "ray-node.crt", "ray-node.key"}
PLAY = """
- hosts: cluster
  gather_facts: false
  vars_files: {vars_files}
  tasks:
    - ansible.builtin.file: {{path: "{{{{ venv_root }}}}/etc", state: directory, mode: "0755"}}
      check_mode: false
    - ansible.builtin.include_tasks: {root}/roles/ray/tasks/credentials.yml
    - ansible.builtin.copy:
        dest: "{{{{ venv_root }}}}/etc/ray.env"
        content: "{{{{ lookup('template', '{root}/roles/ray/templates/ray.env.j2') }}}}"
        mode: "0600"
      vars: {{ansible_managed: x}}
      no_log: true
"""


class Cluster:
    def __init__(self, folder):
        self.folder = folder
        self.secrets = folder / "controller"
        self.output = ""

    def run(self, *options, play=None, **variables):
        """Run the tasks on alpha and beta and return the exit status; the output is kept."""
        defaults = {}
        for file in ("roles/cluster/defaults/main.yml", "roles/ray/defaults/main.yml"):
            defaults |= yaml.safe_load((ROOT / file).read_text())
        contract = yaml.safe_load((ROOT / "roles/cluster/vars/main.yml").read_text())
        common = {
            **defaults,
            **{
                name: value
                for name, value in contract.items()
                if name.startswith(("cluster_ray_", "cluster_secrets", "cluster_name"))
            },
            "cluster_repo": str(ROOT),
            "cluster_secrets_dir": str(self.secrets),
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "cluster_head": "alpha",
            "cluster_members": ["alpha", "beta"],
            "cluster_addresses": {"alpha": "10.0.0.1", "beta": "10.0.0.2"},
            "cluster_node_address": "{{ cluster_addresses[inventory_hostname] }}",
            "cluster_user": ACCOUNT,
            "cluster_venv": "/opt/saf/current",
            "cluster_stack": {"capabilities": {"token_authentication": True}},
            "__ray_node": {"worker": "root" if os.geteuid() == 0 else "me", "root_exists": True, "group": "x", "gpu_cores": 0},
            **variables,
        }
        common = {name: value for name, value in common.items() if value is not None}
        hosts = {
            name: {"cluster_address": address, "venv_root": str(self.folder / name), "links": {"tb": f"10.9.0.{number}"}}
            for number, (name, address) in enumerate(common["cluster_addresses"].items(), 1)
        }
        inventory = {"all": {"vars": common, "children": {"cluster": {"children": {"head": {}, "workers": {}}}}}}
        inventory["all"]["children"]["head"] = {"hosts": {"alpha": hosts["alpha"]}}
        inventory["all"]["children"]["workers"] = {"hosts": {"beta": hosts["beta"]}}
        (self.folder / "hosts.yml").write_text(yaml.safe_dump(inventory))
        (self.folder / "play.yml").write_text(
            PLAY.format(root=ROOT, vars_files=json.dumps(sorted(map(str, ROOT.glob("roles/ray/vars/main/*.yml")))))
        )
        command = ["ansible-playbook", "-i", str(self.folder / "hosts.yml"), *options, play or str(self.folder / "play.yml")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
        self.output = done.stdout + done.stderr
        return done.returncode

    def changed(self):
        """Return {host: number of changed tasks} of the last run's recap."""
        return {host: int(count) for host, count in re.findall(r"(?m)^(\w+)\s*: ok=\d+\s+changed=(\d+)", self.output)}

    def given(self, node):
        return environment.parse((self.folder / node / "etc" / "ray.env").read_text())

    def files(self, node):
        return {path.name: path for path in (self.folder / node / "etc").iterdir() if path.name != "ray.env"}

    @property
    def token(self):
        return (self.secrets / "alpha-10.0.0.1-6380" / "token").read_text().strip()


@pytest.fixture
def cluster(tmp_path):
    tmp_path.chmod(0o755)
    return Cluster(tmp_path)


@pytest.fixture(autouse=True)
def plain_output(monkeypatch):
    monkeypatch.setenv("ANSIBLE_STDOUT_CALLBACK", "default")
    monkeypatch.setenv("ANSIBLE_NOCOLOR", "1")


def test_secrets_reach_the_nodes_as_files_of_the_account_and_appear_nowhere(cluster):
    assert cluster.run("-vvv", "--diff", ray_tls=True) == 0, cluster.output[-3000:]
    assert (
        set(cluster.files("alpha")) == set(cluster.files("beta")) == {"ray-token", "ray-ca.crt", "ray-node.crt", "ray-node.key"}
    )
    for node in ("alpha", "beta"):
        assert cluster.files(node)["ray-token"].read_text() == cluster.token
        for path in cluster.files(node).values():
            state = path.stat()
            assert stat.S_IMODE(state.st_mode) == (0o400 if os.geteuid() == 0 else 0o600)
            assert os.geteuid() != 0 or state.st_uid == 65534
    assert cluster.token not in cluster.output
    for node in ("alpha", "beta"):
        key = cluster.files(node)["ray-node.key"].read_text()
        assert not any(line in cluster.output for line in key.splitlines()[1:-1])
    assert "PRIVATE KEY" not in cluster.output


def test_the_environment_names_files_and_no_secret(cluster):
    assert cluster.run(ray_tls=True) == 0, cluster.output[-3000:]
    given, etc = cluster.given("beta"), cluster.folder / "beta" / "etc"
    named = {name: value for name, value in given.items() if name.startswith(("RAY_AUTH", "RAY_TLS", "RAY_USE_TLS"))}
    assert named == {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": f"{etc}/ray-token",
        "RAY_USE_TLS": "1",
        "RAY_TLS_SERVER_CERT": f"{etc}/ray-node.crt",
        "RAY_TLS_SERVER_KEY": f"{etc}/ray-node.key",
        "RAY_TLS_CA_CERT": f"{etc}/ray-ca.crt",
    }
    assert cluster.token not in (etc / "ray.env").read_text()


def test_a_second_run_changes_nothing_and_an_address_changes_one_node(cluster):
    assert cluster.run(ray_tls=True) == 0, cluster.output[-3000:]
    before = cluster.given("alpha"), cluster.given("beta")
    assert cluster.run(ray_tls=True) == 0
    assert cluster.changed() == {"alpha": 0, "beta": 0}
    assert cluster.run(ray_tls=True, cluster_addresses={"alpha": "10.0.0.1", "beta": "10.0.0.9"}) == 0
    after = cluster.given("alpha"), cluster.given("beta")
    assert before[0] == after[0]
    assert before[1]["SAF_CREDENTIALS"] != after[1]["SAF_CREDENTIALS"]
    assert "The certificate of beta is made again: the addresses of the node have changed." in cluster.output


def test_a_dry_run_makes_nothing(cluster):
    assert cluster.run("--check", "--diff", ray_tls=True) == 0, cluster.output[-3000:]
    assert not cluster.secrets.exists()
    assert cluster.files("alpha") == {}


def test_without_tokens_and_tls_nothing_is_made_and_what_was_there_goes(cluster):
    assert cluster.run(ray_tls=True) == 0, cluster.output[-3000:]
    assert cluster.run(**NO_TOKEN) == 0
    assert cluster.files("alpha") == cluster.files("beta") == {}
    given = cluster.given("alpha")
    assert given["RAY_AUTH_MODE"] == "disabled"
    assert not {"RAY_USE_TLS", "RAY_AUTH_TOKEN_PATH", "SAF_CREDENTIALS"} & set(given)


def test_a_stack_without_token_authentication_says_so_to_ray(cluster):
    assert cluster.run(cluster_stack={"capabilities": {"token_authentication": False}}) == 0, cluster.output[-3000:]
    assert cluster.given("alpha")["RAY_AUTH_MODE"] == "disabled"
    assert not cluster.secrets.exists()


def test_an_authority_of_another_cluster_stops_with_one_sentence(cluster):
    assert cluster.run(ray_tls=True, cluster_secrets=str(cluster.secrets / "one"), cluster_name="one") == 0, cluster.output[
        -3000:
    ]
    assert cluster.run(ray_tls=True, cluster_secrets=str(cluster.secrets / "one"), cluster_name="other") != 0
    assert "is the one of another cluster (saf one): make new secrets for all nodes:" in cluster.output
    assert "playbooks/rotate_secrets.yml" in cluster.output


ROTATE = "playbooks/rotate_secrets.yml"


def test_rotation_of_nothing_and_of_some_nodes_is_refused_before_anything_changes(cluster, tmp_path):
    facts = {"system": "Linux", "distribution": "x", "service_mgr": "x", "pkg_mgr": "x", "python_version": "3"}
    options = ["--tags", "all", "-e", json.dumps({"ansible_facts": facts})]
    assert cluster.run(*options, play=ROTATE, **NO_TOKEN) != 0
    assert "there is nothing to make new" in " ".join(cluster.output.split())
    assert cluster.run(*options, "--limit", "beta", play=ROTATE, ray_tls=True) != 0
    assert "this run leaves out alpha" in " ".join(cluster.output.split())
    assert not cluster.secrets.exists()


def test_rotation_renews_what_the_stack_has(cluster):
    """The stack is read by the role itself: a value that cannot be read must not count as no."""
    facts = {"system": "Linux", "distribution": "x", "service_mgr": "x", "pkg_mgr": "x", "python_version": "3"}
    options = ["--check", "-e", json.dumps({"ansible_facts": facts, "stack": "current"})]
    cluster.run(*options, play=ROTATE, ray_tls=True, cluster_stack=None)
    assert "need the new token and certificates" in " ".join(cluster.output.split()), cluster.output[-3000:]
