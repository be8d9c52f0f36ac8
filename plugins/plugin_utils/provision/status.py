"""Whether a cluster is healthy: a pure function of what the inventory wants and what was observed."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.saf.fabric.plugins.module_utils.services.service_log import one_line
from ansible_collections.saf.fabric.plugins.plugin_utils.text.units import percent
from ansible_collections.saf.fabric.plugins.plugin_utils.thresholds import CERTIFICATE_RENEW, DISK_SPILL

from .observed import mapping, number, text, texts

# command(playbook, limit): a command that a person can paste.
Command = Callable[..., str]
SCHEMA_VERSION = 1
EXIT_CODES = {"healthy": 0, "unknown": 1, "degraded": 2}
GIB = 2**30
# Below this nothing can be written soon: logs, sessions, a venv that is built beside the one in use.
DISK_FULL_BYTES = GIB
# A head that has run for so long and has no dashboard will not get one.
DASHBOARD_SECONDS = 240
# What a supervisor does not see; the watchdog restarts a node for each of them.
_FAULTS = {
    "zombie": "its raylet has ended while its service runs",
    "sockets": "the sockets of its raylet are not on the disk any more, every task on it hangs",
    "wedged": "it runs and executes nothing: an empty task did not end",
    "dashboard": "its dashboard does not answer, no job can be submitted",
}
_TEXTS = {"service": ("manager", "state", "last_error"), "configured": ("address", "head"), "disk": ("path",)}
_NUMBERS = {"service": ("restarts", "seconds"), "configured": (), "disk": ("free_bytes", "total_bytes", "inodes_free")}


def accept(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is taken of a node_status_info result: known keys, texts on one line, numbers that are numbers."""
    taken: dict[str, Any] = {"provisioned": answer.get("provisioned") is not False}
    for part, names in _TEXTS.items():
        given = mapping(answer, part) or {}
        taken[part] = {name: one_line(given[name]) if isinstance(given.get(name), str) else None for name in names}
        taken[part].update({name: number(given, name) for name in _NUMBERS[part]})
    taken["service"]["keeps_ending"] = (mapping(answer, "service") or {}).get("keeps_ending") is True
    taken["faults"] = _seen_faults(answer)
    since = answer.get("maintenance")
    taken["maintenance"] = one_line(since, 40) if isinstance(since, str) else ""
    taken["addresses"] = [one_line(address, 45) for address in texts(answer, "addresses")[:64]]
    taken["store"] = one_line(answer["store"], 40) if isinstance(answer.get("store"), str) else None
    taken["certificate_days"] = number(answer, "certificate_days")
    venv = mapping(answer, "venv") or {}
    names = ("python_version", "digest", "fingerprint")
    taken["venv"] = {name: one_line(venv[name], 100) for name in names if name in venv}
    return taken


def _seen_faults(answer: Mapping[str, Any]) -> list[str]:
    """Return the names of _FAULTS that the node shows itself or that its watchdog has seen."""
    seen = set(texts(mapping(answer, "watchdog") or {}, "faults"))
    if (mapping(answer, "raylet") or {}).get("sockets") is False:
        seen.add("sockets")
    if answer.get("dashboard") is False and (number(mapping(answer, "service") or {}, "seconds") or 0) >= DASHBOARD_SECONDS:
        seen.add("dashboard")
    return [name for name in _FAULTS if name in seen]


def observation(ping: object, answer: object, failure: object) -> dict[str, Any]:
    """Return accept() of a node's answer, or {"refused": why there is none}.

    ping: registered result of the login; answer: of node_status_info; failure: the message of whatever failed before it. What
    was never registered may be missing or empty.
    """
    unreachable = next((result for result in (ping, answer) if isinstance(result, Mapping) and result.get("unreachable")), None)
    if unreachable is not None:
        said = one_line(unreachable.get("msg", ""))
        return {"refused": f"does not answer over SSH; start it, or check its network{f' ({said})' if said else ''}."}
    if failure or not isinstance(answer, Mapping) or not answer or answer.get("failed"):
        said = one_line(failure or text(answer, "msg") or "no message")
        return {"refused": f"answers, but could not be checked: {said}"}
    return accept(answer)


