"""What runs on a node and would mix with Ray: another Ray, and whatever holds a port of the cluster."""

from __future__ import annotations

import re
import shlex
from typing import Any

from ansible_collections.saf.fabric.plugins.module_utils.system.processes import is_managed, is_part_of_ray, ray_daemon

from .observed import Observed, Wanted, rows
from .problem import Problem, problem

# A venv of this product, and the environment that any other Ray is installed in.
_PRODUCT = re.compile(r"(/.*?)/venvs/[0-9a-f]{16}/")
_PACKAGE = re.compile(r"(/.*?)/lib/python[\d.]+/site-packages/ray/")
_PROCESS = {"pid": int, "user": str, "command": str}
_LISTENER = {**_PROCESS, "port": int}


def foreign_rays(observed: Observed, venv_root: str) -> list[dict[str, Any]]:
    """Return [{pid, user, root, program, daemon}] of the Rays that are not managed, one for each installation and account.

    root: the folder of another installation of this product ("" for any other Ray); program: its `ray`, "" where its place
    is unknown; daemon: what was found running.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for process in rows(observed, "processes", _PROCESS):
        daemon = ray_daemon(process["command"])
        if not daemon or is_managed(process["command"], venv_root):
            continue
        product, package = _PRODUCT.match(daemon), _PACKAGE.match(daemon)
        root = product.group(1) if product else ""
        program = f"{package.group(1)}/bin/ray" if package else ""
        ray = {**process, "root": root, "program": program, "daemon": daemon}
        found.setdefault((process["user"], root or program), ray)
    return list(found.values())


def foreign_ray_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return a row for each Ray that is not managed, with what ends it; wanted: venv_root."""
    problems = []
    for ray in foreign_rays(observed, wanted["venv_root"]):
        if ray["root"]:
            found = f"Studio Air Fabric in {ray['root']}, process {ray['pid']} of {ray['user']}"
            fix = "Stop it, or remove it: the commands are below."
            row = problem("foreign Ray", "none", found, fix)
            row["other_root"] = ray["root"]
        else:
            found = f"process {ray['pid']} of {ray['user']} ({ray['daemon']})"
            fix = "Stop it (the command is below) and remove whatever starts it: two Rays on a node disturb each other."
            row = problem("foreign Ray", "none", found, fix)
            row["command"] = f"sudo -u {shlex.quote(ray['user'])} {shlex.quote(ray['program'] or 'ray')} stop"
        problems.append(row)
    return problems


def port_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return a row for each holder of a port that Ray needs; wanted: venv_root, ports {variable name: port},
    gcs_store {user: the account of the store} (empty: none).

    A port that the managed Ray holds is free to us; those of a foreign Ray are in its own row. Where the system does not report
    the holder (pid 0), its account decides.
    """
    venv_root = wanted["venv_root"]
    managed = {one["user"] for one in rows(observed, "processes", _PROCESS) if is_managed(one["command"], venv_root)}
    strangers = {ray["user"] for ray in foreign_rays(observed, venv_root)}
    held: dict[str, dict[str, int]] = {}
    listeners = rows(observed, "listeners", _LISTENER)
    for name, port in wanted["ports"].items():
        for listener in listeners:
            if listener["port"] != port or is_managed(listener["command"], venv_root):
                continue
            # Redis writes its own title, which names no path.
            if name == "ray_gcs_store_port" and listener["user"] == wanted["gcs_store"].get("user"):
                continue
            if not listener["pid"] and listener["user"] in managed | strangers:
                continue
            if strangers and is_part_of_ray(listener["command"]):
                continue
            command = listener["command"][:60]
            holder = f"process {listener['pid']} ({command})" if listener["pid"] else f"account {listener['user']}"
            held.setdefault(holder, {})[name] = port
            break
    return [
        problem(
            "port",
            f"{', '.join(str(port) for port in ports.values())} free",
            holder,
            f"Stop the process listening on {_those(ports, 'that port', 'those ports')}, "
            f"or set {', '.join(ports)} to {_those(ports, 'a free port', 'free ports')}.",
        )
        for holder, ports in held.items()
    ]


def _those(ports: dict[str, int], one: str, more: str) -> str:
    return one if len(ports) == 1 else more
