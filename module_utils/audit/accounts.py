"""The service account on a node: what it is, which keys open it, what sudo lets it do. Parsers, and what they read."""

from __future__ import annotations

import base64
import binascii
import grp
import hashlib
import os
import pwd
import re

from . import reading

_KEY = re.compile(r"(?:^|\s)((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[\w@.-]+)\s+(\S+)(?:\s+(.*))?$")
_KEY_FILES = (".ssh/authorized_keys", ".ssh/authorized_keys2")
_MOST = 50


def of_service(name, venv_root):
    """Return {name, exists, uid, home, shell, groups, homes} of an account; homes: where programs of it take ~ to be."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return {"name": name, "exists": False, "uid": -1, "home": "", "shell": "", "groups": [], "homes": []}
    groups = []
    for number in os.getgrouplist(name, entry.pw_gid)[:_MOST]:
        try:
            groups.append(grp.getgrgid(number).gr_name)
        except KeyError:
            groups.append(str(number))
    return {
        "name": name,
        "exists": True,
        "uid": entry.pw_uid,
        "home": entry.pw_dir,
        "shell": entry.pw_shell,
        "groups": groups,
        "homes": sorted({entry.pw_dir, os.path.join(venv_root, "ray")} - {"/", ""}),
    }


def parse_keys(text):
    """Return [{type, fingerprint, comment}] of an authorized_keys file."""
    found = []
    for line in text.splitlines():
        match = None if line.lstrip().startswith("#") else _KEY.search(line.strip())
        if match:
            try:
                digest = hashlib.sha256(base64.b64decode(match.group(2), validate=True)).digest()
            except (binascii.Error, ValueError):
                continue
            fingerprint = "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
            found.append({"type": match.group(1), "fingerprint": fingerprint, "comment": reading.short(match.group(3) or "")})
    return found


def keys(homes, root="/"):
    """Return ([{path, type, fingerprint, comment}], gaps) of the keys that open an account with these homes."""
    found: list = []
    gaps: list = []
    for path in (os.path.join(home, name) for home in homes for name in _KEY_FILES):
        try:
            content, _state = reading.text(reading.below(root, path))
        except reading.Unreadable as problem:
            gaps.append(str(problem))
            continue
        found += [{"path": path, **key} for key in parse_keys(content or "")]
    return found[:_MOST], gaps


def parse_sudoers(text, name, uid, groups):
    """Return (rules that are about an account, included files and folders) of a sudoers file."""
    names = {name, f"#{uid}", *(f"%{group}" for group in groups)}
    rules, included = [], []
    joined = re.sub(r"\\\n", " ", text)
    aliases: set = set()
    for line in map(str.strip, joined.splitlines()):
        include = re.match(r"[#@]include(dir)?\s+(.+)$", line)
        if include:
            included.append((include.group(2).strip().strip('"'), bool(include.group(1))))
            continue
        alias = re.match(r"User_Alias\s+(\w+)\s*=\s*(.+)$", line)
        if alias:
            if names & {word.strip() for word in alias.group(2).split(",")}:
                aliases.add(alias.group(1))
            continue
        if not line or re.match(r"#(?!\d)|Defaults|\w+_Alias\b", line):
            continue
        who = {word.strip().replace("\\", "") for word in re.split(r"\s+(?=\S+\s*=)|=", line, maxsplit=1)[0].split(",")}
        if who & (names | aliases | {"ALL"}):
            rules.append(reading.short(line))
    return rules, included


def sudoers(name, uid, groups, root="/"):
    """Return ([{path, rule}], gaps): what sudo lets an account do."""
    found: list = []
    gaps: list = []
    waiting = [("/etc/sudoers", False), ("/etc/sudoers.d", True)]
    seen: set = set()
    while waiting and len(seen) < 200:
        path, is_folder = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        try:
            if is_folder:
                names = reading.names(reading.below(root, path))
                # sudo ignores what has a dot in its name or ends with a tilde
                waiting += [(os.path.join(path, one), False) for one in names if "." not in one and not one.endswith("~")]
                continue
            content, _state = reading.text(reading.below(root, path))
        except reading.Unreadable as problem:
            gaps.append(str(problem))
            continue
        rules, included = parse_sudoers(content or "", name, uid, groups)
        found += [{"path": path, "rule": rule} for rule in rules]
        waiting += [(os.path.join(os.path.dirname(path), one), folder) for one, folder in included]
    return found[:_MOST], gaps


def parse_hosts(text):
    """Return the entries of /etc/hosts that name something else than this machine, as they are written."""
    found = []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        local = words and (words[0].startswith("127.") or words[0] in ("::1", "fe00::", "ff00::", "ff02::1", "ff02::2"))
        # A name that is sent to this machine is how programs are kept from their servers.
        usual = {"localhost", "broadcasthost"} | {word for word in words[1:] if word.startswith(("local", "ip6-"))}
        strange = [word for word in words[1:] if word not in usual]
        if strange and words[0] != "255.255.255.255" and not (local and "." not in strange[0]):
            found.append(reading.short(" ".join(words)))
    return found


def hosts(root="/"):
    """Return {entries, changed} of /etc/hosts; changed: when the file changed last, in seconds since the epoch, 0 unknown."""
    try:
        content, state = reading.text(reading.below(root, "/etc/hosts"))
    except reading.Unreadable:
        content, state = None, None
    return {"entries": parse_hosts(content or "")[:_MOST], "changed": int(state.st_ctime) if state else 0}