def judge(
    members: Sequence[str],
    head: str,
    observed: Mapping[str, Mapping[str, Any]],
    cluster: Mapping[str, Any] | None,
    wanted: Mapping[str, Any],
    now: str,
    command: Command,
) -> dict[str, Any]:
    """Return the status document.

    members: names; head: its name; observed: {name: accept() of its node_status_info result, or {"refused": why}};
    cluster: ray_cluster_info result, or None where the head could not be asked; wanted: {ray, python, addresses, gcs:
    host:port}; now: ISO 8601 time; command(playbook, limit): the command that a person can paste.
    """
    rows = {row["name"]: row for row in (cluster or {}).get("nodes", [])}
    reachable = bool(cluster and cluster["reachable"])
    nodes = [_node(name, head, observed[name], rows.get(name), reachable, wanted, command) for name in members]
    problems = [f"{node['name']}: {problem}" for node in nodes for problem in node["problems"]]
    if cluster is None:
        problems.insert(0, f"{head}: the head could not be asked who is in the cluster.")
    elif not reachable:
        # What is wrong with the head itself says more than that nothing answers, and has its own command.
        known = any(node["problems"] or node["maintenance"] for node in nodes if node["name"] == head)
        remedy = "" if known else f" Its service runs; restart the cluster: {command('playbooks/restart.yml')}"
        problems.append(f"{head}: {one_line(cluster['reason'])}{remedy}")
    else:
        problems += _cluster_problems(cluster, wanted, command)
    verdict = "unknown" if not reachable else "degraded" if problems else "healthy"
    return {
        "schema_version": SCHEMA_VERSION,
        "time": now,
        "verdict": verdict,
        "exit_code": EXIT_CODES[verdict],
        "head": head,
        "ray_version": one_line((cluster or {}).get("ray_version", ""), 100),
        "python_version": one_line((cluster or {}).get("python_version", ""), 100),
        "session": one_line((cluster or {}).get("session", ""), 100),
        "nodes": nodes,
        "problems": problems,
        "notes": [f"{node['name']}: {note}" for node in nodes for note in node["notes"]],
    }


def _cluster_problems(cluster: Mapping[str, Any], wanted: Mapping[str, Any], command: Command) -> list[str]:
    problems = [f"{one_line(name)}: alive in the cluster, but not in the inventory." for name in cluster["unexpected"]]
    running = {"ray": one_line(cluster["ray_version"]), "python": one_line(cluster["python_version"])}
    problems += [
        f"The cluster runs {name} {running[name]}, the inventory asks for {wanted[name]}: {command('site.yml')}"
        for name in ("ray", "python")
        if running[name] != wanted[name]
    ]
    return problems


def _node(
    name: str,
    head: str,
    observed: Mapping[str, Any],
    row: Mapping[str, Any] | None,
    reachable: bool,
    wanted: Mapping[str, Any],
    command: Command,
) -> dict[str, Any]:
    site = command("site.yml", "" if name == head else name)
    if "refused" in observed:
        problems, notes, observed = [observed["refused"]], [], {}
    elif observed["maintenance"]:
        end = command("playbooks/maintenance.yml", name, {"maintenance": "off"})
        problems, notes = [], [f"in maintenance since {observed['maintenance']}. End it: {end}"]
    else:
        problems, notes = _causes(name, head, observed, wanted, command, site), _notes(observed, site)
        disk = _disk_problem(observed["disk"])
        # Something that the node itself names explains why the GCS misses it.
        if not problems or (row and row["alive"]):
            problems += _membership_problem(name, head, observed, row, reachable, command)
        problems = ([disk] if disk else []) + problems + _faults(name, head, observed, problems, command)
    resources = mapping(row, "resources") or {}
    return {
        "name": name,
        "role": "head" if name == head else "worker",
        "alive": bool(row and row["alive"]) if reachable else None,
        "address": (row or {}).get("address"),
        "maintenance": observed.get("maintenance", ""),
        "service": observed.get("service", {}),
        "venv": observed.get("venv", {}),
        "resources": {key: number(resources, key) for key in resources if number(resources, key) is not None},
        "problems": problems,
        "notes": notes,
    }


