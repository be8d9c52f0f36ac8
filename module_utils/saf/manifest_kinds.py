"""One class for each kind of thing that a manifest can hold: is it there, what was it before, how is it undone.

undo() returns "" when the thing is gone (or was never made), else one sentence that says what is left and why.
"""

from __future__ import annotations

import base64
import contextlib
import grp
import os
import platform
import pwd
import shutil
import time

from . import manifest_kinds_darwin as darwin
from . import manifest_kinds_homebrew as brewed
from . import mtu, network, process
from .manifest import precious
from .manifest_kind import Kind


class Directory(Kind):
    def exists(self):
        return os.path.isdir(self.name)

    def undo(self):
        if not os.path.lexists(self.name):
            return ""
        if os.path.islink(self.name) or os.path.ismount(self.name) or precious(self.name, os.path.expanduser("~")):
            return f"{self.name} is a link, a mount point or a system folder by now and stays."
        shutil.rmtree(self.name, ignore_errors=True)
        return f"{self.name} could not be removed entirely." if os.path.lexists(self.name) else ""


class File(Kind):
    def exists(self):
        return os.path.lexists(self.name)

    def previous(self):
        state = os.lstat(self.name)
        with open(self.name, "rb") as stream:
            content = base64.b64encode(stream.read()).decode()
        return {"content": content, "mode": state.st_mode & 0o7777, "uid": state.st_uid, "gid": state.st_gid}

    def undo(self):
        before = self.entry.get("previous")
        if before:
            partial = self.name + ".saf-restore"
            with open(partial, "wb") as stream:
                stream.write(base64.b64decode(before["content"]))
            os.chmod(partial, before["mode"])
            os.chown(partial, before["uid"], before["gid"])
            os.replace(partial, self.name)
            return ""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.name)
        return ""


class Package(Kind):
    def exists(self):
        if self.entry["manager"] == "homebrew":
            return brewed.Keg(self.module, self.entry).exists()
        if self.entry["manager"] == "apt":
            rc, out, _err = self.module.run_command(["dpkg-query", "-W", "-f=${db:Status-Status}", self.name])
            return rc == 0 and out.strip() == "installed"
        # Another manager: what is on the path counts as there, so that it is never taken for ours.
        return self.module.get_bin_path(self.name) is not None

    def remains(self):
        if self.entry["manager"] == "homebrew":
            return brewed.Keg(self.module, self.entry).remains()
        return self.exists()

    def undo(self):
        if self.entry["manager"] == "homebrew":
            return brewed.Keg(self.module, self.entry).undo()
        if self.entry["manager"] != "apt":
            return f"Package {self.name} was installed with {self.entry['manager']}: remove it by hand."
        if not self.exists():
            return ""
        complaint = self.run("apt-get", "remove", "--yes", "--quiet", self.name)
        return f"Package {self.name} could not be removed ({complaint})." if complaint else ""


class User(Kind):
    def exists(self):
        if platform.system() == "Darwin":
            return darwin.Account(self.module, self.entry).exists()
        with contextlib.suppress(KeyError):
            return bool(pwd.getpwnam(self.name))
        return False

    def undo(self):
        if platform.system() == "Darwin":
            return darwin.Account(self.module, self.entry).undo()
        if not self.exists():
            return ""
        for _attempt in range(20):  # its last processes may still be on their way out
            complaint = self.run("userdel", self.name)
            if not complaint:
                return ""
            time.sleep(0.5)
        return f"Account {self.name} could not be removed ({complaint})."


class Group(Kind):
    def exists(self):
        with contextlib.suppress(KeyError):
            return bool(grp.getgrnam(self.name))
        return False

    def undo(self):
        if not self.exists():
            return ""
        complaint = self.run("groupdel", self.name)
        return f"Group {self.name} could not be removed ({complaint})." if complaint else ""


class Service(Kind):
    def exists(self):
        if self.entry.get("manager") == "launchd":
            return darwin.Daemon(self.module, self.entry).exists()
        rc, _out, _err = self.module.run_command(["systemctl", "cat", self.name])
        return rc == 0

    def undo(self):
        if self.entry.get("manager") == "launchd":
            return darwin.Daemon(self.module, self.entry).undo()
        if not self.exists():
            return ""
        complaint = self.run("systemctl", "disable", "--now", self.name)
        return f"Service {self.name} could not be stopped ({complaint})." if complaint else ""


class Process(Kind):
    def exists(self):
        return os.path.exists(self.name)

    def undo(self):
        record = process.read_record(self.name)
        if record and process.alive(record):
            process.stop(record, timeout=30)
            if process.alive(record):
                return f"Process {record['pid']} of {self.name} does not end."
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.name)
        return ""


class Mtu(Kind):
    """The MTU of the interface that carries an address; there is always one, and the one before comes back."""

    def exists(self):
        return True

    def previous(self):
        interface = mtu.interface_of(self.name)
        return {"interface": interface, "mtu": network.interface_facts(interface)["mtu"]} if interface else None

    def undo(self):
        before = self.entry.get("previous")
        complaint = self.run(*mtu.command(before["interface"], before["mtu"])) if before else ""
        return f"The MTU of {self.name} could not be restored ({complaint})." if complaint else ""


KINDS = {
    "directory": Directory,
    "file": File,
    "firewall_application": darwin.FirewallApplication,
    "group": Group,
    "mtu": Mtu,
    "on_request": brewed.OnRequest,
    "package": Package,
    "pin": brewed.Pin,
    "power_setting": darwin.PowerSetting,
    "process": Process,
    "service": Service,
    "sysctl": darwin.Sysctl,
    "tap": brewed.Tap,
    "user": User,
}
