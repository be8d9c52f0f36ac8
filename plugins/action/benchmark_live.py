"""Runs a measuring module in the background and shows what it does: node, what, latest figure, time left.

meta/runtime.yml names the modules that it stands for. The node's side is module_utils/measure/job.py: it ends by itself when the
lease is not renewed, so an interrupted play leaves nothing running. In check mode the module runs as any other.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import time

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.saf.fabric.plugins.plugin_utils.console import layout
from ansible_collections.saf.fabric.plugins.plugin_utils.trust import border, untrusted

_POLL_S = 2.0  # reading a small file over an open connection; a renewal every 2 s is far within the lease
_SAY_S = 20.0  # a line at most every so often, so that a log stays readable
_LAST_CALL_S = 10  # to end the job on a node when the play is interrupted; the lease does it where that fails
_FAILURES = 5  # polls in a row that may fail before the node counts as unreachable
_WORDS = 120  # letters of a progress line's parts
_LONGEST_S = 10**6
display = Display()


def progress_line(host, text, elapsed):
    """Return the line for a record {what, latest, done, total} in JSON after ``elapsed`` seconds, "" where it is none."""
    try:
        record = untrusted.clean(json.loads(text))
        done, total = float(record["done"]), float(record["total"])
        what, latest = str(record["what"]), record["latest"]
    except (ValueError, TypeError, KeyError, RecursionError):  # half a line, or no record
        return ""
    left = f"about {layout.duration(min(elapsed / done * max(total - done, 0), _LONGEST_S))} left" if done > 0 else ""
    parts = [part for part in (str(latest or "")[:_WORDS], left) if part]
    return f"     {host}: {what[:_WORDS]}" + (f" ({', '.join(parts)})" if parts else "")


class _Interrupted(BaseException):
    """The play is interrupted; number: of the signal."""

    def __init__(self, number):
        super().__init__()
        self.number = number


@contextlib.contextmanager
def _unwound_when_interrupted():
    """Raise _Interrupted at the first SIGINT or SIGTERM and ignore others; yields {signal: handler of before}.

    Ansible's own handler ends a worker process without unwinding it.
    """
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def interrupt(number, _frame):
        for each in handlers:
            signal.signal(each, signal.SIG_IGN)
        raise _Interrupted(number)

    for number in handlers:
        signal.signal(number, interrupt)
    try:
        yield handlers
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


class ActionModule(border.Bordered, ActionBase):
    _supports_async = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        module = self._task.action.rpartition(".")[2]
        if self._task.check_mode:
            result.update(self.trusted(module, self._execute_module(task_vars=task_vars), task_vars))
            return result
        folder = self._make_folder()
        with _unwound_when_interrupted() as handlers:
            try:
                result.update(self.trusted(module, self._follow(folder, task_vars), task_vars))
            except _Interrupted as interrupted:
                signal.alarm(_LAST_CALL_S)
                self._end_job(folder)
                if callable(handlers[interrupted.number]):
                    handlers[interrupted.number](interrupted.number, None)
                raise
            finally:
                self._end_job(folder)
        return result

    def _end_job(self, folder):
        """Take the job's folder away: without its lease the job ends, if it has not ended already."""
        with contextlib.suppress(AnsibleConnectionFailure, AnsibleError):
            self._low_level_execute_command(f"rm -rf {shlex.quote(folder)}")

    def _make_folder(self):
        """Make the job's folder as the account that the module runs as; take away what an interrupted play left."""
        own = re.sub(r"[^\w.-]", "-", f"saf-job-{os.uname().nodename}-{os.getppid()}-")
        command = (
            'cd "${TMPDIR:-/tmp}" && '
            f'other=$(find . -maxdepth 2 -path "./saf-job-*/lease" ! -path "./{own}*" -user "$(id -un)" -mmin -1 2>/dev/null); '
            'if [ -n "$other" ]; then echo "Another benchmark measures on this node now:" $other >&2; exit 1; fi; '
            'find . -maxdepth 1 -name "saf-job-*" -user "$(id -un)" -mmin +60 -exec rm -rf {} + ; '
            f'folder=$(umask 077 && mktemp -d "$PWD/{own}XXXXXXXX") && touch "$folder/lease" && echo "$folder"'
        )
        made = self._low_level_execute_command(command)
        lines = made["stdout"].strip().splitlines()
        if made["rc"] != 0 or not lines:
            words = untrusted.clean_text(made["stderr"].strip() or made["stdout"].strip(), limit=300)
            raise AnsibleError(f"No folder for the measurement can be made: {words}")
        return lines[-1]

    def _follow(self, folder, task_vars):
        arguments = {**self._task.args, "job_dir": folder}
        self._connection._shell.set_option("async_dir", folder)
        self._task.async_val = int(float(self._task.args.get("timeout", 600))) + 120
        started = self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=True)
        self._task.async_val = 0
        if started.get("failed") or "ansible_job_id" not in started:
            return started
        begun, said, offset, failures, play = time.monotonic(), 0.0, 1, 0, os.getppid()
        results = f"{folder}/{started['ansible_job_id']}"
        while True:
            time.sleep(_POLL_S)
            if os.getppid() != play:  # it was killed; this worker has a separate session and would continue
                raise AnsibleError("The play is gone.")
            try:
                state, news = self._poll(folder, results, offset)
                failures = 0
            except AnsibleConnectionFailure:
                failures += 1
                if failures >= _FAILURES:
                    raise
                continue
            offset += len(news.encode())
            lines = [line for line in news.split("\n") if line.startswith("{")]
            now = time.monotonic()
            line = (
                progress_line(task_vars["inventory_hostname"], lines[-1], now - begun) if lines and now - said >= _SAY_S else ""
            )
            if line:
                said = now
                # On standard error: standard output belongs to the callback, and that may write JSON.
                # As long as the line about the present task, which it overwrites on a terminal.
                display.display(line.ljust(layout.MOST_NOW), stderr=True)
            if state != "running":
                return self._results(results, state)

    def _poll(self, folder, results, offset):
        """Renew the lease; return ("running", "ended" or "gone", what came since ``offset``)."""
        folder, results = shlex.quote(folder), shlex.quote(results)
        answer = self._low_level_execute_command(
            f"touch {folder}/lease; head -c 11 {results}; echo; "
            f"tail -c +{offset} {folder}/progress 2>/dev/null | head -c {untrusted.MOST_PROGRESS_BYTES}; true"
        )
        head, _, news = answer["stdout"].partition("\n")
        if answer["rc"] != 0 or not head.strip():
            return "gone", news
        # Until the module's own result is there, the wrapper's file begins with its state.
        return ("running" if head.strip().startswith('{"started"') else "ended"), news

    def _results(self, results, state):
        answer = self._low_level_execute_command(f"head -c {untrusted.MOST_BYTES + 1} {shlex.quote(results)}")
        if state == "gone" or answer["rc"] != 0:
            return {
                "failed": True,
                "msg": "The measurement's result is gone: the node was restarted or its temporary folder emptied.",
            }
        try:
            return border.parse(answer["stdout"])
        except ValueError as error:
            return {"failed": True, "msg": f"The measurement ended without a result: {error}."}
