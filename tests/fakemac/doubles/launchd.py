"""Process 1 of an emulated Mac: runs the system domain, sshd, and answers launchctl over a socket."""

from __future__ import annotations

import contextlib
import ctypes
import glob
import grp
import json
import os
import plistlib
import pwd
import resource
import select
import signal
import socket
import stat
import subprocess
import sys
import time

from doubles import host, pf
from doubles.launchd_jobs import Domain, Refusal
from doubles.launchd_print import job_text

SOCKET = "/var/run/fakemac-launchd.sock"
STORE = "/var/db/com.apple.xpc.launchd/disabled.plist"
DAEMONS = "/Library/LaunchDaemons"
_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"


def read_store():
    try:
        with open(STORE, "rb") as stream:
            return plistlib.load(stream)
    except (OSError, plistlib.InvalidFileException):
        return {}


def write_store(disabled):
    os.makedirs(os.path.dirname(STORE), exist_ok=True)
    with open(STORE, "wb") as stream:
        plistlib.dump(disabled, stream)


def trusted(path):
    """Plists must belong to root:wheel and be writable by nobody else."""
    state = os.stat(path)
    return state.st_uid == 0 and state.st_gid == 0 and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def user_known(plist):
    with contextlib.suppress(KeyError):
        pwd.getpwnam(plist.get("UserName", "root"))
        return True
    return False


def output(path, uid, gid):
    """Open a log as launchd does: a missing folder is made as root, 0744, before privileges are dropped; the file is his."""
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        os.makedirs(folder, mode=0o744)
    allowed = os.stat(folder)
    if uid != 0 and allowed.st_uid != uid and not allowed.st_mode & stat.S_IXOTH:
        raise OSError(78, f"{folder} is closed to the job's user")
    new = not os.path.exists(path)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    if new:
        os.fchown(handle, uid, gid)
    return handle


def spawn(job):
    """Start a job's program in a separate process group; return its pid."""
    plist = job.plist
    account = pwd.getpwnam(plist.get("UserName", "root"))
    gid = grp.getgrnam(plist["GroupName"]).gr_gid if "GroupName" in plist else account.pw_gid
    argv = plist.get("ProgramArguments") or [plist["Program"]]
    program = plist.get("Program", argv[0])
    if not os.access(program, os.X_OK):
        raise OSError(78, f"no program {program}")
    streams = [
        output(plist.get(key, "/dev/null"), account.pw_uid, gid) if key in plist else os.open("/dev/null", os.O_RDWR)
        for key in ("StandardOutPath", "StandardErrorPath")
    ]
    environment = {"PATH": _PATH, "XPC_SERVICE_NAME": job.label, "HOME": account.pw_dir, "USER": account.pw_name}
    environment.update({key: value for key, value in plist.get("EnvironmentVariables", {}).items() if isinstance(value, str)})
    soft = plist.get("SoftResourceLimits", {}).get("NumberOfFiles", 256)
    if "NumberOfFiles" in plist.get("SoftResourceLimits", {}):
        host.update("sysctl", {"kern.maxfiles": str(soft)})  # launchd.plist(5): of a daemon it is the system's limit as well
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, hard), hard))
            if plist.get("ProcessType") != "Interactive":
                os.nice(10)  # "light resource limits": visible as a niceness here
            os.umask(0o022)
            if account.pw_uid:
                os.initgroups(account.pw_name, gid)
                os.setgid(gid)
                os.setuid(account.pw_uid)
            os.chdir(plist.get("WorkingDirectory", "/"))
            os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
            os.dup2(streams[0], 1)
            os.dup2(streams[1], 2)
            os.closerange(3, 256)
            os.execve(program, argv, environment)  # noqa: S606 that is what launchd does
        finally:
            os._exit(78)
    for handle in streams:
        os.close(handle)
    return pid


