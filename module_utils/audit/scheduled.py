"""What starts programs by itself on a node: cron, at, systemd, launchd. Parsers, and what they read below a root.

Reported is what runs as the service account, or names the installation or a temporary folder; whether that is wrong is judged
on the controller.
"""

from __future__ import annotations

import hashlib
import os
import plistlib
import re

from ..system import account, redaction
from . import reading

_TEMPORARY = re.compile(r"(?:^|[\s\"'=:;|&(])(?:/private)?(?:/tmp/|/var/tmp/|/dev/shm/|/run/user/)")
_CRON_FOLDERS = ("/etc/cron.d", "/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly")
_SPOOLS = ("/var/spool/cron/crontabs", "/var/spool/cron", "/var/spool/cron/tabs", "/var/at/tabs")
_AT_FOLDERS = ("/var/spool/cron/atjobs", "/var/spool/at", "/var/at/jobs")
_UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/etc/systemd/user",
    "/run/systemd/system",
    "/run/systemd/transient",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_UNITS = (".service", ".timer", ".path", ".socket", ".conf")
_DAEMON_FOLDERS = ("/Library/LaunchDaemons", "/Library/LaunchAgents")
_MOST = 200


class Search:
    """What is looked for: the service account {name, uid, homes} and the folder of the installation, below a root."""

    def __init__(self, account_of_service, venv_root, root="/"):
        self.name, self.uid = account_of_service["name"], account_of_service["uid"]
        self.homes, self.venv_root, self.root = account_of_service["homes"], venv_root.rstrip("/"), root

    def reasons(self, runs, user="", owner=None):
        """Return why a command is of interest: account, installation, temporary."""
        by_account = user in (self.name, str(self.uid)) or (owner is not None and owner == self.uid and self.uid != 0)
        named = re.search(rf"(?:^|[\s=:\"'@+!-]){re.escape(self.venv_root)}/", runs) is not None
        found = [("account", by_account), ("installation", named), ("temporary", _TEMPORARY.search(runs) is not None)]
        return [word for word, holds in found if holds]


def parse_crontab(text, with_user):
    """Return [(user, command)] of a crontab; with_user: the system's, which name the account in the sixth field."""
    found = []
    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith("#") or re.match(r"[A-Za-z_]\w*\s*=", line):
            continue
        fields = 1 if line.startswith("@") else 5
        words = line.split(None, fields + with_user)
        if len(words) > fields + with_user:
            found.append((words[fields] if with_user else "", words[-1]))
    return found


def parse_unit(text):
    """Return (user, what it runs) of a unit file; continued lines count as one."""
    user, runs, before = "", [], []
    for line in re.sub(r"\\\n", " ", text).splitlines():
        key, equals, value = line.strip().partition("=")
        key, value = key.strip(), value.strip()
        if equals and key == "User":
            user = value
        elif equals and key in ("ExecStart", "Unit", "PathExists", "PathChanged", "PathModified") and value:
            runs.append(value)
        elif equals and key.startswith("Exec") and value:
            before.append(value)
    return user, "; ".join(runs + before)


def parse_plist(text):
    """Return (user, what it runs) of a definition of launchd; raises ValueError."""
    try:
        job = plistlib.loads(text)
    except Exception as error:  # a hostile plist raises whatever its parser does
        raise ValueError(type(error).__name__) from None
    if not isinstance(job, dict):
        raise ValueError("no dictionary")
    arguments = job.get("ProgramArguments")
    words = arguments if isinstance(arguments, list) else []
    program = [job["Program"]] if isinstance(job.get("Program"), str) else []
    user = job.get("UserName")
    return user if isinstance(user, str) else "", " ".join(map(str, [*program, *words][:64]))


def everything(search, known):
    """Return (items, gaps): what runs by itself and is of interest, and sentences about what could not be read.

    known: paths that the manifest has. An item is {kind, path, user, runs, changed, digest, reasons, known}; changed: when the
    file's content or owner last changed, in seconds since the epoch (no program can set that time); digest: of its content.
    """
    items: list = []
    gaps: list = []
    for look in (_cron, _at, _units, _daemons):
        look(search, items, gaps)
    unique = {(item["kind"], item["path"], item["runs"]): {**item, "known": item["path"] in known} for item in items}
    return list(unique.values())[:_MOST], gaps[:_MOST]


