"""The kinds of things that only a Mac has, and how the common ones are undone there; see kinds.py."""

from __future__ import annotations

import re

from ..services import launchd
from ..system import power
from .kind import Kind


class Daemon(Kind):
    """A LaunchDaemon, by its label; its file is a separate entry."""

    def _daemon(self):
        return launchd.Daemon(self.name, lambda argv: self.module.run_command(argv, environ_update={"LC_ALL": "C"}))

    def exists(self):
        return self._daemon().status() is not None

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
    """A setting of pmset; each power source (AC, battery) has its value, and the previous one is restored."""

    def exists(self):
        return True

    def previous(self):
        values = {source: settings[self.name] for source, settings in self._now().items() if self.name in settings}
        return {"by_source": values} if values else None

    def undo(self):
        before = self.entry.get("previous") or {}
        if "value" in before:  # recorded by a release that set all sources to one value
            changes = [{"flag": "-a", "name": self.name, "value": before["value"]}]
        else:
            wanted = {source: {self.name: value} for source, value in before.get("by_source", {}).items()}
            changes = power.changes(self._now(), wanted) if wanted else []
        complaints = [self.run("pmset", change["flag"], change["name"], change["value"]) for change in changes]
        complaint = "; ".join(filter(None, complaints))
        return f"The power setting {self.name} could not be restored ({complaint})." if complaint else ""

    def _now(self):
        return power.parse_custom(self.module.run_command(["pmset", "-g", "custom"])[1])


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
    """A program that the application firewall allows to accept connections."""

    _TOOL = "/usr/libexec/ApplicationFirewall/socketfilterfw"

    def _listed(self):
        """Return the path under which the firewall lists the program, None without one: a bundle is listed for what is in it."""
        apps = re.findall(r"(?m)^\s*\d+\s*:\s*(\S.*?)\s*$", self.module.run_command([self._TOOL, "--listapps"])[1])
        bundles = [self.name[: match.end() - 1] for match in re.finditer(r"\.app/", self.name)]
        return next((path for path in (self.name, *reversed(bundles)) if path in apps), None)

    def exists(self):
        return self._listed() is not None

    def undo(self):
        listed = self._listed()
        if not listed:
            return ""
        complaint = self.run(self._TOOL, "--remove", listed)
        if not complaint and self.exists():
            complaint = "it is still listed after its removal"
        return f"The firewall keeps its entry for {self.name} ({complaint})." if complaint else ""
