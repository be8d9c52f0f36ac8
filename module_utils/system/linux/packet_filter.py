"""Rules of nftables in a table of our own: pure renderers and readers, and the command lines of nft.

A packet passes the input chains of all tables, and a drop in one of them is final: nothing of firewalld, ufw, docker or podman is
touched, and none of it can undo a drop here. Without connection tracking, whose table can run full: what begins a TCP connection
is a packet with SYN and without ACK.
"""

from __future__ import annotations

import hashlib
import re

TOOL = "nft"
NAME = "inet saf"
RULES = "/etc/saf-firewall.nft"  # loaded at boot
FILES = [RULES]
TRIAL = "/run/saf-firewall"

_MARK = 'comment "saf {}"'
_TEMPLATE = """\
# Studio Air Fabric: who may open connections to the ports of the cluster. Written by Ansible, loaded by saf-firewall.service.
table inet saf
delete table inet saf
table inet saf {{
{sets}
{chains}
  chain input {{
    type filter hook input priority -10; policy accept;
    iif "lo" accept {mark}
{rules}
  }}
}}
"""
_NEW = {"tcp": "tcp flags & (syn | ack) == syn tcp dport", "udp": "udp dport"}


def render(rules):
    """Return the file of nft for {members, admins, ports}, as library/packet_filter.py documents them."""
    sets = [*_sets("members", rules["members"], ""), *_sets("admins", rules["admins"], "flags interval; ")]
    named = [one.split()[1] for one in sets]
    chains = sorted({tuple(one["sources"]) for one in rules["ports"]})
    lines = [
        f"    {_NEW[one['protocol']]} {{ {', '.join(one['ports'])} }} jump {_chain(one['sources'])} {{mark}}"
        for one in rules["ports"]
    ]
    text = _TEMPLATE.format(
        sets="\n".join(f"  {one}" for one in sets),
        chains="\n".join(_chain_text(sources, named) for sources in chains),
        rules="\n".join(lines),
        mark="{mark}",
    )
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return text.replace("{mark}", _MARK.format(digest))


def _sets(name, addresses, flags):
    """Return the sets of one group of addresses, one for each version of IP that it has."""
    found = []
    for version, kind in (("4", "ipv4_addr"), ("6", "ipv6_addr")):
        mine = [one for one in addresses if (":" in one) == (version == "6")]
        if mine:
            found.append(f"set {name}{version} {{ type {kind}; {flags}elements = {{ {', '.join(mine)} }}; }}")
    return found


def _chain(sources):
    return "from_" + ("_".join(sources) or "nobody")


def _chain_text(sources, named):
    lines = [f"  chain {_chain(sources)} {{"]
    for source in sources:
        for version, expression in (("4", "ip saddr"), ("6", "ip6 saddr")):
            if f"{source}{version}" in named:
                lines.append(f"    {expression} @{source}{version} return {{mark}}")
    return "\n".join([*lines, "    drop {mark}", "  }"])


def matches(listing, text):
    """Return whether the table that nft lists is the one of a rendered file; listing: "" where there is none."""
    mark = re.search(r'comment "saf \w+"', text)
    if not mark or listing.count(mark[0]) != text.count(mark[0]) or listing.count("comment") != text.count("comment"):
        return False
    hooked = re.search(r"type filter hook input priority [^;]+; policy accept;", listing)
    return bool(hooked) and _elements(listing) == _elements(text)


def _elements(text):
    """Return {set: addresses} of a listing or a rendered file."""
    found = re.findall(r"set (\w+) \{[^{}]*elements = \{([^{}]*)\}", text)
    return {name: sorted(re.findall(r"[^\s,]+", elements)) for name, elements in found}


def is_foreign(listing):
    """Return whether a table of this name is something else's."""
    return bool(listing) and 'comment "saf ' not in listing and re.sub(r"\s", "", listing) != "tableinetsaf{}"


def restoring(listing):
    """Return the file of nft that restores what is listed now."""
    return f"table {NAME}\ndelete table {NAME}\n{listing}"


class Filter:
    """The packet filter of this node. run: argv -> (status, output, errors); tool: path of nft; read: path -> text or None."""

    def __init__(self, run, tool, read):
        self.run, self.tool, self.read = run, tool, read

    def listing(self):
        """Return the rules of ours that are loaded, "" without any."""
        rc, out, _err = self.run([self.tool, "list", "table", *NAME.split()])
        return out if rc == 0 else ""

    def refusal(self):
        """Return why this node cannot have rules, "" when it can."""
        rc, out, err = self.run([self.tool, "list", "tables"])
        if rc != 0:
            reason = ((err or out).strip().splitlines() or [f"exit status {rc}"])[-1]
            return f"nftables does not work here, its kernel or its container does not allow it ({reason})"
        if is_foreign(self.listing()):
            return f"a table {NAME} of something else is loaded (nft list table {NAME})"
        return ""

    def is_current(self, text):
        return matches(self.listing(), text)

    def is_loaded(self):
        return bool(self.listing())

    def boot_files(self, text):
        return {RULES: text}

    def trial_files(self, text):
        """Return {path: content} of what is tried; new: what load() loads, restore.sh: what the rollback runs."""
        return {
            f"{TRIAL}/new": text,
            f"{TRIAL}/before": restoring(self.listing()),
            f"{TRIAL}/restore.sh": f"{self.tool} -f {TRIAL}/before\n",
        }

    def validate(self):
        """Return what nft says against the rules that are tried, "" when they are right."""
        rc, out, err = self.run([self.tool, "-c", "-f", f"{TRIAL}/new"])
        return "" if rc == 0 else (err or out).strip() or f"exit status {rc}"

    def load(self):
        """Load what is tried; return what went wrong, "" when nothing did."""
        rc, out, err = self.run([self.tool, "-f", f"{TRIAL}/new"])
        return "" if rc == 0 else (err or out).strip() or f"exit status {rc}"

    def unload(self):
        """Remove the rules of ours; return what went wrong, "" when nothing did."""
        if not self.is_loaded():
            return ""
        rc, out, err = self.run([self.tool, "delete", "table", *NAME.split()])
        return "" if rc == 0 else (err or out).strip() or f"exit status {rc}"

    def cleaned(self):
        """Return {path: content} of the files that are left without our rules; None: removed."""
        return {RULES: None}
