"""The record of what we created or changed on a node: pure functions over its entries."""

from __future__ import annotations

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


def precious(path, home):
    """Return whether a folder must never be removed, whatever a manifest says."""
    clean = "/" + path.strip("/")
    return not path.startswith("/") or clean in _PRECIOUS or clean == "/" + home.strip("/")
