"""launchd's system domain: parsers of launchctl's output, and the sequence that makes a daemon run what its plist says.

The output of ``print`` is no interface, says launchctl(1). Only lines with exactly one leading tab belong to the job itself:
nested blocks repeat names such as ``state``. Exit statuses of ``bootstrap`` say little, so ``print`` proves every step.
"""

from __future__ import annotations

import hashlib
import os
import plistlib
import re
import time
import xml.parsers.expat

from ..system.numbers import whole

DAEMONS = "/Library/LaunchDaemons"
NOT_LOADED = 113
DIGEST = "SAF_DEFINITION"
# bootout: done, was not loaded (3, 113), accepted and in progress
_BOOTED_OUT = (0, 3, 36, NOT_LOADED)
# bootstrap: the catch-all, still ending, disabled
_TRY_AGAIN = (5, 37, 119)
_REASONS = {
    5: "launchd rejects the definition without a reason (usual causes: the file is not root:wheel 0644, the label is disabled, "
    "or the previous instance is still ending)",
    37: "the previous instance is still ending",
    109: "the property list is invalid",
    111: "the program is missing in the property list",
    114: "the account of UserName does not exist",
    119: "the service is disabled: enable it in System Settings, General, Login Items",
    122: "the file has the wrong owner or mode",
    155: "the file is in quarantine",
    161: "Background Task Management blocks it: allow it in System Settings, General, Login Items",
}


class LaunchdError(Exception):
    """A step that failed; the message is for the user."""


def plist_path(label):
    """Return the path of the definition of a daemon."""
    return os.path.join(DAEMONS, f"{label}.plist")


def parse_print(text):
    """Return ``{state, pid, runs, last_exit, arguments, environment}`` of ``launchctl print system/<label>``.

    pid is 0 without a process. last_exit is what launchctl reports of the last end: the text after "last exit code ="
    ("(never exited)", "1", "78: EX_CONFIG"), or after "last terminating signal =" ("Killed: 9"), which replaces it.
    """
    own = dict(re.findall(r"(?m)^\t(\w[\w ]*) = (.*)$", text))
    return {
        "state": own.get("state", "unknown"),
        "pid": whole(own.get("pid", ""), 0),
        "runs": whole(own.get("runs", ""), 0),
        "last_exit": own.get("last exit code") or own.get("last terminating signal", ""),
        "arguments": _block(text, "arguments"),
        "environment": dict(line.split(" => ", 1) for line in _block(text, "environment") if " => " in line),
    }


def _block(text, name):
    found = re.search(rf"(?ms)^\t{name} = \{{\n(.*?)^\t\}}", text)
    return [line[2:] for line in found.group(1).splitlines()] if found else []


def parse_disabled(text):
    """Return ``{label: disabled}`` of ``launchctl print-disabled system``; older systems print true for it."""
    return {label: word in ("disabled", "true") for label, word in re.findall(r'"([^"]+)" => (\w+)', text)}


def definition(plist, inputs=()):
    """Return a property list as bytes; the same dict and inputs (bytes each) give the same bytes.

    A digest of all of it goes into the environment of the job, so that a loaded definition can be compared with the one on disk:
    launchd keeps a snapshot, and neither its arguments nor a time shows whether an input has changed since.
    """
    try:
        digest = hashlib.sha256(plistlib.dumps(plist, sort_keys=True))
    except (AttributeError, OverflowError, TypeError, ValueError) as error:  # no property list holds null or huge numbers
        raise LaunchdError(f"The definition cannot be written as a property list: {str(error)[:200]}.") from None
    for content in inputs:
        digest.update(content)
    environment = {**plist.get("EnvironmentVariables", {}), DIGEST: digest.hexdigest()[:16]}
    return plistlib.dumps({**plist, "EnvironmentVariables": environment}, sort_keys=True)


def parse_definition(content):
    """Return the dictionary of a property list (bytes); raises LaunchdError where it is none."""
    try:
        plist = plistlib.loads(content)
    except (ValueError, xml.parsers.expat.ExpatError, RecursionError, AttributeError, TypeError, IndexError, OverflowError):
        plist = None
    if not isinstance(plist, dict):
        raise LaunchdError("The definition on the node is no property list: run site.yml, which writes it again.")
    return plist


