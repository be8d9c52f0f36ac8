"""The store of runs: a run's folder is read, written, made one document, validated and found again."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import yaml

from . import run_document
from .analysis import ceilings, history
from .files import replace_link, replace_text
from .guard import guarded
from .migrations import migrate
from .model import Failure, NotMeasured, RunDocument
from .text import command_line
from .trust import untrusted
from .verdicts import FAILED, failed
from .workspace import DATA

RUN_FILE = "run.json"
PLAN_FILE = "plan.json"
LATEST = "latest"
PREVIOUS = "previous"
_NAMED = 3  # runs that a message about an unknown one names
_OF_PLAN = ("run_id", "started", "profile", "playbook", "stack", "nodes", "head")
_NAMES = "*Z"  # a run's folder is named after its start in UTC, so that names sort by time
# The history takes the newest of one testbed; other testbeds of the same plan (another link, another power source) are between.
_MOST_EARLIER = 3 * history.MOST_RUNS


class RunError(Exception):
    """A run that cannot be read or written; the message names the file, the reason and what to do."""


def read_json(path: Path, remedy: str = "measure again, or take it out of the folder") -> Any:
    """Return the content of a JSON file; remedy: what to do where it cannot be read."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)[:200]
        raise RunError(f"{path} cannot be read ({reason}): {remedy}.") from error


def read(folder: Path) -> RunDocument:
    """Return the run document of a folder for a comparison; its keys follow today's rules, so older runs stay comparable."""
    path = folder / RUN_FILE
    run = untrusted.clean(read_json(path, "name the folder of a run, or write its report again"))
    try:
        run = migrate(run)
        run["keys"] = history.keys(run)
    except (KeyError, TypeError, AttributeError):
        run = {}
    if run.get("schema_version") != run_document.SCHEMA_VERSION:
        hint = command_line.command("playbooks/bench_report.yml", extra={"report_run_dir": folder})
        raise RunError(f"{path} was written by another version. Write it again:\n{hint}")
    return cast(RunDocument, run)


def write(folder: Path, document: RunDocument, dry_run: bool = False) -> bool:
    """Write run.json of a folder; return whether its content changed."""
    return write_text(folder / RUN_FILE, json.dumps(document, indent=4, sort_keys=True) + "\n", dry_run)


def write_text(path: Path, text: str, dry_run: bool = False) -> bool:
    """Replace a file in one step where its content differs; return whether it does. dry_run: compare and write nothing."""
    try:
        if path.exists() and path.read_text(encoding="utf-8", errors="replace") == text:
            return False
        if not dry_run:
            replace_text(path, text)
    except OSError as error:
        raise _not_written(path, error) from error
    return True


def _not_written(path: Path, error: OSError) -> RunError:
    return RunError(f"{path} cannot be written ({error.strerror or error}): make its folder writable, or choose another one.")


def folders(results_dir: Path) -> list[Path]:
    """Return the folders of the runs with a document, the oldest first."""
    return sorted(path.parent for path in results_dir.glob(f"{_NAMES}/{RUN_FILE}"))


def set_latest(folder: Path, dry_run: bool = False) -> bool:
    """Point the link ``latest`` beside a run's folder to the newest run; return whether that changed."""
    folder = folder.resolve()  # it may be given as "." or by the link itself
    link = folder.parent / LATEST
    others = [path.name for path in folders(folder.parent)]
    newest = max(others + [folder.name] * folder.match(_NAMES), default=folder.name)
    if link.is_symlink() and str(link.readlink()) == newest:
        return False
    try:
        if not dry_run:
            replace_link(link, newest)
    except OSError as error:
        raise _not_written(link, error) from error
    return True


def is_latest(folder: Path) -> bool:
    """Return whether the link ``latest`` beside a run's folder points to it."""
    return (folder.resolve().parent / LATEST).resolve() == folder.resolve()


