"""Pack the tests of target code for a node: the tests, the code, Ansible's own module_utils and a pytest.

Target code imports the standard library and ansible.module_utils only, so Ansible itself is not needed there.
A test file is of target code when the same can be said of it, and it runs no play: those run on the controller.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import ansible

from tests.support.settings import ROOT

LOCK = ROOT / "molecule" / "mixed" / "requirements.lock"
FOLDERS = ("unit", "integration")
# conftest.py and what it imports.
SHARED = ("__init__.py", "conftest.py", "support/__init__.py", "support/output.py")


def imported(path):
    """Return the dotted names that a file imports, at any depth."""
    names = set()
    for entry in ast.walk(ast.parse(path.read_text())):
        if isinstance(entry, ast.Import):
            names |= {alias.name for alias in entry.names}
        elif isinstance(entry, ast.ImportFrom) and not entry.level:
            names |= {f"{entry.module}.{alias.name}" for alias in entry.names}
    return names


# Read the sources of both sides, or run tools; a node has none of the controller's.
OF_THE_CHECKOUT = {"test_layout.py", "test_make_venv.py"}
ON_NODES = ("ansible.module_utils.", "ansible_collections.saf.fabric.plugins.module_utils.")


def runs_on_a_node(path):
    """Return whether a test file needs nothing but target code."""
    if path.name.startswith("test_playbook_") or path.name in OF_THE_CHECKOUT:
        return False
    library = {module.stem for module in (ROOT / "library").glob("*.py")}
    fine = library | {"pytest", "__future__", "conftest", "doubles", "ray_watchdog"} | set(sys.stdlib_module_names)
    return all(name.split(".")[0] in fine or (name + ".").startswith(ON_NODES) for name in imported(path))


def pack(folder):
    """Fill ``folder``; return the names of the test files of target code and of those left to the controller."""
    tests = [path for name in FOLDERS for path in sorted((ROOT / "tests" / name).glob("test_*.py"))]
    ours = [path for path in tests if runs_on_a_node(path)]
    for name in ("library", "module_utils", "data", "stacks", "roles", "tests/fakemac", "tests/fixtures"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("collections/ansible_collections/saf/fabric", "plugins/modules", "plugins/module_utils"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to((ROOT / name).readlink())
    for path in (*(ROOT / "tests" / name for name in SHARED), *ours):
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    source = Path(ansible.__file__).parent
    (folder / "site" / "ansible").mkdir(parents=True)
    # an empty package, as in the archives that Ansible sends to nodes
    (folder / "site" / "ansible" / "__init__.py").touch()
    shutil.copy(source / "release.py", folder / "site" / "ansible" / "release.py")
    ignored = shutil.ignore_patterns("__pycache__", "powershell", "csharp")
    shutil.copytree(source / "module_utils", folder / "site" / "ansible" / "module_utils", ignore=ignored)
    platform = ["--python-version", "3.9", "--python-platform", "x86_64-unknown-linux-gnu", "--only-binary", ":all:"]
    source = ["--require-hashes", "--requirements", str(LOCK)]
    command = ["uv", "pip", "install", "--quiet", "--target", str(folder / "site"), *platform, *source]
    subprocess.run(command, check=True)
    return [path.name for path in ours], [path.name for path in tests if path not in ours]


def send(folder, container, destination):
    """Copy ``folder`` into a container of this machine."""
    subprocess.run(["podman", "cp", f"{folder}{os.sep}.", f"{container}:{destination}"], check=True)