def send(job, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(job.pid, number)


class Launchd:
    def __init__(self):
        self.domain = Domain(spawn, send, read_store())
        self.sshd = 0

    def boot(self):
        """What is there and may run is loaded: no links, root's files only, nothing disabled."""
        for path in sorted(glob.glob(f"{DAEMONS}/*.plist")):
            if os.path.islink(path):
                continue
            with contextlib.suppress(Refusal, OSError, plistlib.InvalidFileException):
                self._bootstrap(path)

    def _bootstrap(self, path):
        with open(path, "rb") as stream:
            plist = plistlib.load(stream)
        self.domain.bootstrap(plist, path, trusted(path), time.monotonic(), user_known(plist))

    def serve(self, request):
        """Answer one launchctl call {argv, uid}: {rc, out, err}."""
        verb, arguments, root = request["argv"][0], request["argv"][1:], request["uid"] == 0
        now = time.monotonic()
        try:
            return {"rc": 0, "out": self._verb(verb, arguments, root, now) or "", "err": ""}
        except Refusal as refusal:
            err = refusal.message
            if not root and refusal.rc == 5:
                err += "\nTry re-running the command as root for richer errors."
            return {"rc": refusal.rc, "out": "", "err": err + "\n"}

    def _verb(self, verb, arguments, root, now):
        domain = self.domain
        if verb in ("bootstrap", "bootout", "kickstart", "enable", "disable") and not root:
            raise Refusal(
                5 if verb == "bootstrap" else 1,
                "Bootstrap failed: 5: Input/output error"
                if verb == "bootstrap"
                else f"Could not {verb} service: 1: Operation not permitted",
            )
        if verb == "bootstrap" and len(arguments) == 2 and arguments[0] == "system":
            try:
                return self._bootstrap(arguments[1])
            except plistlib.InvalidFileException as error:
                raise Refusal(109, "Bootstrap failed: 109: Invalid property list") from error
            except OSError as error:
                raise Refusal(5, "Bootstrap failed: 5: Input/output error") from error
        if verb == "bootout" and len(arguments) == 1 and arguments[0].startswith("system/"):
            return domain.bootout(arguments[0].split("/", 1)[1], now)
        if verb == "kickstart" and arguments and arguments[-1].startswith("system/") and set(arguments[:-1]) <= {"-k", "-p"}:
            job = domain.kickstart(arguments[-1].split("/", 1)[1], "-k" in arguments, now)
            return f"{job.pid}\n" if "-p" in arguments else ""
        if verb in ("enable", "disable") and len(arguments) == 1 and arguments[0].startswith("system/"):
            domain.set_disabled(arguments[0].split("/", 1)[1], verb == "disable")
            return write_store(domain.disabled)
        if verb == "print" and len(arguments) == 1 and arguments[0] == "system/com.openssh.sshd":
            return "system/com.openssh.sshd = {\n\tactive count = 0\n\tstate = not running\n}\n"  # socket-activated
        if verb == "print" and len(arguments) == 1 and arguments[0].startswith("system/"):
            return job_text(domain.look(arguments[0].split("/", 1)[1], now))
        if verb == "print-disabled" and arguments == ["system"]:
            old = host.setting("print_disabled_style", "new") == "old"
            words = {True: "true" if old else "disabled", False: "false" if old else "enabled"}
            lines = [f'\t"{label}" => {words[value]}\n' for label, value in sorted(domain.disabled.items())]
            return "\n\tdisabled services = {\n" + "".join("\t" + line for line in lines) + "\t}\n"
        if verb in ("load", "unload"):
            return self._legacy(verb, arguments, now)
        if verb == "limit" and arguments == ["maxfiles"]:
            return "\tmaxfiles    256            unlimited      \n"
        raise Refusal(64, f"fakemac: launchctl {verb} {' '.join(arguments)} is not modelled")

    def _legacy(self, verb, arguments, now):
        """The old verbs end with 0 whatever happened."""
        path = arguments[-1]
        try:
            if verb == "load":
                self._bootstrap(path)
            else:
                with open(path, "rb") as stream:
                    self.domain.bootout(plistlib.load(stream)["Label"], now)
        except (Refusal, OSError) as error:
            return f"{verb.capitalize()} failed: 5: Input/output error ({error})\n"
        return ""

    def run(self):
        listener = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(SOCKET)
        listener.bind(SOCKET)
        os.chmod(SOCKET, 0o666)  # noqa: S103 everybody may ask launchctl
        listener.listen(32)
        self.boot()
        self.sshd = subprocess.Popen(["/usr/sbin/sshd", "-D"]).pid
        while True:
            if select.select([listener], [], [], 0.2)[0]:
                with contextlib.suppress(OSError, ValueError):
                    self._answer(listener.accept()[0])
            self._reap()
            self.domain.tick(time.monotonic())

    def _answer(self, connection):
        with connection:
            connection.settimeout(5)
            request = json.loads(connection.makefile().readline())
            connection.sendall((json.dumps(self.serve(request)) + "\n").encode())

    def _reap(self):
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            job = self.domain.ended(pid, code, time.monotonic())
            if job and not job.plist.get("AbandonProcessGroup"):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)  # what is left of the job's process group

    def shut_down(self):
        for job in self.domain.jobs.values():
            if job.pid:
                send(job, signal.SIGTERM)
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline and any(job.pid for job in self.domain.jobs.values()):
            self._reap()
            time.sleep(0.1)
        sys.exit(0)


def main():
    ctypes.CDLL(None).prctl(15, b"launchd", 0, 0, 0)  # PR_SET_NAME: what /proc/1/comm says
    os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
    subprocess.run(["/usr/bin/ssh-keygen", "-A"], check=True, stdout=subprocess.DEVNULL)
    pf.boot()
    launchd = Launchd()
    for number in (signal.SIGTERM, signal.SIGRTMIN + 3):
        signal.signal(number, lambda _number, _frame: launchd.shut_down())
    launchd.run()
