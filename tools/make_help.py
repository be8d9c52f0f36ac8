#!/usr/bin/env python3
"""What `make` prints: the targets for people, and the inventory that they are about. It starts no Ansible, and needs no .venv.

usage: make_help.py INVENTORY DEVELOPERS_TARGET ...        INVENTORY: "" for the default
"""

from __future__ import annotations

import os
import sys
import textwrap

import saf

HELP = """
  make bench     set up, provision, measure, report  QUICK=1  2 min instead of 5
  make site      provision only                      CHECK=1  what would change
  make status    who is alive  make audit  what is open  make report  the last
  make collect   one archive for a request for help  without secrets
  make compare   the last two runs side by side      RUNS=a,b   ids of runs
  make stop      stop Ray       make start  start it make smoke   four tasks
  make reset     undo everything that was done       asks first
  CHECK=1 make bench says how long it takes; KEEP=1 leaves Ray running.
  ARGS='…' goes to ansible-playbook; INVENTORY=…; PYTHON=python3.13
"""


def nodes_in(document):
    """Return the hosts below the group cluster (else all) of an inventory in YAML, in their order."""

    def hosts(group):
        group = group if isinstance(group, dict) else {}
        return [*(group.get("hosts") or {}), *(host for child in (group.get("children") or {}).values() for host in hosts(child))]

    everything = (document.get("all") if isinstance(document, dict) else None) or {}
    children = everything.get("children") or {} if isinstance(everything, dict) else {}
    return list(dict.fromkeys(hosts(children.get("cluster") or everything)))


def help_text(inventory, nodes, developers, width=80):
    """Return the list of commands; nodes: names, none where they are not known; developers: names of their targets."""
    count = f"{len(nodes)} node{'s' if len(nodes) > 1 else ''}"
    about = f"inventory: {inventory}" + (f" ({count}{': ' + ', '.join(nodes) if len(nodes) < 5 else ''})" if nodes else "")
    first = f"Studio Air Fabric  {about:>{width - 19}}" if len(about) <= width - 19 else f"Studio Air Fabric\n{about}"
    last = textwrap.fill(" | ".join(developers), width, initial_indent="  Developers: make ", subsequent_indent="    ")
    return f"{first}\n{HELP}\n{last}"


def nodes_of(inventory):
    """Return the nodes of an inventory's hosts.yml; none where it cannot be read: before make setup, or of another kind."""
    path = saf.ROOT / inventory
    try:
        import yaml

        return nodes_in(yaml.safe_load((path / "hosts.yml" if path.is_dir() else path).read_text()))
    except (ImportError, OSError, ValueError):
        return []


def main(inventory, *developers):
    inventory = inventory or saf.default_inventory(saf.ROOT, os.environ)
    print(help_text(inventory, nodes_of(inventory), developers))


if __name__ == "__main__":
    main(*sys.argv[1:])
