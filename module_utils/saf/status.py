"""Whether a cluster is healthy: a pure function of what the inventory wants and what was observed."""

from __future__ import annotations

SCHEMA_VERSION = 1
EXIT_CODES = {"healthy": 0, "unknown": 1, "degraded": 2}


def judge(members, head, observed, cluster, wanted, now):
    """Return the status document.

    members: names; head: its name; observed: {name: node_status result, or None where the node did not answer};
    cluster: ray_cluster_info result, or None where the head did not answer; wanted: {ray, python}; now: ISO 8601 time.
    """
    rows = {row["name"]: row for row in (cluster or {}).get("nodes", [])}
    reachable = bool(cluster and cluster["reachable"])
    nodes = [_node(name, head, observed.get(name), rows.get(name), reachable) for name in members]
    problems = [f"{node['name']}: {problem}" for node in nodes for problem in node["problems"]]
    if cluster is None:
        problems.insert(0, f"{head}: the head does not answer, so nobody can tell who is in the cluster.")
    elif not reachable:
        problems.insert(0, f"{head}: {cluster['reason']} Start the cluster: ansible-playbook playbooks/start.yml")
    else:
        problems += _cluster_problems(cluster, wanted)
    verdict = "unknown" if not reachable else "degraded" if problems else "healthy"
    return {
        "schema_version": SCHEMA_VERSION,
        "time": now,
        "verdict": verdict,
        "exit_code": EXIT_CODES[verdict],
        "head": head,
        "ray_version": (cluster or {}).get("ray_version", ""),
        "python_version": (cluster or {}).get("python_version", ""),
        "session": (cluster or {}).get("session", ""),
        "nodes": nodes,
        "problems": problems,
    }


def _cluster_problems(cluster, wanted):
    problems = [f"{name}: alive in the cluster, but not in the inventory." for name in cluster["unexpected"]]
    running = {"ray": cluster["ray_version"], "python": cluster["python_version"]}
    problems += [
        f"The cluster runs {name} {running[name]}, the inventory asks for {wanted[name]}: run site.yml for all nodes."
        for name in ("ray", "python")
        if running[name] != wanted[name]
    ]
    return problems


def _node(name, head, observed, row, reachable):
    service = (observed or {}).get("service") or {}
    problems = []
    if observed is None:
        problems.append("does not answer over SSH; start it, or look at its network.")
    elif service.get("state") != "active":
        problems.append(f"its Ray service is {service.get('state')}: ansible-playbook playbooks/start.yml --limit {name}")
    if reachable and row is None:
        problems.append("the GCS has never seen it: look at its log (journalctl -u saf-ray, or log/ray.log below venv_root).")
    elif reachable and not row["alive"]:
        reason = row["death_reason"].rstrip(".") or "no reason given"
        problems.append(f"dead for the GCS ({reason}): ansible-playbook playbooks/restart.yml --limit {name}")
    return {
        "name": name,
        "role": "head" if name == head else "worker",
        "alive": bool(row and row["alive"]) if reachable else None,
        "address": (row or {}).get("address"),
        "service": service,
        "venv": (observed or {}).get("venv") or {},
        "resources": (row or {}).get("resources", {}),
        "problems": problems,
    }


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