def resolve(results_dir: Path, name: str) -> Path:
    """Return the folder of a run that people name: a folder, the id of a run of ``results_dir``, ``latest`` or ``previous``.

    ``latest`` and ``previous`` are the newest two with a document. Raises RunError with the newest ids otherwise.
    """
    found = folders(results_dir)
    position = {LATEST: 1, PREVIOUS: 2}.get(name)
    if position and len(found) >= position:
        return found[-position]
    if name and not position:
        ids = [results_dir / name] if name == Path(name).name else []  # "." is the current folder
        for folder in (*ids, Path(name)):
            if folder.is_dir():
                return folder
    if not found:
        raise RunError(f"There is no run in {results_dir}. Measure first:\n{command_line.command('bench.yml')}")
    known = [folder.name for folder in reversed(found)]
    # Ids differ by a digit and mean other runs: only the beginning of one is a guess.
    begun = [one for one in known if name and one.startswith(name)]
    close = begun or difflib.get_close_matches(name, [word for word in (LATEST, PREVIOUS) if word != name], n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    newest = f"the only one is {known[0]}" if len(known) == 1 else f"the newest are {', '.join(known[:_NAMED])}"
    raise RunError(f"{name or 'Nothing'} is no run in {results_dir}; {newest}.{hint}")


def to_compare(named: Sequence[str], results_dir: Path) -> list[Path]:
    """Return the folders of at least two runs: those that are named, or the two newest ones of ``results_dir``."""
    found = folders(results_dir)
    chosen = list({folder.resolve(): folder for folder in (resolve(results_dir, name) for name in named)}.values()) or found[-2:]
    if len(chosen) > 1:
        return chosen
    if len(found) < 2:
        what, line = "Measure", command_line.command("bench.yml")
    else:
        other = next(folder.name for folder in reversed(found) if folder.resolve() != chosen[0].resolve())
        names = f"{chosen[0].name if chosen[0].parent.resolve() == results_dir.resolve() else chosen[0]},{other}"
        what, line = "Name two or more", command_line.command("playbooks/compare.yml", extra={"compare_runs": names})
    raise RunError(f"{'1 run' if chosen else 'No run'} to compare in {results_dir}. {what}:\n{line}")


def data_files() -> dict[str, Any]:
    """Return what the verdicts need of data/."""

    def load(name: str) -> Any:
        return yaml.safe_load((DATA / name).read_text())

    return {
        "peaks": ceilings.read_peaks((DATA / "apple_silicon_peaks.csv").read_text()),
        "cuda": load("cuda_architectures.yml"),
        "switches": load("switches.yml"),
    }


def finished_of(raws: Sequence[Any], started: str) -> str:
    """Return when the last measurement ended, ``started`` where none says."""
    return max((str(raw["finished"]) for raw in raws if isinstance(raw, dict) and raw.get("finished")), default=started)


def earlier_runs(folder: Path) -> list[Any]:
    """Return what the history needs of the runs beside a run's folder, one document in memory at a time.

    The newest that can be comparable, and the newest of the same nodes, which says what changed; one that cannot be read is no
    reason to lose a run.
    """
    plan, whole = read_plan(folder), 0
    runs: list[Any] = []
    folder = folder.resolve()  # as in set_latest: its name counts
    for path in sorted(folder.parent.glob(f"{_NAMES}/{RUN_FILE}"), reverse=True):
        other = _earlier_plan(path.parent / PLAN_FILE, plan)
        alike = history.may_compare(plan, other)
        # Only runs before this one count; a folder's name is the time of its start.
        if path.parent.name >= folder.name or not (alike or (not runs and history.same_nodes(plan, other))):
            continue
        try:
            run = migrate(untrusted.clean(json.loads(path.read_text())))
            if run.get("schema_version") != run_document.SCHEMA_VERSION:
                continue
            runs.append(history.kept(run))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        whole += alike and not runs[-1]["partial"]
        if whole >= _MOST_EARLIER:
            break
    return runs


def _earlier_plan(path: Path, default: Any) -> Any:
    """Return the plan of an old run; without one only its document can tell what it is."""
    try:
        return {"nodes": [], **json.loads(path.read_text())}
    except (OSError, ValueError, TypeError, RecursionError):
        return default


def last_seconds(results_dir: Path, plan: Mapping[str, Any]) -> float | None:
    """Return the seconds of the newest whole run with the profile, parameters, head and nodes of ``plan``, or None."""
    for folder in reversed(folders(results_dir)):
        if not history.may_compare(plan, _earlier_plan(folder / PLAN_FILE, {"nodes": []})):
            continue
        try:
            run = json.loads((folder / RUN_FILE).read_text())
            seconds = (datetime.fromisoformat(run["finished"]) - datetime.fromisoformat(run["started"])).total_seconds()
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
        if not run.get("partial") and seconds > 0:
            return seconds
    return None


def read_plan(folder: Path) -> dict[str, Any]:
    """Return what a run was to measure."""
    path = folder / PLAN_FILE
    plan = read_json(path, "without its plan a run cannot be reported; measure again")
    lacking = [name for name in _OF_PLAN if not isinstance(plan, dict) or name not in plan]
    if lacking:
        raise RunError(f"{path} is not the plan of a run: it has no {', '.join(lacking)}. Measure again.")
    return cast(dict[str, Any], plan)


def read_raws(folder: Path) -> tuple[list[Any], list[NotMeasured]]:
    """Return (raw documents, rows of "not measured" for the files that cannot be read) of a run's folder."""
    raws: list[Any] = []
    unreadable: list[NotMeasured] = []
    for path in sorted(folder.glob("raw/*.json")):
        try:
            raws.append(untrusted.clean(read_json(path)))
        except RunError as error:
            unreadable.append({"name": path.stem, "subject": [], "reason": str(error)})
    if not raws:
        reason = "holds no raw files that can be read" if folder.is_dir() else "does not exist"
        raise RunError(f"{folder} {reason}: name the folder of a run, below results/.")
    return raws, unreadable


def read_measured(folder: Path, plan: Any = None) -> run_document.Measured:
    """Return the document of a folder's raw/*.json, measured and not judged; plan: that of its plan.json by default."""
    raws, unreadable = read_raws(folder)
    plan = read_plan(folder) if plan is None else plan
    document = run_document.measured(plan, raws, data_files(), finished_of(raws, plan["started"]))
    return {**document, "not_measured": document["not_measured"] + unreadable, "partial": document["partial"] or bool(unreadable)}


def measured(folder: Path) -> RunDocument:
    """Return the run document of a folder with its metrics alone: what is written before anything is judged."""
    return run_document.unjudged(read_measured(folder))


def assemble(folder: Path) -> RunDocument:
    """Return the run document of a run's folder."""
    return judged(folder, read_measured(folder))


def judged(folder: Path, measured_document: run_document.Measured) -> RunDocument:
    """Return the run document of a folder's measured one, with its suspects measured again where that was done.

    A document that is not what the schema says is returned all the same, with a finding that says where.
    """
    data, earlier = data_files(), earlier_runs(folder)
    run = run_document.judged(measured_document, data, earlier)
    if list(folder.glob("again/raw/*.json")):
        failures: list[Any] = []
        again = guarded("second measurement", lambda: _second_run(folder, data, earlier), None, failures)
        run = run_document.confirmed(run, again, data) if again else {**run, "findings": failed(run["findings"], failures)}
    try:
        return validate(run)
    except RunError as error:
        fault: list[Failure] = [{"name": "shape of run.json", "error": str(error)}]
        findings = failed(run["findings"], fault, [one for one in run["findings"] if one["kind"] == FAILED])
        return cast(RunDocument, {**run, "findings": findings})


def _second_run(folder: Path, data: dict[str, Any], earlier: list[Any]) -> Any:
    """Return the run document of the second measurement: the same plan, of which only suspects were measured."""
    plan = {**read_plan(folder), "parts": {}}
    return run_document.judged(read_measured(folder / "again", plan), data, earlier)


def validate(document: Any) -> RunDocument:
    """Return the document when it is what data/run.schema.json says, else raise one sentence with the place and the fault."""
    import jsonschema

    schema = json.loads((DATA / "run.schema.json").read_text())
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(document))
    if error is not None:
        place = "/".join(str(part) for part in error.absolute_path) or "the document"
        raise RunError(f"run.json would not be valid at {place}: {error.message[:300]}. This is a bug; keep the raw files.")
    return cast(RunDocument, document)


def suspect_groups(run: RunDocument) -> list[str]:
    """Return the parts of the benchmark that measure a run's suspects again: suites of MLX, network, ray, collective."""
    groups = {"net": "network", "ray": "ray", "scaling": "ray", "collective": "collective"}
    prefixes = {item["name"].split(".")[0] for item in history.suspects(run)}
    return sorted({groups.get(prefix, prefix) for prefix in prefixes})
