"""Writes run.json of a benchmark that ended before its report: interrupted, or failed on every node.

The raw files are in the run's folder already; this makes them one document, marked as partial.
"""

from __future__ import annotations

DOCUMENTATION = """
name: interrupted_run
type: aggregate
short_description: Keep the values of an interrupted benchmark
version_added: "0.1.0"
description:
  - When C(ansible-playbook) ends after a benchmark has started and before its report is written, C(run.json) is made from the
    available raw files and marked as partial.
"""

import atexit
import os
import signal
from pathlib import Path

from ansible.plugins.callback import CallbackBase

from ansible_collections.saf.fabric.plugins.plugin_utils import runs
from ansible_collections.saf.fabric.plugins.plugin_utils.text import command_line

_SET_FACT = ("ansible.builtin.set_fact", "ansible.legacy.set_fact", "set_fact")


def write_partial(folder):
    """Write run.json of a run's folder from its raw files; return a sentence for the screen, or ""."""
    folder = Path(folder)
    if (folder / runs.RUN_FILE).exists() or not list(folder.glob("raw/*.json")):
        return ""
    runs.write(folder, runs.measured(folder))  # before anything is judged
    runs.write(folder, runs.assemble(folder))
    shown = command_line.shown_path(str(folder), os.getcwd())
    command = command_line.command("playbooks/bench_report.yml", extra={"report_run_dir": shown})
    return f"Interrupted. What was measured is kept: {shown}/run.json. Write its report:\n{command}"


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "interrupted_run"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._folder = None
        self._pid = os.getpid()

    def v2_runner_on_ok(self, result):
        if result._task.action not in _SET_FACT:  # what any other action returns comes from a node
            return
        folder = (result._result.get("ansible_facts") or {}).get("bench_run_dir")
        if folder and self._folder is None:
            self._folder = str(folder)
            atexit.register(self._finish)

    def _finish(self):
        if os.getpid() != self._pid:  # a worker that Ansible has forked
            return
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not lose what the first one left
        try:
            sentence = write_partial(self._folder)
        except Exception as error:
            sentence = f"run.json of {self._folder} could not be written ({error}); the raw files are kept."
        if sentence:
            self._display.display(sentence, stderr=True)  # standard output belongs to the stdout callback
