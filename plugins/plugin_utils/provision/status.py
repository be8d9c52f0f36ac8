"""Whether a cluster is healthy: a pure function of what the inventory wants and what was observed."""

from __future__ import annotations

import ipaddress

from ansible_collections.saf.fabric.plugins.module_utils.services.service_log import one_line
from ansible_collections.saf.fabric.plugins.plugin_utils.text.units import percent
from ansible_collections.saf.fabric.plugins.plugin_utils.thresholds import DISK_SPILL

SCHEMA_VERSION = 1
EXIT_CODES = {"healthy": 0, "unknown": 1, "degraded": 2}
GIB = 2**30
# Below this nothing can be written soon: logs, sessions, a venv that is built beside the one in use.
DISK_FULL_BYTES = GIB
_TEXTS = {"service": ("manager", "state", "last_error"), "configured": ("address", "head"), "disk": ("path",)}
_NUMBERS = {"service": ("restarts", "seconds"), "configured": (), "disk": ("free_bytes", "total_bytes", "inodes_free")}


def accept(answer):
    """Return what is taken of a node_status result: known keys, texts on one line, numbers that are numbers."""
    taken = {"provisioned": answer.get("provisioned") is not False}
    for part, names in _TEXTS.items():
        given = answer.get(part) if isinstance(answer.get(part), dict) else {}
        taken[part] = {name: one_line(given[name]) if isinstance(given.get(name), str) else None for name in names}
        taken[part].update({name: _number(given.get(name)) for name in _NUMBERS[part]})
    service = answer.get("service") if isinstance(answer.get("service"), dict) else {}
    taken["service"]["keeps_ending"] = service.get("keeps_ending") is True
    addresses = answer.get("addresses") if isinstance(answer.get("addresses"), list) else []
    taken["addresses"] = [one_line(address, 45) for address in addresses[:64]]
    venv = answer.get("venv") if isinstance(answer.get("venv"), dict) else {}
    names = ("python_version", "digest", "fingerprint")
    taken["venv"] = {name: one_line(venv[name], 100) for name in names if name in venv}
    return taken


def _number(value):
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def judge(members, head, observed, cluster, wanted, now, command):
    """Return the status document.

    members: names; head: its name; observed: {name: accept() of its node_status result, or {"refused": why}};
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
        known = any(node["problems"] for node in nodes if node["name"] == head)
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


def _cluster_problems(cluster, wanted, command):
    problems = [f"{one_line(name)}: alive in the cluster, but not in the inventory." for name in cluster["unexpected"]]
    running = {"ray": one_line(cluster["ray_version"]), "python": one_line(cluster["python_version"])}
    problems += [
        f"The cluster runs {name} {running[name]}, the inventory asks for {wanted[name]}: {command('site.yml')}"
        for name in ("ray", "python")
        if running[name] != wanted[name]
    ]
    return problems


def _node(name, head, observed, row, reachable, wanted, command):
    site = command("site.yml", "" if name == head else name)
    if "refused" in observed:
        problems, notes, observed = [observed["refused"]], [], {}
    else:
        problems, notes = _causes(name, head, observed, wanted, command, site), _notes(observed)
        disk = _disk_problem(observed["disk"])
        # Something that the node itself names explains why the GCS misses it.
        if not problems or (row and row["alive"]):
            problems += _membership_problem(name, head, observed, row, reachable, command)
        problems = ([disk] if disk else []) + problems
    return {
        "name": name,
        "role": "head" if name == head else "worker",
        "alive": bool(row and row["alive"]) if reachable else None,
        "address": (row or {}).get("address"),
        "service": observed.get("service", {}),
        "venv": observed.get("venv", {}),
        "resources": {key: value for key, value in (row or {}).get("resources", {}).items() if _number(value) is not None},
        "problems": problems,
        "notes": notes,
    }


def _causes(name, head, observed, wanted, command, site):
    """Return what the node itself names as the reason why it takes no part; the first cause alone."""
    service = observed["service"]
    if service["state"] in (None, "missing"):
        never = "nothing was ever provisioned here" if not observed["provisioned"] else "its Ray service is missing"
        return [f"{never}: {site}"]
    moved = _moved(name, head, observed, wanted, site)
    if moved:
        return [moved]
    said = f" Its log ends with: {service['last_error']}" if service["last_error"] else ""
    if service["state"] not in ("active", "activating"):
        start = command("playbooks/start.yml", "" if name == head else name)
        return [f"its Ray service is {service['state']}.{said} Start it: {start}"]
    return []


def _moved(name, head, observed, wanted, site):
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


def _is_ipv4(text):
    try:
        return bool(ipaddress.IPv4Address(text or ""))
    except ValueError:
        return False


def _disk_problem(disk):
    free, path = disk["free_bytes"], disk["path"]
    if free is not None and free < DISK_FULL_BYTES:
        return f"the disk at {path} is full ({free / GIB:.2f} GiB free): free space there."
    if disk["inodes_free"] == 0:
        return f"the disk at {path} has no inodes left: remove files there."
    return None


def _notes(observed):
    free, total, path = (observed["disk"][name] for name in ("free_bytes", "total_bytes", "path"))
    if not total or free is None or free < DISK_FULL_BYTES or 1 - free / total <= DISK_SPILL:
        return []
    used = percent(1 - free / total)
    return [f"the disk at {path} is {used} full; above {percent(DISK_SPILL)} Ray spills no objects to it."]


def _membership_problem(name, head, observed, row, reachable, command):
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


def table_rows(document):
    """Return the rows of the table that people read."""
    alive = {True: "yes", False: "no", None: "?"}
    return [
        {
            "node": f"{node['name']} ({node['role']})",
            "alive": alive[node["alive"]],
            "service": f"{node['service'].get('state', '?')} ({node['service'].get('manager') or '?'})",
            "restarts": "-" if node["service"].get("restarts") is None else node["service"]["restarts"],
            "python": node["venv"].get("python_version", "-"),
            "venv": node["venv"].get("fingerprint", "-")[:12],
            "cpus": f"{node['resources'].get('CPU', 0):g}" if node["resources"] else "-",
            "mlx": f"{node['resources'].get('mlx', 0):g}" if node["resources"] else "-",
        }
        for node in document["nodes"]
    ]
