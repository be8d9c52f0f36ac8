"""Where Python interpreters stand, and which of them is the one that is wanted."""

from __future__ import annotations

import glob
import json
import os
import subprocess

# What an interpreter is asked; the base interpreter counts where it runs in a virtual environment. A module is missing where the
# library below it is: Homebrew's Python takes those of other formulae. _decimal, as decimal has a substitute of its own.
QUESTION = """
import importlib, json, os, platform, sys
missing = []
for name in ("ssl", "sqlite3", "lzma", "_decimal", "ctypes"):
    try:
        importlib.import_module(name)
    except ImportError:
        missing.append(name)
base = getattr(sys, "_base_executable", None) or sys.executable
print(json.dumps({"real_path": os.path.realpath(base), "version": platform.python_version(),
                  "implementation": sys.implementation.name, "missing": missing}))
"""


def patterns(version, venv_root):
    """Return the usual places of an interpreter of ``version``, most exact first, as glob patterns."""
    minor = ".".join(version.split(".")[:2])
    return [
        f"{venv_root}/python/{version}-*/bin/python3",
        f"/opt/homebrew/opt/python@{minor}/bin/python{minor}",
        f"/usr/local/bin/python{minor}",
        f"/usr/bin/python{minor}",
        f"~/.local/share/uv/python/cpython-{version}-*/bin/python{minor}",
        f"~/.pyenv/versions/{version}/bin/python{minor}",
        "/usr/local/bin/python3",
        "/usr/bin/python3",
    ]


def places(version, candidates, venv_root):
    """Return the paths to try: the candidates as they are, then the usual places that exist."""
    paths = [os.path.expanduser(path) for path in candidates]
    for pattern in patterns(version, venv_root):
        paths += sorted(glob.glob(os.path.expanduser(pattern)))
    return list(dict.fromkeys(paths))


def ask(path):
    """Run an interpreter and return ``{real_path, version, implementation, missing}``, or None when it does not answer.

    missing: modules of the standard library that it cannot import.
    """
    try:
        answer = subprocess.run(
            [path, "-I", "-c", QUESTION], capture_output=True, text=True, timeout=20, check=True, env={"LC_ALL": "C"}
        )
        return json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def choose(found, version):
    """Return the first CPython of exactly ``version``, one with its whole standard library if there is one, or None."""
    fitting = [one for one in found if one["version"] == version and one["implementation"] == "cpython"]
    return next((one for one in fitting if not one.get("missing")), fitting[0] if fitting else None)
