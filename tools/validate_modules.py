#!/usr/bin/env python3
"""Compare the documentation of library/ with what the modules accept, by ansible-core's own validator.

ansible-test works in collections only, so the modules are packed into a temporary one; its validator is a script of
the ansible-core wheel and runs alone.

usage: validate_modules.py [FOLDER]    a folder with library/ and module_utils/, this repository by default
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import ansible_test

ROOT = Path(__file__).resolve().parents[1]
VALIDATOR = Path(ansible_test.__file__).parent / "_util" / "controller" / "sanity" / "validate-modules"
COLLECTION = Path("ansible_collections") / "local" / "cluster"
# The repository is under the Apache licence; the validator knows only the licence of Ansible's own modules.
IGNORED = {"missing-gplv3-license"}
SHARED = re.compile(r"\bansible\.module_utils\.saf\b")
FRAGMENT = re.compile(r"(?m)^(  - )(saf_\w+(?:\.\w+)?)$")


def pack(source, target):
    """Lay ``source`` out as a collection below ``target``; return the modules, relative to the collection."""
    collection = target / COLLECTION
    plugins = collection / "plugins"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source / "library", plugins / "modules", ignore=ignored)
    shutil.copytree(source / "module_utils", plugins / "module_utils", ignore=ignored)
    if (source / "plugins" / "doc_fragments").is_dir():
        shutil.copytree(source / "plugins" / "doc_fragments", plugins / "doc_fragments", ignore=ignored)
    for path in plugins.rglob("*.py"):
        text = SHARED.sub("ansible_collections.local.cluster.plugins.module_utils.saf", path.read_text())
        path.write_text(FRAGMENT.sub(r"\1local.cluster.\2", text))
    about = {"namespace": "local", "name": "cluster", "version": "0.0.1", "readme": "README.md", "authors": ["-"]}
    (collection / "galaxy.yml").write_text(json.dumps(about))
    return sorted(str(path.relative_to(collection)) for path in (plugins / "modules").glob("*.py"))


def validate(target, modules):
    """Return the validator's findings as ``[(module, code, message)]``."""
    collection = target / COLLECTION
    options = ["--format", "json", "--arg-spec", "--collection", str(COLLECTION), "--collection-version", "0.0.1"]
    done = subprocess.run(
        [sys.executable, str(VALIDATOR / "validate.py"), *options, *modules],
        env={**os.environ, "PYTHONPATH": str(VALIDATOR), "ANSIBLE_COLLECTIONS_PATH": str(target)},
        cwd=collection,
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


def main(arguments):
    source = Path(arguments[0]).resolve() if arguments else ROOT
    with tempfile.TemporaryDirectory() as folder:
        modules = pack(source, Path(folder))
        findings = validate(Path(folder), modules) if modules else []
    for module, code, message in findings:
        print(f"library/{module}: {code}: {message}")
    print(f"{len(modules)} modules validated, {len(findings)} findings")
    return 1 if findings or not modules else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
