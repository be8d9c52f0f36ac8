"""Lines for a terminal: marks, durations, names of nodes, letters that the terminal can show."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

GOOD: Final = "✓"
BAD: Final = "✗"
ATTENTION: Final = "!"
TONES: Final = {GOOD: "good", BAD: "bad", ATTENTION: "attention"}
_MARK = re.compile(rf"^(\s*)([{GOOD}{BAD}{ATTENTION}])(?=\s)|(?<=\s)([{GOOD}{BAD}{ATTENTION}])$")
_NAME = 11
_WIDEST = 100  # of a phase's line: the time stays near what it is about
_MOST_NAMES = 3
_MOST_TITLE_NAMES = 8
_MOST_TITLE_LETTERS = 60  # of all names
_MOST_WHO = 40  # letters in the right part of a phase's line
MOST_NOW: Final = 40  # letters of the line that the next one overwrites
_ASCII: Final = str.maketrans(
    {
        GOOD: "+",
        BAD: "x",
        "…": "...",
        "·": "-",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{MULTIPLICATION SIGN}": "x",
        "±": "+-",
        "µ": "u",
        "μ": "u",
        "≥": ">=",
        "≤": "<=",
        "→": "->",
        "\N{NO-BREAK SPACE}": " ",
        "\N{NARROW NO-BREAK SPACE}": " ",
    }
)


def can_show_unicode(encoding: str | None) -> bool:
    """Return whether a stream of this encoding takes the marks. Ansible runs in UTF-8 alone, its output may be set otherwise."""
    return "utf8" in (encoding or "").lower().replace("-", "").replace("_", "")


def ascii_only(text: str) -> str:
    """Return the text in ASCII, for an output without UTF-8."""
    return text.translate(_ASCII).encode("ascii", "replace").decode()


def painted(line: str, paint: Callable[[str, str], str]) -> str:
    """Return the line with its marks, at its start or its end, painted by paint(mark, tone)."""

    def mark(found: re.Match[str]) -> str:
        letter = found.group(2) or found.group(3)
        return (found.group(1) or "") + paint(letter, TONES[letter])

    return _MARK.sub(mark, line)


def duration(seconds: float) -> str:
    """Return seconds as "6 s", "1:40" or "1:02:03"."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def count(number: int, noun: str) -> str:
    """Return "1 node", "2 nodes"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def names(hosts: Sequence[str]) -> str:
    """Return up to three names, else how many nodes."""
    return ", ".join(hosts) if len(hosts) <= _MOST_NAMES else count(len(hosts), "node")


def few_names(hosts: Sequence[str]) -> str:
    """Return the names where a phase's line has room for them, else how many nodes."""
    text = names(hosts)
    if len(text) <= _MOST_WHO:
        return text
    return count(len(hosts), "node") if len(hosts) > 1 else f"{text[: _MOST_WHO - 1]}…"


def title(playbook: str, hosts: Sequence[str], inventory: Sequence[str]) -> str:
    """Return the first line: product, playbook, nodes and where they are listed."""
    shown = ", ".join(hosts)
    if len(hosts) > _MOST_TITLE_NAMES or (len(hosts) > 1 and len(shown) > _MOST_TITLE_LETTERS):
        shown = f"{hosts[0]} … {hosts[-1]}, {len(hosts)} nodes"
    source = f" ({', '.join(inventory)})" if inventory and hosts else ""
    return " · ".join(part for part in ("Studio Air Fabric", playbook, f"{shown}{source}" if hosts else "") if part)


def phase_line(mark: str, name: str, what: str, who: str, seconds: float, width: int) -> str:
    """Return the line of a phase: mark, name, what, who changed or failed, how long."""
    width = min(width, _WIDEST) - 1
    right = f"{who}  {duration(seconds):>6}"
    left = f" {mark} {name:<{_NAME}} {what}".rstrip()
    room = width - len(right) - 2
    if len(left) > room and len(what) > len(left) - room:
        left = left[: max(room - 1, 0)].rstrip() + "…"
    return left + " " * max(width - len(left) - len(right), 2) + right
