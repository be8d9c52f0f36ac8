"""What the Ray service is given to run with, rendered from the role's own variables, for each service manager."""

import json
import subprocess

import pytest
import yaml
from tests.support.settings import ROOT

from ansible_collections.saf.fabric.plugins.module_utils.system import environment

VENV = "/opt/saf/venvs/0123456789abcdef"


@pytest.fixture(scope="module")
def rendered(request, tmp_path_factory):
    """Return {host: {env, people, daemon, given, dashboard}} of one machine at the loopback address, a head and a worker."""
    root = request.config.rootpath
    folder = tmp_path_factory.mktemp("rendered")
    pair = {"cluster_members": ["alpha", "beta"], "cluster_head": "alpha"}
    hosts = {name: {**pair, "cluster_addresses": {"alpha": "10.0.0.1", "beta": "10.0.0.2"}} for name in ("alpha", "beta")}
    everywhere = "0.0.0.0"  # noqa: S104 what an inventory says, nothing binds
    for name, dashboard in (("single", "127.0.0.1"), ("open", everywhere), ("six", "fd00::1"), ("named", "192.168.1.172")):
        alone = {"cluster_members": [name], "cluster_head": name, "cluster_addresses": {name: "127.0.0.1"}}
        hosts[name] = {**alone, "ray_dashboard_host": dashboard}
    defaults = {}
    for file in ("roles/cluster/defaults/main.yml", "roles/ray/defaults/main.yml"):
        defaults |= yaml.safe_load((root / file).read_text())
    contract = yaml.safe_load((root / "roles/cluster/vars/main.yml").read_text())
    defaults |= {
        name: value
        for name, value in contract.items()
        if name.startswith(("cluster_ray_", "_cluster_ray_dashboard", "cluster_gcs_", "cluster_has_"))
    }
    common = {
        **defaults,
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "venv_path": VENV,
        "cluster_repo": str(root),
        "cluster_venv": "/opt/saf/current",
        "cluster_node_address": "{{ cluster_addresses[inventory_hostname] }}",
        "cluster_stack": {"capabilities": {"token_authentication": False}},
    }
    inventory = {"all": {"hosts": hosts, "vars": common}}
    task = {
        "ansible.builtin.copy": {
            "dest": f"{folder}/{{{{ inventory_hostname }}}}.json",
            "content": "{{ {'env': lookup('template', repo ~ '/roles/ray/templates/ray.env.j2'), "
            "'people': lookup('template', repo ~ '/roles/ray/templates/saf.env.j2'), "
            "'daemon': _ray_daemon.EnvironmentVariables, 'given': _ray_environment, "
            "'dashboard': _ray_dashboard_url} | to_json }}",
        },
        "vars": {"repo": str(root), "ansible_managed": "x", "ansible_facts": {"system": "Linux", "machine": "x86_64"}},
    }
    play = [
        {
            "hosts": "all",
            "gather_facts": False,
            "vars_files": sorted(map(str, root.glob("roles/ray/vars/main/*.yml"))),
            "tasks": [task],
        }
    ]
    (folder / "hosts.yml").write_text(yaml.safe_dump(inventory))
    (folder / "play.yml").write_text(yaml.safe_dump(play))
    command = ["ansible-playbook", "-i", str(folder / "hosts.yml"), str(folder / "play.yml")]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in hosts}


def lines(text):
    return environment.parse(text)


@pytest.mark.parametrize("host", ["single", "alpha", "beta"])
def test_python_of_a_job_is_the_clusters(rendered, host):
    for given in (lines(rendered[host]["env"]), rendered[host]["daemon"], rendered[host]["given"]):
        assert given["PATH"].split(":")[0] == f"{VENV}/bin"
        assert {"/usr/bin", "/bin", "/usr/sbin", "/sbin"} <= set(given["PATH"].split(":"))


def test_people_keep_their_own_path_behind_the_venv(rendered):
    paths = [line for line in rendered["alpha"]["people"].splitlines() if line.startswith("export PATH=")]
    assert paths == ['export PATH=/opt/saf/current/bin:"$PATH"']


@pytest.mark.parametrize(("host", "several"), [("single", "0"), ("alpha", "1"), ("beta", "1")])
def test_one_machine_listens_on_loopback_alone(rendered, host, several):
    assert lines(rendered[host]["env"])["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == several


def test_the_settings_are_equal_on_all_nodes_and_for_people(rendered):
    table = yaml.safe_load((ROOT / "data" / "ray_settings.yml").read_text())["settings"]
    names = {row["name"] for row in table}
    head, worker = (lines(rendered[host]["env"]) for host in ("alpha", "beta"))
    people = dict(
        line.removeprefix("export ").split("=", 1) for line in rendered["beta"]["people"].splitlines() if "export " in line
    )
    assert names <= set(head)
    for given in (worker, rendered["alpha"]["daemon"], people):
        assert {name: given[name] for name in names} == {name: head[name] for name in names}
    assert head["RAY_gcs_rpc_server_reconnect_timeout_s"] == "360"
    assert head["RAY_worker_niceness"] == "0"


def test_the_heads_metric_ports_are_pinned(rendered):
    for name, port in (("AUTOSCALER_METRIC_PORT", "6387"), ("DASHBOARD_METRIC_PORT", "6388")):
        assert lines(rendered["alpha"]["env"])[name] == port
        assert name not in lines(rendered["beta"]["env"])


@pytest.mark.parametrize(
    ("host", "address"), [("alpha", "127.0.0.1"), ("open", "127.0.0.1"), ("six", "[fd00::1]"), ("named", "192.168.1.172")]
)
def test_where_the_head_asks_for_its_dashboard(rendered, host, address):
    assert rendered[host]["dashboard"] == f"http://{address}:8265"


def test_preflight_looks_at_every_port_of_the_contract(root):
    """Which those are: test_playbook_ray.py."""
    variables = yaml.safe_load((root / "roles/preflight/vars/main.yml").read_text())
    assert "cluster_ray_ports" in variables["_preflight_ports"]
