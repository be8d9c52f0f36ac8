"""One line for each phase, problems once with their remedy, a plan with --check --diff.

The lines are made by plugins/plugin_utils/console/; this turns Ansible's events into its own and prints.
"""

from __future__ import annotations

DOCUMENTATION = """
name: console
type: stdout
short_description: One line for each phase, problems once
version_added: "0.1.0"
description:
  - Prints the playbooks of this collection for people, one line for each phase, with its nodes, its changes and its duration.
    A problem is printed once, with its remedy and without paths, sources and tracebacks. Equal answers of several nodes are
    one. With C(--check) every change that a node would see is listed, with C(--diff) its difference.
  - With C(-v), or if anything goes wrong in this plugin, the output is that of P(ansible.builtin.default#callback).
  - A playbook can mark the message of a debug task by C(vars). C(saf_console=note) describes the phase in its line,
    C(saf_console=idle) says why it has nothing to do and gets no line,
    C(saf_console=problem) reports a problem that does not end the play, C(saf_console=next) is printed last.
  - Marks are painted on a terminal only, and never where E(NO_COLOR) is set; E(ANSIBLE_FORCE_COLOR) overrides both.
extends_documentation_fragment:
  - ansible.builtin.default_callback
  - ansible.builtin.result_format_callback
notes:
  - The width is E(SAF_COLUMNS), else E(COLUMNS), else that of the terminal, else 80. It holds for every table, with C(-v) too.
requirements:
  - set as stdout in configuration
"""

import functools
import os
import sys
import time
from typing import Any

from ansible import constants, context
from ansible.playbook.block import Block
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback.default import CallbackModule as Default
from ansible.utils.color import stringc

try:
    from ansible_collections.saf.fabric.plugins.plugin_utils.console import closing, layout, messages, phases, screen
    from ansible_collections.saf.fabric.plugins.plugin_utils.text import command_line, width
except ImportError:  # the collection is not on Ansible's path: a task reports that, printed as Ansible prints it
    screen = None  # type: ignore[assignment]  # a module where it can be imported

# Their failures are whole sentences; those of other modules need the name of the task before them.
_OWN_WORDS = [*constants.add_internal_fqcns(("fail", "assert")), *(f"saf.fabric.{name}" for name in ("compare", "report"))]
_IN_STEP = [*constants.add_internal_fqcns(("linear", "debug"))]  # strategies that begin a task on all nodes at once
_DEBUG = constants.add_internal_fqcns(("debug",))
_COLORS = {"good": constants.COLOR_OK, "bad": constants.COLOR_ERROR, "attention": constants.COLOR_CHANGED}


def _safe(method):
    """Make a method of the plugin use the default callback's for good once it fails, and from the start with -v.

    An exception in a callback would end the run, or hide why it ended.
    """

    @functools.wraps(method)
    def event(self, *args, **kwargs):
        original = getattr(super(CallbackModule, self), method.__name__)
        if self._screen is None:
            return original(*args, **kwargs)
        try:
            return method(self, *args, **kwargs)
        except Exception as error:
            self._screen = None
            self._display.warning(f"The console output failed ({type(error).__name__}: {error}); Ansible's own output follows.")
            return original(*args, **kwargs)

    return event


