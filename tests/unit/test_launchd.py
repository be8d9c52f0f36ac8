"""launchctl's output as recorded, and the sequence against a supervisor with launchd's documented behaviour (tests/fakemac)."""

import plistlib
import signal

import pytest
from doubles import launchd as double
from doubles.launchd_jobs import Domain, Refusal

from ansible_collections.saf.fabric.plugins.module_utils.services import launchd

LABEL = "org.example.job"
# launchctl print of a real daemon on macOS 26, trimmed
PRINT = """system/com.example.daemon = {
\tactive count = 1
\tpath = /Library/LaunchDaemons/com.example.daemon.plist
\ttype = LaunchDaemon
\tstate = running

\tprogram = /usr/local/bin/exampled
\targuments = {
\t\t/usr/local/bin/exampled
\t\tstart
\t}

\tenvironment = {
\t\tXPC_SERVICE_NAME => com.example.daemon
\t}

\tdomain = system
\texit timeout = 5
\truns = 3
\tpid = 893
\tlast exit code = 78: EX_CONFIG

\tresource coalition = {
\t\tID = 397
\t\tstate = active
\t\tpid = 1
\t}
\tjob state = exited
}
"""


def test_print_reads_only_the_lines_of_the_job_itself():
    assert launchd.parse_print(PRINT) == {
        "state": "running",
        "pid": 893,
        "runs": 3,
        "last_exit": "78: EX_CONFIG",
        "arguments": ["/usr/local/bin/exampled", "start"],
        "environment": {"XPC_SERVICE_NAME": "com.example.daemon"},
    }
    loaded = launchd.parse_print("system/x = {\n\tstate = not running\n\tlast exit code = (never exited)\n}\n")
    assert (loaded["state"], loaded["pid"], loaded["last_exit"]) == ("not running", 0, "(never exited)")


@pytest.mark.parametrize("words", [("disabled", "enabled"), ("true", "false")])
def test_both_styles_of_print_disabled(words):
    text = f'\tdisabled services = {{\n\t\t"a.b" => {words[0]}\n\t\t"c.d" => {words[1]}\n\t}}\n'
    assert launchd.parse_disabled(text) == {"a.b": True, "c.d": False}


def test_what_is_loaded_is_told_from_what_is_on_disk():
    plist = {"ProgramArguments": ["/bin/x"], "EnvironmentVariables": {"A": "1"}}
    first, second = (plistlib.loads(launchd.definition(plist, [content])) for content in (b"old venv", b"new venv"))
    job = {"arguments": ["/bin/x"], "environment": first["EnvironmentVariables"]}
    assert launchd.loaded(job, first)
    assert not launchd.loaded(job, second)
    assert not launchd.loaded({**job, "arguments": ["/bin/y"], "environment": {}}, first)
    assert launchd.definition(plist) == launchd.definition(dict(plist))


class Mac:
    """A supervisor without processes: its clock moves when the sequence sleeps, or when it is asked to."""

    def __init__(self, tmp_path, ends_after=0.0):
        self.now, self.pids, self.dying, self.calls = 1000.0, 500, {}, []
        self.ends_after = ends_after  # seconds between SIGTERM and the end of a process
        self.launchd = double.Launchd.__new__(double.Launchd)
        self.launchd.domain = Domain(self._spawn, self._kill)
        self.daemon = launchd.Daemon(LABEL, self.run, self.sleep)
        self.daemon.path = str(tmp_path / f"{LABEL}.plist")

    @property
    def domain(self):
        return self.launchd.domain

    def _spawn(self, _job):
        self.pids += 1
        return self.pids

    def _kill(self, job, number):
        self.dying[job.pid] = self.now + (self.ends_after if number == signal.SIGTERM else 0), -number

    def write(self, **plist):
        with open(self.daemon.path, "wb") as stream:
            stream.write(launchd.definition({"Label": LABEL, "ProgramArguments": ["/bin/x"], **plist}))

    def run(self, argv):
        self.calls.append(argv[1])
        answer = self.launchd.serve({"argv": argv[1:], "uid": 0})
        self.sleep(0.05)
        return answer["rc"], answer["out"], answer["err"]

    def sleep(self, seconds):
        self.now += seconds
        for pid, (when, status) in list(self.dying.items()):
            if self.now >= when:
                del self.dying[pid]
                self.domain.ended(pid, status, self.now)
        self.domain.tick(self.now)

    def end(self, status):
        """The running process ends by itself."""
        self.domain.ended(self.domain.jobs[LABEL].pid, status, self.now)


@pytest.fixture
def mac(tmp_path, monkeypatch):
    machine = Mac(tmp_path)
    monkeypatch.setattr(double.time, "monotonic", lambda: machine.now)
    monkeypatch.setattr(double, "trusted", lambda _path: True)
    monkeypatch.setattr(double, "write_store", lambda _disabled: None)
    return machine


