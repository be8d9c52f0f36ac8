"""A cluster from a folder: filled where there is a network, used where there is none. In this order."""

import json
import os
import subprocess

import pytest
import yaml
from tests.support import playbooks, settings

OUTSIDE = "203.0.113.9"


class Walled:
    """A controller whose programs have the network of a container on the nodes' bridge, and no other."""

    def __init__(self, folder, nodes):
        self.store = settings.ROOT / ".cache" / "molecule-offline"
        self.cache = folder / "cache"
        self.inventory = folder / "inside.yml"
        prefix = next(iter(nodes.values())).vars["molecule_prefix"]
        self.pid = playbooks.podman("inspect", f"{prefix}-controller", "--format", "{{.State.Pid}}").strip()
        known = folder / "known_hosts"
        keys = {name: node.check("cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub") for name, node in nodes.items()}
        known.write_text("".join(f"{nodes[name].vars['cluster_address']} {key}\n" for name, key in keys.items()))
        hosts = {
            name: {
                "ansible_host": node.vars["cluster_address"],
                "ansible_port": 22,
                "ansible_ssh_args": f"-o StrictHostKeyChecking=yes -o UserKnownHostsFile={known}",
            }
            for name, node in nodes.items()
        }
        self.inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))

    def variables(self):
        return {"offline_dir": str(self.store), "cluster_controller_cache": str(self.cache)}

    def inside(self, *command):
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--", *command]

    def run(self, playbook, **more):
        line = playbooks.command(playbook, {**self.variables(), **more}, inventories=[self.inventory])
        # There is no route to a proxy of this machine either.
        done = subprocess.run(
            self.inside(*line),
            env=playbooks.environment(),
            cwd=settings.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=1500,
        )
        return playbooks.outcome(done.returncode, done.stdout)

    def fetch(self):
        """Fill the folder where there is a network; no node is reached."""
        extra = {**self.variables(), "cluster_controller_cache": str(settings.ROOT / ".cache"), "fetch_platforms": "linux-x86_64"}
        return playbooks.run("playbooks/fetch.yml", extra)

    def largest_wheel(self):
        files = json.loads((self.store / "manifest.json").read_text())["files"]
        return self.store / max(files, key=lambda name: files[name]["size"])


@pytest.fixture(scope="module")
def walled(tmp_path_factory, nodes):
    return Walled(tmp_path_factory.mktemp("walled"), nodes)


def test_the_folder_is_filled_where_there_is_a_network(walled):
    done = walled.fetch()
    assert done.rc == 0, done.output
    manifest = json.loads((walled.store / "manifest.json").read_text())
    assert {"sha256", "size", "origin"} == set.union(*(set(entry) for entry in manifest["files"].values()))
    print(f"{len(manifest['files'])} files, {sum(entry['size'] for entry in manifest['files'].values())} bytes")


def test_filling_it_again_fetches_nothing(walled):
    again = walled.fetch()
    assert again.rc == 0, again.output
    assert "fetched now: 0 files" in again.words
    assert not again.changed


def test_no_machine_has_a_route_out(walled, nodes):
    routes = {name: node.check("ip route") for name, node in nodes.items()}
    routes["controller"] = subprocess.run(walled.inside("ip", "route"), capture_output=True, text=True, check=True).stdout.strip()
    for name, lines in routes.items():
        print(f"{name}: ip route\n{lines}")
        assert lines
        assert "default" not in lines
    reached = subprocess.run(walled.inside("ping", "-c1", "-W2", OUTSIDE), capture_output=True, check=False)
    assert reached.returncode != 0
    for node in nodes.values():
        assert "unreachable" in node.run(f"ip route get {OUTSIDE}").stderr


def test_a_damaged_file_is_named_before_anything_is_changed(walled, nodes):
    wheel = walled.largest_wheel()
    content = wheel.read_bytes()
    wheel.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    refused = walled.run("site.yml")
    assert refused.rc != 0
    assert "Nothing was changed" in refused.words
    assert "is damaged" in refused.words
    assert "fetch.yml" in refused.words
    assert not refused.changed
    assert not any(node.exists(node.root) for node in nodes.values())


def test_fetching_again_replaces_it(walled):
    done = walled.fetch()
    assert done.rc == 0, done.output
    assert "fetched now: 1 files" in done.words


def test_site_succeeds_without_a_network(walled, nodes, ray):
    made = walled.run("site.yml")
    assert made.rc == 0, made.output
    assert "could not be installed" not in made.words
    assert len(ray.alive()) == len(nodes)
    assert os.listdir(walled.cache) == ["wheelhouse"], "pip has not run"


def test_a_package_came_from_the_folder_and_is_recorded(nodes):
    worker = nodes["worker1"]
    assert worker.check("command -v iperf3")
    assert [one["name"] for one in worker.manifest["entries"] if one["kind"] == "package"] == ["iperf3"]
    assert not worker.exists(f"{worker.root}/packages")


def test_a_second_run_changes_nothing(walled):
    again = walled.run("site.yml")
    assert again.rc == 0, again.output
    assert not again.changed, again.output


def test_smoke_reaches_both(walled, nodes):
    smoke = walled.run("playbooks/smoke.yml")
    assert smoke.rc == 0, smoke.output
    assert all(f"{name}:" in smoke.output for name in nodes)
