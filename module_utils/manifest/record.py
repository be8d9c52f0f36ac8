"""The record of what was created or changed on a node: pure functions over its entries."""

from __future__ import annotations

import glob

VERSION = 1
# Never removed as a folder, whatever a manifest says.
_PROTECTED = {
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/Library",
    "/opt",
    "/private",
    "/proc",
    "/root",
    "/sbin",
}
_PROTECTED |= {"/tmp"}  # noqa: S108 named so that it is never removed
_PROTECTED |= {"/run", "/srv", "/sys", "/System", "/usr", "/usr/local", "/opt/homebrew", "/Users", "/var"}


def empty():
    """Return a manifest without entries."""
    return {"version": VERSION, "entries": []}


def fault(manifest):
    """Return what is wrong with a manifest as it was read, "" where nothing is."""
    if manifest.get("version") != VERSION:
        return f"it is of version {str(manifest.get('version'))[:20]}"
    entries = manifest.get("entries")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return "it has no list of entries"
    named = all(isinstance(entry.get(name), str) for entry in entries for name in ("kind", "name"))
    return "" if named else "an entry has no kind or no name"


def key(entry):
    """Return what makes two entries the same thing."""
    return entry["kind"], entry["name"]


def additions(manifest, wanted, exists, previous, now):
    """Return the entries of ``wanted`` that must be recorded before they are created.

    exists(entry) returns whether the thing exists now; previous(entry) what to restore of a thing that exists and is about to be
    changed, None where it stays unmanaged. now: ISO 8601 time.
    """
    known = {key(entry) for entry in manifest["entries"]}
    added = []
    for entry in wanted:
        if key(entry) in known:
            continue
        before = previous(entry) if exists(entry) else {}
        if before is None:
            continue
        known.add(key(entry))
        added.append({**entry, "recorded": now, **({"previous": before} if before else {})})
    return added


def without(manifest, unwanted, exists):
    """Return the manifest without those of ``unwanted`` that do not exist: their creation failed."""
    gone = {key(entry) for entry in unwanted if not exists(entry)}
    return {**manifest, "entries": [entry for entry in manifest["entries"] if key(entry) not in gone]}


def undo_order(manifest):
    """Return the entries in the order in which they are undone: the last one first."""
    return list(reversed(manifest["entries"]))


def describe(entry):
    """Return a description of what undoing an entry does."""
    if entry.get("previous"):
        return f"restore {entry['kind']} {entry['name']}"
    verbs = {"service": "stop and disable", "process": "stop", "pin": "remove", "on_request": "remove"}
    verb = verbs.get(entry["kind"], "remove")
    return f"{verb} {entry['kind']} {entry['name']}"


# Traces of an installation below its root, found without a manifest: a manifest can be lost.
_TRACES = ["venvs/" + "[0-9a-f]" * 16, "venvs/.build-*", "current", "python/*.*.*-*", "wheels/cp*.tar"]
_TRACES += ["etc/ray.env", "etc/saf.env", "etc/watchdog.json", "etc/ray_watchdog.py", "ray/tmp", "run/ray.json"]


def traces(root):
    """Return glob patterns of what an installation in ``root`` consists of."""
    return [f"{glob.escape(root)}/{pattern}" for pattern in _TRACES]


def is_protected(path, home):
    """Return whether a folder must never be removed, whatever a manifest says."""
    clean = "/" + path.strip("/")
    return not path.startswith("/") or clean in _PROTECTED or clean == "/" + home.strip("/")
