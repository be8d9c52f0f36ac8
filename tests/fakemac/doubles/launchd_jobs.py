"""launchd's system domain as a state machine: which jobs are loaded, what they run, how they end and start again.

Facts: launchd.plist(5), launchctl(1) and recorded observations of macOS. Time comes in as an argument,
processes through ``spawn`` and ``signal``: the machine itself does no I/O and is tested as a table.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, field

# Every key that is modelled; another one is refused, so that the double never says yes to what it does not know.
KEYS = {
    "Label",
    "Program",
    "ProgramArguments",
    "UserName",
    "GroupName",
    "EnvironmentVariables",
    "KeepAlive",
    "RunAtLoad",
    "StartInterval",
    "ThrottleInterval",
    "ExitTimeOut",
    "ProcessType",
    "SoftResourceLimits",
    "HardResourceLimits",
    "StandardOutPath",
    "StandardErrorPath",
    "WorkingDirectory",
    "Umask",
    "Disabled",
    "AbandonProcessGroup",
}
THROTTLE_S = 10
EXIT_TIMEOUT_S = 5  # what macOS 26 really prints; the manual only says "system-defined"
LINGER_POLLS = 2  # a label stays for some looks after its process is gone
QUIET_S = 10  # RunAtLoad does not fire when a label comes back this soon after its bootout


class Refusal(Exception):
    """A refused request: exit status and message as launchctl gives them."""

    def __init__(self, rc, message):
        super().__init__(message)
        self.rc, self.message = rc, message


@dataclass
class Job:
    plist: dict
    path: str
    pid: int = 0
    runs: int = 0
    last_exit: str = ""
    spawned: float = -1e9
    next_start: float | None = None
    term_at: float | None = None
    killed: bool = False
    again: bool = False  # kickstart -k: start when the old process is gone
    leaving: bool = False
    polls_left: int = LINGER_POLLS
    groups: list = field(default_factory=list)

    @property
    def label(self):
        return self.plist["Label"]

    @property
    def exit_timeout(self):
        return self.plist.get("ExitTimeOut", EXIT_TIMEOUT_S)

    @property
    def runs_at_load(self):
        """KeepAlive as a boolean and the condition SuccessfulExit imply RunAtLoad."""
        keep = self.plist.get("KeepAlive", False)
        return bool(self.plist.get("RunAtLoad") or keep is True or (isinstance(keep, dict) and "SuccessfulExit" in keep))

    def starts_again(self, status):
        """Conditions of KeepAlive are ORed; NetworkState is no longer implemented. status: exit status, negative for a signal."""
        keep = self.plist.get("KeepAlive", False)
        if isinstance(keep, bool):
            return keep
        wanted = []
        if "SuccessfulExit" in keep:
            wanted.append((status == 0) == keep["SuccessfulExit"])
        if "Crashed" in keep:
            crash = -status in (signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGFPE, signal.SIGBUS, signal.SIGSEGV)
            wanted.append(crash == keep["Crashed"])
        return any(wanted)

    @property
    def state(self):
        if self.pid:
            return "running"
        return "spawn scheduled" if self.next_start is not None and "StartInterval" not in self.plist else "not running"


class Domain:
    """The system domain. spawn(job) returns a pid or raises OSError; kill(job, signal) ends its process group's leader."""

    def __init__(self, spawn, kill, disabled=None):
        self.jobs, self.disabled, self.left = {}, disabled or {}, {}
        self._spawn, self._kill = spawn, kill

    # --- requests

    def bootstrap(self, plist, path, trusted, now, user_known=True):
        """Load a definition: a snapshot, later edits of the file do not reach the job."""
        unknown = sorted(set(plist) - KEYS)
        if unknown:
            raise Refusal(70, f"fakemac: plist key {', '.join(unknown)} is not modelled")
        label = plist.get("Label")
        if not label or not (plist.get("ProgramArguments") or plist.get("Program")):
            raise Refusal(111, "Bootstrap failed: 111: Invalid or missing Program/ProgramArguments")
        if label in self.jobs:
            if self.jobs[label].leaving:
                raise Refusal(37, "Bootstrap failed: 37: Operation already in progress")
            raise Refusal(5, "Bootstrap failed: 5: Input/output error")
        if not trusted or self.disabled.get(label, False):
            raise Refusal(5, "Bootstrap failed: 5: Input/output error")
        if not user_known:
            raise Refusal(114, "Bootstrap failed: 114: The specified username does not exist")
        job = self.jobs[label] = Job(plist=dict(plist), path=path)
        if "StartInterval" in plist:
            job.next_start = now + plist["StartInterval"]
        if job.runs_at_load and now - self.left.get(label, -1e9) > QUIET_S:
            self._start(job, now)

    def bootout(self, label, now):
        """Begin to unload; return whether the job is gone already."""
        job = self.jobs.get(label)
        if job is None:
            raise Refusal(3, "Boot-out failed: 3: No such process")
        job.leaving, job.next_start = True, None
        if not job.pid:
            self._forget(job, now)
            return
        self._end(job, now)
        raise Refusal(36, "Boot-out failed: 36: Operation now in progress")

    def kickstart(self, label, kill, now):
        """Start now, from the snapshot of bootstrap."""
        job = self._job(label)
        if self.disabled.get(label, False):
            raise Refusal(119, f'Could not kickstart service "{label}": 119: Service is disabled')
        if job.pid and kill:
            job.again = True
            self._end(job, now)
        elif not job.pid:
            self._start(job, now)
        return job

    def set_disabled(self, label, value):
        """The override outlives the job, its plist and a reboot; a label that nothing has is taken as well."""
        self.disabled[label] = value

    def look(self, label, now):
        """Return the job for ``print``; a job that leaves is there for some looks more."""
        job = self._job(label)
        if job.leaving and not job.pid:
            job.polls_left -= 1
            if job.polls_left <= 0:
                self._forget(job, now)
                raise not_found(label)
        return job

    # --- what happens by itself

    def ended(self, pid, status, now):
        """A process ended with ``status`` (negative: signal). Return its job, None for one that is not ours."""
        for job in list(self.jobs.values()):
            if job.pid != pid:
                continue
            job.pid, job.term_at, job.killed = 0, None, False
            job.last_exit = f"terminating signal {-status}" if status < 0 else "78: EX_CONFIG" if status == 78 else str(status)
            if job.leaving:
                self.left[job.label] = now
            elif job.again:
                job.again = False
                self._start(job, now)
            elif job.starts_again(status):
                job.next_start = max(now, job.spawned + job.plist.get("ThrottleInterval", THROTTLE_S))
            return job
        return None

    def tick(self, now):
        """Start what is due, kill what did not end in its time."""
        for job in list(self.jobs.values()):
            if (
                job.pid
                and job.term_at is not None
                and not job.killed
                and job.exit_timeout
                and now >= job.term_at + job.exit_timeout
            ):
                job.killed = True
                self._kill(job, signal.SIGKILL)
            if not job.pid and not job.leaving and job.next_start is not None and now >= job.next_start:
                self._start(job, now)

    # ---

    def _job(self, label):
        if label not in self.jobs:
            raise not_found(label)
        return self.jobs[label]

    def _start(self, job, now):
        interval = job.plist.get("StartInterval")
        job.next_start = now + interval if interval else None
        job.spawned, job.runs = now, job.runs + 1
        try:
            job.pid = self._spawn(job)
        except OSError:
            # rc 0 of bootstrap says nothing about the program: it fails only now.
            job.last_exit = "78: EX_CONFIG"

    def _end(self, job, now):
        if job.term_at is None:
            job.term_at = now
            self._kill(job, signal.SIGTERM)

    def _forget(self, job, now):
        self.left[job.label] = max(now, self.left.get(job.label, now))
        del self.jobs[job.label]


def not_found(label):
    return Refusal(113, f'Could not find service "{label}" in domain for system')
