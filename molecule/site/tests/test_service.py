"""Ray runs as a supervised service of an ordinary account, on the ports that the inventory names."""

import pytest

NODE_PORTS = [
    "ray_node_manager_port",
    "ray_object_manager_port",
    "ray_runtime_env_agent_port",
    "ray_dashboard_agent_port",
    "ray_metrics_port",
]


def test_service_runs_and_starts_at_boot(node):
    assert node.service.is_running, node.service.log
    assert node.service.is_enabled


def test_no_process_of_ray_runs_as_root(node):
    owners = set(node.check(f"ps -eo user=,args= | awk '$2 ~ \"^{node.root}/\" {{print $1}}'").split())
    assert owners == {node.vars["cluster_user"]}
    assert node.owner_of(node.service.pid) == node.vars["cluster_user"] != "root"


@pytest.mark.parametrize("variable", NODE_PORTS)
def test_node_listens_on_its_pinned_port(node, variable):
    assert node.vars[variable] in node.listening()


def test_head_listens_for_nodes_and_shows_its_dashboard_only_where_told(head):
    listening = head.listening()
    assert head.vars["ray_port"] in listening
    assert listening[head.vars["ray_dashboard_port"]] == {head.vars["ray_dashboard_host"]}


def test_every_port_of_the_head_is_pinned(head):
    pinned = {name: value for name, value in head.vars.items() if name.startswith("ray_") and "_port" in name}
    workers = range(pinned.pop("ray_worker_port_min"), pinned.pop("ray_worker_port_max") + 1)
    ssh = 22
    assert {port for port in head.listening() if port not in workers} <= {*pinned.values(), ssh}


def test_workers_have_no_head_of_their_own(nodes, head):
    for name, node in nodes.items():
        if name != head.name:
            assert node.vars["ray_port"] not in node.listening()


def test_configuration_is_not_writable_by_the_account_that_runs_tasks(node):
    user = node.vars["cluster_user"]
    for path in ("etc/ray.env", "current/bin/python", "manifest.json"):
        assert node.run(f"runuser -u {user} -- test -w {node.root}/{path}").rc != 0, path
