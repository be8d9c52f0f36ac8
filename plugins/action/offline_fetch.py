"""Fills the folder of an offline installation; library/offline_fetch.py documents it."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from ansible import constants
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.saf.fabric.plugins.module_utils.system.redaction import redact
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import lock
from ansible_collections.saf.fabric.plugins.plugin_utils.provision.offline import apt, download, platforms, wheels
from ansible_collections.saf.fabric.plugins.plugin_utils.provision.offline.store import OfflineError, Store
from ansible_collections.saf.fabric.plugins.plugin_utils.provision.wheelhouse import FetchError, Wheelhouse

_KIND = {
    "system": {"type": "str", "choices": ["Linux", "Darwin"], "required": True},
    "machine": {"type": "str", "required": True},
    "release": {"type": "str", "required": True},
    "python_version": {"type": "str", "required": True},
    "cuda": {"type": "str", "default": ""},
    "accelerator": {"type": "str", "default": "auto"},
}
_FILE = {
    "path": {"type": "str", "required": True},
    "url": {"type": "str"},
    "src": {"type": "path"},
    "sha256": {"type": "str", "default": ""},
    "token": {"type": "str", "default": "", "no_log": True},
}
_SPEC = {
    "folder": {"type": "path", "required": True},
    "cache": {"type": "path", "required": True},
    "stacks": {"type": "list", "elements": "path", "default": []},
    "installer_lock": {"type": "path", "required": True},
    "python_version": {"type": "str", "default": ""},
    "platforms": {"type": "list", "elements": "str", "default": []},
    "nodes": {"type": "list", "elements": "dict", "options": _KIND, "default": []},
    "builds": {"type": "dict", "default": {}},
    "builds_url": {"type": "str", "default": ""},
    "files": {
        "type": "list",
        "elements": "dict",
        "options": _FILE,
        "default": [],
        "required_one_of": [("url", "src")],
        "mutually_exclusive": [("url", "src")],
    },
    "packages": {"type": "list", "elements": "str", "default": []},
    "distributions": {"type": "list", "elements": "str", "default": []},
    "apt_sources": {"type": "dict", "default": {}},
    "index_url": {"type": "str", "default": ""},
    "environment": {"type": "dict", "default": {}},
}
display = Display()


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(_SPEC)
        filler = Filler(options, constants.DEFAULT_LOCAL_TMP)
        try:
            if self._task.check_mode:
                return {**result, "changed": False, "skipped": True, "msg": "Nothing is fetched in check mode."}
            with filler.store.filling():
                filler.fill()
        except FetchError as error:
            return {**result, "failed": True, "msg": str(error), **({"cmd": error.command} if error.command else {})}
        except (OfflineError, OSError, lock.LockError) as error:
            return {**result, "failed": True, "msg": str(error)}
        return {**result, **filler.summary()}


class Filler:
    """What one call fetches."""

    def __init__(self, options, workspace):
        self.options, self.workspace = options, workspace
        self.environment = {name: str(value) for name, value in options["environment"].items()}
        self.store = Store(options["folder"])
        self.house = Wheelhouse(options["cache"], options["index_url"], options["environment"], workspace)
        self.downloads = download.Downloader(self.environment, self.say)
        self.new, self.left_out, self.failures = [], [], []

    def say(self, text):
        display.display(f"     {text}")

    def fill(self):
        """Fetch everything that is missing, wheels first; what is complete is recorded at once.

        A file that is not available is named at the end, so that the next run has less to do.
        """
        for folder in self.options["stacks"]:
            self.stack(Path(folder))
        for one in self.options["files"]:
            self.file(one["path"], one.get("url") or "", one.get("src"), one["sha256"], one["token"])
        for name in self.distributions():
            self.distribution(name)
        self.store.save()
        if self.failures:
            raise OfflineError(" ".join(self.failures))

    def distributions(self):
        """Return the releases whose packages are fetched: those of the nodes, or where kinds are named those with sources."""
        machines = [platforms.machine_of(name) for name in self.options["platforms"] if name.lower().startswith("linux-")]
        releases = sorted(self.options["apt_sources"]) or [apt.read_own_release()]
        parted = [release.rpartition("-") for release in releases]
        named = [apt.folder_name(name, version, machine) for name, _, version in parted for machine in machines]
        return list(dict.fromkeys([*self.options["distributions"], *named]))

    def stack(self, folder):
        stack = yaml.safe_load((folder / "stack.yml").read_text())
        version = self.options["python_version"] or str(stack["python_version"])
        kinds = platforms.targets(self.options["platforms"], stack, version) + platforms.of_nodes(self.options["nodes"], stack)
        origin = redact(self.options["index_url"]) or "the controller's own index"
        for target in kinds:
            paths = (folder / "requirements.lock", Path(self.options["installer_lock"]))
            parts = [lock.resolve(path.read_text(), target) for path in paths]
            self.new += wheels.fetch(self.store, self.house, target, parts, origin, self.say)
        for version, triple in sorted({(one["python_version"], platforms.triple(one)) for one in kinds}):
            self.build(version, triple)

    def build(self, version, triple):
        """Fetch the pinned build of a Python; a version without one comes from the nodes themselves."""
        build = self.options["builds"].get(version) or {}
        digest = (build.get("sha256") or {}).get(triple)
        if not digest:
            self.left_out.append(
                f"Python {version} for {triple} (data/python_builds.yml has no build of it: nodes need their own)"
            )
            return
        name = f"cpython-{version}+{build['release']}-{triple}-install_only_stripped.tar.gz"
        url = f"{self.options['builds_url']}/{build['release']}/{name.replace('+', '%2B')}"
        self.file(f"python/{build['release']}/{name}", url, None, digest)

    def file(self, name, url, source, sha256="", token=""):
        known = self.store.files.get(name)
        if known and not self.store.fault(name) and sha256 in ("", known["sha256"]):
            return
        path = self.store.path(name)
        try:
            if source:
                download.copy(Path(source), path)
            else:
                self.say(f"{path.name} from {redact(url)}")
                self.downloads.fetch(url, path, sha256, token)
        except OfflineError as error:
            self.failures.append(str(error))
            return
        self.store.record(name, redact(url) or f"{source} on the controller")
        self.store.save()
        self.new.append(name)

    def distribution(self, name):
        """Fetch the packages of a release; the cluster works without them."""
        own = apt.read_own_release()
        try:
            release = apt.distribution(name, self.options["apt_sources"], own)
            packages = self.options["packages"]
            self.new += apt.fetch(self.store, release, packages, self.environment, self.workspace, self.say)
        except OfflineError as error:
            reason = re.sub(r"\.$", "", str(error))
            self.left_out.append(f"{', '.join(self.options['packages'])} for {name} ({reason})")

    def summary(self):
        """Return the result of the task."""
        size = sum(entry["size"] for entry in self.store.files.values())
        new = sum(self.store.files[name]["size"] for name in set(self.new))
        return {
            "changed": bool(self.new),
            "fetched": sorted(set(self.new)),
            "fetched_bytes": new,
            "files": len(self.store.files),
            "size": size,
            "left_out": self.left_out,
            "manifest": str(self.store.manifest),
        }
