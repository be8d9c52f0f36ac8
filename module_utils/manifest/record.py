"""The record of what we created or changed on a node: pure functions over its entries."""

from __future__ import annotations

import glob

VERSION = 1
# Never removed as a folder, whatever a manifest says.
_PRECIOUS = {
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
_PRECIOUS |= {"/tmp"}  # noqa: S108 named so that it is never removed
_PRECIOUS |= {"/run", "/srv", "/sys", "/System", "/usr", "/usr/local", "/opt/homebrew", "/Users", "/var"}


def empty():
    """Return a manifest without entries."""
    return {"version": VERSION, "entries": []}


def key(entry):
    """Return what makes two entries the same thing."""
    return entry["kind"], entry["name"]


def additions(manifest, wanted, exists, previous, now):
    """Return the entries of ``wanted`` that must be recorded before they are created.

    exists(entry) says whether the thing is there now; previous(entry) returns what to restore for a thing that is there
    and that we are about to change, or None where it stays somebody else's. now: ISO 8601 time.
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
    """Return the manifest without those of ``unwanted`` that are not there: their making failed, what comes later is not ours."""
    gone = {key(entry) for entry in unwanted if not exists(entry)}
    return {**manifest, "entries": [entry for entry in manifest["entries"] if key(entry) not in gone]}


def undo_order(manifest):
    """Return the entries in the order in which they are undone: the last that was made goes first."""
    return list(reversed(manifest["entries"]))


def describe(entry):
    """Return what undoing an entry means, in words."""
    if entry.get("previous"):
        return f"restore {entry['kind']} {entry['name']}"
    verbs = {"service": "stop and disable", "process": "stop", "pin": "take back", "on_request": "take back"}
    verb = verbs.get(entry["kind"], "remove")
    return f"{verb} {entry['kind']} {entry['name']}"


# Traces of an installation below its root: found without a manifest, so that a reset does not prove too much.
_TRACES = ["venvs/" + "[0-9a-f]" * 16, "venvs/.build-*", "current", "python/*.*.*-*", "wheels/cp*.tar"]
_TRACES += ["etc/ray.env", "etc/saf.env", "etc/watchdog.json", "etc/ray_watchdog.py", "ray/tmp", "run/ray.json"]


def traces(root):
    """Return glob patterns of what an installation in ``root`` consists of."""
    return [f"{glob.escape(root)}/{pattern}" for pattern in _TRACES]


def precious(path, home):
    """Return whether a folder must never be removed, whatever a manifest says."""
    clean = "/" + path.strip("/")
    return not path.startswith("/") or clean in _PRECIOUS or clean == "/" + home.strip("/")
