"""Kill a module before each of its file operations: every point at which a power failure or a SIGKILL can find it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

# Python's audit events of what changes a file system or starts a program.
_EVENTS = {
    *("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.chmod", "os.chown", "os.truncate"),
    *("os.utime", "subprocess.Popen", "shutil.rmtree"),
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_MOST = 2000


def _is_change(event, arguments):
    if event == "open":
        return isinstance(arguments[2], int) and bool(arguments[2] & _WRITING)
    return event in _EVENTS


def killed_before(number, call):
    """Run ``call()`` in a child that is killed before its operation ``number``; return whether it came to that."""
    pid = os.fork()
    if not pid:
        left = number

        def hook(event, arguments):
            nonlocal left
            if _is_change(event, arguments):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        with contextlib.suppress(BaseException), open(os.devnull, "w") as silence, contextlib.redirect_stdout(silence):
            sys.addaudithook(hook)
            call()
        os._exit(0)
    _pid, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def everywhere(prepare, call):
    """Yield the number of each operation of ``call()`` after ``prepare()`` and the kill before it."""
    for number in range(1, _MOST):
        prepare()
        if not killed_before(number, call):
            assert number > 1, "the module changes nothing"
            return
        yield number
    raise AssertionError(f"still not done after {_MOST} operations")
