"""A node as an account sees it that is neither root nor the service's, and what root executes there."""

from __future__ import annotations

import json

# Runs on the node as that account. A link says nothing about what it points to, so links are left out.
_WALK = """
import glob, json, os, socket, stat
ROOT, ADDRESS = %r, %r
FOLDERS = [ROOT, "/etc/systemd/system", "/etc/newsyslog.d", "/Library/LaunchDaemons"]
FOLDERS += glob.glob("/var/log/saf*") + glob.glob("/var/run/saf*")
found = {"writable": [], "readable": [], "connected": []}
def look(path):
    try:
        state = os.lstat(path)
    except OSError:
        return
    if stat.S_ISLNK(state.st_mode):
        return
    if os.access(path, os.W_OK):
        found["writable"].append(path)
    if os.access(path, os.R_OK) and any(path.startswith(ROOT + part) for part in ("/etc/", "/log/", "/ray/", "/run/")):
        found["readable"].append(path)
for folder in FOLDERS:
    look(folder)
    for where, names, files in os.walk(folder):
        for name in names + files:
            look(os.path.join(where, name))
listening = set()
for name in ("tcp", "tcp6"):
    with open("/proc/net/" + name) as stream:
        for line in list(stream)[1:]:
            fields = line.split()
            if fields[3] == "0A":
                listening.add(int(fields[1].rpartition(":")[2], 16))
for port in sorted(listening):
    for address in ("127.0.0.1", ADDRESS):
        try:
            socket.create_connection((address, port), timeout=3).close()
            found["connected"].append([address, port])
        except OSError:
            pass
print(json.dumps(found))
"""

# Runs on the node as root: each name on the way to a path, links followed one by one.
_CHAIN = """
import json, os, stat
def chain(path):
    seen, todo = [], [path]
    while todo:
        path = os.path.normpath(todo.pop())
        parts = path.strip("/").split("/")
        for count in range(len(parts) + 1):
            part = "/" + "/".join(parts[:count])
            if part in seen:
                continue
            seen.append(part)
            if os.path.islink(part):
                todo.append(os.path.join(os.path.dirname(part), os.readlink(part), *parts[count:]))
                break
    return seen
bad = {}
for path in %r:
    for part in chain(path):
        state = os.lstat(part)
        open_to_others = state.st_mode & 0o022 and not stat.S_ISLNK(state.st_mode)
        if state.st_uid != 0 or open_to_others:
            bad.setdefault(path, []).append([part, state.st_uid, oct(state.st_mode)])
print(json.dumps(bad))
"""


def walk(node, account="nobody"):
    """Return {writable, readable: paths, connected: [[address, port]]} of what an account can do on a node."""
    return json.loads(node.script("/usr/bin/python3", _WALK % (node.root, node.address), user=account))


def not_of_root(node, paths):
    """Return {path: [[part of the way, uid, mode]]} for what others than root may change on the way to each path."""
    return json.loads(node.script("/usr/bin/python3", _CHAIN % (sorted(paths),)))
