"""The text of the page's copy button: a dozen lines of Markdown for an issue or a chat."""

from __future__ import annotations

from ...text.units import percent, unbroken
from ..escaping import escape
from ..summary.parts import Row, Summary

MARKS = {"good": "✓", "attention": "!", "bad": "✗", "none": ""}


def markdown(summary: Summary) -> str:
    """Return a summary as Markdown; texts of nodes are escaped, so that they are no links and no cells where it is pasted."""
    head = [
        f"**{escape(summary.title)}** {escape(summary.hardware)}".rstrip(),
        " · ".join(escape(part) for part in (summary.measured, f"profile {summary.profile}", summary.software) if part),
        "",
        f"**{escape(summary.sentence.lead)}** {escape(summary.sentence.text)}".rstrip(),
    ]
    table = ["", _line(["", *summary.columns, "ceiling", "%", ""]), _line(["---", *["---:"] * (len(summary.columns) + 2), "---"])]
    table += [_row(row) for row in summary.rows]
    problems = [
        f"- **{problem.badge}**: {escape(problem.title)}. {escape(problem.measured)}"
        + (f" Try: {escape(problem.remedies[0])}" if problem.remedies else "")
        for problem in summary.problems
    ]
    end = " ".join(escape(text) for text in (summary.history, summary.not_measured) if text)
    lines = head + (table if summary.rows else []) + (["", *problems] if problems else []) + (["", end] if end else [])
    return unbroken("\n".join(lines)) + "\n"


def _row(row: Row) -> str:
    share = "" if row.share is None else percent(row.share)
    return _line([escape(text) for text in (row.label, *row.values, row.ceiling, share, MARKS[row.mark])])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