def _files(search, folders, gaps, depth=1):
    """Yield the paths of the files in folders and, with a depth, in those below; each real folder once."""
    seen = set()
    for folder in folders:
        place = reading.below(search.root, folder)
        real = os.path.realpath(place)
        if real in seen:
            continue
        seen.add(real)
        yield from _files_of(place, gaps, depth)


def _files_of(place, gaps, depth):
    try:
        found = reading.names(place)
    except reading.Unreadable as problem:
        gaps.append(str(problem))
        return
    for name in found:
        path = os.path.join(place, name)
        if os.path.isdir(path):
            if depth > 1 and not os.path.islink(path):
                yield from _files_of(path, gaps, depth - 1)
        else:
            yield _target(path)


def _target(path):
    """Return where a link leads, as those by which systemd enables a unit: the file there is what counts."""
    real = os.path.realpath(path) if os.path.islink(path) else path
    return real if os.path.isfile(real) else path


def _text(path, gaps):
    try:
        return reading.text(path)
    except reading.Unreadable as problem:
        gaps.append(str(problem))
        return None, None


def _add(search, items, kind, path, found, user, runs, owner=None, more=()):
    content, state = found
    reasons = search.reasons(runs, user, owner) + list(more)
    if reasons:
        digest = hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:16]
        items.append(
            {
                "kind": kind,
                "path": reading.shown(search.root, path),
                "user": user,
                "runs": reading.short(redaction.redact(runs)),
                "changed": int(state.st_ctime),
                "digest": digest,
                "reasons": reasons,
            }
        )


def _cron(search, items, gaps):
    tables = [reading.below(search.root, path) for path in ("/etc/crontab", "/etc/anacrontab")]
    for path in [*tables, *_files(search, _CRON_FOLDERS, gaps)]:
        content, state = _text(path, gaps)
        if content is None:
            continue
        is_table = path in tables or os.path.dirname(path).endswith("cron.d")
        lines = parse_crontab(content, with_user=True) if is_table else []
        for user, command in lines:
            _add(search, items, "cron", path, (content, state), user, command)
        if not is_table:  # a script: the first line that is of interest says what it is
            line = next((line for line in content.splitlines() if search.reasons(line)), "")
            _add(search, items, "cron", path, (content, state), "root", line, state.st_uid)
    for path in _files(search, _SPOOLS, gaps):
        content, state = _text(path, gaps)
        if content is None:
            continue
        user = os.path.basename(path)
        for _none, command in parse_crontab(content, with_user=False):
            _add(search, items, "cron", path, (content, state), user, command)


def _at(search, items, gaps):
    for path in _files(search, _AT_FOLDERS, gaps):
        content, state = _text(path, gaps)
        if content is not None and os.path.basename(path) != ".SEQ":
            # What a person typed comes last, after the whole environment.
            last = next((line for line in reversed(content.splitlines()) if line.strip()), "")
            _add(search, items, "at", path, (content, state), account.name_of(state.st_uid), last, state.st_uid)


def _units(search, items, gaps):
    own = [os.path.join(home, ".config/systemd/user") for home in search.homes]
    for path in _files(search, [*_UNIT_FOLDERS, *own], gaps, depth=2):
        if not path.endswith(_UNITS):
            continue
        content, state = _text(path, gaps)
        if content is None:
            continue
        user, runs = parse_unit(content)
        of_account = any(reading.shown(search.root, path).startswith(f"{folder}/") for folder in own)
        _add(search, items, "systemd", path, (content, state), user, runs, state.st_uid, ["account"] if of_account else [])


def _daemons(search, items, gaps):
    own = [os.path.join(home, "Library/LaunchAgents") for home in search.homes]
    for path in _files(search, [*_DAEMON_FOLDERS, *own], gaps):
        content, state = _text(path, gaps)
        if content is None:
            continue
        try:
            user, runs = parse_plist(content.encode())
        except ValueError as error:
            # Binary ones are damaged by being read as text: from the file itself.
            try:
                with open(path, "rb") as stream:
                    user, runs = parse_plist(stream.read(reading.MOST_BYTES))
            except (OSError, ValueError):
                gaps.append(f"{reading.shown(search.root, path)} is no definition of launchd ({error}).")
                continue
        of_account = any(reading.shown(search.root, path).startswith(f"{folder}/") for folder in own)
        _add(search, items, "launchd", path, (content, state), user, runs, state.st_uid, ["account"] if of_account else [])
