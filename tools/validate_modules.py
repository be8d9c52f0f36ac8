#!/usr/bin/env python3
"""Compare the documentation of library/ with what the modules accept, by ansible-core's own validator.

ansible-test runs with a Git checkout below ansible_collections/ only; its validator is a script of the ansible-core wheel and
runs alone, over this checkout as the collection that it is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import ansible_test
import yaml

ROOT = Path(__file__).resolve().parents[1]
VALIDATOR = Path(ansible_test.__file__).parent / "_util" / "controller" / "sanity" / "validate-modules"
COLLECTION = Path("ansible_collections") / "saf" / "fabric"
# The repository is under the Apache licence; the validator knows only the licence of Ansible's own modules.
IGNORED = {"missing-gplv3-license"}


def validate(modules):
    """Return the validator's findings as ``[(module, code, message)]``; modules: paths in the collection."""
    collections = ROOT / "collections"
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
    options = ["--format", "json", "--arg-spec", "--collection", str(COLLECTION), "--collection-version", version]
    done = subprocess.run(
        [sys.executable, str(VALIDATOR / "validate.py"), *options, *modules],
        env={**os.environ, "PYTHONPATH": str(VALIDATOR), "ANSIBLE_COLLECTIONS_PATH": str(collections)},
        cwd=collections / COLLECTION,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        told = json.loads(done.stdout)
    except ValueError:
        sys.exit(f"The validator of ansible-core did not answer: {done.stderr.strip() or done.stdout.strip()}")
    return [
        (Path(path).name, entry["code"], entry["msg"])
        for path, kinds in told.items()
        for entry in kinds["errors"]
        if entry["code"] not in IGNORED
    ]


def main():
    modules = [f"plugins/modules/{path.name}" for path in sorted((ROOT / "library").glob("*.py"))]
    findings = validate(modules)
    for module, code, message in findings:
        print(f"library/{module}: {code}: {message}")
    print(f"{len(modules)} modules validated, {len(findings)} findings")
    return 1 if findings or not modules else 0


if __name__ == "__main__":
    sys.exit(main())
