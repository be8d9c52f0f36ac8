"""Filters over the inventory and over what preflight found; the work is in plugins/plugin_utils/provision/."""

from __future__ import annotations

from ansible_collections.saf.fabric.plugins.module_utils.services import service_log
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import (
    access,
    inventory,
    membership,
    packet_rules,
    preflight,
    problem,
    reachability,
    removal,
)
from ansible_collections.saf.fabric.plugins.plugin_utils.provision.offline import needs
from ansible_collections.saf.fabric.plugins.plugin_utils.text import command_line, problem_list, table, width

_COLUMNS = [("node", "node"), ("check", "check"), ("wanted", "wanted"), ("found", "found"), ("fix", "how to fix")]


def pinned_versions(builds, place):
    """Return the versions that have a build; builds: {version: build} of data/python_builds.yml; place: [key, platform]."""
    key, platform_name = place
    return [str(version) for version, build in builds.items() if platform_name in build.get(key, {})]


def preflight_problems(observed, wanted, node):
    """Return the rows of a node; observed: result of node_preflight_info; wanted: dictionary of role preflight."""
    return problem.rows_of(node, preflight.problems(observed, wanted))


def offline_problems(observed, wanted, node):
    """Return the rows about offline_dir; wanted: as needs.problems() takes it."""
    return problem.rows_of(node, needs.problems(observed, wanted))


def problem_table(rows):
    """Return the problems as a table with its commands below, on a narrow terminal as a list with each node once."""
    columns = width.columns()
    if columns < width.WIDE:
        return problem_list.render([{**row, "commands": _commands(row)} for row in rows], columns)
    commands = [line for row in rows for line in _commands(row)]
    return table.render(rows, _COLUMNS, columns) + ("\n" + "\n".join(commands) + "\n" if commands else "")


def removal_refused(node, groups, limit):
    """Return why playbooks/remove_node.yml refuses a node, "" if it does not."""
    return removal.refused(node, groups, limit, command_line.command)


def removal_report(node, variables, is_gone, cluster, venv_root, check):
    """Return what playbooks/remove_node.yml says at its end."""
    return removal.report(node, variables, is_gone, cluster, venv_root, check, command_line.command)


def _commands(row):
    """Return the lines below the table for one row; what it carries came from a node."""
    node = row["node"]
    if row.get("other_root"):
        root = service_log.one_line(row["other_root"], 200)
        # ~/.saf is where inventory/local puts it, without an init system.
        extra = {"venv_root": root, **({"ray_service_manager": "process"} if root.endswith("/.saf") else {})}
        stop = command_line.command("playbooks/stop.yml", node, extra)
        reset = command_line.command("playbooks/reset.yml", node, extra)
        return [f"To stop what runs from {root} on {node}:", stop, "To remove all of it:", reset]
    if row.get("take_over"):
        gcs = service_log.one_line(row["take_over"], 253)
        return [f"To take {node} over:", command_line.command("site.yml", extra={"preflight_take_over": gcs})]
    if row.get("command"):
        return [f"On {node}:", service_log.one_line(row["command"])]
    return []


class FilterModule:
    def filters(self):
        return {
            "access_problems": access.problems,
            "all_addresses": inventory.all_addresses_of,
            "cluster_addresses": inventory.addresses_of,
            "membership_kind": membership.kind,
            "offline_problems": offline_problems,
            "packet_filter_rows": packet_rules.refusal_rows,
            "packet_filters_closed_to": packet_rules.closed_to,
            "pinned_versions": pinned_versions,
            "port_targets": reachability.port_targets,
            "preflight_problems": preflight_problems,
            "problem_count": problem_list.count,
            "problem_table": problem_table,
            "removal_refused": removal_refused,
            "removal_report": removal_report,
            "provider_problems": inventory.provider_problems,
            "unreachable_rows": reachability.unreachable_rows,
        }