class CallbackModule(Default):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "saf.fabric.console"

    def __init__(self):
        super().__init__()
        self._screen: Any = None
        self._transient = False
        self._playbook = ""
        self._titled = True
        self._playbooks = 0
        if screen is None:
            return
        columns = width.columns()  # before Ansible forks: the tables of its tasks need it, too
        if self._display.verbosity > 0:
            return
        self._unicode = layout.can_show_unicode(sys.stdout.encoding)
        self._color = bool(constants.ANSIBLE_FORCE_COLOR) or not os.environ.get("NO_COLOR")
        check = bool(context.CLIARGS.get("check"))
        self._screen = screen.Screen(self._write, columns, time.monotonic, check)

    # --- output

    def _write(self, line):
        if self._transient:
            self._transient = False
            self._out("\r\x1b[K", screen_only=True, newline=False)
        self._out(layout.painted(line.rstrip(), self._paint))

    def _out(self, text, **how):
        """Print a text now: into a pipe, too, because a phase is minutes long."""
        try:
            self._display.display(text if self._unicode else layout.ascii_only(text), **how)
            sys.stdout.flush()
        except BrokenPipeError:  # of `| head`: nobody reads any more, and the run goes on to its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _paint(self, text, tone):
        return stringc(text, _COLORS[tone]) if self._color else text

    def _show_now(self):
        """On a terminal, show what runs; the cursor stays at the start of the line, so that whatever comes next replaces it."""
        if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
            return
        text = self._screen.now[: layout.MOST_NOW]
        self._out(f"\r\x1b[K{text}\r", screen_only=True, newline=False)
        self._transient = True

    # --- playbooks and plays

    @_safe
    def v2_playbook_on_start(self, playbook):
        self._playbook = os.path.splitext(os.path.basename(playbook._file_name))[0]
        self._titled = False
        self._playbooks += 1
        self._plays, self._without_nodes, self._pattern = 0, 0, ""

    @_safe
    def v2_playbook_on_play_start(self, play):
        self._play = play  # the default callback needs it when it takes over
        self._screen.loose = play.strategy not in _IN_STEP
        self._plays += 1
        if not self._titled:
            self._titled = True
            inventory = play.get_variable_manager()._inventory
            pattern = play.hosts if isinstance(play.hosts, str) else ",".join(play.hosts)
            local = pattern == "localhost"
            known = "cluster" in inventory.groups and not local
            # All of them, not only the first ones of a play with `serial`; localhost where nothing else is known.
            found = inventory.get_hosts("cluster" if known else pattern, ignore_restrictions=True)
            real = [host.name for host in found if not host.implicit]
            hosts = [] if local else real or [host.name for host in found]
            self._pattern = pattern
            sources = [source if "," in source else command_line.shown_path(source, os.getcwd()) for source in inventory._sources]
            self._screen.begin(layout.title(self._playbook, hosts, sources), hosts)

    @_safe
    def v2_playbook_on_no_hosts_matched(self):
        """A play for nobody, as for the workers of one machine, has nothing to say; a playbook of such plays has."""
        self._without_nodes += 1

    @_safe
    def v2_playbook_on_no_hosts_remaining(self):
        """The problems of the nodes are printed already."""

    @_safe
    def v2_playbook_on_stats(self, stats):
        last = bool(self._screen.failed) or self._playbooks >= len(context.CLIARGS.get("args") or [])
        nobody = closing.nobody(self._pattern) if 0 < self._plays == self._without_nodes else ""
        self._screen.end(nobody or closing.sentence(self._playbook, self._screen, bool(context.CLIARGS.get("check"))), last)

    @_safe
    def v2_playbook_on_include(self, included_file):
        """Which files are included is no news."""

    # --- tasks

    def _task_start(self, task, prefix=None):
        if self._screen is None:
            super()._task_start(task, prefix)
            return
        self._task_type_cache[task._uuid] = prefix  # for the default callback
        self._begun = task._uuid
        self._last_task_name = task.get_name().strip()
        path = os.path.realpath(task.get_path().rpartition(":")[0]) if task.get_path() else ""
        argument_check = task.action.rpartition(".")[2] == "validate_argument_spec"
        phase = None if argument_check else phases.phase_of(path, command_line.repository_folder(), self._play.get_name().strip())
        words = task.action in _OWN_WORDS
        says = str(task.vars.get("saf_console") or "")
        name = messages.clean(task.name or task.get_name()).strip()
        self._screen.task(screen.Task(name, phase, says, bool(task.run_once) and words, words))
        self._show_now()

    def _at(self, task):
        """Go back to a task whose result comes after another one has begun, as with strategy free."""
        if task._uuid != self._begun:
            self._task_start(task, self._task_type_cache.get(task._uuid))

    @_safe
    def v2_playbook_on_task_start(self, task, is_conditional):
        self._task_start(task, prefix="TASK")

    @_safe
    def v2_playbook_on_handler_task_start(self, task):
        self._task_start(task, prefix="RUNNING HANDLER")

    @_safe
    def v2_runner_on_start(self, host, task):
        """The task's name is shown already."""

    # --- results

    @_safe
    def v2_runner_on_ok(self, result):
        self._handle_warnings(result.result)
        if isinstance(result.task, TaskInclude):
            return
        elsewhere = result.task.delegate_to not in (None, result.host.get_name())
        message = []
        if result.task.action in _DEBUG:
            items = result.result.get("results") if result.task.loop else None
            results = [result.result] if items is None else [item for item in items if not item.get("skipped")]
            message = [line for one in results for line in messages.said(one)]
        self._at(result.task)
        self._screen.ok(result.host.get_name(), bool(result.result.get("changed")) and not elsewhere, message)

    @_safe
    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._handle_warnings(result.result)
        if not ignore_errors and not _is_rescued(result.task):
            self._at(result.task)
            self._screen.failure(result.host.get_name(), messages.failure(result.result))

    @_safe
    def v2_runner_on_unreachable(self, result):
        self._handle_warnings(result.result)
        if not result.task.ignore_unreachable:
            self._at(result.task)
            self._screen.unreachable(result.host.get_name(), messages.unreachable(result.result))

    @_safe
    def v2_runner_on_skipped(self, result):
        self._handle_warnings(result.result)
        self._screen.skipped(result.host.get_name())

    @_safe
    def v2_runner_item_on_ok(self, result):
        self._handle_warnings(result.result)

    @_safe
    def v2_runner_item_on_failed(self, result):
        self._handle_warnings(result.result)  # the result of the task lists its items

    @_safe
    def v2_runner_item_on_skipped(self, result):
        self._handle_warnings(result.result)

    @_safe
    def v2_on_file_diff(self, result):
        items = result.result.get("results") if result.task.loop else None
        for one in [result.result] if items is None else items:
            if one.get("diff") and one.get("changed"):
                self._screen.diff(result.host.get_name(), messages.diff(one["diff"]))

    @_safe
    def v2_runner_retry(self, result):
        self._screen.waits()

    @_safe
    def v2_runner_on_async_poll(self, result):
        """Measurements report their progress themselves."""

    @_safe
    def v2_runner_on_async_ok(self, result):
        """As above."""

    @_safe
    def v2_runner_on_async_failed(self, result):
        """The result of the task says why."""

    @_safe
    def v2_playbook_on_notify(self, handler, host):
        """A handler is a task like others."""


def _is_rescued(task):
    """Return whether the task is in the main part of a block whose rescue section handles its failure."""
    child, parent = task, task._parent
    while parent is not None:
        if isinstance(parent, Block) and parent.rescue and any(child._uuid == one._uuid for one in parent.block):
            return True
        child, parent = parent, parent._parent
    return False
