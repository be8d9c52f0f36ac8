"""The summary as a dozen lines of Markdown, for an issue or a chat. Pure functions."""

from __future__ import annotations

from typing import Final

from ...text.units import percent
from ..escaping import escape
from .parts import Mark, Problem, Summary

_WORDS: Final[dict[Mark, str]] = {"good": "good", "attention": "low", "bad": "wrong", "none": ""}


def markdown(summary: Summary) -> str:
    """Return the summary as Markdown; every text of it is escaped."""
    about = ", ".join(part for part in (summary.measured, f"profile {summary.profile}", summary.software) if part)
    lines = [
        f"**{escape(summary.title)}**: {escape(summary.hardware)}",
        "",
        escape(about),
        "",
        f"**{escape(summary.sentence.lead)}** {escape(summary.sentence.text)}".rstrip(),
        "",
    ]
    if summary.rows:
        lines += [_row(["", *map(escape, summary.columns), "could be", "%", ""]), _row(["---"] * (len(summary.columns) + 4))]
    for row in summary.rows:
        share = percent(row.share) if row.share is not None else ""
        lines.append(_row([*map(escape, (row.label, *row.values, row.ceiling)), share, _WORDS[row.mark]]))
    lines += ["", *map(_problem, summary.problems)] if summary.problems else []
    rest = " ".join(part for part in (summary.history, summary.not_measured) if part)
    lines += ["", escape(rest)] if rest else []
    return "\n".join(lines).rstrip() + "\n"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _problem(problem: Problem) -> str:
    words = [f"{problem.title}.", *problem.remedies[:1], f"({problem.gain})" if problem.gain else ""]
    return f"- **{problem.badge}** {escape(' '.join(word for word in words if word))}"
