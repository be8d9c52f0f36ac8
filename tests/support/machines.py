"""A machine without SSH: a container of this host that is looked at from outside."""

from __future__ import annotations

import testinfra


class Machine:
    def __init__(self, container, user, folder):
        self.host = testinfra.get_host(f"podman://{user}@{container}")
        self.folder = folder

    def run(self, command):
        return self.host.run(command)

    def check(self, command):
        answer = self.run(command)
        assert answer.rc == 0, f"`{command}` ended with {answer.rc}: {answer.stderr or answer.stdout}"
        return answer.stdout.rstrip("\n")

    def read(self, path):
        """Return a file of the repository's copy."""
        return self.check(f"cat {self.folder}/{path}")
