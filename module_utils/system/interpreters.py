"""Where Python interpreters stand, and which of them is the one that is wanted."""

from __future__ import annotations

import contextlib
import os
import subprocess

from . import account, documents, folders

# What an interpreter is asked; the base interpreter counts where it runs in a virtual environment. A module is missing where the
# library below it is: Homebrew's Python takes those of other formulae. _decimal, since decimal has a substitute.
QUESTION = """
import importlib, json, os, platform, struct, sys
missing = []
for name in ("ssl", "sqlite3", "lzma", "_decimal", "ctypes"):
    try:
        importlib.import_module(name)
    except ImportError:
        missing.append(name)
base = getattr(sys, "_base_executable", None) or sys.executable
print(json.dumps({"real_path": os.path.realpath(base), "version": platform.python_version(),
                  "implementation": sys.implementation.name, "machine": platform.machine(), "bits": struct.calcsize("P") * 8,
                  "libc": platform.libc_ver()[0] if sys.platform == "linux" else None, "missing": missing}))
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
        paths += folders.matching(os.path.expanduser(pattern))
    return list(dict.fromkeys(paths))


def runner(service_account):
    """Return the account that tries interpreters when we are root, which runs nothing that others may have written.

    The service account, which will run the chosen one; before it exists nobody, who may run what any new account may.
    """
    for name in [service_account, "nobody"] if service_account else ["nobody"]:
        with contextlib.suppress(KeyError):
            account.popen_arguments(name)
            return name
    return os.environ.get("SUDO_USER", "nobody")


def ask(path, user=None):
    """Run an interpreter as ``user`` and return ``{real_path, version, implementation, machine, bits, libc, missing}``.

    None when it does not answer. machine: what it runs as: x86_64 for an Intel build that Apple silicon translates;
    libc: "glibc" or "" on Linux, None elsewhere; missing: modules of the standard library that it cannot import.
    """
    try:
        answer = subprocess.run(
            [path, "-I", "-c", QUESTION],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
            cwd="/",
            env={"LC_ALL": "C"},
            **account.popen_arguments(user),
        )
        return documents.mapping(answer.stdout)
    except (OSError, KeyError, ValueError, subprocess.SubprocessError):
        return None


def choose(found: list, version: str, machine: str | None = None) -> dict | None:
    """Return the first CPython of exactly ``version`` that fits the wheels, one with its whole standard library if there is one.

    None without any. machine: the node's architecture.
    Where the machine is unknown, an interpreter for ARM that runs proves it: only Intel builds are translated.
    """
    told = [interpreter.get("machine") for interpreter in found]
    machine = machine or next((name for name in told if name in ("arm64", "aarch64")), None)
    exact = [one for one in found if one["version"] == version and one["implementation"] == "cpython"]
    fitting = [one for one in exact if _fits(one, machine)]
    return next((one for one in fitting if not one.get("missing")), fitting[0] if fitting else None)


def _fits(interpreter, machine):
    """Return whether wheels for the node's platform fit an interpreter; what it does not tell counts as fitting."""
    native = not machine or interpreter.get("machine", machine) == machine
    return native and interpreter.get("bits", 64) == 64 and interpreter.get("libc") in (None, "glibc")
