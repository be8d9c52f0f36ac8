"""The output of a playbook: a line for each phase, what tasks say, problems once. Events in, lines out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from ..text import width as text_width
from . import layout
from .phases import Phase

# How a debug task marks its message, by `vars: {saf_console: ...}`: it describes its phase, it says why the phase has nothing to
# do and no line, it is a problem of the phase that is no failure of the play, or it is what to type next and comes last.
NOTE: Final = "note"
IDLE: Final = "idle"
PROBLEM: Final = "problem"
NEXT: Final = "next"
_INDENT: Final = " " * 5
_Lines = TypeVar("_Lines", tuple[str, ...], tuple[bool | str, ...])
_MORE: Final = " " * 3


@dataclass(frozen=True)
class Task:
    """A task that begins. says: one of the marks above or ""; speaks_for_all: it runs once, or fails with a ready sentence."""

    name: str
    phase: Phase | None
    says: str = ""
    run_once: bool = False
    own_words: bool = False


@dataclass
class _Running:
    """The present phase."""

    phase: Phase
    started: float
    hosts: dict[str, bool] = field(default_factory=dict)  # name: changed
    failed: list[str] = field(default_factory=list)
    for_all: bool = False  # what failed was about no single node
    problems: int = 0
    worked: bool = False  # a task of it was not skipped
    spoke: bool = False
    idle: bool = False
    notes: list[str] = field(default_factory=list)
    printed: bool = False  # its line, before what it answers


@dataclass
class _Heard:
    """What the nodes answered to the present task, {lines: nodes}, so that equal answers are shown once."""

    messages: dict[tuple[str, ...], list[str]] = field(default_factory=dict)
    failures: dict[tuple[bool | str, ...], list[str]] = field(default_factory=dict)
    diffs: dict[tuple[str, ...], list[str]] = field(default_factory=dict)
    planned: list[str] = field(default_factory=list)
    waits: bool = False


class Screen:
    """Turns events into lines. write(line): prints one; clock(): seconds; check: a dry run, whose changes are a plan."""

    def __init__(self, write: Callable[[str], None], width: int, clock: Callable[[], float], check: bool = False) -> None:
        self._write = write
        self._width = width
        self._clock = clock
        self._check = check
        self._begun = clock()
        self._running: _Running | None = None
        self._task = Task("", None)
        self._heard = _Heard()
        self._blank = True  # the last line was empty, or there is none
        self._next: list[tuple[str, ...]] = []
        self._order: list[str] = []
        self.loose = False  # the nodes of the play do not wait for each other (strategy free)
        self.changes = 0
        self.hosts: list[str] = []
        self.failed: list[str] = []
        self.failed_for_all = False

    # --- events

    def begin(self, title: str, order: Sequence[str] = ()) -> None:
        """Begin a playbook with its first line; order: of the nodes, which answer in any."""
        self._order = list(order)
        self._begun = self._clock()
        self.changes, self.hosts, self.failed, self._next = 0, [], [], []
        self.failed_for_all = False
        self._space()
        self._fold(title, " ", "   ")
        self._line("")

    def task(self, task: Task) -> None:
        """Begin a task; what the nodes answered to the one before is shown now."""
        self.flush()
        phase = task.phase
        if phase and (self._running is None or self._running.phase.name != phase.name):
            self._end_phase()
            self._running = _Running(phase, self._clock())
        self._task = task

    def ok(self, host: str, changed: bool = False, message: Sequence[str] = ()) -> None:
        """A task succeeded on a node; changed: it changed the node."""
        changed = changed and (self._running is None or self._running.phase.counts)
        self._see(host, changed)
        if self._running:
            self._running.worked = True
        if changed:
            self.changes += 1
            self._heard.planned.append(host)
        if message:
            self._heard.messages.setdefault(tuple(message), []).append(host)

    def skipped(self, host: str) -> None:
        """A task is not for a node."""
        self._see(host, False)

    def diff(self, host: str, lines: Sequence[str]) -> None:
        """A task changed, or would change, a node like this."""
        if lines:
            self._heard.diffs.setdefault(tuple(lines), []).append(host)

    def unreachable(self, host: str, lines: Sequence[str]) -> None:
        """A node is gone, and nothing catches it; lines: why, from "cannot be reached" on."""
        self.failure(host, [f"{host} {lines[0]}", *lines[1:]], whole=True)

    def failure(self, host: str, lines: Sequence[str], whole: bool = False) -> None:
        """A task failed on a node and nothing catches it; whole: the first line names what happened to whom."""
        self._see(host, False)
        self._heard.failures.setdefault((whole, *lines), []).append(host)
        if host not in self.failed:
            self.failed.append(host)
        about_all = self._task.run_once and not whole
        self.failed_for_all = self.failed_for_all or about_all
        if self._running:
            self._running.for_all = self._running.for_all or about_all
            self._running.failed += [] if host in self._running.failed else [host]

    def waits(self) -> None:
        """A task is tried again."""
        if not self._heard.waits:
            self._heard.waits = True
            self._line(f"{_INDENT}waiting: {self._task.name}")

    def end(self, closing: str = "", last: bool = True) -> None:
        """End a playbook; closing: the line after its phases; last: no other playbook follows, so what to type next is shown."""
        self.flush()
        self._end_phase()
        if closing or (last and self._next):
            self._space()
        if closing:
            self._fold(closing, " ", " ")
        for lines in self._next if last else []:
            for line in lines:
                self._fold(line, " ", " ")

    @property
    def seconds(self) -> float:
        """Seconds since the playbook began."""
        return self._clock() - self._begun

    @property
    def now(self) -> str:
        """What runs now, for a line that the next one replaces."""
        return f"   {self._running.phase.name:<11} {self._task.name}" if self._running else ""

    def names(self, hosts: Sequence[str]) -> str:
        """Return the names of nodes in the order of the inventory, or how many they are."""
        return layout.names(self._sorted(hosts))

    def _sorted(self, hosts: Iterable[str]) -> list[str]:
        place = {name: number for number, name in enumerate(self._order)}
        return sorted(hosts, key=lambda name: place.get(name, len(place)))

    def _by_node(self, heard: Mapping[_Lines, list[str]]) -> list[tuple[_Lines, list[str]]]:
        """Return what was heard with its nodes, in the order of the inventory; nodes answer in any."""
        place = {name: number for number, name in enumerate(self._order)}
        found = [(lines, self._sorted(hosts)) for lines, hosts in heard.items()]
        return sorted(found, key=lambda one: place.get(one[1][0], len(place)))

    # --- lines

    def flush(self) -> None:
        """Show what the nodes answered to the present task."""
        heard, self._heard = self._heard, _Heard()
        if self._check and heard.planned:
            self._line(f"{_INDENT}{self._task.name}: {self.names(heard.planned)}")
        for lines, hosts in self._by_node(heard.diffs):
            if not self._check:
                self._line(f"{_INDENT}{self._task.name}: {self.names(hosts)}")
            elif len(heard.diffs) > 1:
                self._line(f"{_INDENT}  {self.names(hosts)}:")
            for line in lines:
                self._line(f"{_INDENT}  {line}")
        several = len({host for hosts in heard.messages.values() for host in hosts}) > 1 and len(heard.messages) > 1
        several = several or self.loose
        for lines, hosts in self._by_node(heard.messages):
            self._message(lines, self.names(hosts) if several else "")
        if heard.failures:
            self._space()
            for (whole, *words), hosts in self._by_node(heard.failures):
                self._failure([str(word) for word in words], hosts, bool(whole))
            self._space()

    def _message(self, lines: Sequence[str], who: str) -> None:
        if who and not any(name in " ".join(lines) for name in who.split(", ")):
            lines = [f"{who}: {lines[0]}", *lines[1:]]
        if self._running:
            self._running.spoke = True
        if self._task.says == NOTE and self._running:
            self._running.notes += [" ".join(lines)]
        elif self._task.says == NEXT:
            self._next.append(tuple(lines))
        elif self._task.says == PROBLEM and self._running:
            self._running.problems += 1
            self._space()
            self._problem(lines)
            self._space()
        elif self._task.says == IDLE and self._running:
            self._running.idle = True
        elif len(lines) == 1:
            self._fold(lines[0], _INDENT, _INDENT)
        else:
            if self._running and self._running.phase.answers:
                self._print_phase(self._running)
            self._space()
            indent = "" if lines[0].startswith(" ") else " "
            for line in lines:
                self._fold(line, indent, indent)
            self._space()

    def _failure(self, lines: Sequence[str], hosts: Sequence[str], whole: bool) -> None:
        if self._running:
            self._running.problems += 1
        if whole:
            self._problem(lines)
            return
        if not self._task.own_words and self._task.name:
            lines = [f"{self._task.name}: {lines[0]}", *lines[1:]]
        named = self._task.run_once or any(host in lines[0].split() for host in hosts)
        self._problem(lines if named else [f"{self.names(hosts)}: {lines[0]}", *lines[1:]])

    def _problem(self, lines: Sequence[str]) -> None:
        self._fold(lines[0], f" {layout.BAD} ", _MORE)
        for line in lines[1:]:
            self._fold(line, _MORE, _MORE)

    def _end_phase(self) -> None:
        running, self._running = self._running, None
        if not running:
            return
        wrong = bool(running.failed or running.problems)
        something = running.spoke if running.phase.silent else running.worked and not running.idle
        if wrong or (something and (running.hosts or running.notes)):
            self._print_phase(running)

    def _print_phase(self, running: _Running) -> None:
        if running.printed:
            return
        running.printed = True
        mark = layout.BAD if running.failed else layout.ATTENTION if running.problems else layout.GOOD
        what = "; ".join(dict.fromkeys(running.notes)) or running.phase.what
        seconds = self._clock() - running.started
        self._line(layout.phase_line(mark, running.phase.name, what, self._who(running), seconds, self._width))

    def _who(self, running: _Running) -> str:
        changed = [host for host, done in running.hosts.items() if done]
        if running.for_all:
            return "failed"
        if running.failed:
            return f"failed on {layout.few_names(self._sorted(running.failed))}"
        if changed:
            return f"{layout.few_names(self._sorted(changed))} {'would change' if self._check else 'changed'}"
        return layout.count(len(running.hosts), "node") + (" unchanged" if running.phase.counts else "")

    def _see(self, host: str, changed: bool) -> None:
        if self._order and host not in self._order:  # the controller, in a play about nodes
            return
        if self._running:
            self._running.hosts[host] = self._running.hosts.get(host, False) or changed
        if host not in self.hosts:
            self.hosts.append(host)

    def _fold(self, line: str, first: str, rest: str) -> None:
        for folded in text_width.fold(line, self._width, first, rest):
            self._line(folded)

    def _line(self, line: str) -> None:
        self._write(line)
        self._blank = not line.strip()

    def _space(self) -> None:
        if not self._blank:
            self._line("")
