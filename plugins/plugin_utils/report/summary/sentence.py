"""Whether to worry, as a sentence; what the history says, and what was not measured. Pure functions of a run document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ...analysis.statistics import median
from ...metrics import title
from ...model import Finding, RunDocument
from ...text.labels import plural
from ...text.units import percent
from ...thresholds import EQUAL_CHIPS, REGRESSION_RUNS
from ...verdicts.pairs import SHOWN, listed
from . import places, usual, values
from .parts import Problem, Sentence

_PAIR: Final = 2
_CLAUSES: Final = 2  # problems that the sentence describes
_NAMED: Final = 3  # of what was not measured
_CLOSE: Final = 0.13  # a share this near to a fraction reads as it
_FRACTIONS: Final = (
    (0.05, "a twentieth"),
    (0.1, "a tenth"),
    (0.2, "a fifth"),
    (0.25, "a quarter"),
    (1 / 3, "a third"),
    (0.5, "half"),
    (2 / 3, "two thirds"),
    (0.75, "three quarters"),
)


def sentence(run: RunDocument, problems: Sequence[Problem], notes: Sequence[Problem] = ()) -> Sentence:
    """Return whether to worry; problems: without the notes, which are counted where there is no problem."""
    if not run["metrics"]:
        return Sentence(mark="attention", lead="Nothing was measured.", text=_incomplete(run))
    if not problems:
        counted = f"; {plural(len(notes), 'note')}" if notes else ""
        lead = f"No problems found{' in what was measured' if run['partial'] else ''}{counted}."
        text = _incomplete(run) if run["partial"] else _healthy(run)
        return Sentence(mark="attention" if run["partial"] else "none" if notes else "good", lead=lead, text=text)
    clauses = [_clause(run, problem) for problem in problems[:_CLAUSES]]
    more = len(problems) - len(clauses)
    text = _joined(run, clauses) + (f" {plural(more, 'more problem')} below." if more else "")
    return Sentence(
        mark=max(
            (values.MARKS[finding["severity"]] for problem in problems for finding in problem.findings), key=values.ORDER.index
        ),
        lead=f"{plural(len(problems), 'problem')}{' in a run that is not complete' if run['partial'] else ''}.",
        text=text,
    )


def _joined(run: RunDocument, clauses: Sequence[str]) -> str:
    text = ", and ".join(clauses)
    # The name of a node keeps its letters.
    return f"{text}." if text.split(" ", 1)[0] in run["nodes"] else f"{text[:1].upper()}{text[1:]}."


def _incomplete(run: RunDocument) -> str:
    """Return what a partial run lacks."""
    if not run["not_measured"]:
        return "The run is not complete."
    return f"The run is not complete: {plural(len(run['not_measured']), 'value')} {_were(len(run['not_measured']))} not measured."


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _healthy(run: RunDocument) -> str:
    """Return what a healthy run reaches, against what is usual where that is known, and which nodes it lacks."""
    absent = run["absent"]
    missing = f"{listed(absent, plural(len(absent) - SHOWN, 'more node'))} {_were(len(absent))} not measured." if absent else ""
    return f"{_reached(run)} {missing}".strip()


def _reached(run: RunDocument) -> str:
    found = values.on_gpu(run, "gemm.float32")
    names = places.counted(run, list(found))
    if found and len(found) == len(run["nodes"]):
        normal = {node: usual.of(run, metric) for node, metric in found.items()}
        if all(one and found[node]["median"] >= EQUAL_CHIPS * one.value for node, one in normal.items()):
            return _joined(run, [f"{names} {'reaches' if len(found) == 1 else 'reach'} what this chip usually does"])
    if len(run["nodes"]) == 1:
        return "Links and scaling need a second node."
    return ""


def _clause(run: RunDocument, problem: Problem) -> str:
    """Return a problem as a main clause without a full stop."""
    made = _CLAUSE_OF.get(problem.cause)
    return (made(run, problem) if made else None) or problem.title


def _of_chips(what: str, name: str) -> Callable[[RunDocument, Problem], str | None]:
    """Return a maker of "both GPUs run at a quarter of what this chip usually reaches"."""

    def clause(run: RunDocument, problem: Problem) -> str | None:
        nodes = list(dict.fromkeys(node for finding in _of_cause(problem) for node in finding["subject"]))
        low = [metric for node, metric in values.on_gpu(run, name).items() if node in nodes and metric["ceiling"]]
        if not low:
            return None
        normal = [usual.of(run, metric) for metric in low]
        if all(normal):
            shares = [metric["median"] / one.value for metric, one in zip(low, normal) if one and one.value]
            whose = next(one.whose for one in normal if one)
        else:
            shares, whose = [metric["share"] for metric in low if metric["share"]], "its peak"
        return f"{_these(run, what, nodes)} at {fraction(median(shares))} of {whose}" if shares else None

    return clause


def _of_cause(problem: Problem) -> list[Finding]:
    """Return the findings that are the cause itself, none where they only follow from it."""
    return [finding for finding in problem.findings if finding["kind"] == problem.cause]


def _these(run: RunDocument, what: str, nodes: Sequence[str]) -> str:
    if len(nodes) == 1 or what == "memory":
        return f"the {what} of {places.named(run, nodes)} runs"
    whole = len(nodes) == len(run["nodes"])
    return f"{'both' if whole and len(nodes) == _PAIR else f'all {len(nodes)}' if whole else len(nodes)} {what}s run"


def _negotiated(run: RunDocument, problem: Problem) -> str | None:
    first = _of_cause(problem)[0]
    factor, nodes = first.get("link_factor"), first["subject"]
    if not factor:
        return None
    cable = "the cable between the" if len(run["nodes"]) == _PAIR else "one cable of"
    place = f" {places.machines(run)}s" if len(run["nodes"]) == _PAIR else f" {places.named(run, nodes)}"
    return f"{cable}{place} works at {fraction(1 / factor)} of its speed"


def fraction(share: float) -> str:
    """Return a share as people say it: 0.22 is "a quarter", 0.42 is "42 %"."""
    near, words = min(_FRACTIONS, key=lambda item: abs(share / item[0] - 1))
    return words if abs(share / near - 1) < _CLOSE else percent(share)


_CLAUSE_OF: Final[dict[str, Callable[[RunDocument, Problem], str | None]]] = {
    "compute_below_peak": _of_chips("GPU", "gemm.float32"),
    "memory_below_peak": _of_chips("memory", "memory.triad"),
    "negotiated_below_capable": _negotiated,
}


def history(run: RunDocument) -> str:
    """Return how the run stands among the comparable ones before it, "" where there are none."""
    past = run["history"]
    count = len(past["runs"])
    if not count:
        return ""
    before = "the run before" if count == 1 else f"the {count} runs before"
    if count < REGRESSION_RUNS:
        return f"{plural(count, 'comparable run')} before; {REGRESSION_RUNS} are needed to say what changed."
    found = [item["verdict"] for item in past["comparisons"] if item["headline"]]
    parts = [
        f"{plural(found.count(verdict), 'value')} {word}"
        for verdict, word in (("regression", "worse"), ("improvement", "better"))
        if verdict in found
    ]
    return f"{' and '.join(parts)} than in {before}." if parts else f"As in {before}."


def not_measured(run: RunDocument) -> str:
    """Return how much was not measured, and the first of it, "" where nothing is missing."""
    missing = run["not_measured"]
    if not missing:
        return ""
    names = list(dict.fromkeys(title(item["name"]) for item in missing))
    more = len(names) - _NAMED
    return f"Not measured: {', '.join(names[:_NAMED])}{f' and {more} more' if more > 0 else ''}."
