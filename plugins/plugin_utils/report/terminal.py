"""The summary of a run as lines of a terminal: plain, appended, within a given width. Pure functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from ..text.units import percent
from ..trust.untrusted import clean_text
from .summary.parts import Mark, Problem, Row, Summary

LEAST, MOST = 60, 110  # columns
MARKS: Final[dict[Mark, str]] = {"good": "✓", "attention": "!", "bad": "✗", "none": " "}
_BADGES: Final = {"Fault": "✗", "Limit": "!", "Regression": "!", "Note": " "}
_INDENT: Final = " "
_GAP: Final = "  "
_LABEL_MOST: Final = 34
_GLUE: Final = "\N{NO-BREAK SPACE}"
_UNIT: Final = re.compile(r"(?<![^\s(])([\d.]+) (?=[^\W\d_]|%|×)")  # no line ends between a number and its unit
_HANG: Final = " " * 10


def bounded(columns: int) -> int:
    """Return the width of a summary on a screen of ``columns`` (text/width.py): wider, its numbers would be far apart."""
    return min(max(columns, LEAST), MOST)


def lines(summary: Summary, width: int) -> list[str]:
    """Return the lines of a summary, none wider than ``width`` columns (LEAST at least); without the report's path."""
    width = max(width, LEAST)
    heads = (summary.title, summary.hardware, summary.measured, summary.profile)
    # Problems follow with their titles: the sentence about them would say the same.
    verdict = summary.sentence.lead if summary.problems else f"{summary.sentence.lead} {summary.sentence.text}"
    parts = [
        _text(" · ".join(part for part in heads if part), width),
        _table(summary, width),
        _text(verdict, width) + _problems(summary.problems, width),
        _problems(summary.notes, width),
        _text(_last(summary), width),
    ]
    return [line for part in parts if part for line in ("", *part)][1:]


def _last(summary: Summary) -> str:
    told = any(problem.badge == "Regression" for problem in summary.problems)  # with how many values, and against what
    history = f"History: {summary.history[:1].lower()}{summary.history[1:]}" if summary.history and not told else ""
    return _GAP.join(part for part in (history, summary.not_measured) if part)


def _problems(problems: Sequence[Problem], width: int) -> list[str]:
    """Return problems: mark, kind and title, then the first remedy and what it gains; all texts begin in one column."""
    kind = max((len(problem.badge) for problem in problems), default=0)
    hang = " " * (len(_INDENT) + 2 + kind + len(_GAP))
    found: list[str] = []
    for problem in problems:
        badge = f"{_INDENT}{_BADGES[problem.badge]} {problem.badge:<{kind}}{_GAP}"
        found += _text(problem.title, width, first=badge, hang=hang)
        if problem.remedies:
            found += _text(problem.remedies[0], width, first=hang, hang=hang)
        if problem.gain:
            found += _text(f"{problem.gain[:1].upper()}{problem.gain[1:]}.", width, first=hang, hang=hang)
    return found


def _text(text: str, width: int, first: str = _INDENT, hang: str = _INDENT) -> list[str]:
    """Return a text in lines, clean of what a terminal would obey."""
    found: list[str] = []
    line, used = first, columns(first)
    for word in _words(_UNIT.sub(rf"\1{_GLUE}", clean_text(text)), width - columns(hang)):
        size = columns(word)
        blank = 0 if line in (first, hang) else 1
        if used + blank + size > width and blank:
            found.append(line)
            line, used, blank = hang, columns(hang), 0
        line, used = f"{line}{' ' * blank}{word}", used + blank + size
    return [done.replace(_GLUE, " ") for done in ([*found, line] if line.strip() else found)]


def _words(text: str, most: int) -> Iterable[str]:
    """Yield the words of a text, those beyond ``most`` columns in parts."""
    for word in filter(None, text.split(" ")):
        rest = word
        while columns(rest) > most:
            part = cut(rest, most)
            yield part
            rest = rest[len(part) :]
        if rest:
            yield rest


