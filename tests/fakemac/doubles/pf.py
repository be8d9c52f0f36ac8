"""pfctl: main rules and anchors as they were loaded, tables, references by token, pf on or off. Packets are not filtered.

An anchor that the main rules do not name is loaded without an error, and never evaluated: `evaluated()` says what would be.
"""

from __future__ import annotations

import random
import re
import sys

from doubles import host
from doubles.refuse import Unknown

MAIN = "/etc/pf.conf"
_NOISE = "No ALTQ support in kernel\nALTQ related functions disabled\n"
_WARNING = """pfctl: Use of -f option, could result in flushing of rules
present in the main ruleset added by the system at startup.
See /etc/pf.conf for further details.

"""
_ANCHOR = re.compile(r'(?P<kind>(?:scrub-|nat-|rdr-|dummynet-)?anchor) "(?P<name>[^"]+)"$')
_LOAD = re.compile(r'load anchor "(?P<name>[^"]+)" from "(?P<path>[^"]+)"$')
_TABLE = re.compile(r"table <(?P<name>\w+)> const \{ (?P<addresses>[^}]+) \}$")
_RULE = re.compile(
    r"block drop in quick on ! lo0 proto (?:tcp|udp) from (?:any|! <(?P<table>\w+)>) to any port \d+(?::\d+)?(?: flags S/SA)?"
    r'(?: label "[^"]+")?$'
)
_PASS = re.compile(r"(pass|block)\b[\w ./]*$")
# pf.conf(5): options, normalization, queueing, translation, filtering; an anchor belongs to the rules of its kind.
_ORDER = {"scrub-anchor": 1, "dummynet-anchor": 3, "nat-anchor": 3, "rdr-anchor": 3, "anchor": 4}


class Wrong(Exception):
    """A line that pfctl refuses."""


def parse(path, anchor=False):
    """Return {rules, tables, loads} of a file; raise Wrong where pfctl would refuse it."""
    try:
        with open(path) as stream:
            lines = stream.read().splitlines()
    except OSError:
        raise Wrong(f"{path}: No such file or directory") from None
    rules, tables, loads, place = [], {}, {}, 0
    for number, line in enumerate((line.strip() for line in lines), 1):
        if not line or line.startswith("#"):
            continue
        named, load, table, rule = (pattern.match(line) for pattern in (_ANCHOR, _LOAD, _TABLE, _RULE))
        if named and not anchor:
            if _ORDER[named["kind"]] < place:
                raise Wrong(f"{path}:{number}: Rules must be in order: options, normalization, queueing, translation, filtering")
            place = _ORDER[named["kind"]]
            rules.append(f"{line} all" + (" fragment reassemble" if named["kind"] == "scrub-anchor" else ""))
        elif load and not anchor:
            loads[load["name"]] = load["path"]
        elif table:
            tables[table["name"]] = re.split(r", ", table["addresses"].strip())
        elif rule:
            if rule["table"] and rule["table"] not in tables:
                raise Wrong(f"{path}:{number}: table <{rule['table']}> is not defined")
            rules.append(line)
        elif _PASS.match(line):
            place = _ORDER["anchor"]
            rules.append(line)
        else:
            raise Wrong(f"{path}:{number}: syntax error")
    return {"rules": rules, "tables": tables, "loads": loads}


def _load(path, anchor, dry):
    try:
        wanted = parse(path, bool(anchor))
        loaded = {name: parse(source, True) for name, source in wanted["loads"].items() if name != "com.apple"}
    except Wrong as wrong:
        sys.stderr.write(f"{wrong}\npfctl: Syntax error in config file: pf rules not loaded\n")
        return 1
    if dry:
        return 0
    anchors = host.read("pf").get("anchors", {})
    if anchor:
        anchors[anchor] = wanted
        host.update("pf", {"anchors": anchors})
    else:
        host.update("pf", {"main": wanted["rules"], "anchors": {**anchors, **loaded}})
    return 0


def _main():
    """Return the main rules; macOS loads /etc/pf.conf at boot."""
    found = host.read("pf").get("main")
    return parse(MAIN)["rules"] if found is None else found


def evaluated():
    """Return the rules that packets meet: those of anchors that the main rules name, while pf is on."""
    state = host.read("pf")
    if not (state.get("tokens") or host.setting("pf_is_on")):
        return []
    named = [found[1] for found in (re.match(r'anchor "([^"]+)"', rule) for rule in _main()) if found]
    return [rule for name in named for rule in state.get("anchors", {}).get(name, {}).get("rules", [])]


def boot():
    """Forget what a restart forgets: rules, tables and references."""
    host.update("pf", {"main": None, "anchors": None, "tokens": None})


def _show(what, anchor):
    state = host.read("pf")
    if what == "rules":
        rules = state.get("anchors", {}).get(anchor, {}).get("rules", []) if anchor else _main()
        print("".join(f"{rule}\n" for rule in rules), end="")
    elif what == "info":
        on = state.get("tokens") or host.setting("pf_is_on")
        print(f"Status: {'Enabled for 0 days 00:01:40' if on else 'Disabled'}           Debug: Urgent\n")
    elif what == "References":
        print("TOKENS:\nPID      Process Name                 TOKEN                    TIMESTAMP")
        for token in state.get("tokens", []):
            print(f"{500:<8} {'pfctl':<28} {token:<24} 0 days 00:00:01")
    else:
        raise Unknown
    return 0


def pfctl(argv):
    sys.stderr.write(_NOISE)
    words = list(argv)
    dry = "-n" in words
    words = [word for word in words if word != "-n"]
    anchor = ""
    if words[:1] == ["-a"] and len(words) > 1:
        anchor, words = words[1], words[2:]
    tokens = host.read("pf").get("tokens", [])
    if words == ["-E"] and not anchor:
        token = str(random.randrange(10**18, 10**19))  # noqa: S311
        host.update("pf", {"tokens": [*tokens, token]})
        sys.stderr.write(f"pf enabled\nToken : {token}\n")
        return 0
    if words[:1] == ["-X"] and len(words) == 2:
        if words[1] not in tokens:
            sys.stderr.write("pfctl: DIOCSTOPREF: No such process\n")
            return 1
        left = [token for token in tokens if token != words[1]]
        host.update("pf", {"tokens": left})
        sys.stderr.write(f"disable request successful. {len(left)} more pf enable reference(s) remaining, pf still enabled.\n")
        return 0
    if words[:1] == ["-f"] and len(words) == 2:
        sys.stderr.write("" if anchor else _WARNING)
        return _load(words[1], anchor, dry)
    if words[:1] == ["-s"] and len(words) == 2:
        return _show(words[1], anchor)
    if words[:1] == ["-t"] and words[2:] == ["-T", "show"] and anchor:
        table = host.read("pf").get("anchors", {}).get(anchor, {}).get("tables", {}).get(words[1])
        if table is None:
            sys.stderr.write("pfctl: Table does not exist.\n")
            return 255
        print("".join(f"   {address}\n" for address in table), end="")
        return 0
    if words in (["-F", "rules"], ["-F", "Tables"]) and anchor:
        anchors = host.read("pf").get("anchors", {})
        anchors[anchor] = {**anchors.get(anchor, {}), words[1].lower(): [] if words[1] == "rules" else {}}
        host.update("pf", {"anchors": anchors})
        return 0
    raise Unknown
