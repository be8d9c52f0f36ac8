"""Everything that a report shows, prepared from a run document: templates place it and compute nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict

from ...guard import guarded
from ...model import Failure, RunDocument
from ...text.labels import subject_label
from ...verdicts import failed
from ..summary import summarize
from ..summary.markdown import markdown
from ..summary.medians import as_json
from ..summary.parts import Sentence, Summary
from .figures import sections
from .history import trends
from .links import matrices
from .nodes import cards, flagged

# What a part is when it cannot be shown: the templates place it all the same.
_EMPTY_HISTORY = {"text": "", "rows": [], "charts": [], "more": [], "long": False, "marked": False, "changes": []}
_EMPTY_SECTIONS: dict[str, list[dict[str, Any]]] = {"chips": [], "cluster": []}
_EMPTY_CARDS = {"shared": "", "nodes": []}
# Nodes above which a page has a field to find one, and closes what is long.
_MANY = 4


class View(TypedDict):
    """What the pages place: texts with units, bars in %, charts as SVG; matrix: a table for each link.

    data: what the page holds as JSON, with the text of its copy button; broken: findings about the report itself.
    """

    summary: Summary
    data: dict[str, Any]
    many: bool
    broken: list[str]
    nodes: dict[str, Any]
    matrix: list[dict[str, Any]]
    sections: dict[str, list[dict[str, Any]]]
    history: dict[str, Any]
    flags: list[dict[str, Any]]
    facts: list[tuple[str, str]]
    environment: list[tuple[str, list[tuple[str, Any]]]]
    not_measured: list[dict[str, str]]


def prepare(run: RunDocument) -> View:
    """Return the view of a run document. A part that raises is left out, and ``broken`` names it."""
    failures: list[Failure] = []

    def part(name: str, make: Callable[[], Any], fallback: Any = ()) -> Any:
        return guarded(f"{name} of the report", make, fallback or [], failures)

    summary: Summary = part("summary", lambda: summarize(run, failures), _bare(run))
    view: View = {
        "summary": summary,
        "data": {
            **part("data", lambda: as_json(run), {"run_id": run["run_id"]}),
            "text": part("text", lambda: markdown(summary), run["run_id"]),
        },
        "many": len(run["nodes"]) > _MANY,
        "broken": [],
        "nodes": part("nodes", lambda: cards(run, summary.columns), _EMPTY_CARDS),
        "matrix": part("links", lambda: matrices(run)),
        "sections": part("values", lambda: sections(run, failures), _EMPTY_SECTIONS),
        "history": part("history", lambda: trends(run), _EMPTY_HISTORY),
        "flags": part("flags", lambda: flagged(run)),
        "facts": part("facts", lambda: _facts(run)),
        "environment": part("environment", lambda: _environment(run)),
        "not_measured": part("list of what was not measured", lambda: _not_measured(run)),
    }
    view["broken"] = [finding["measured"] for finding in failed([], failures)]
    return view


def _bare(run: RunDocument) -> Summary:
    """Return what a page says first where its summary could not be made."""
    return Summary(
        title=", ".join(run["nodes"]),
        hardware="",
        measured=run["started"],
        profile=run["profile"],
        software="",
        sentence=Sentence(mark="attention", lead="No summary.", text="The values below are complete."),
        tiles=(),
        columns=(),
        rows=(),
        problems=(),
        notes=(),
        options=(),
        history="",
        not_measured="",
    )


def _not_measured(run: RunDocument) -> list[dict[str, str]]:
    """Return [{name, subject, reason}]: one row for each metric and reason, with all of its nodes or pairs."""
    places: dict[tuple[str, str], dict[str, None]] = {}
    for item in run["not_measured"]:
        places.setdefault((item["name"], item["reason"]), {})[subject_label(item["subject"])] = None
    return [{"name": name, "subject": "; ".join(subjects), "reason": reason} for (name, reason), subjects in places.items()]


def _facts(run: RunDocument) -> list[tuple[str, str]]:
    """Return [(name, value)] about the run itself."""
    pins = ", ".join(f"{name} {version}" for name, version in run["stack"]["pins"].items())
    commit = (run["playbook"]["commit"] or "unknown")[:12] + (" with changes" if run["playbook"]["dirty"] else "")
    return [
        ("Run", f"{run['run_id']}, {run['started']} to {run['finished']}"),
        *([("Absent", ", ".join(run["absent"]))] if run["absent"] else []),
        ("Stack", f"{run['stack']['name']}: Python {run['stack']['python_version']}, {pins}"),
        ("Playbook", commit),
        ("Keys of the history", f"testbed {run['keys']['testbed']}, software {run['keys']['software']}"),
    ]


def _environment(run: RunDocument) -> list[tuple[str, list[tuple[str, Any]]]]:
    """Return [(nodes, [(name, value)])]: versions and what else a value depends on; nodes that do not differ together."""
    alike: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for name, node in run["nodes"].items():
        facts, installed = node["facts"], (node["facts"].get("venv") or {}).get("distributions") or {}
        system = facts.get("os") or {}
        values = [
            ("system", " ".join(str(system[key]) for key in ("name", "version", "build", "kernel") if system.get(key))),
            ("Python", (facts.get("python") or {}).get("version")),
            *((package, installed.get(package)) for package in ("ray", "mlx", "mlx-lm", "numpy")),
            ("venv", (node["fingerprint"] or "")[:12]),
        ]
        alike.setdefault(tuple((key, str(value)) for key, value in values if value), []).append(name)
    return [(_together(run, names), list(values)) for values, names in alike.items()]


def _together(run: RunDocument, names: list[str]) -> str:
    """Return the names of nodes; of many that are alike their number, too: "all 16 nodes"."""
    if len(names) <= _MANY:
        return ", ".join(names)
    return f"all {len(names)} nodes" if len(names) == len(run["nodes"]) else f"{len(names)} nodes: {', '.join(names)}"
