"""A Mac's power settings: each power source has its own. Pure functions."""

from __future__ import annotations

import re

# What pmset calls a source, and the option that sets it.
FLAGS = {"Battery Power": "-b", "AC Power": "-c", "UPS Power": "-u"}


def parse_custom(text):
    """Return ``{source: {setting: value}}`` of ``pmset -g custom``; only values that are numbers, names may have blanks."""
    sources: dict = {}
    settings = None
    for line in text.splitlines():
        heading = re.match(r"(\S.*):\s*$", line)
        row = re.match(r"\s+(\S.*?)\s+(\d{1,18})\s*$", line)
        if heading:
            settings = sources.setdefault(heading.group(1), {})
        elif row and settings is not None:
            settings[row.group(1)] = row.group(2)
    return sources


def wanted_everywhere(now, settings):
    """Return ``{source: {setting: value}}`` that gives each source the settings of ``settings`` that it has."""
    return {source: {name: value for name, value in settings.items() if name in has} for source, has in now.items()}


def changes(now, wanted):
    """Return [{source, flag, name, before, value}] that lead from ``now`` to ``wanted``, both {source: {setting: value}}.

    A source that is gone, that lacks the setting, or that pmset cannot set by itself is left alone.
    """
    return [
        {"source": source, "flag": FLAGS[source], "name": name, "before": now[source][name], "value": str(value)}
        for source, settings in wanted.items()
        for name, value in settings.items()
        if source in FLAGS and now.get(source, {}).get(name, str(value)) != str(value)
    ]
