"""Writes the report of a run: the measured values first, then what they mean, then each format. For plays and for Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, cast, get_args

from .. import run_document, runs
from ..guard import guarded
from ..model import Failure, Finding, RunDocument, Severity
from ..verdicts import failed
from . import view as views
from .exporters import EXPORTERS
from .summary.parts import Summary


@dataclass(frozen=True)
class Report:
    """What was written, or would be in a dry run; failures: formats that could not be made, as sentences.

    headlines: as before the summary, for who reads them from a play.
    """

    run_id: str
    headlines: list[str]
    summary: Summary
    regressions: list[Finding]
    verdict: Literal["fault", "limit", "healthy"]  # the worst severity, without the notes
    counts: dict[Severity, int]  # findings of each severity
    findings: list[Finding]
    paths: list[str]
    changed: bool
    failures: list[str]


def write(folder: Path, formats: Sequence[str] = (), dry_run: bool = False) -> Report:
    """Write run.json and the report of a run's folder, and point ``latest`` to the newest run.

    formats: names of EXPORTERS, all by default. Raises runs.RunError where the folder holds no run or cannot be written.
    A verdict or a format that raises is reported and costs nothing else.
    """
    measured = runs.read_measured(folder)
    changed = False
    if not (folder / runs.RUN_FILE).exists():  # whatever happens to a verdict or to the report, what was measured is kept
        changed = runs.write(folder, _unjudged(measured, []), dry_run)
    failures: list[Failure] = []
    judged = guarded("verdicts", lambda: runs.judged(folder, measured), None, failures)
    document = judged or _unjudged(measured, failures)
    changed = runs.write(folder, document, dry_run) or changed

    view = views.prepare(document)
    paths, broken = [folder / runs.RUN_FILE], list[Failure]()
    for name in formats or EXPORTERS:
        exporter = EXPORTERS[name]
        text = guarded(exporter.file_name, partial(exporter.render, view, document), None, broken)
        if text is not None:
            paths.append(folder / exporter.file_name)
            changed = runs.write_text(paths[-1], text, dry_run) or changed
    changed = runs.set_latest(folder, dry_run) or changed
    return Report(
        run_id=document["run_id"],
        headlines=_headlines(view["summary"]),
        summary=view["summary"],
        verdict=_verdict(document["findings"]),
        counts={severity: sum(one["severity"] == severity for one in document["findings"]) for severity in get_args(Severity)},
        regressions=[finding for finding in document["findings"] if finding["kind"] == "regression"],
        findings=document["findings"],
        paths=[str(path) for path in paths],
        changed=changed,
        failures=[f"{failure['name']} could not be made: {failure['error']}" for failure in broken],
    )


def _verdict(findings: Sequence[Finding]) -> Literal["fault", "limit", "healthy"]:
    severities = {finding["severity"] for finding in findings}
    return "fault" if "fault" in severities else "limit" if "limit" in severities else "healthy"


def _headlines(summary: Summary) -> list[str]:
    """Return what a terminal shows of a run: whether to worry, and each problem with the first thing to try."""
    first = [f"{problem.badge}: {problem.title}. {' '.join(problem.remedies[:1])}".rstrip() for problem in summary.problems]
    return [f"{summary.sentence.lead} {summary.sentence.text}".rstrip(), *first]


def _unjudged(measured: run_document.Measured, failures: list[Failure]) -> RunDocument:
    """Return a measured document in the shape of run.json, with a note for each thing that failed."""
    document = run_document.unjudged(measured)
    return cast(RunDocument, {**document, "findings": failed(document["findings"], failures)})


def page_of(folder: Path) -> str:
    """Return the page of a run as a person types it: by way of ``latest`` where that is the run, from the current folder."""
    latest = folder.parent / runs.LATEST
    if latest.exists() and latest.resolve() == folder.resolve():
        folder = latest
    page = folder.absolute() / EXPORTERS["html"].file_name
    return str(page.relative_to(Path.cwd()) if page.is_relative_to(Path.cwd()) else page)
