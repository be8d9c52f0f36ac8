"""Whatever the arguments, each module ends with a result or a sentence; in check mode nothing outside its folder changes.

The modules run in this process. An audit hook of the interpreter sees every file that is opened for writing, every command and
every signal, also those of libraries: what would change something outside the temporary folder fails the test.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import math
import os
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

import fuzzing
import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from fuzzing import JSON, SCALARS, TEXTS
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.saf.fabric.plugins.module_utils.system import interpreters

LIBRARY = Path(__file__).resolve().parents[2] / "library"
MODULES = sorted(path.stem for path in LIBRARY.glob("*.py"))
# Commands that observe, by program and first words. Everything else would change the node, and no check mode may run it.
# What docker, podman and compose are asked, whatever their path is.
ENGINE = (
    "info --format",
    "ps --all --quiet --filter",
    "inspect --type container",
    "image inspect",
    "network inspect",
    "version",
    "compose version",
)
OBSERVING = (
    "ps",
    "ip -o",
    "ip -details link show",
    "ss",
    "lsof",
    "ifconfig",
    "networksetup -get",
    "networksetup -list",
    "route -n get",
    "sysctl",
    "system_profiler",
    "systemctl show",
    "systemctl cat",
    "systemctl is-",
    "systemctl --version",
    "systemd-detect-virt",
    "systemd-path",
    "journalctl",
    "launchctl print",
    "pmset -g",
    "nvidia-smi",
    "nft list",
    "ethtool",
    "dpkg-query",
    "rpm --query",
    "pacman --query",
    "sudo -n true",
    "sh -c for path",
    "python",
    "uname",
    "conda info",
    "socketfilterfw --listapps",
    "sntp",
)


class Changed(BaseException):
    """Something outside the folder would have been changed; not an Exception, so that no module takes it."""


class Guard:
    """What the code in a block would change; folder: where it may."""

    active = None

    def __init__(self, folder):
        self.folder = os.path.realpath(folder)

    def __enter__(self):
        Guard.active = self

    def __exit__(self, *_exception):
        Guard.active = None

    def inside(self, path):
        if isinstance(path, int):  # a file that is open already
            return True
        place = os.path.realpath(os.path.join(os.getcwd(), os.fsdecode(path)))
        return place == self.folder or place.startswith(self.folder + "/") or place == os.devnull

    def see(self, event, arguments):
        if event == "open":
            path, _mode, flags = arguments
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC) and not self.inside(path):
                raise Changed(f"open for writing: {path!r}")
        elif event in _CHANGES:
            outside = [path for path in arguments[: _CHANGES[event]] if path not in (None, -1) and not self.inside(path)]
            if outside:
                raise Changed(f"{event}: {outside!r}")
        elif event == "subprocess.Popen":
            argv = [os.fsdecode(word) for word in arguments[1]]
            line = " ".join([os.path.basename(argv[0]), *argv[1:]])
            asks_an_interpreter = argv[1:] == ["-I", "-c", interpreters.QUESTION]  # of any path, which is its purpose
            asks_an_engine = " ".join(argv[1:]).startswith(ENGINE)  # of any path, too
            asks_ray = os.path.basename(argv[-1]) == "drain.py"  # which gets told that it is a dry run
            if not (line.startswith(OBSERVING) or asks_an_interpreter or asks_an_engine or asks_ray):
                raise Changed(f"command: {line[:200]}")
            raise FileNotFoundError(2, "No such file or directory", argv[0])
        elif event == "os.fork":  # a child that reads as another account; what it did would not be seen here
            raise BlockingIOError(11, "Resource temporarily unavailable")
        elif event in ("os.kill", "os.killpg", "signal.pthread_kill", "os.system", "os.posix_spawn", "os.exec"):
            raise Changed(f"{event}: {arguments!r}")
        elif event in ("socket.connect", "socket.sendto"):
            raise ConnectionRefusedError(111, "Connection refused")
        elif event == "socket.bind":
            raise Changed(f"{event}: {arguments[1:]!r}")


# Event: how many of its arguments are paths that change.
_CHANGES = {
    "os.remove": 1,
    "os.rename": 2,
    "os.mkdir": 1,
    "os.rmdir": 1,
    "os.chmod": 1,
    "os.chown": 1,
    "os.truncate": 1,
    "os.utime": 1,
    "os.setxattr": 1,
    "os.mkfifo": 1,
    "shutil.rmtree": 1,
}


def _hook(event, arguments):
    guard = Guard.active
    if guard is not None:
        Guard.active = None  # what the guard itself asks is not audited
        try:
            guard.see(event, arguments)
        finally:
            Guard.active = guard


sys.addaudithook(_hook)


class _Captured(BaseException):
    pass


def specification(module):
    """Return the argument_spec of a module, from its own call of AnsibleModule; None where its work is in an action plugin."""

    def capture(_self, argument_spec, **_options):
        captured.append(argument_spec)
        raise _Captured

    captured = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(basic.AnsibleModule, "__init__", capture)
        with contextlib.suppress(_Captured):
            module.main()
    return captured[0]


ODD_PATHS = ["", ".", "/", "/nonexistent/x", "relative/x", "\0", "x" * 300, "/dev/null", "/proc/self", "~", "~nobody/x", "größe"]
ODD_PATHS += ["\ud800"]


def values(option, folder, depth=2):
    """Return a strategy for the values of an option: mostly of its type, sometimes of none."""
    kind, choices = option.get("type", "str"), option.get("choices")
    of_type = {
        "str": TEXTS | st.sampled_from(["nobody", "root", "10.0.0.1", "x"]),
        "path": st.sampled_from(ODD_PATHS + [f"{folder}/{name}" for name in ("a", "b/c", "file.json", "..", "a b", "\n")]),
        "int": fuzzing.INTEGERS,
        "float": fuzzing.FLOATS | fuzzing.INTEGERS,
        "bool": st.booleans(),
        "raw": JSON,
        "jsonarg": JSON,
    }
    if choices:
        right = st.sampled_from(list(choices))
    elif kind == "dict":
        inner = option.get("options")
        right = arguments(inner, folder, depth - 1) if inner and depth else st.dictionaries(TEXTS, JSON, max_size=3)
    elif kind == "list":
        element = {**option, "type": option.get("elements", "str")}
        right = st.lists(values(element, folder, depth), max_size=3)
    else:
        right = of_type[kind]
    if option.get("options"):  # Ansible itself fails where such an option is a number
        return right
    return st.one_of(right, right, right, right, right, SCALARS | JSON)


def arguments(spec, folder, depth=2):
    """Return a strategy for the arguments of a module or of one of its options."""
    required = {name: values(option, folder, depth) for name, option in spec.items() if option.get("required")}
    optional = {name: values(option, folder, depth) for name, option in spec.items() if not option.get("required")}
    return st.fixed_dictionaries(required, optional=optional)


@pytest.fixture
def folder(monkeypatch):
    made = tempfile.mkdtemp(prefix="saf-fuzz-")
    monkeypatch.setattr(tempfile, "tempdir", made)
    passed, clock = [0.0], time.monotonic

    def sleep(seconds):  # a wait of any length is over after some dozens of its polls
        passed[0] = 2 * passed[0] + seconds

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: clock() + passed[0])
    monkeypatch.chdir(made)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def of_ansible(error):
    """Return whether Ansible's own check of arguments failed: it does for infinite numbers, and for thousands of digits."""
    frames = traceback.extract_tb(error.__traceback__)
    return any(one.name == "main" and other.name == "__init__" for one, other in zip(frames, frames[1:]))


