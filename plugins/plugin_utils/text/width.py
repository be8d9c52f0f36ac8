"""How wide the screen is, and text folded to it.

The one rule for the console, the results, status, comparison and problems: SAF_COLUMNS, else COLUMNS, else the terminal's width,
else 80; never less than 40 or more than 500.
"""

from __future__ import annotations

import functools
import os
import re
import textwrap

# Below this a table with sentences in its cells is a list.
WIDE = 110
_NARROWEST = 40
_WIDEST = 500
_WITHOUT_TERMINAL = 80
# A line that starts like this is to be pasted: it is never folded.
_COMMAND = re.compile(r"(?:[A-Z_]+=\S+ )*(?:\S*/)?(?:ansible-playbook|make|ssh|sudo|open|saf|cd|export)\s")
_CALL = re.compile(r"(?<=\S)\s+((?:ANSIBLE_CONFIG=\S+\s)?(?:\S*/)?ansible-playbook\s.+)$")


def columns() -> int:
    """Return how many columns the output may take, by the rule above."""
    for name in ("SAF_COLUMNS", "COLUMNS"):
        given = os.environ.get(name, "")
        if given.isascii() and given.isdigit() and given.strip("0"):
            return _bounded(int(given[:6]))
    return _bounded(_of_terminal())


def _bounded(number: int) -> int:
    return min(max(number, _NARROWEST), _WIDEST)


@functools.cache
def _of_terminal() -> int:
    """Return the columns of the terminal, 80 without one.

    Asked once, by the console before Ansible forks: in a worker standard output is not the terminal any more.
    """
    try:
        return os.get_terminal_size(1).columns or _WITHOUT_TERMINAL
    except OSError:
        return _WITHOUT_TERMINAL


def fold(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """Return the lines of a text, at most ``width`` wide where blanks allow it; commands stay whole, on their own lines.

    first, rest: put before the first line and before all others.
    """
    lines: list[str] = []
    for line in text.splitlines() or [""]:
        prefix = rest if lines else first
        words, command = split_command(line) if len(prefix + line) > width else (line, "")
        lines += _folded(words, width, prefix, rest)
        if command:
            lines.append(f"{rest}{command}")
    return lines


def split_command(line: str) -> tuple[str, str]:
    """Return a sentence and the command that it ends with, "" where there is none."""
    call = _CALL.search(line)
    return (line[: call.start()], call.group(1)) if call else (line, "")


def _folded(line: str, width: int, first: str, rest: str) -> list[str]:
    if len(first + line) <= width or _COMMAND.match(line.lstrip()):
        return [f"{first}{line}".rstrip()]
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(
        line.lstrip(),
        width,
        initial_indent=first + indent,
        subsequent_indent=rest + indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
