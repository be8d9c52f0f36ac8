"""Running code in the interpreter of the venv, apart from the module's own process.

A probe is a file of module_utils/probes with ``main(params, emit)``. It runs as ``__main__`` in a child process, so that a
crash (MLX can abort where it finds no device) is a result and not the end of the module, and so that Ray can pickle its functions
by value. It reports JSON lines: ``emit("measurement", {...})``, ``emit("not_measured", {...})``, ``emit("result", {...})``,
``emit("progress", {what, latest, done, total})``. A probe may import a helper module of the same folder by its bare name,
inside its functions; the caller names it in ``helpers``.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import re
import signal
import subprocess
import tempfile
import threading

from ..system import account

_MARK = "@saf@"
MOST_BYTES = 48 * 2**20  # of all that a probe reports: less than what the controller takes (untrusted.MOST_BYTES)
_LONGEST_LINE = 4096

# The child leads its own process group and ends it when its standard input closes: that happens when the module's process dies,
# however it dies. Probes and what they start therefore never outlive the run.
_RUNNER = """
import json, os, signal, threading
channel = os.dup(1)
os.dup2(2, 1)  # what libraries print goes to stderr, the channel stays clean
def watch():
    os.read(0, 1)  # not sys.stdin: its lock would abort the interpreter's shutdown
    os.killpg(os.getpgid(0), signal.SIGKILL)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "params.json")) as stream:
    _params = json.load(stream)
threading.Thread(target=watch, daemon=True).start()
def _emit(event, document):
    os.write(channel, (MARK + json.dumps({"event": event, "document": document}) + "\\n").encode())
main(_params, _emit)
""".replace("MARK", repr(_MARK))


class ProbeError(Exception):
    """A probe that ended without a result; ``reported`` is what it emitted before."""

    def __init__(self, message, reported):
        super().__init__(message)
        self.reported = reported


def run_probe(python, probe, params, timeout, environment=None, user=None, helpers=(), on_event=None):
    """Run a probe and return ``{event: [documents]}`` of all that it reported.

    python: interpreter of the venv; probe: the imported module of the probe; params: JSON-able dict for its main();
    timeout: seconds; environment: added to a clean C locale; user: account to run as when we are root;
    helpers: imported modules that the probe uses; on_event: called with (event, document) as soon as one arrives.
    Raises ProbeError with ``reported`` (what came before) when the probe fails or runs into its timeout.
    """
    with tempfile.TemporaryDirectory(prefix="saf-", dir=_base_for(user)) as folder:
        script = os.path.join(folder, probe.__name__.rsplit(".", 1)[-1] + ".py")
        with open(script, "w") as stream:
            stream.write(inspect.getsource(probe) + _RUNNER)
        with open(os.path.join(folder, "params.json"), "w") as stream:
            json.dump(params, stream)
        for helper in helpers:
            with open(os.path.join(folder, helper.__name__.rsplit(".", 1)[-1] + ".py"), "w") as stream:
                stream.write(inspect.getsource(helper))
        _hand_over(folder, user)
        env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": folder, "PYTHONUNBUFFERED": "1"}
        env["PYTHONDONTWRITEBYTECODE"] = "1"
        env.update(environment or {})
        child = subprocess.Popen(
            [python, script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            cwd=folder,
            start_new_session=True,
            **account.popen_arguments(user),
        )
        return _collect(child, probe.__name__.rsplit(".", 1)[-1], timeout, on_event)


def _base_for(user):
    """Return a folder for temporary files that ``user`` can enter, None for the default: TMPDIR may be the caller's alone."""
    arguments = account.popen_arguments(user)
    if not arguments:
        return None
    places = [tempfile.gettempdir(), "/tmp", "/var/tmp"]  # noqa: S108 mkdtemp makes the folder
    return next((path for path in places if _enters(arguments["user"], arguments["group"], path)), None)


def _enters(uid, gid, path):
    """Return whether an account may enter a folder and all its parents."""
    path = os.path.realpath(path)
    while True:
        try:
            state = os.stat(path)
        except OSError:
            return False
        bit = 0o100 if state.st_uid == uid else 0o010 if state.st_gid == gid else 0o001
        if not state.st_mode & bit:
            return False
        if path == os.path.dirname(path):
            return True
        path = os.path.dirname(path)


def _hand_over(folder, user):
    """Give the probe's files to the account that runs it, whatever the umask of the caller; nobody else reads them."""
    arguments = account.popen_arguments(user)
    owner = (arguments.get("user", -1), arguments.get("group", -1))
    for name in os.listdir(folder):
        os.chmod(os.path.join(folder, name), 0o400)
        os.chown(os.path.join(folder, name), *owner)
    os.chmod(folder, 0o700)
    os.chown(folder, *owner)


def _collect(child, name, timeout, on_event):
    reported: dict[str, list] = {}
    errors: list[str] = []
    readers = [
        threading.Thread(target=_read_events, args=(child.stdout, reported, on_event), daemon=True),
        threading.Thread(target=_read_tail, args=(child.stderr, errors), daemon=True),
    ]
    for reader in readers:
        reader.start()
    expired = False
    try:
        child.wait(timeout)
    except subprocess.TimeoutExpired:
        expired = True
    finally:
        _end_group(child)
    for reader in readers:
        reader.join(5)
    if expired or child.returncode != 0:
        raise ProbeError(_error_message(name, child.returncode, timeout if expired else None, errors), reported)
    return reported


def _end_group(child):
    """End whatever is left of the probe's process group, the probe included."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    child.stdin.close()


def _read_events(stream, reported, on_event):
    left = MOST_BYTES
    while left > 0:
        line = stream.readline(left)
        left -= len(line)
        if not line:
            return
        text = line.decode("utf-8", "replace")
        if text.startswith(_MARK):
            try:
                event = json.loads(text[len(_MARK) :])
                name, document = event["event"], event["document"]
            except (ValueError, KeyError, TypeError, RecursionError):  # interrupted, or not what _emit writes
                continue
            reported.setdefault(name, []).append(document)
            if on_event:
                on_event(name, document)
    stream.close()  # a probe that still writes ends by SIGPIPE


def _read_tail(stream, errors):
    for line in iter(lambda: stream.readline(_LONGEST_LINE), b""):
        text = line.decode("utf-8", "replace").strip()
        if text:
            errors.append(text)
            del errors[:-200]


def _best_error_line(errors):
    """Return the most useful line: the first of the last exception (its message may have many), else the last with a word."""
    named = [line for line in errors if re.match(r"([\w.]*(Error|Exception)\b|what\(\):)", line)]
    worded = [line for line in errors if re.search(r"\w", line)]
    return (named or worded or ["no message"])[-1]


def _error_message(name, returncode, timeout, errors):
    last = _best_error_line(errors)
    if timeout is not None:
        return f"The probe {name} did not end within {timeout:g} s; its last message: {last}"
    if returncode < 0:
        return f"The probe {name} was ended by {signal.Signals(-returncode).name}; its last message: {last}"
    return f"The probe {name} failed: {last}"
