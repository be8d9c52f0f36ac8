"""One class for each kind of thing in a manifest: does it exist, what was it before, how is it undone.

undo() checks first (kind.Kind): what does not exist needs no undoing; what had a previous value gets that back.
"""

from __future__ import annotations

import base64
import contextlib
import os
import pwd
import time

from ..services import process
from ..system import folders, interfaces, mtu, package_managers, packet_filter
from ..system.current import system
from . import kinds_darwin as darwin
from . import kinds_homebrew as brewed
from .kind import Kind
from .record import is_protected


class Directory(Kind):
    def exists(self):
        return os.path.lexists(self.name) and (os.path.isdir(self.name) or os.path.islink(self.name))

    def remains(self):
        return self.exists() and not folders.is_only_mounts(self.name)

    def remove(self):
        if os.path.islink(self.name) or is_protected(self.name, os.path.expanduser("~")):
            return f"{self.name} is a link or a system folder now and is kept: remove it by hand."
        left = folders.remove(self.name)
        return f"{self.name} could not be removed entirely: {left[0]} is still there." if left else ""


class File(Kind):
    def exists(self):
        return os.path.lexists(self.name)

    def previous(self):
        state = os.lstat(self.name)
        with open(self.name, "rb") as stream:
            content = base64.b64encode(stream.read()).decode()
        return {"content": content, "mode": state.st_mode & 0o7777, "uid": state.st_uid, "gid": state.st_gid}

    def undo(self):
        return self._restore(self.entry["previous"]) if self.entry.get("previous") else super().undo()

    def _restore(self, before):
        if not os.path.isdir(os.path.dirname(self.name)):
            return ""  # the program that it belonged to has been removed since
        partial = self.name + ".saf-restore"
        with open(partial, "wb") as stream:
            stream.write(base64.b64decode(before["content"]))
        os.chmod(partial, before["mode"])
        os.chown(partial, before["uid"], before["gid"])
        os.replace(partial, self.name)
        return ""

    def remove(self):
        os.unlink(self.name)
        return ""


class Link(Kind):
    """A symbolic link; one that existed before is not managed."""

    def exists(self):
        return os.path.islink(self.name)

    def remove(self):
        os.unlink(self.name)
        return ""


class Package(Kind):
    """A package, with the package manager that installed it."""

    def exists(self):
        if self.entry["manager"] == "homebrew":
            return brewed.Keg(self.module, self.entry).exists()
        manager = package_managers.MANAGERS.get(self.entry["manager"])
        if manager and self.module.get_bin_path(manager.query[0]):
            rc, out, _err = self.module.run_command([*manager.query, self.name], environ_update={"LC_ALL": "C"})
            return package_managers.is_installed(manager, rc, out)
        # Another manager: a program on the PATH counts as installed, so that it never counts as managed.
        return self.module.get_bin_path(self.name) is not None

    def remains(self):
        if self.entry["manager"] == "homebrew":
            return brewed.Keg(self.module, self.entry).remains()
        return self.exists()

    def remove(self):
        if self.entry["manager"] == "homebrew":
            return brewed.Keg(self.module, self.entry).remove()
        manager = package_managers.MANAGERS.get(self.entry["manager"])
        if not manager:
            return f"Package {self.name} was installed with {self.entry['manager']}: remove it by hand."
        complaint = self.run(*manager.remove, self.name)
        return f"Package {self.name} could not be removed ({complaint})." if complaint else ""


class Account(Kind):
    """An account of a Linux node; a Mac's is in kinds_darwin."""

    def exists(self):
        with contextlib.suppress(KeyError):
            return bool(pwd.getpwnam(self.name))
        return False

    def remove(self):
        for _attempt in range(20):  # its last processes may still be ending
            complaint = self.run("userdel", self.name)
            if not complaint:
                return ""
            time.sleep(0.5)
        return f"Account {self.name} could not be removed ({complaint})."


class Service(Kind):
    def exists(self):
        if self.entry.get("manager") == "launchd":
            return darwin.Daemon(self.module, self.entry).exists()
        rc, _out, _err = self.module.run_command(["systemctl", "cat", self.name])
        return rc == 0

    def undo(self):
        if self.entry.get("manager") == "launchd":
            return darwin.Daemon(self.module, self.entry).undo()
        return super().undo()

    def remove(self):
        complaint = self.run("systemctl", "disable", "--now", self.name)
        return f"Service {self.name} could not be stopped ({complaint})." if complaint else ""


class Process(Kind):
    def exists(self):
        return os.path.exists(self.name)

    def remove(self):
        record = process.read_record(self.name)
        if process.is_managed(record):  # another account may have written the file: it must end no unmanaged process
            process.stop(record, timeout=30)
            if process.alive(record):
                return f"Process {record['pid']} of {self.name} does not end."
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.name)
        return ""


class Mtu(Kind):
    """The MTU of the interface that has an address; there is always one, and the previous one is restored."""

    def exists(self):
        return True

    def previous(self):
        interface = interfaces.interface_of(self.name)
        return {"interface": interface, "mtu": mtu.read(interface)} if interface else None

    def undo(self):
        before = self.entry.get("previous")
        complaint = self.run(*mtu.command(before["interface"], before["mtu"])) if before else ""
        return f"The MTU of {self.name} could not be restored ({complaint})." if complaint else ""


class PacketFilter(Kind):
    """Rules of the packet filter, by the name of their table or anchor, which nothing else has: they are always managed."""

    def _node(self):
        tool = self.module.get_bin_path(packet_filter.TOOL)
        return (
            packet_filter.of_node(lambda argv: self.module.run_command(argv, environ_update={"LC_ALL": "C"}), tool)
            if tool
            else None
        )

    def exists(self):
        node = self._node()
        return packet_filter.has_leftovers(node) if node else packet_filter.is_present()

    def previous(self):
        return {}

    def remove(self):
        node = self._node()
        if not node:  # without its program no rules can be loaded
            for path in packet_filter.FILES:
                packet_filter.write(path, None)
            return ""
        try:
            packet_filter.remove(node)
        except packet_filter.FilterError as error:
            return f"{error}."
        return ""


ACCOUNTS = {"Darwin": darwin.Account, "Linux": Account}
KINDS = {
    "directory": Directory,
    "file": File,
    "firewall_application": darwin.FirewallApplication,
    "link": Link,
    "mtu": Mtu,
    "on_request": brewed.OnRequest,
    "package": Package,
    "packet_filter": PacketFilter,
    "pin": brewed.Pin,
    "power_setting": darwin.PowerSetting,
    "process": Process,
    "service": Service,
    "sysctl": darwin.Sysctl,
    "tap": brewed.Tap,
    "user": ACCOUNTS[system.NAME],
}