def sent(value):
    """Return a value as it can reach a module: YAML has no lone surrogates, JSON no infinity."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return 1.5
    if isinstance(value, list):
        return [sent(one) for one in value]
    return {sent(key): sent(one) for key, one in value.items()} if isinstance(value, dict) else value


def run(module, given_arguments, folder, check_mode=True):
    """Run a module; return its result, and check that it has one."""
    output = io.StringIO()
    options = {"_ansible_check_mode": check_mode, "_ansible_diff": True, "_ansible_remote_tmp": folder}
    umask, limits = os.umask(0o022), (os.getcwd(), dict(os.environ))
    status = None
    chosen = patch_module_args({**sent(given_arguments), **options})
    try:
        with fuzzing.ends(), chosen, contextlib.redirect_stdout(output), Guard(folder):
            try:
                module.main()
            except SystemExit as stop:
                status = stop.code
            except Exception as error:
                if not of_ansible(error):
                    raise
                return {}
    finally:
        os.umask(umask)
        os.chdir(limits[0])
        os.environ.clear()
        os.environ.update(limits[1])
    assert status is not None, "the module ended without exit_json or fail_json"
    result = json.loads(output.getvalue().splitlines()[-1])
    if result.get("failed"):
        assert isinstance(result["msg"], str)
        assert result["msg"].strip()
        assert "Traceback" not in result["msg"]
        assert len(result["msg"]) < 20000
    return result


def with_work(name):
    """Return whether the work of a module is in library/ and not on the controller."""
    return "AnsibleModule(" in (LIBRARY / f"{name}.py").read_text()


@pytest.mark.parametrize("name", [name for name in MODULES if with_work(name)])
def test_any_arguments_give_a_result_or_a_sentence(name, folder):
    module = importlib.import_module(name)
    spec = specification(module)

    @fuzzing.inputs("module arguments", 30)
    @given(arguments(spec, folder))
    def check(chosen):
        run(module, chosen, folder)

    check()