def columns(text: str) -> int:
    """Return how many columns a terminal needs for a text: two for wide letters, none for what combines with the one before."""
    return sum(_column(letter) for letter in text)


def _column(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in ("W", "F") else 1


def cut(text: str, most: int) -> str:
    """Return the beginning of a text that fits into ``most`` columns, one letter at least."""
    used = 0
    for index, letter in enumerate(text):
        used += _column(letter)
        if used > most and index:
            return text[:index]
    return text


def _shortened(text: str, most: int) -> str:
    return text if columns(text) <= most else f"{cut(text, most - 1)}…"


def _padded(text: str, size: int, right: bool = False) -> str:
    blanks = " " * max(size - columns(text), 0)
    return f"{blanks}{text}" if right else f"{text}{blanks}"


def _table(summary: Summary, width: int) -> list[str]:
    """Return the rows as a table, as a list where they would be wider than ``width``."""
    if not summary.rows:
        return []
    rows = [_cells(row) for row in summary.rows]
    # A value without a column of its ceiling is explained there in words, which may take the rest of the line.
    fixed = [[label, *values, ceiling if share else "", share] for label, *values, ceiling, share, _mark in rows]
    titles = ["", *map(clean_text, summary.columns), "could be", ""]
    if len(summary.columns) == 1:
        titles[1] = ""  # the title of the summary names the only node
    if not any(row[-2] for row in fixed):
        titles[-2] = ""
    sizes = [max(columns(row[column]) for row in [titles, *fixed]) for column in range(len(titles))]
    sizes[0] = min(sizes[0], _LABEL_MOST)
    needed = columns(_INDENT) + sum(sizes) + len(_GAP) * sum(size > 0 for size in sizes[1:]) + len(_GAP) + 1
    if needed > width:
        return _listed(summary, width)
    header = [_line(titles, sizes)] if any(titles) else []
    return header + [line for row, cells in zip(rows, fixed) for line in _row(row, cells, sizes, width)]


def _cells(row: Row) -> list[str]:
    """Return the texts of a row: label, values, ceiling, share, mark."""
    share = percent(row.share) if row.share is not None else ""
    return [*map(clean_text, (row.label, *row.values, row.ceiling)), share, MARKS[row.mark]]


def _row(row: Sequence[str], cells: Sequence[str], sizes: Sequence[int], width: int) -> list[str]:
    *_rest, ceiling, share, mark = row
    line = _line([_shortened(cells[0], sizes[0]), *cells[1:]], sizes, mark)
    if not ceiling or share:
        return [line]
    if columns(line) + len(_GAP) + columns(ceiling) <= width:
        return [f"{line}{_GAP}{ceiling}"]
    return [line, *_text(ceiling, width, first=_HANG, hang=_HANG)]


def _line(cells: Sequence[str], sizes: Sequence[int], mark: str = "") -> str:
    padded = [_padded(cells[0], sizes[0])]
    padded += [_padded(cell, size, right=True) for cell, size in zip(cells[1:], sizes[1:]) if size]
    return f"{_INDENT}{_GAP.join([*padded, mark])}".rstrip()


def _listed(summary: Summary, width: int) -> list[str]:
    """Return a paragraph for each row: mark, label, the values with their columns, share and ceiling."""
    titles = [clean_text(title) for title in summary.columns]
    found = []
    for row in summary.rows:
        label, *values, ceiling, share, mark = _cells(row)
        there = [(title, value) for title, value in zip(titles, values) if value]
        some = 0 < len(there) < len(titles) and not row.together  # of which nodes has to be said
        if some or len({value for _title, value in there}) > 1:
            words = ", ".join(f"{title} {value}" for title, value in there)
        else:
            words = there[0][1] if there else ""
        against = f"{share} of {ceiling}" if share and ceiling else share or ceiling
        text = f"{label}: {words}{f' ({against})' if against else ''}"
        found += _text(text, width, first=f"{_INDENT}{mark} ", hang=f"{_INDENT}  ")
    return found
