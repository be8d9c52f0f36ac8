"""The logs of Ray's session in use. Called as the service account, which may write all of it."""

from __future__ import annotations

import os
import re
import stat

from . import tails

MOST_FILES = 60
_SESSION = re.compile(r"session_[0-9][A-Za-z0-9_.-]{0,100}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,120}\.(?:out|err|log)")
# What the programs of users print. They are theirs.
_OF_JOBS = re.compile(r"(?:worker-|job-driver-|runtime_env_setup-)")
# The daemons, whose words explain a node that is not in the cluster.
_FIRST = ("raylet.", "gcs_server.", "ray_client_server", "dashboard", "monitor.", "log_monitor", "runtime_env_agent")


def wanted(entries, jobs):
    """Return the names to read, the most important first.

    entries: [(name, time of its last change)]; jobs: whether the output of users' programs is wanted.
    """

    def rank(entry):
        name, changed = entry
        place = next((number for number, start in enumerate(_FIRST) if name.startswith(start)), len(_FIRST))
        return (place, -changed, name)

    known = [entry for entry in entries if _NAME.fullmatch(entry[0]) and (jobs or not _OF_JOBS.match(entry[0]))]
    return [name for name, _changed in sorted(known, key=rank)]


def read(temp_dir, most_file_bytes, most_bytes, jobs):
    """Return {session, files: [{name, source, lines, bytes, left_out}], gaps: [{what, why}]}.

    temp_dir: Ray's temporary folder. Its session_latest is a link: it counts only with the name of a session beside it.
    """
    found: dict = {"session": "", "files": [], "gaps": []}
    link = os.path.join(temp_dir, "session_latest")
    try:
        session = os.path.basename(os.readlink(link).rstrip("/"))
    except FileNotFoundError:
        return found
    except OSError as error:
        found["gaps"].append({"what": "ray/", "why": f"{link} cannot be read ({error.strerror})."})
        return found
    if not _SESSION.fullmatch(session):
        found["gaps"].append({"what": "ray/", "why": f"{link} names no session of Ray."})
        return found
    found["session"] = session
    place = os.path.join(temp_dir, session, "logs")
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        outer = os.open(os.path.join(temp_dir, session), flags)
        try:
            folder = os.open("logs", flags, dir_fd=outer)
        finally:
            os.close(outer)
    except OSError as error:
        found["gaps"].append({"what": "ray/", "why": f"{place} cannot be read ({error.strerror})."})
        return found
    try:
        _fill(found, place, folder, most_file_bytes, most_bytes, jobs)
    finally:
        os.close(folder)
    return found


def _fill(found, place, folder, most_file_bytes, most_bytes, jobs):
    entries = []
    for name in os.listdir(folder):
        try:
            state = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            continue  # rotated away
        if stat.S_ISREG(state.st_mode) and state.st_size:
            entries.append((name, state.st_mtime))
    names = wanted(entries, jobs)
    if len(names) > MOST_FILES:
        found["gaps"].append({"what": "ray/", "why": f"{len(names) - MOST_FILES} of {len(names)} logs of Ray are left out."})
    left = most_bytes
    for name in names[:MOST_FILES]:
        try:
            text = tails.of_file(name, min(most_file_bytes, left), folder)
        except tails.Missing as problem:
            found["gaps"].append({"what": f"ray/{name}", "why": str(problem)})
            continue
        if text:
            left -= text["bytes"] - text["left_out"]
            found["files"].append({"name": f"ray/{name}", "source": os.path.join(place, name), **text})
