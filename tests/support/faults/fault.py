"""One fault of molecule/faults/faults.yml, done to a cluster at work, and the row that comes of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import yaml

from tests.support.faults import journal

CATALOG = Path(__file__).resolve().parents[3] / "molecule" / "faults" / "faults.yml"
KEYS = {
    *("name", "title", "node", "prepare", "inject", "heal", "restore"),
    *("hold", "least", "limit", "target", "kept", "quick", "steady", "reborn"),
}
LIMIT_S = 240
EAT = """
import os, ray
ray.init(address=os.environ["RAY_ADDRESS"], logging_level="ERROR", log_to_driver=False)

@ray.remote(max_retries=0, num_cpus=0)
def eat():
    return sum(len(part) for part in [b"x" * 2**20 for _ in range(3500)])

try:
    print("ended", ray.get(eat.options(resources={"node:ADDRESS": 0.001}).remote(), timeout=120))
except Exception as error:
    print("failed", type(error).__name__)
os._exit(0)
"""


def catalog(path=CATALOG):
    """Return the faults; a key that is not known would be a fault that is not done."""
    document = yaml.safe_load(path.read_text())
    for fault in document["faults"]:
        unknown = sorted(set(fault) - KEYS)
        if unknown:
            raise ValueError(f"{fault['name']}: unknown keys {', '.join(unknown)}")
    return document["faults"]


def not_here(path=CATALOG):
    """Return what containers cannot show: [{title, why}]."""
    return yaml.safe_load(path.read_text())["not_here"]


def chosen(faults, names=(), quick=False):
    """Return the faults named, in this order; all without names. quick: only the quick ones."""
    known = {fault["name"]: fault for fault in faults}
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(f"There is no fault {', '.join(unknown)}: take from {', '.join(known)}.")
    return [known[name] for name in names or known if known[name].get("quick") or not quick]


class Doer:
    """Does the steps of a fault and remembers when the nodes answered again."""

    def __init__(self, rig, fault, say=print):
        self.rig, self.fault, self.say = rig, fault, say
        self.ssh_at = None
        self.notes = []

    def text(self, value):
        rig, node = self.rig, self.fault["node"]
        known = {"ray": f"{rig.root}/ray", "root": rig.root, "user": rig.user, "address": rig.nodes[node]}
        for name, replacement in known.items():
            value = value.replace("{" + name + "}", replacement)
        return value

    def steps(self, key):
        for step in self.fault.get(key, []):
            self.step(step)

    def step(self, step):
        rig, node = self.rig, self.fault["node"]
        if isinstance(step, str):
            rig.check(node, self.text(step), timeout=120)
            return
        ((what, value),) = step.items()
        if what in ("cut", "reconnect"):
            for one in value:
                getattr(rig, what)(one)
        elif what == "flap":
            one, times, seconds = value
            for _ in range(times):
                rig.cut(one)
                time.sleep(seconds)
                rig.reconnect(one)
                time.sleep(seconds)
        elif what == "reboot":
            rig.reboot(*value)
            self.ssh_at = rig.wait_for_ssh(value)
        elif what == "mount":
            rig.mount(node, self.text(value[0]), value[1])
        elif what == "unmount":
            rig.unmount(node, self.text(value))
        elif what == "cpu":
            rig.limit_cpu(node, value)
        elif what == "memory":
            rig.limit_memory(node, value)
        elif what == "eat":
            self.notes.append("the task " + self.eat(value))
        elif what == "healthy":
            bad = rig.wait_until_healthy(time.time(), LIMIT_S)
            if bad:
                raise RuntimeError(f"{self.fault['name']}: not healthy before the fault: {', '.join(bad)}")
        else:
            raise ValueError(f"{self.fault['name']}: unknown step {what}")

    def eat(self, node):
        rig = self.rig
        program = f"{rig.root}/current/bin/python -"
        command = f"cd / && runuser -u {rig.user} -- sh -c '. {rig.root}/etc/saf.env; exec {program}'"
        done = rig.run(rig.head, command, timeout=180, text=EAT.replace("ADDRESS", rig.nodes[node]))
        return (done.stdout.strip().splitlines() or ["gave no answer"])[-1]


def measure(rig, fault, say=print, ask_status=None):
    """Do a fault to a healthy cluster; return its row. ask_status: called before it is healed if the fault is ``steady``."""
    doer = Doer(rig, fault, say)
    rig.forget(time.time() - 120)
    bad = rig.wait_until_healthy(time.time() - journal.QUIET_S - 2, LIMIT_S)
    if bad:
        raise RuntimeError(f"{fault['name']}: not healthy before the fault: {', '.join(bad)}")
    doer.steps("prepare")
    load = os.getloadavg()[0]
    injected, status = time.time(), None
    try:
        doer.steps("inject")
        if fault.get("hold"):
            until = time.time() + fault["hold"]
            status = ask_status() if ask_status and fault.get("steady") else None
            time.sleep(max(0, until - time.time()))
    finally:
        doer.steps("heal")
    # A fault that ends by itself is over at once, however long the command that did it took to come back.
    lasts = "heal" in fault or any(isinstance(step, dict) for step in fault["inject"])
    healed = doer.ssh_at or (time.time() if lasts else injected)
    known = journal.ids_before(rig.pull(), injected)
    reborn = not fault.get("reborn") or wait_until_reborn(rig, fault, known)
    open_at_end = (
        [f"{fault['node']} not restarted"]
        if not reborn
        else rig.wait_until_healthy(injected, fault.get("limit", LIMIT_S), fault.get("least", 10))
    )
    until = time.time()
    row = journal.evaluate(rig.pull(), rig.nodes, rig.ports, injected, healed, until)
    row.update(
        name=fault["name"],
        title=fault["title"],
        target=fault.get("target"),
        kept=bool(fault.get("kept")),
        human=bool(open_at_end),
        open=open_at_end or [],
        load=round(load, 1),
        status=status,
        notes=doer.notes,
    )
    if open_at_end:
        repair(rig, say)
    doer.steps("restore")
    return row


def wait_until_reborn(rig, fault, known):
    """Return whether the GCS knows the node by another id than before the fault; known: {node: id}."""
    until = time.time() + fault.get("limit", LIMIT_S)
    while time.time() < until:
        if journal.ids_before(rig.pull(), time.time()).get(fault["node"], known[fault["node"]]) != known[fault["node"]]:
            return True
        time.sleep(1)
    return False


def repair(rig, say=print):
    """What a human would do, so that the next fault finds a healthy cluster: restart Ray on every node, the head first."""
    say("  does not heal by itself: Ray is restarted everywhere")
    for node in rig.nodes:
        rig.run(node, "systemctl restart saf-ray", timeout=120)
    rig.run(rig.head, "systemctl restart saf-faults-workload", timeout=60)
    rig.wait_until_healthy(time.time(), LIMIT_S)


def missed(row):
    """Return what of the targets a row misses, as sentences; an empty list if it meets them all."""
    found = []
    target = row.get("target")
    if row["human"]:
        found.append(f"needs a human ({', '.join(row['open'])})")
    elif target:
        key = "healthy_after" if target["from"] == "inject" else "healthy_after_heal"
        if row[key] is None or row[key] > target["seconds"]:
            found.append(f"{row[key]} s instead of {target['seconds']} s")
    if row["kept"] and row["nodes_lost"]:
        found.append(f"lost {', '.join(row['nodes_lost'])}")
    tasks = row["tasks"]
    if tasks["failed"] or tasks["wrong"] or tasks["unfinished"]:
        failed = sum(tasks["failed"].values())
        found.append(f"tasks with retries: {failed} failed, {tasks['wrong']} wrong, {tasks['unfinished']} unfinished")
    return found
