"""A compose project brought to a state by the commands of its engine and of compose."""

from __future__ import annotations

import json
import os
import time

from . import engine

_END_SECONDS = 10  # until a container that is asked to end is killed
_REMOVE_SECONDS = 180


class ProjectError(Exception):
    """Why the project is not what it should be, one sentence."""


def stale(found, names, digest):
    """Return the names of the containers that another file, or another number of workers, has made."""
    return [one["name"] for one in found if one["digest"] != digest or one["name"] not in names]


def is_up(found, names, digest):
    """Return whether exactly the wanted containers are there and run."""
    return sorted(one["name"] for one in found if one["digest"] == digest and one["running"]) == sorted(names) and not stale(
        found, names, digest
    )


def states(found):
    """Return {name: state} for a difference."""
    return {one["name"]: one["state"] for one in found}


def has_names(text):
    """Return whether the answer of `network inspect` is of a network in which a container finds another by its name."""
    try:
        answer = json.loads(text)
    except ValueError:
        return False
    first = answer[0] if isinstance(answer, list) and answer else {}
    if "dns_enabled" in first:  # netavark
        return bool(first["dns_enabled"])
    if "plugins" in first:  # CNI
        return any(plugin.get("type") == "dnsname" for plugin in first["plugins"])
    return True  # docker: in all networks but its default one


class Project:
    def __init__(self, path, compose, folder, name, network, timeout=300):
        self.path, self.compose, self.folder, self.name, self.network = path, compose, folder, name, network
        self.timeout = timeout

    def containers(self):
        return engine.containers(self.path, self.name)

    def _must(self, command, what, timeout=_REMOVE_SECONDS, cwd=None):
        status, output, error = engine.run(command, timeout, cwd)
        if status:
            raise ProjectError(f"{what}: {engine.last_line(error or output)}")
        return output

    def make_network(self):
        """Create the network; podman without its DNS plugin makes one without names, in which no worker finds its head."""
        if engine.has_network(self.path, self.network):
            return
        self._must(
            [self.path, "network", "create", "--label", f"{engine.LABEL}={self.name}", self.network],
            f"The network {self.network} could not be created",
        )
        text = self._must([self.path, "network", "inspect", self.network], f"The network {self.network} cannot be read")
        if not has_names(text):
            self.remove_network()
            raise ProjectError(
                "podman gives containers no names: install aardvark-dns (with netavark) or, with CNI,"
                " golang-github-containernetworking-plugin-dnsname. Nothing was left behind."
            )

    def remove_network(self):
        self._must([self.path, "network", "rm", self.network], f"The network {self.network} could not be removed")

    def remove(self, names):
        for name in names:
            self._must([self.path, "stop", "--time", str(_END_SECONDS), name], f"The container {name} could not be stopped")
            self._must([self.path, "rm", "--force", name], f"The container {name} could not be removed")

    def command(self, *arguments):
        return [*self.compose, "--project-name", self.name, "--file", os.path.join(self.folder, "compose.yml"), *arguments]

    def up(self, names, digest):
        """Start what is missing; containers of an earlier file are removed first."""
        self.remove(stale(self.containers(), names, digest))
        self.make_network()
        status, output, error = engine.run(self.command("up", "--detach"), self.timeout, self.folder)
        # podman-compose returns 0 whatever became of its containers, and an error where one was there already.
        deadline = time.monotonic() + 15
        found = self.containers()
        while not is_up(found, names, digest) and time.monotonic() < deadline:
            time.sleep(1)
            found = self.containers()
        if not is_up(found, names, digest):
            missing = sorted(set(names) - {one["name"] for one in found if one["running"]})
            raise ProjectError(
                f"compose (exit status {status}) did not start {', '.join(missing) or 'all containers'}:"
                f" {engine.last_line(error or output)}"
            )
        return found

    def down(self):
        """Remove the containers, what compose has made beside them, and the network."""
        if self.compose and os.path.exists(os.path.join(self.folder, "compose.yml")):
            # Its exit status says nothing: whatever is left is removed below, or reported.
            engine.run(self.command("down", "--timeout", str(_END_SECONDS)), self.timeout, self.folder)
        self.remove([one["name"] for one in self.containers()])
        if engine.has_network(self.path, self.network):
            self.remove_network()
