"""Which phase a task belongs to, and what a playbook's last line says: by the file that the task is in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

# A file that several phases include stays in the phase that includes it.
STAY: Final = ""


@dataclass(frozen=True)
class Phase:
    """One line of the output. counts: whether a changed task in it is a change of the node; answers: what its tasks say is the
    result of the playbook, which comes after its line; silent: it has no line unless its tasks say something.
    """

    name: str
    what: str = ""
    counts: bool = True
    answers: bool = False
    silent: bool = False


CHECK: Final = Phase("check", "inventory, access, platform", counts=False)
PHASES: Final = {
    phase.name: phase
    for phase in (
        CHECK,
        Phase("node", "packages, account, folders"),
        Phase("python"),
        Phase("venv"),
        Phase("firewall", "ports closed to strangers"),
        Phase("ray", "service"),
        Phase("verify", "members and versions", counts=False),
        Phase("plan", counts=False),
        Phase("facts", "hardware and load", counts=False),
        Phase("compute", "MLX and NumPy on each node", counts=False),
        Phase("network", "links between the nodes", counts=False),
        Phase("ray tasks", "tasks, objects, actors", counts=False),
        Phase("collective", "all nodes together", counts=False),
        Phase("again", "compared with earlier runs", counts=False, silent=True),
        Phase("report", counts=False, answers=True),
        Phase("status", "nodes, services, members", counts=False, answers=True),
        Phase("audit", "ports, programs, keys, advisories", counts=False, answers=True),
        Phase("collect", "logs, settings, runs", counts=False, answers=True),
        Phase("backup", "inventory, secrets, runs", counts=False, answers=True),
        Phase("restore", "inventory, secrets, runs", answers=True),
        Phase("smoke", "MLX tasks on each node", counts=False, answers=True),
        Phase("start"),
        Phase("stop"),
        Phase("maintenance"),
        Phase("upgrade plan", "what runs, what is interrupted", counts=False, answers=True),
        Phase("stage", "the new venv beside the old one"),
        Phase("upgrade", "Ray stopped, switched, started", answers=True),
        Phase("monitoring", "node_exporter, Prometheus"),
        Phase("mtu"),
        Phase("secrets", "on the controller"),
        Phase("reset"),
        Phase("remove", "drained, undone, forgotten", answers=True),
        Phase("compare", counts=False, answers=True),
        Phase("listeners", counts=False, answers=True),
        Phase("fetch", "files for an offline installation", answers=True),
        Phase("containers", "image, compose project, members", answers=True),
    )
}
_PLAYBOOKS: Final = {
    "check_inventory": "check",
    "preflight": "check",
    "lock": "check",
    "unlock": "verify",
    "provision": "node",
    "firewall": "firewall",
    "ray": "ray",
    "verify": "verify",
    "bench_measure": "plan",
    "bench_again": "again",
    "bench_report": "report",
    "status": "status",
    "audit": "audit",
    "collect": "collect",
    "backup": "backup",
    "restore": "restore",
    "smoke": "smoke",
    "start": "start",
    "stop": "stop",
    "maintenance": "maintenance",
    "monitoring": "monitoring",
    "upgrade": "upgrade",
    "tune_network": "mtu",
    "reset": "reset",
    "remove_node": "remove",
    "rotate_secrets": "secrets",
    "compare": "compare",
    "listeners": "listeners",
    "fetch": "fetch",
    "containers": "containers",
}
# {role: {file: phase}}; "": of every other file.
_ROLES: Final[dict[str, dict[str, str]]] = {
    "cluster": {"": STAY},
    "run_lock": {"": STAY},
    "gcs_store": {"": STAY},
    "homebrew": {"": STAY},
    "preflight": {"": "check"},
    "node": {"": "node"},
    "python": {"": "python"},
    "venv": {"": "venv"},
    "firewall": {"": "firewall"},
    "ray": {"": "ray", "service": STAY, "verify": STAY, "rotate": STAY, "cluster": "verify"},
    "bench": {
        "": STAY,
        "main": "plan",
        "plan": "plan",
        "facts": "facts",
        "compute": "compute",
        "network": "network",
        "network_round": "network",
        "ray": "ray tasks",
        "collective": "collective",
        "again": "again",
    },
    "report": {"": "report"},
    "status": {"": "status", "compare": STAY},
    "audit": {"": "audit"},
    "upgrade": {"": "upgrade", "plan": "upgrade plan", "step_stage": "stage"},
    "collect": {"": "collect"},
    "backup": {"": "backup", "restore": "restore"},
    "monitoring": {"": "monitoring", "checks": "check"},
    "network": {"": "mtu"},
    "reset": {"": "reset"},
    "membership": {"": STAY},
    "fetch": {"": "fetch"},
    "containers": {"": "containers"},
}


def phase_of(path: str, repository: str, play: str) -> Phase | None:
    """Return the phase of a task, None where it stays in the present one.

    path: of the task's file, "" where unknown; repository: folder of the collection; play: name of the task's play, the phase
    of a task that is not in the collection.
    """
    if not path:
        return None
    if not path.startswith(repository.rstrip("/") + "/"):
        return Phase(play or "play")
    parts = PurePosixPath(path[len(repository.rstrip("/")) + 1 :]).parts
    stem = PurePosixPath(parts[-1]).stem
    if parts[0] == "playbooks" and len(parts) == 2:
        return PHASES[_PLAYBOOKS[stem]] if stem in _PLAYBOOKS else Phase(play or stem)
    if parts[0] == "roles" and len(parts) > 2:
        files = _ROLES.get(parts[1], {})
        name = files.get(stem, files.get("", STAY))
        return PHASES[name] if name else None
    return None if parts[0] == "roles" else Phase(play or stem)