def _causes(
    name: str, head: str, observed: Mapping[str, Any], wanted: Mapping[str, Any], command: Command, site: str
) -> list[str]:
    """Return what the node itself names as the reason why it takes no part; the first cause alone."""
    service = observed["service"]
    if service["state"] in (None, "missing"):
        never = "nothing was ever provisioned here" if not observed["provisioned"] else "its Ray service is missing"
        return [f"{never}: {site}"]
    moved = _moved(name, head, observed, wanted, site)
    if moved:
        return [moved]
    if observed["store"] not in (None, "active"):
        log = f"journalctl -u saf-gcs-store on {name}"
        return [f"the store of its GCS (Redis) is {observed['store']}, and Ray's head needs it ({log}). Start it: {site}"]
    days = observed["certificate_days"]
    if days is not None and days < 0:
        return [f"its certificate has ended, {_days(-days)} ago by its clock: no new connection is accepted. Renew it: {site}"]
    said = f" Its log ends with: {service['last_error']}" if service["last_error"] else ""
    if service["state"] not in ("active", "activating"):
        start = command("playbooks/start.yml", "" if name == head else name)
        return [f"its Ray service is {service['state']}.{said} Start it: {start}"]
    return []


def _faults(name: str, head: str, observed: Mapping[str, Any], known: Sequence[str], command: Command) -> list[str]:
    """Return what a running node shows besides, with its command; nothing where a cause is named already."""
    if known or observed["service"]["state"] != "active":
        return []
    restart = command("playbooks/restart.yml", "" if name == head else name)
    return [f"{_FAULTS[fault]}: {restart}" for fault in observed["faults"]]


def _moved(name: str, head: str, observed: Mapping[str, Any], wanted: Mapping[str, Any], site: str) -> str | None:
    """Return the sentence about an address that is no longer what the service was configured with, None when it is."""
    own, address = observed["addresses"], observed["configured"]["address"]
    here = wanted["addresses"][name]
    if _is_ipv4(address) and own and address not in own:
        others = [one for one in own if not one.startswith("127.")]
        now = here if here in own else others[0] if others else own[0]
        first = "" if here in own else f"set its cluster_address (now {here}) to {now} in the inventory, then "
        return f"{name} is {now} now, its service was configured for {address}: {first}run {site}"
    if address and address != here:
        return f"its service was configured for {address}, the inventory says {here}: {site}"
    gcs = observed["configured"]["head"]
    if name != head and gcs and gcs != wanted["gcs"]:
        return f"its service looks for the head at {gcs}, the inventory says {wanted['gcs']}: {site}"
    return None


def _is_ipv4(text: str | None) -> bool:
    try:
        return bool(ipaddress.IPv4Address(text or ""))
    except ValueError:
        return False


def _disk_problem(disk: Mapping[str, Any]) -> str | None:
    free, path = disk["free_bytes"], disk["path"]
    if free is not None and free < DISK_FULL_BYTES:
        return f"the disk at {path} is full ({free / GIB:.2f} GiB free): free space there."
    if disk["inodes_free"] == 0:
        return f"the disk at {path} has no inodes left: remove files there."
    return None


def _days(number: float) -> str:
    return f"{number:.0f} day{'' if number == 1 else 's'}"


def _notes(observed: Mapping[str, Any], site: str) -> list[str]:
    days = observed["certificate_days"]
    ends = days is not None and 0 <= days < CERTIFICATE_RENEW
    return _disk_notes(observed) + ([f"its certificate ends in {_days(days)}. Renew it: {site}"] if ends else [])


def _disk_notes(observed: Mapping[str, Any]) -> list[str]:
    free, total, path = (observed["disk"][name] for name in ("free_bytes", "total_bytes", "path"))
    if not total or free is None or free < DISK_FULL_BYTES or 1 - free / total <= DISK_SPILL:
        return []
    used = percent(1 - free / total)
    return [f"the disk at {path} is {used} full; above {percent(DISK_SPILL)} Ray spills no objects to it."]


def _membership_problem(
    name: str, head: str, observed: Mapping[str, Any], row: Mapping[str, Any] | None, reachable: bool, command: Command
) -> list[str]:
    """Return what is wrong with a node whose service seems to run."""
    service = observed["service"]
    alive = reachable and bool(row and row["alive"])
    restart = command("playbooks/restart.yml", "" if name == head else name)
    if service["keeps_ending"] and not alive:
        times = f" ({service['restarts']} restarts)" if service["restarts"] else ""
        said = f": {service['last_error']}" if service["last_error"] else "; its log says nothing."
        return [f"its Ray service ends and is started again and again{times}; the last error in its log{said}"]
    if not reachable or alive:
        return []
    if row is None:
        log = "journalctl -u saf-ray" if service["manager"] == "systemd" else "log/ray.log below venv_root"
        return [f"the GCS has never seen it although its service runs ({log} on {name}): {restart}"]
    reason = one_line(row["death_reason"]).rstrip(".") or "no reason given"
    return [f"dead for the GCS ({reason}): {restart}"]
