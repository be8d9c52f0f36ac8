"""A virtual environment and its lock: what is installed, whether it is complete, how it differs.

Reads files below one venv; decides nothing about how to build it (library/locked_venv.py does).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import re

from .system import documents

MARKER = ".saf-venv.json"
# Installers write these about themselves; they differ between equal nodes.
_NOT_IDENTITY = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")


def canonical(name):
    """Return a distribution's name as PEP 503 normalizes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def venv_id(lock_digest, python_path, python_version):
    """Return the folder name of the venv for a lock's digest on one interpreter."""
    text = "\n".join([lock_digest, python_path, python_version])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def site_packages(venv, python_version):
    """Return the folder of the installed distributions."""
    minor = ".".join(python_version.split(".")[:2])
    return os.path.join(venv, "lib", f"python{minor}", "site-packages")


def parse_record(text):
    """Return ``{path: sha256 digest in urlsafe base64}`` of a RECORD file; entries without a digest are left out.

    Byte code is left out as well: it follows from the sources, and numpy 2.0.2 ships a file of it that compiling replaces.
    Some wheels (mlx 0.29.1) write the digest without its ``sha256=`` prefix.
    """
    rows = {}
    try:
        entries = list(csv.reader(text.splitlines()))
    except csv.Error:  # no RECORD at all: its distribution counts as damaged
        return {}
    for row in entries:
        if len(row) < 2 or not row[1] or row[0].endswith(".pyc"):
            continue
        algorithm, _, digest = row[1].rpartition("=")
        if algorithm in ("", "sha256"):
            rows[row[0]] = digest
    return rows


def file_digest(path):
    """Return the SHA-256 of a file in RECORD's notation."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()


def _digest_or_none(path):
    try:
        return file_digest(path)
    except OSError:  # a folder, or closed to us
        return None


def installed(site):
    """Return ``{name: {version, record}}`` of the distributions in a site-packages folder."""
    found: dict = {}
    if not os.path.isdir(site):
        return found
    for entry in sorted(os.listdir(site)):
        if not entry.endswith(".dist-info"):
            continue
        name, _, version = entry[: -len(".dist-info")].rpartition("-")
        record = os.path.join(site, entry, "RECORD")
        rows = {}
        if os.path.exists(record):
            with open(record, encoding="utf-8", errors="replace") as stream:
                rows = parse_record(stream.read())
        found[canonical(name)] = {"version": version, "record": rows}
    return found


def damaged_files(site, distributions):
    """Return sentences for each recorded file that is missing or does not have its recorded digest."""
    problems = []
    for name, distribution in distributions.items():
        if not distribution["record"]:
            problems.append(f"{name}: its RECORD is missing")
        for path, digest in distribution["record"].items():
            full = os.path.normpath(os.path.join(site, path))
            if not os.path.exists(full):
                problems.append(f"{name}: {path} is missing")
            elif _digest_or_none(full) != digest:
                problems.append(f"{name}: {path} was altered")
    return problems


def fingerprint(distributions):
    """Return one digest for a set of installed distributions: equal on two nodes means equal code."""
    lines = []
    for name, distribution in sorted(distributions.items()):
        for path, digest in sorted(distribution["record"].items()):
            # Scripts (paths that leave site-packages) carry the interpreter's location.
            if path.startswith("..") or path.rsplit("/", 1)[-1] in _NOT_IDENTITY:
                continue
            lines.append(f"{name}=={distribution['version']} {path} {digest}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def differences(wanted, distributions):
    """Return sentences for each distribution that is missing, of another version, or not in the lock.

    wanted: {name: version}; distributions: as from installed().
    """
    problems = []
    for name, version in sorted(wanted.items()):
        found = distributions.get(canonical(name))
        if found is None:
            problems.append(f"{name} {version} is not installed")
        elif found["version"] != version:
            problems.append(f"{name} is {found['version']}, the lock has {version}")
    known = {canonical(name) for name in wanted}
    problems += [f"{name} is installed, the lock does not have it" for name in sorted(set(distributions) - known)]
    return problems


def environment_of_builder(python):
    """Return the environment in which a venv is created from ``python``.

    Homebrew's sitecustomize names its opt link, which an upgrade moves, as the interpreter, unless this names the keg.
    """
    return {"PYTHONEXECUTABLE": python} if "/Cellar/" in python else {}


def home(venv):
    """Return the folder of the interpreter that a venv was created from (its pyvenv.cfg), "" without one."""
    try:
        with open(os.path.join(venv, "pyvenv.cfg"), encoding="utf-8", errors="replace") as stream:
            rows = dict(re.findall(r"(?m)^(\w+) *= *(.*)$", stream.read()))
    except OSError:
        return ""
    return rows.get("home", "")


def read_marker(venv):
    """Return the marker of the venv, {} when the venv was never finished."""
    try:
        with open(os.path.join(venv, MARKER), encoding="utf-8") as stream:
            return documents.mapping(stream.read())
    except (OSError, ValueError):
        return {}


def inspect(venv, python_version, wanted):
    """Return ``(problems, distributions, fingerprint)`` of a venv on disk."""
    if not os.path.isdir(venv):
        return [f"{os.path.basename(venv)} does not exist"], {}, ""
    marker = read_marker(venv)
    if not marker:
        return [f"{os.path.basename(venv)} was never finished"], {}, ""
    site = site_packages(venv, python_version)
    distributions = installed(site)
    problems = differences(wanted, distributions)
    if not os.path.exists(os.path.join(venv, "bin", "python")):
        problems.append("its interpreter is missing")
    # Only a venv of an earlier release, whose marker has no home: the result of a new build stays.
    if "home" not in marker and "/homebrew/opt/" in home(venv):
        problems.append("it was created from Homebrew's opt link, which an upgrade moves")
    problems += damaged_files(site, distributions)
    return problems, distributions, fingerprint(distributions)
