"""Rules of pf in an anchor of our own: pure renderers and readers, and the command lines of pfctl.

An anchor filters nothing unless the main rules name it, so /etc/pf.conf gets two lines. Only what begins a connection is blocked,
with `quick`, which is final; no rule passes anything, so that no state is kept and nothing of other rules is undone.
"""

from __future__ import annotations

import hashlib
import re
import shlex

TOOL = "/sbin/pfctl"
NAME = "org.studio-air-fabric"
MAIN = "/etc/pf.conf"
RULES = f"/etc/pf.anchors/{NAME}"
FILES = [RULES]
TRIAL = "/var/run/saf-firewall"
TOKEN = "/var/run/saf-firewall.token"  # of `pfctl -E`; a reboot empties /var/run and drops all references  # noqa: S105
BEGIN, END = "# BEGIN Studio Air Fabric\n", "# END Studio Air Fabric\n"

_FLAGS = {"tcp": " flags S/SA", "udp": ""}
_TABLE = {(): "any", ("members",): "! <saf_members>", ("members", "admins"): "! <saf_admins>", ("admins",): "! <saf_only>"}


def render(rules):
    """Return the file of the anchor for {members, admins, ports}, as library/packet_filter.py documents them."""
    members, admins = rules["members"], rules["admins"]
    tables = {"saf_members": members, "saf_admins": [*members, *admins], "saf_only": admins}
    lines = [
        f"block drop in quick on ! lo0 proto {one['protocol']} from {_TABLE[tuple(one['sources'])]} to any port {port.replace('-', ':')}"
        f'{_FLAGS[one["protocol"]]} label "{{mark}}"'
        for one in rules["ports"]
        for port in one["ports"]
    ]
    used = [name for name in tables if any(f"<{name}>" in line for line in lines)]
    text = "\n".join(
        [
            "# Studio Air Fabric: who may open connections to the ports of the cluster. Written by Ansible.",
            *(f"table <{name}> const {{ {', '.join(tables[name])} }}" for name in used),
            *lines,
            "",
        ]
    )
    return text.replace("{mark}", "saf-" + hashlib.sha256(text.encode()).hexdigest()[:12])


def reference(anchor_file):
    """Return the lines of the main rules that name the anchor."""
    return f'{BEGIN}anchor "{NAME}"\nload anchor "{NAME}" from "{anchor_file}"\n{END}'


def with_reference(main, anchor_file=RULES):
    """Return the main rules with our lines at their end, where filter rules belong (pf.conf(5))."""
    rest = without_reference(main)
    return rest + ("" if rest.endswith("\n") or not rest else "\n") + reference(anchor_file)


def without_reference(main):
    """Return the main rules without our lines."""
    return re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), "", main, flags=re.S)


def own_rules(main):
    """Return the rules of the main file that are no anchors and not ours."""
    lines = [line.strip() for line in without_reference(main).splitlines()]
    return [line for line in lines if re.match(r"(pass|block|match|rdr|nat|binat|scrub|antispoof)\b(?!-)", line)]


def conflict(running, main):
    """Return a rule that runs and is not from the main file, which is another product's: reloading would drop it; "" without."""
    for line in running.splitlines():
        anchor = re.match(r'\s*(?:[\w-]+-)?anchor "([^"]+)"', line)
        known = f'"{anchor[1]}"' in main or anchor[1] == NAME if anchor else not line.strip() or own_rules(main)
        if not known:
            return line.strip()
    return ""


def is_enabled(info):
    """Return whether pf runs; info: what `pfctl -s info` prints."""
    return bool(re.search(r"^Status: Enabled\b", info, re.M))


def token_of(text):
    """Return the token that `pfctl -E` prints, "" without one."""
    found = re.search(r"^Token : (\d+)$", text, re.M)
    return found[1] if found else ""


def tables(text):
    """Return {table: addresses} of a rendered file."""
    return {name: set(re.findall(r"[^\s,]+", found)) for name, found in re.findall(r"table <(\w+)> const \{([^}]*)\}", text)}


