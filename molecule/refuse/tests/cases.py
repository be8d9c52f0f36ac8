"""Everything that preflight has to refuse: how to bring it about, and words of the sentence that has to be said.

A case edits the scenario's own inventory (groups, host variables), passes extra variables, or prepares a node.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Case:
    name: str
    says: list  # each must be in the output, in any order and case
    edit: Callable | None = None  # edit(groups, hostvars), in place
    extra: dict = field(default_factory=dict)
    node: str = ""  # where before and after run, as root
    before: str = ""
    after: str = "true"


def host(name, **variables):
    return lambda groups, hostvars: hostvars[name].update(variables)


def group(name, members):
    return lambda groups, hostvars: groups.update({name: members})


def foreign_address(groups, hostvars):
    hostvars["worker1"]["cluster_address"] = "10.255.255.9"


def same_address(groups, hostvars):
    hostvars["worker2"]["cluster_address"] = hostvars["worker1"]["cluster_address"]


def misspelt(groups, hostvars):
    hostvars["worker1"]["ray_dashbord_port"] = 8266


def two_faults(groups, hostvars):
    same_address(groups, hostvars)
    misspelt(groups, hostvars)


# Shared memory of a test node is 1 GiB, a venv with its wheels needs more.
SMALL_DISK = "/dev/shm/saf"  # noqa: S108 - a folder of the node, not a file that we open

NO_SUDO = """
useradd --create-home nosudo && install -d -m 700 -o nosudo /home/nosudo/.ssh &&
install -m 600 -o nosudo ~admin/.ssh/authorized_keys /home/nosudo/.ssh/authorized_keys"""

# A process that is Ray's by its name and place, and not of our making.
FOREIGN_RAY = """
install -D /bin/sleep /srv/ray/core/src/ray/gcs/gcs_server &&
systemd-run --quiet --unit=foreign-ray /srv/ray/core/src/ray/gcs/gcs_server 600"""

FOREIGN_LISTENER = """
systemd-run --quiet --unit=foreign-listener python3 -m http.server 7777 &&
for i in $(seq 50); do ss -Htln 'sport = :7777' | grep -q . && break; sleep 0.1; done"""

# The containers share the kernel's clock: what asks for the time is given another one.
WRONG_CLOCK = """
echo 'import wrong_clock' >/usr/lib/python3/dist-packages/wrong_clock.pth
cat >/usr/lib/python3/dist-packages/wrong_clock.py <<'END'
import datetime, time
_time, _Class = time.time, datetime.datetime
time.time = lambda: _time() + 3600
class datetime_(_Class):
    @classmethod
    def now(cls, tz=None):
        return _Class.now(tz) + datetime.timedelta(hours=1)
datetime.datetime = datetime_
END
printf '#!/bin/sh\\nexec /bin/date -d "+1 hour" "$@"\\n' >/usr/local/bin/date && chmod 755 /usr/local/bin/date"""

CASES = [
    # --- the inventory
    Case("no head", ["head", "one host in group head"], edit=group("head", [])),
    Case("two heads", ["head1, worker1", "one host in group head"], edit=group("head", ["head1", "worker1"])),
    Case("host in both groups", ["head1", "both"], edit=group("workers", ["head1", "worker1", "worker2"])),
    Case("duplicate addresses", ["worker1, worker2", "one address a node"], edit=same_address),
    Case("misspelled variable", ["ray_dashbord_port", "ray_dashboard_port"], edit=misspelt),
    Case("unknown stack", ["studio-2052", "studio-2025"], extra={"stack": "studio-2052"}),
    Case("Python outside of the stack's window", ["3.8.20", ">=3.9"], extra={"python_version": "3.8.20"}),
    Case("port out of range", ["ray_port", "70000"], extra={"ray_port": 70000}),
    Case("two roles for one port", ["8265", "ray_port", "ray_dashboard_port"], extra={"ray_port": 8265}),
    Case(
        "a port of the workers' range", ["not among 10002 to 10999", "ray_dashboard_port"], extra={"ray_dashboard_port": "10100"}
    ),
    Case("text that is no number", ["ray_watchdog_interval", "a whole number"], extra={"ray_watchdog_interval": "abc"}),
    Case("relative root", ["venv_root", "an absolute path"], extra={"venv_root": "saf"}),
    Case("root of one node", ["the same on every node", "/srv/saf"], edit=host("worker1", venv_root="/srv/saf")),
    Case("an object store that Ray refuses", ["78643200"], extra={"ray_object_store_memory": "50000000"}),
    Case(
        "name instead of an address",
        ["worker1", "beta.local", "cluster_address"],
        edit=host("worker1", cluster_address="beta.local"),
    ),
    Case(
        "person without an address",
        ["admin_addresses", "10.0.0.5/24 is written 10.0.0.0/24"],
        extra={"admin_addresses": ["10.0.0.5/24"]},
    ),
    Case("two faults at once", ["one address a node", "ray_dashbord_port"], edit=two_faults),
    # --- the nodes
    Case("address of another machine", ["worker1", "10.255.255.9"], edit=foreign_address),
    Case("Python that nobody has", ["3.11.99"], extra={"python_version": "3.11.99"}),
    Case("too little disk", ["free", "at /dev/shm"], extra={"venv_root": SMALL_DISK}),
    Case(
        "port taken",
        ["7777 free", "head1", "http.server"],
        extra={"ray_port": 7777},
        node="head1",
        before=FOREIGN_LISTENER,
        after="systemctl stop foreign-listener",
    ),
    Case(
        "foreign Ray",
        ["worker1", "gcs_server"],
        node="worker1",
        before=FOREIGN_RAY,
        after="systemctl stop foreign-ray; rm -r /srv/ray",
    ),
    Case(
        "sudo refused",
        ["worker1", "sudo"],
        edit=host("worker1", ansible_user="nosudo"),
        node="worker1",
        before=NO_SUDO,
        after="userdel --remove nosudo",
    ),
    Case("providers that differ", ["the same on all Linux nodes", "python_provider"], edit=host("worker1", python_provider="uv")),
    Case("node unreachable", ["worker2", "the node answers"], edit=host("worker2", ansible_port=1)),
    Case(
        "clock skew",
        ["worker2", "clock"],
        node="worker2",
        before=WRONG_CLOCK,
        after="rm /usr/local/bin/date /usr/lib/python3/dist-packages/wrong_clock.*",
    ),
]
