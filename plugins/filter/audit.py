"""Filters of the audit; the work is in plugins/plugin_utils/security/."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

from ansible_collections.saf.fabric.plugins.module_utils.services import service_log
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import listeners, lock, observed, repository
from ansible_collections.saf.fabric.plugins.plugin_utils.security import answers, audit, audit_table, doors
from ansible_collections.saf.fabric.plugins.plugin_utils.text import command_line, width

_NOT_OURS = ("", None)


def listener_rows(document, values):
    """Return the table of listeners with ports; values: {variable: port}, whose missing ones have the defaults of their roles."""
    known = {name: values[name] if values.get(name) not in _NOT_OURS else repository.option_default(name) for name in values}
    return listeners.resolve(document, known)


def documented_ports(document, values):
    """Return [{first, last, protocol}] of the table, as node_audit_info takes them."""
    return [{"first": row.first, "last": row.last, "protocol": row.protocol} for row in listener_rows(document, values)]


def member_addresses(members, hostvars, addresses):
    """Return {node: [address]}: all addresses of each node that the inventory names, that of the cluster first."""
    found = {}
    for node in members:
        links = hostvars[node].get("links") or {}
        named = [addresses[node], hostvars[node].get("ansible_host"), *(links.values() if isinstance(links, dict) else [])]
        found[node] = list(dict.fromkeys(str(one) for one in named if one))
    return found


def audit_doors(members, origin, head, addresses, document, values, seen, dashboard_host):
    """Return the doors that one place tries: those of all other nodes, and at its own node the two that take jobs.

    addresses: of member_addresses(); seen: node_audit_info results, in the order of ``members``; origin: a member, or
    "controller".
    """
    rows = listener_rows(document, values)
    found = []
    for node, answer in zip(members, seen, strict=True):
        if node == origin:
            found += _own_doors(node, addresses[node][0], rows, node == head, dashboard_host)
            continue
        named = [
            row["port"] for row in observed.rows(answer, "listeners", {"port": int, "protocol": str}) if row["protocol"] == "tcp"
        ]
        named = [port for port in named if 0 < port < 65536]
        found += doors.wanted(node, addresses[node], node == head, rows, named)
    return found


def _own_doors(node, address, rows, is_head, dashboard_host):
    hosts = {"agent": address, "dashboard": dashboard_host}
    return [
        {"node": node, "address": hosts[row.name], "port": row.first, "post": doors.JOBS[row.name]}
        for row in rows
        if row.name in doors.JOBS and (is_head or row.nodes == "all")
    ]


def audited_filters(members, rules, results):
    """Return {node: {state, why}} of the packet filters: off, right, differs, or unknown with the reason.

    rules, results: for each of ``members`` the wanted rules and what the module packet_filter returned in check mode.
    """
    found = {}
    for name, wanted, result in zip(members, rules, results, strict=True):
        if not isinstance(result, dict) or not wanted:
            found[name] = {"state": "unknown", "why": "It was not asked"}
        elif not wanted["enabled"]:
            found[name] = {"state": "off", "why": ""}
        elif result.get("unreachable") or not isinstance(result.get("differs"), bool):
            found[name] = {"state": "unknown", "why": service_log.one_line(result.get("msg", "It gave no answer"), 200)}
        else:
            found[name] = {"state": "differs" if result["differs"] else "right", "why": ""}
    return found


def cluster_audit(members, head, results, tried, wanted, now):
    """Return the document of the audit.

    results: for each of ``members`` (login, node_audit_info result, failure); tried: for each of ``members`` and for the
    controller at the end (doors that were asked for, node_doors_info result); wanted: {user, other_users, document, values,
    addresses, all_addresses, dashboard_host, dashboard_port, venv_root, admins, accepted, filters, lock, python, ray,
    advisories}.
    """
    seen = {}
    for name, (login, answer, failure) in zip(members, results, strict=True):
        refused = answers.refusal([login, answer], failure)
        seen[name] = {"refused": refused} if refused else answers.accept(answer)
    places = [*members, audit.CONTROLLER]
    found = {place: answers.accept_doors(answer, asked) for place, (asked, answer) in zip(places, tried, strict=True)}
    complete = {
        **wanted,
        "rows": listener_rows(wanted["document"], wanted["values"]),
        "links": {name: addresses[1:] for name, addresses in wanted["all_addresses"].items()},
        "stacks": _stacks(seen, wanted["lock"], wanted["python"]),
        "ray": observed.version(wanted["ray"]) or (),
    }
    return audit.judge(members, head, seen, found, complete, now, command_line.command)


def _stacks(seen, text, python):
    """Return {node: {package: version}} of the nodes whose platform the lock knows."""
    found = {}
    for name, one in seen.items():
        platform = one.get("platform", {})
        if platform.get("system") not in ("Linux", "Darwin"):
            continue
        version = platform["python"] if observed.version(platform["python"]) else str(python)
        try:
            target: lock.Target = {"system": platform["system"], "machine": platform["machine"], "python_version": version}
            found[name] = lock.resolve(text, target)["distributions"]
        except lock.LockError as error:
            raise AnsibleFilterError(str(error)) from None
    return found


class FilterModule:
    def filters(self):
        return {
            "audit_doors": audit_doors,
            "audited_filters": audited_filters,
            "audit_table": lambda document: audit_table.render(document, width.columns()),
            "cluster_audit": cluster_audit,
            "documented_ports": documented_ports,
            "listener_variables": listeners.variables,
            "member_addresses": member_addresses,
        }
