"""What an emulated Mac remembers: one JSON file with sections (sysctl, pmset, settings ...) that tests may change."""

from __future__ import annotations

import fcntl
import json
import os

PATH = "/var/db/fakemac.json"


def read(section):
    """Return a section as a dict."""
    try:
        with open(PATH) as stream:
            return json.load(stream).get(section, {})
    except OSError:
        return {}


def update(section, values):
    """Change some values of a section; a value of None is removed."""
    with open(PATH + ".lock", "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        try:
            with open(PATH) as stream:
                document = json.load(stream)
        except OSError:
            document = {}
        merged = {**document.get(section, {}), **values}
        document[section] = {key: value for key, value in merged.items() if value is not None}
        partial = PATH + ".new"
        with open(partial, "w") as stream:
            json.dump(document, stream, indent=1, sort_keys=True)
        os.replace(partial, PATH)


def setting(name, default=None):
    """Return how this Mac is set up for a test, see README.md."""
    return read("settings").get(name, default)
