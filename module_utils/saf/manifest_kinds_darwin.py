"""The kinds of things that only a Mac has, and how the common ones are undone there; see manifest_kinds.py."""

from __future__ import annotations

import re

from . import launchd
from .manifest_kind import Kind


class Daemon(Kind):
    """A LaunchDaemon, by its label; the file is an entry of its own."""

    def _daemon(self):
        return launchd.Daemon(self.name, lambda argv: self.module.run_command(argv, environ_update={"LC_ALL": "C"}))

    def exists(self):
        return self._daemon().look() is not None

    def undo(self):
        try:
            if self.exists():
                self._daemon().unload(30)
        except launchd.LaunchdError as error:
            return str(error)
        return ""


class Account(Kind):
    """An account of the directory service, and its entry in the list that hides accounts from the login window."""

    _WINDOW = "/Library/Preferences/com.apple.loginwindow.plist"

    def exists(self):
        return self.module.run_command(["dscl", ".", "-read", f"/Users/{self.name}", "UniqueID"])[0] == 0

    def undo(self):
        if self.exists():
            complaint = self.run("dscl", ".", "-delete", f"/Users/{self.name}")
            if complaint:
                return f"Account {self.name} could not be removed ({complaint})."
        rc, out, _err = self.module.run_command(["defaults", "read", self._WINDOW, "HiddenUsersList"])
        hidden = re.findall(r"[\w.-]+", out) if rc == 0 else []
        if self.name in hidden:
            rest = [name for name in hidden if name != self.name]
            change = (
                ["write", self._WINDOW, "HiddenUsersList", "-array", *rest]
                if rest
                else ["delete", self._WINDOW, "HiddenUsersList"]
            )
            complaint = self.run("defaults", *change)
            return f"{self.name} is still in the list of hidden users ({complaint})." if complaint else ""
        return ""


class PowerSetting(Kind):
    """A setting of ``pmset -a``; there is always a value, and the one before comes back."""

    def exists(self):
        return True

    def previous(self):
        _rc, out, _err = self.module.run_command(["pmset", "-g", "custom"])
        match = re.search(rf"(?m)^\s*{re.escape(self.name)}\s+(\d+)", out)
        return {"value": match.group(1)} if match else None

    def undo(self):
        before = self.entry.get("previous")
        complaint = self.run("pmset", "-a", self.name, before["value"]) if before else ""
        return f"The power setting {self.name} could not be restored ({complaint})." if complaint else ""


class Sysctl(Kind):
    def exists(self):
        return True

    def previous(self):
        rc, out, _err = self.module.run_command(["sysctl", "-n", self.name])
        return {"value": out.strip()} if rc == 0 else None

    def undo(self):
        before = self.entry.get("previous")
        complaint = self.run("sysctl", f"{self.name}={before['value']}") if before else ""
        return f"{self.name} could not be restored ({complaint})." if complaint else ""


class FirewallApplication(Kind):
    """A program that the application firewall lets accept connections."""

    _TOOL = "/usr/libexec/ApplicationFirewall/socketfilterfw"

    def exists(self):
        return self.name in self.module.run_command([self._TOOL, "--listapps"])[1]

    def undo(self):
        complaint = self.run(self._TOOL, "--remove", self.name) if self.exists() else ""
        return f"The firewall keeps its entry for {self.name} ({complaint})." if complaint else ""
