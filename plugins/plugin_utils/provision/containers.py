"""The compose project of playbooks/containers.yml: its file, what it takes of the machine, and why it cannot run.

Pure functions of the variables and of what module container_engine_info observed; nothing in that is trusted.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ansible_collections.saf.fabric.plugins.module_utils.containers.engine import DIGEST, LABEL

from ..trust.untrusted import clean_text
from .observed import integer, mapping, number, rows, text, texts

# What compose, container names and host names accept alike.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
# MIB: of a container besides its objects: Ray's processes and one task. LEAST: Ray refuses less than 75 MiB for objects.
_PROCESSES_MIB: Final = 768
_LEAST_SHM_MIB: Final = 128
_MOST_SHM_MIB: Final = 8192
_STEP_MIB: Final = 64
_SHM_SHARE: Final = 0.25  # of the machine, for all containers together
_STORE_SHARE: Final = 0.8  # of /dev/shm: Ray's object store; the rest is for what tasks share themselves
_USER: Final = "1000"  # of rayproject/ray and of the Containerfile


def names(project: str, workers: int) -> list[str]:
    """Return the names of the containers, the head first."""
    return [f"{project}-head", *(f"{project}-worker{number}" for number in range(1, workers + 1))]


def sizes(observed: object, wanted: Mapping[str, Any]) -> dict[str, int]:
    """Return shm_mib, store_mib and cpus of one container; wanted: workers, shm_mib, cpus (0: computed)."""
    engine = mapping(observed, "engine") or {}
    count = wanted["workers"] + 1
    share = int((integer(engine, "memory_mib") or 0) * _SHM_SHARE / count) // _STEP_MIB * _STEP_MIB
    shm = wanted["shm_mib"] or min(max(share, _LEAST_SHM_MIB), _MOST_SHM_MIB)
    cpus = wanted["cpus"] or max((integer(engine, "cpus") or 1) // count, 1)
    return {"shm_mib": shm, "store_mib": int(shm * _STORE_SHARE), "cpus": cpus}


def compose(wanted: Mapping[str, Any], size: Mapping[str, int]) -> dict[str, Any]:
    """Return the compose file, with the keys that docker compose, docker-compose 1.29 and podman-compose 1.0 all read.

    wanted: project, network, image, workers, ports {gcs, dashboard, client, agent}, token (bool), token_mark.
    """
    ports = wanted["ports"]
    head, *workers = names(wanted["project"], wanted["workers"])
    services = {"head": _service(wanted, size, head, _head(ports))}
    services["head"]["ports"] = [f"127.0.0.1:{ports[name]}:{ports[name]}" for name in ("gcs", "dashboard", "client")]
    for index, name in enumerate(workers, 1):
        services[f"worker{index}"] = _service(wanted, size, name, [f"--address=head:{ports['gcs']}"])
        services[f"worker{index}"]["depends_on"] = ["head"]
    document: dict[str, Any] = {
        "version": "3.7",
        "services": services,
        "networks": {"default": {"external": True, "name": wanted["network"]}},
    }
    mark = _mark(document, str(wanted["token_mark"]))
    for service in services.values():
        service["labels"] = {LABEL: wanted["project"], DIGEST: mark}
    return document


def digest(document: Mapping[str, Any]) -> str:
    """Return the digest that the containers of a file carry."""
    return str(document["services"]["head"]["labels"][DIGEST])


def _mark(document: Mapping[str, Any], token_mark: str) -> str:
    return hashlib.sha256((json.dumps(document, sort_keys=True) + token_mark).encode()).hexdigest()[:12]


def _head(ports: Mapping[str, int]) -> list[str]:
    return [
        "--head",
        f"--port={ports['gcs']}",
        # Inside the container: what leaves it is under `ports`.
        "--dashboard-host=0.0.0.0",
        f"--dashboard-port={ports['dashboard']}",
        f"--ray-client-server-port={ports['client']}",
    ]


def _service(wanted: Mapping[str, Any], size: Mapping[str, int], name: str, role: Sequence[str]) -> dict[str, Any]:
    service: dict[str, Any] = {
        "image": wanted["image"],
        "container_name": name,
        "hostname": name,
        "user": _USER,
        "command": [
            *("ray", "start", "--block", "--disable-usage-stats", *role),
            f"--node-name={name}",
            f"--dashboard-agent-listen-port={wanted['ports']['agent']}",
            f"--num-cpus={size['cpus']}",
            f"--object-store-memory={size['store_mib'] * 2**20}",
        ],
        "environment": {"RAY_AUTH_MODE": "token" if wanted["token"] else "disabled", "RAY_USAGE_STATS_ENABLED": "0"},
        "shm_size": f"{size['shm_mib']}m",
        # Reaps the workers of Ray.
        "init": True,
        "restart": "always",
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "healthcheck": {
            # As a text: podman-compose 1.0 quotes a list wrongly.
            "test": _health(wanted["ports"]["agent"]),
            "interval": "15s",
            "timeout": "10s",
            "retries": 4,
            "start_period": "60s",
        },
    }
    if wanted["token"]:
        service["env_file"] = ["token.env"]
    return service


def _health(port: int) -> str:
    ask = f"c = h.HTTPConnection('127.0.0.1', {port}, timeout=5); c.request('GET', '/api/local_raylet_healthz')"
    return f'python -c "import http.client as h; {ask}; exit(c.getresponse().status != 200)"'


def problem(observed: object, wanted: Mapping[str, Any], command: Mapping[str, str]) -> str:
    """Return why the containers cannot run, one sentence with what to type, "" where they can.

    wanted: as of compose(), and shm_mib, cpus, state; command: {fewer, own} lines to type.
    """
    name = str(wanted["project"])
    if not _NAME.fullmatch(name):
        return f"containers_project is {name!r}: take 1 to 40 small letters, digits and hyphens, for instance saf."
    if wanted["workers"] < 0 or wanted["cpus"] < 0:
        return "containers_workers and containers_cpus are numbers from 0 on."
    engine = mapping(observed, "engine") or {}
    if not text(engine, "name"):
        why = "; ".join(texts(observed, "reasons"))
        return (
            f"No container engine: {why}. Install podman and podman-compose, or Docker, and start it. If it runs under your own"
            f" account (Docker Desktop, podman without root):\n{command['own']}"
        )
    if wanted["state"] == "absent":
        return ""
    if not texts(observed, "compose"):
        packages = {"podman": "podman-compose"}.get(text(engine, "name"), "docker-compose-plugin")
        return f"{text(engine, 'name')} has no compose command: install the package {packages}."
    return _size_problem(engine, wanted, command) or _port_problem(observed, wanted)


def _size_problem(engine: Mapping[str, Any], wanted: Mapping[str, Any], command: Mapping[str, str]) -> str:
    size = sizes({"engine": engine}, wanted)
    if size["shm_mib"] < _LEAST_SHM_MIB:
        return f"containers_shm_mib is {size['shm_mib']}, and Ray needs {_LEAST_SHM_MIB}: leave it out, then it is computed."
    memory = integer(engine, "memory_mib") or 0
    needed = (wanted["workers"] + 1) * (size["shm_mib"] + _PROCESSES_MIB)
    if memory >= needed:
        return ""
    return (
        f"{wanted['workers'] + 1} containers need {needed} MiB of memory, and the engine has {memory} MiB: start fewer workers,"
        f" with {command['fewer']}, or give its virtual machine more."
    )


def _port_problem(observed: object, wanted: Mapping[str, Any]) -> str:
    head = f"{wanted['project']}-head"
    shapes = {"name": str, "running": bool}
    if any(one["name"] == head and one["running"] for one in rows(observed, "containers", shapes)):
        return ""  # its own
    taken = {name: port for name, port in wanted["ports"].items() if name != "agent" and port in busy_ports(observed)}
    if not taken:
        return ""
    variables = {"gcs": "ray_port", "dashboard": "ray_dashboard_port", "client": "ray_client_port"}
    ports = ", ".join(f"{port} ({variables[name]})" for name, port in taken.items())
    return (
        f"Something listens on 127.0.0.1 at {ports}: stop it (a Ray of site.yml: playbooks/stop.yml), or set those variables to"
        " other ports."
    )


def busy_ports(observed: object) -> set[int]:
    """Return the ports that are taken."""
    value = observed.get("busy_ports") if isinstance(observed, Mapping) else None
    return {port for port in value if isinstance(port, int)} if isinstance(value, list) else set()


def lines(observed: object) -> list[str]:
    """Return a line for each container."""
    shapes = {"name": str, "state": str, "health": str, "restarts": int}
    return [
        f"{one['name']}: {one['state']}{', ' + one['health'] if one['health'] else ''}, restarted {one['restarts']} times"
        for one in rows(observed, "containers", shapes)
    ]


def state_problem(answer: object, wanted: Sequence[str], pin: str) -> str:
    """Return what is wrong with the running cluster, "" for nothing; answer: what containers_ray.py printed; wanted: names."""
    alive = set(texts(answer, "alive"))
    missing = [name for name in wanted if name not in alive]
    if missing:
        return f"Not in the cluster: {', '.join(missing)}."
    if text(answer, "ray") != pin:
        return f"The image has Ray {text(answer, 'ray') or 'of an unknown version'}, and the stack Ray {pin}."
    return ""


def member_lines(answer: object) -> list[str]:
    """Return what the cluster is, for people."""
    addresses = mapping(answer, "addresses") or {}
    cpus = int(number(answer, "cpus") or 0)
    return [
        clean_text(f"Ray {text(answer, 'ray')}, Python {text(answer, 'python')}, {cpus} processors"),
        *(clean_text(f"{name}: {address}") for name, address in sorted(addresses.items())),
    ]


def task_lines(answer: object) -> list[str]:
    """Return what each container computed, for people."""
    tasks = rows(answer, "tasks", {"node": str, "user": int, "mlx": str, "result": int})
    return [
        clean_text(
            f"{one['node']}: {'MLX ' + one['mlx'] if one['mlx'] else 'Ray alone, the image has no MLX'},"
            f" user {one['user']}, result {one['result']}"
        )
        for one in sorted(tasks, key=lambda one: one["node"])
    ]


def smoke_problem(answer: object, wanted: Sequence[str]) -> str:
    """Return which containers ran no task, "" where all did."""
    ran = {one["node"] for one in rows(answer, "tasks", {"node": str})}
    idle = [name for name in wanted if name not in ran]
    return f"No task ran on {', '.join(idle)}." if idle else ""