def test_a_daemon_runs(mac):
    mac.write(KeepAlive=True)
    mac.daemon.load()
    assert mac.daemon.wait_running(30) == mac.domain.jobs[LABEL].pid


def test_the_naive_order_fails_and_ours_does_not(mac):
    """bootout only begins; bootstrap at once meets the dying instance; RunAtLoad does not fire for a label just gone."""
    mac.ends_after = 3
    mac.write(KeepAlive=True)
    mac.daemon.load()
    assert mac.run(["launchctl", "bootout", f"system/{LABEL}"])[0] == 36
    assert mac.run(["launchctl", "bootstrap", "system", mac.daemon.path])[0] == 37
    mac.daemon.unload(30)
    mac.daemon.load()
    assert mac.domain.jobs[LABEL].state == "not running"
    assert mac.daemon.wait_running(30)
    assert mac.calls[-2:] == ["kickstart", "print"]


def test_a_process_that_ignores_sigterm_is_killed_after_exit_timeout(mac):
    mac.ends_after = 1e9
    mac.write(KeepAlive=True, ExitTimeOut=30)
    mac.daemon.load()
    before = mac.now
    mac.daemon.unload(30)
    assert 30 <= mac.now - before < 40
    assert mac.daemon.status() is None


def test_a_disabled_label_says_where_to_enable_it(mac):
    mac.write(KeepAlive=True)
    mac.run(["launchctl", "disable", f"system/{LABEL}"])
    assert mac.daemon.disabled()
    with pytest.raises(launchd.LaunchdError, match="disabled"):
        mac.daemon.load()
    mac.daemon.enable()
    mac.daemon.load()


def test_a_program_that_never_starts_is_a_failure_although_bootstrap_says_0(mac):
    mac.write(KeepAlive=True)
    mac.domain._spawn = lambda _job: (_ for _ in ()).throw(OSError())
    mac.daemon.load()
    with pytest.raises(launchd.LaunchdError, match=r"78: EX_CONFIG.*log folder"):
        mac.daemon.wait_running(5)


def test_kickstart_takes_the_old_snapshot_so_a_new_definition_is_loaded(mac):
    mac.write(KeepAlive=True)
    mac.daemon.load()
    mac.write(KeepAlive=True, ProgramArguments=["/bin/y"])
    mac.daemon.kick(restart=True)
    assert mac.daemon.status()["arguments"] == ["/bin/x"]
    mac.daemon.unload(30)
    mac.daemon.load()
    assert mac.daemon.status()["arguments"] == ["/bin/y"]


def test_unloading_what_is_not_loaded_is_fine(mac):
    mac.daemon.unload(5)


# --- the double itself: the rules that the roles rely on


def test_keepalive_waits_for_the_throttle(mac):
    mac.write(KeepAlive=True)
    mac.daemon.load()
    mac.sleep(2)
    mac.end(1)
    assert mac.domain.jobs[LABEL].state == "spawn scheduled"
    mac.sleep(5)
    assert not mac.domain.jobs[LABEL].pid
    mac.sleep(5)
    assert mac.domain.jobs[LABEL].runs == 2


@pytest.mark.parametrize(
    ("keep", "status", "again"),
    [
        ({"SuccessfulExit": False}, 1, True),
        ({"SuccessfulExit": False}, 0, False),
        ({"NetworkState": True}, 1, False),  # no longer implemented
        ({"SuccessfulExit": True, "Crashed": True}, -11, True),  # ORed
        (False, 1, False),
    ],
)
def test_conditions_of_keepalive(mac, keep, status, again):
    mac.write(KeepAlive=keep, RunAtLoad=True)
    mac.daemon.load()
    mac.end(status)
    mac.sleep(20)
    assert bool(mac.domain.jobs[LABEL].pid) is again


def test_the_old_verbs_always_end_with_0(mac):
    rc, out, _err = mac.run(["launchctl", "load", "/nowhere.plist"])
    assert rc == 0
    assert "failed: 5" in out


@pytest.mark.parametrize("key", ["WatchPaths", "LimitLoadToSessionType"])
def test_a_key_that_is_not_modelled_is_refused(mac, key):
    with pytest.raises(Refusal, match="not modelled"):
        mac.domain.bootstrap({"Label": LABEL, "ProgramArguments": ["x"], key: ["x"]}, "x", True, mac.now)


@pytest.mark.parametrize(
    ("content", "seconds"),
    [(launchd.definition({"ExitTimeOut": 45}), 45), (launchd.definition({}), 30), (None, 30), (b"<plist", 30)],
)
def test_a_job_has_the_time_to_end_that_its_definition_gives(content, seconds):
    assert launchd.exit_timeout(content) == seconds
