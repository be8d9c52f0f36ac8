"""What a run says first, in words: one sentence, tiles, a table, problems. Page, terminal and copied text place it."""

from __future__ import annotations

from ...guard import guarded
from ...model import Failure, RunDocument
from ...trust.untrusted import clean_text
from . import problems, sentence, table, tiles, title
from .parts import Problem, Sentence, Summary

__all__ = ["summarize"]
_UNKNOWN = Sentence(mark="attention", lead="This summary could not be made.", text="The values are complete in run.json.")


def summarize(run: RunDocument, failures: list[Failure] | None = None) -> Summary:
    """Return the summary of a run document. failures: list for the parts that raise; they are left out."""
    failures = [] if failures is None else failures
    nothing: tuple[tuple[Problem, ...], tuple[Problem, ...]] = ((), ())
    found, notes = guarded("problems of the summary", lambda: problems.problems(run), nothing, failures)
    return Summary(
        title=clean_text(title.title(run)),
        hardware=guarded("hardware of the summary", lambda: clean_text(title.hardware(run)), "", failures),
        measured=title.measured(run),
        profile=run["profile"],
        software=guarded("software of the summary", lambda: clean_text(title.software(run)), "", failures),
        sentence=guarded("sentence of the summary", lambda: sentence.sentence(run, found, notes), _UNKNOWN, failures),
        tiles=guarded("tiles of the summary", lambda: tiles.tiles(run), (), failures),
        columns=table.columns(run),
        rows=guarded("table of the summary", lambda: table.rows(run), (), failures),
        problems=found,
        notes=notes,
        options=tuple(run["options"]),
        history=guarded("history of the summary", lambda: sentence.history(run), "", failures),
        not_measured=guarded("what was not measured", lambda: sentence.not_measured(run), "", failures),
    )
