"""Ray's service as a test asks for it, whatever supervises it."""

from __future__ import annotations

import re

UNITS = {"systemd": "saf-ray.service", "launchd": "org.studio-air-fabric.ray"}


class SystemdService:
    def __init__(self, node, unit=UNITS["systemd"]):
        self.node, self.unit = node, unit

    def _show(self, name):
        return self.node.check(f"systemctl show {self.unit} --property={name} --value")

    @property
    def is_running(self):
        return self._show("ActiveState") == "active"

    @property
    def is_enabled(self):
        return self._show("UnitFileState") == "enabled"

    @property
    def is_known(self):
        return self._show("LoadState") != "not-found"

    @property
    def pid(self):
        return int(self._show("MainPID"))

    @property
    def log(self):
        return self.node.run(f"journalctl --unit={self.unit} --no-pager --lines=40").stdout


class LaunchdService:
    def __init__(self, node, label=UNITS["launchd"]):
        self.node, self.label = node, label

    def _print(self):
        return self.node.run(f"launchctl print system/{self.label}")

    @property
    def is_running(self):
        return bool(re.search(r"^\s*state = running$", self._print().stdout, re.M))

    @property
    def is_enabled(self):
        listed = self.node.check("launchctl print-disabled system")
        return not re.search(rf'"{re.escape(self.label)}" => (disabled|true)', listed)

    @property
    def is_known(self):
        return self._print().rc == 0

    @property
    def pid(self):
        found = re.search(r"^\s*pid = (\d+)$", self._print().stdout, re.M)
        return int(found.group(1)) if found else 0

    @property
    def log(self):
        return self._print().stdout


def service_of(node):
    """Return the service in the words of the node's supervisor."""
    return (LaunchdService if node.check("uname -s") == "Darwin" else SystemdService)(node)
