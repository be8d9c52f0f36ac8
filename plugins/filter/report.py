"""Filters that turn raw files into a run document and a run document into what a report shows."""

from __future__ import annotations

import json
from pathlib import Path

import ansible.module_utils
from ansible.errors import AnsibleFilterError

# Controller-side plugins share the modules' code; Ansible puts it on the path for modules only.
REPOSITORY = Path(__file__).resolve().parents[2]
_SHARED = str(REPOSITORY / "module_utils")
if _SHARED not in ansible.module_utils.__path__:
    ansible.module_utils.__path__.append(_SHARED)

from ansible.module_utils.saf import report_view, run_document  # noqa: E402


def read_json(path):
    """Return the content of a JSON file; one sentence when it cannot be read."""
    try:
        return json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise AnsibleFilterError(f"{path} cannot be read ({error}): measure again, or take it out of the folder.") from error


def assemble(run_dir, finished):
    """Return the validated run document of a run's folder (plan.json and raw/*.json)."""
    folder = Path(run_dir)
    raws = [read_json(path) for path in sorted(folder.glob("raw/*.json"))]
    peaks = (REPOSITORY / "data" / "apple_silicon_peaks.csv").read_text()
    return validate(run_document.assemble(read_json(folder / "plan.json"), raws, peaks, finished))


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


class FilterModule:
    def filters(self):
        return {
            "read_json": read_json,
            "run_document": assemble,
            "valid_run": validate,
            "report_view": report_view.prepare,
        }
