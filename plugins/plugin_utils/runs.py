"""The store of runs: a run's folder is read, made one document, held against the schema and found again."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from ansible.errors import AnsibleFilterError

from . import run_document
from .analysis import ceilings, history
from .guard import guarded
from .migrations import migrate
from .text import command_line
from .trust import untrusted
from .verdicts import FAILED, failed

REPOSITORY = Path(__file__).resolve().parents[2]


def read_json(path):
    """Return the content of a JSON file; one sentence when it cannot be read."""
    try:
        return json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise AnsibleFilterError(f"{path} cannot be read ({error}): measure again, or take it out of the folder.") from error


def read_document(path):
    """Return a run document that the comparison can use; one sentence for one that is older or no run at all."""
    run = untrusted.clean(read_json(path))
    try:
        run = migrate(run)
        run["keys"] = history.keys(run)  # by today's rules, so that an older run stays comparable
    except (KeyError, TypeError, AttributeError):
        run = {}
    if run.get("schema_version") != run_document.SCHEMA_VERSION:
        hint = command_line.command("playbooks/bench_report.yml", extra={"report_run_dir": Path(path).parent})
        raise AnsibleFilterError(f"{path} was written by another version. Write it again:\n{hint}")
    return run


# The history takes the newest of one testbed; other testbeds of the same plan (another link, another power source) are between.
_MOST_EARLIER = 3 * history.MOST_RUNS


def data_files():
    """Return what the verdicts need of data/."""
    folder = REPOSITORY / "data"

    def load(name):
        return yaml.safe_load((folder / name).read_text())

    return {
        "peaks": ceilings.read_peaks((folder / "apple_silicon_peaks.csv").read_text()),
        "cuda": load("cuda_architectures.yml"),
        "headlines": load("headline_metrics.yml"),
        "switches": load("switches.yml"),
    }


def finished_of(raws, started):
    """Return when the last measurement ended, ``started`` where none says."""
    return max((str(raw["finished"]) for raw in raws if isinstance(raw, dict) and raw.get("finished")), default=started)


def earlier_runs(folder):
    """Return what the history needs of the runs beside a run's folder, one document in memory at a time.

    The newest that can be comparable, and the newest of the same nodes, which says what changed; one that cannot be read is no
    reason to lose a run.
    """
    plan, runs, whole = read_json(folder / "plan.json"), [], 0
    for path in sorted(folder.parent.glob("*Z/run.json"), reverse=True):
        other = _earlier_plan(path.parent / "plan.json", plan)
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


def _earlier_plan(path, default):
    """Return the plan of an old run; without one only its document can tell what it is."""
    try:
        return {"nodes": [], **json.loads(path.read_text())}
    except (OSError, ValueError, TypeError):
        return default


def read_raws(folder):
    """Return (raw documents, rows of "not measured" for the files that cannot be read) of a run's folder."""
    raws, unreadable = [], []
    for path in sorted(folder.glob("raw/*.json")):
        try:
            raws.append(untrusted.clean(read_json(path)))
        except AnsibleFilterError as error:
            unreadable.append({"name": path.stem, "subject": [], "reason": str(error)})
    if not raws:
        raise AnsibleFilterError(f"{folder} holds no raw files that can be read: name the folder of a run, below results/.")
    return raws, unreadable


def read_measured(folder):
    """Return the measured document of a folder with plan.json and raw/*.json, and nothing judged yet."""
    raws, unreadable = read_raws(folder)
    plan = read_json(folder / "plan.json")
    document = run_document.measured(plan, raws, data_files(), finished_of(raws, plan["started"]))
    return {**document, "not_measured": document["not_measured"] + unreadable, "partial": document["partial"] or bool(unreadable)}


def read_run(folder, earlier):
    """Return the run document of a folder with plan.json and raw/*.json."""
    return run_document.judged(read_measured(folder), data_files(), earlier)


def measured(run_dir):
    """Return the run document of a folder with its metrics alone: what is written before anything is judged."""
    return run_document.unjudged(read_measured(Path(run_dir)))


def assemble(run_dir):
    """Return the run document of a run's folder, with its suspects measured again where that was done.

    A document that is not what the schema says is returned all the same, with a finding that says where.
    """
    folder = Path(run_dir)
    earlier = earlier_runs(folder)
    run = read_run(folder, earlier)
    if list(folder.glob("again/raw/*.json")):
        failures = []
        again = guarded("second measurement", lambda: read_run(folder / "again", earlier), None, failures)
        run = (
            run_document.confirmed(run, again, data_files()) if again else {**run, "findings": failed(run["findings"], failures)}
        )
    try:
        return validate(run)
    except AnsibleFilterError as error:
        fault = [{"name": "shape of run.json", "error": str(error)}]
        return {**run, "findings": failed(run["findings"], fault, [one for one in run["findings"] if one["kind"] == FAILED])}


def validate(document):
    """Return the document when it is what data/run.schema.json says, else raise one sentence with the place and the fault."""
    import jsonschema

    schema = json.loads((REPOSITORY / "data" / "run.schema.json").read_text())
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(document))
    if error is not None:
        place = "/".join(str(part) for part in error.absolute_path) or "the document"
        raise AnsibleFilterError(
            f"run.json would not be valid at {place}: {error.message[:300]}. This is a bug; keep the raw files."
        )
    return document


def in_workspace(name):
    """Return the path of a folder that runs write: in the checkout, or in the current folder for an installed collection."""
    return str((Path.cwd() if (REPOSITORY / "MANIFEST.json").exists() else REPOSITORY) / name)


def run_dirs(results_dir):
    """Return the folders of the runs with a document, oldest first."""
    return sorted(str(path.parent) for path in Path(results_dir).glob("*Z/run.json"))


def newest_run(run_dir):
    """Return the name of the newest run with a document beside ``run_dir``, itself included."""
    folder = Path(run_dir)
    return max([folder.name, *(Path(path).name for path in run_dirs(folder.parent))])


def suspect_groups(run):
    """Return the parts of the benchmark that measure a run's suspects again: suites of MLX, network, ray, collective."""
    groups = {"net": "network", "ray": "ray", "scaling": "ray", "collective": "collective"}
    prefixes = {item["name"].split(".")[0] for item in history.suspects(run)}
    return sorted({groups.get(prefix, prefix) for prefix in prefixes})