class Filter:
    """The packet filter of this Mac. run: argv -> (status, output, errors); tool: path of pfctl; read: path -> text or None."""

    def __init__(self, run, tool, read):
        self.run, self.tool, self.read = run, tool, read

    def ask(self, *arguments):
        """Return what pfctl prints; it writes a remark on ALTQ to its errors each time."""
        rc, out, _err = self.run([self.tool, *arguments])
        return out if rc == 0 else ""

    def must(self, *arguments):
        rc, out, err = self.run([self.tool, *arguments])
        lines = [line for line in (err + out).splitlines() if line.strip() and "ALTQ" not in line]
        return "" if rc == 0 else " ".join(lines[-2:]) or f"exit status {rc}"

    def refusal(self):
        """Return why this Mac cannot have rules, "" when it can."""
        main, info = self.read(MAIN), self.ask("-s", "info")
        if main is None:
            return f"there is no {MAIN}, from which macOS loads its packet filter"
        if not info:
            return "pfctl does not answer (sudo pfctl -s info)"
        foreign = conflict(self.ask("-s", "rules"), main)
        if foreign:
            return f"another product has loaded its own rules into pf ({foreign}), and {MAIN} does not have them"
        if not is_enabled(info) and own_rules(main):
            return f"pf is off, and {MAIN} has rules that would work with ours (sudo pfctl -e turns it on if they may)"
        return ""

    def is_referenced(self):
        return f'anchor "{NAME}"' in self.ask("-s", "rules")

    def is_current(self, text):
        if not (self.is_referenced() and is_enabled(self.ask("-s", "info"))):
            return False
        mark = re.search(r'label "saf-\w+"', text)
        loaded = self.ask("-a", NAME, "-s", "rules")
        wanted = {name: set(self.ask("-a", NAME, "-t", name, "-T", "show").split()) for name in tables(text)}
        count = len([line for line in loaded.splitlines() if line.strip()])
        return bool(mark) and loaded.count(mark[0]) == count == text.count(mark[0]) and wanted == tables(text)

    def is_loaded(self):
        return self.is_referenced() or bool(self.ask("-a", NAME, "-s", "rules").strip())

    def boot_files(self, text):
        return {RULES: text, MAIN: with_reference(self.read(MAIN) or "")}

    def trial_files(self, text):
        """Return {path: content} of what is tried; new, main: what load() loads, restore.sh: what the rollback runs."""
        pfctl, restore = shlex.quote(self.tool), []
        if self.read(RULES) is not None and BEGIN in (self.read(MAIN) or ""):
            restore = [f"{pfctl} -f {MAIN}"]  # it loads the anchor too
        else:
            restore = [
                f"{pfctl} -f {MAIN}",
                f"{pfctl} -a {NAME} -F rules",
                f"{pfctl} -a {NAME} -F Tables",
                f'test ! -e {TOKEN} || {pfctl} -X "$(cat {TOKEN})"',
                f"rm -f {TOKEN}",
            ]
        main = with_reference(self.read(MAIN) or "", f"{TRIAL}/new")
        return {f"{TRIAL}/new": text, f"{TRIAL}/main": main, f"{TRIAL}/restore.sh": "\n".join([*restore, ""])}

    def validate(self):
        """Return what pfctl says against the rules that are tried, "" when they are right."""
        return self.must("-n", "-f", f"{TRIAL}/main") or self.must("-n", "-a", NAME, "-f", f"{TRIAL}/new")

    def load(self):
        """Load what is tried, and turn pf on; return what went wrong, "" when nothing did."""
        failed = self.must("-f", f"{TRIAL}/main") or self.must("-a", NAME, "-f", f"{TRIAL}/new")
        return failed or self.hold()

    def hold(self):
        """Hold a reference that keeps pf on; return what went wrong, "" when nothing did."""
        token = (self.read(TOKEN) or "").strip()
        if token and re.search(rf"\b{token}\b", self.ask("-s", "References")):
            return ""
        rc, out, err = self.run([self.tool, "-E"])
        token = token_of(out + err)
        if rc != 0 or not token:
            return f"pfctl -E: {(err or out).strip() or f'exit status {rc}'}"
        with open(TOKEN, "w", encoding="utf-8") as stream:
            stream.write(f"{token}\n")
        return ""

    def unload(self):
        """Remove the rules and the reference that keeps pf on; the main file has lost our lines. Return what went wrong."""
        failed = self.must("-f", MAIN) if self.is_referenced() else ""
        if self.ask("-a", NAME, "-s", "rules").strip():
            failed = failed or self.must("-a", NAME, "-F", "rules") or self.must("-a", NAME, "-F", "Tables")
        token = (self.read(TOKEN) or "").strip()
        if token and re.search(rf"\b{token}\b", self.ask("-s", "References")):
            failed = failed or self.must("-X", token)
        return failed

    def cleaned(self):
        """Return {path: content} of the files that are left without our rules; None: removed."""
        main = self.read(MAIN)
        return {RULES: None, TOKEN: None, **({MAIN: without_reference(main)} if main and BEGIN in main else {})}
