"""A node as a test sees it: commands run there as root, files, processes."""

from __future__ import annotations

import json
import shlex

import testinfra

from tests.support import services, settings


class Node:
    def __init__(self, name, hostvars):
        self.name = name
        self.vars = settings.settings_of(hostvars)
        self.address = self.vars.get("cluster_address") or self.vars.get("ansible_host") or name
        self.root = self.vars["venv_root"]
        self.python = f"{self.root}/current/bin/python"
        self.manifest_path = f"{self.root}/manifest.json"
        self.host = testinfra.get_host(
            f"ansible://{name}?force_ansible=False", ansible_inventory=str(settings.inventory_path()), sudo=True
        )

    def __repr__(self):
        return self.name

    def run(self, command):
        """Run a shell command as root; the answer has rc, stdout and stderr."""
        return self.host.run(command)

    def check(self, command):
        """Run a shell command that must succeed, return its output without the last newline."""
        answer = self.run(command)
        assert answer.rc == 0, f"{self.name}: `{command}` ended with {answer.rc}: {answer.stderr or answer.stdout}"
        return answer.stdout.rstrip("\n")

    def script(self, python, source, user=None):
        """Run Python source on the node by the interpreter ``python``, return its standard output."""
        runner = f"{shlex.quote(python)} -c {shlex.quote(source)}"
        if user:
            runner = f"cd / && runuser -u {shlex.quote(user)} -- {runner}"
        return self.check(runner)

    def exists(self, path):
        return self.run(f"test -e {shlex.quote(path)} -o -L {shlex.quote(path)}").rc == 0

    def read(self, path):
        return self.check(f"cat {shlex.quote(path)}")

    def json(self, path):
        return json.loads(self.read(path))

    def owner_of(self, pid):
        return self.check(f"ps -o user= -p {pid}").strip()

    def listening(self):
        """Return ``{port: set of addresses}`` of the TCP sockets that listen."""
        found = {}
        for line in self.check("ss -Htln").splitlines():
            address, _, port = line.split()[3].rpartition(":")
            found.setdefault(int(port), set()).add(address.strip("[]").removeprefix("::ffff:"))
        return found

    def distributions(self):
        """Return ``{name==version: digest of its RECORD}`` of the venv in use, read without the product's code."""
        return json.loads(self.script(self.python, _DISTRIBUTIONS))

    @property
    def manifest(self):
        return self.json(self.manifest_path)

    @property
    def service(self):
        return services.service_of(self)


# Compiled files and console scripts differ by time and path, everything else has to be the same on every node.
_DISTRIBUTIONS = """
import hashlib, importlib.metadata, json
answer = {}
LOCAL = (".pyc", "/bin/", "/RECORD", "/REQUESTED", "/INSTALLER", "direct_url.json", "uv_cache.json")
for one in importlib.metadata.distributions():
    lines = (one.read_text("RECORD") or "").splitlines()
    lines = [line for line in lines if not any(word in line for word in LOCAL)]
    text = "\\n".join(sorted(lines))
    answer[one.metadata["Name"] + "==" + one.version] = hashlib.sha256(text.encode()).hexdigest()
print(json.dumps(answer))
"""