def loaded(job, plist):
    """Return whether a loaded job (of parse_print) has the definition ``plist`` (a dict)."""
    wanted = plist.get("EnvironmentVariables", {}).get(DIGEST)
    if wanted and job["environment"]:
        return job["environment"].get(DIGEST) == wanted
    return job["arguments"] == plist.get("ProgramArguments", job["arguments"])


def stays(plist):
    """Return whether the job is meant to run permanently, not periodically."""
    return bool(plist.get("KeepAlive"))


def exit_timeout(content):
    """Return the seconds that launchd gives a job to end, of a property list as bytes (None: there is no file)."""
    try:
        return int(parse_definition(content or b"")["ExitTimeOut"])
    except (LaunchdError, KeyError, TypeError, ValueError):
        return 30


class Daemon:
    """One label of the system domain. run(argv) returns (rc, out, err); sleep is time.sleep."""

    def __init__(self, label, run, sleep=time.sleep):
        self.label, self.target, self.path = label, f"system/{label}", plist_path(label)
        self._run, self._sleep = run, sleep

    def status(self):
        """Return the state as parse_print does, None when the label is not loaded."""
        rc, out, err = self._run(["launchctl", "print", self.target])
        if rc == 0:
            return parse_print(out)
        if rc == NOT_LOADED:
            return None
        raise LaunchdError(f"launchctl does not report the state of {self.label}: {(err or out).strip()} (status {rc}).")

    def disabled(self):
        return parse_disabled(self._run(["launchctl", "print-disabled", "system"])[1]).get(self.label, False)

    def enable(self):
        self._must(["launchctl", "enable", self.target], "could not be enabled")

    def disable(self):
        self._must(["launchctl", "disable", self.target], "could not be disabled")

    def unload(self, timeout):
        """Unload and wait until the label is gone: bootout only starts it."""
        rc, out, err = self._run(["launchctl", "bootout", self.target])
        if rc not in _BOOTED_OUT:
            raise LaunchdError(f"{self.label} could not be unloaded: {(err or out).strip()}.")
        for _second in range(int(timeout) + 10):
            if self.status() is None:
                return
            self._sleep(1)
        raise LaunchdError(
            f"{self.label} is still ending after {int(timeout) + 10} s: check its process, then run the playbook again."
        )

    def load(self):
        """Load the definition; success means that the label is loaded afterwards."""
        for _attempt in range(8):
            rc, _out, _err = self._run(["launchctl", "bootstrap", "system", self.path])
            if self.status() is not None:
                return
            if rc not in _TRY_AGAIN:
                break
            self._sleep(1)
        reason = _REASONS.get(rc, f"launchd answers with status {rc} (`launchctl error {rc}` explains it)")
        raise LaunchdError(f"{self.label} could not be loaded from {self.path}: {reason}.")

    def kick(self, restart=False):
        """Start now; with ``restart`` the running process ends first. The loaded definition is used, never the file."""
        self._must(["launchctl", "kickstart", *(["-k"] if restart else []), self.target], "could not be started")

    def wait_running(self, timeout, before=0):
        """Wait until a process other than ``before`` runs; start it where RunAtLoad had no effect. Return its pid."""
        kicked, seen = False, None
        for _second in range(int(timeout) + 1):
            seen = self.status()
            if seen and seen["state"] == "running" and seen["pid"] not in (0, before):
                return seen["pid"]
            if seen and seen["state"] == "not running" and not kicked:
                kicked = True
                self.kick()
                continue
            self._sleep(1)
        last = (seen or {}).get("last_exit") or "none"
        hint = ""
        if last.startswith("78"):
            hint = " launchd could not start the program: its log folder must exist and be writable for the job's account."
        raise LaunchdError(f"{self.label} does not run after {timeout:g} s (last end: {last}).{hint}")

    def _must(self, argv, what):
        rc, out, err = self._run(argv)
        if rc != 0:
            raise LaunchdError(f"{self.label} {what}: {(err or out).strip() or f'status {rc}'}.")
