"""What bench.yml would measure and how long it takes; the work is in plugins/plugin_utils/plan/."""

from __future__ import annotations

DOCUMENTATION = r"""
name: bench_plan
short_description: Report what the benchmark would measure and how long it takes
version_added: "0.1.0"
description:
  - Reads the profile, the options of role bench and the inventory; no node is contacted.
  - The duration is that of the last whole run of the same nodes and profile, else it is estimated from the profile.
options:
  _terms:
    description: V(duration) for the duration alone, V(brief) for it without where it is from, V(text) for the plan.
    default: [text]
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Show how long the benchmark takes
  ansible.builtin.debug:
    msg: "{{ lookup('saf.fabric.bench_plan', 'duration') }}"
"""

RETURN = r"""
_raw:
  description: The duration in words, or the plan with a line for each part.
  type: list
  elements: str
  sample: [about 9 minutes]
"""

from pathlib import Path

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ansible_collections.saf.fabric.plugins.plugin_utils import mesh, runs, workspace
from ansible_collections.saf.fabric.plugins.plugin_utils.plan import choice, estimate
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import inventory, repository
from ansible_collections.saf.fabric.plugins.plugin_utils.text.words import words

_OPTIONS = (
    "bench_profile",
    "bench_overrides",
    "bench_model",
    "bench_only",
    "bench_skip",
    "bench_tasks_per_node",
    "bench_task_size",
    "bench_task_products",
)


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        untagged = choice.left_out_by_tags(variables.get("ansible_run_tags", ["all"]), variables.get("ansible_skip_tags", []))
        plan = plan_of(variables["groups"], variables["hostvars"], variables.get("ansible_play_hosts"), untagged)
        answers = {
            "duration": lambda: estimate.duration(plan),
            "brief": lambda: estimate.brief(plan),
            "text": lambda: "\n".join(estimate.lines(plan)),
        }
        unknown = [term for term in terms if term not in answers]
        if unknown:
            raise AnsibleError(f"bench_plan does not know {unknown[0]}: take duration, brief or text.")
        return [answers[term]() for term in terms or ["text"]]


def plan_of(groups, hostvars, taking_part=None, untagged=()):
    """Return the plan (estimate.Plan) of the nodes that take part; taking_part: hosts of the play, all by default.

    untagged: what --tags and --skip-tags leave out.
    """
    members = [host for host in groups.get("cluster", []) if host not in groups.get("absent", [])]
    nodes = [host for host in members if taking_part is None or host in taking_part] or members
    if not nodes:
        raise AnsibleError("The inventory has no group cluster with a node: there is nothing to measure.")
    head = (groups.get("head") or nodes)[0]
    options = {name: hostvars[nodes[0]].get(name, repository.option_default(name)) for name in _OPTIONS}
    profiles, name = repository.load("data", "bench_profiles.yml"), str(options["bench_profile"])
    if name not in profiles:
        raise AnsibleError(f"{name} is no profile: take one of {', '.join(profiles)}.")
    models, only, skip = (words(options[option]) for option in ("bench_model", "bench_only", "bench_skip"))
    whole = choice.profile_of(profiles, name, options["bench_overrides"], models)
    profile = choice.profile_of(profiles, name, options["bench_overrides"], models, only, skip, untagged)
    tasks = {short: int(options[f"bench_{short}"]) for short in ("tasks_per_node", "task_size", "task_products")}
    results = Path(str(hostvars[nodes[0]].get("bench_results_dir") or workspace.in_workspace("results")))
    like = {"profile": name, "parameters": {**profile, **tasks}, "head": head, "nodes": nodes}
    return {
        "name": name,
        "profile": profile,
        "nodes": nodes,
        "rounds": len(mesh.measurements(mesh.rounds(sorted(nodes)), links_of(nodes, hostvars))),
        "skipped": choice.skipped(whole, only, skip, untagged),
        "last_seconds": runs.last_seconds(results, like),
    }


def links_of(nodes, hostvars):
    """Return {node: {link: address}}: the address of the cluster and the named links of the inventory."""
    addresses = inventory.addresses_of(nodes, hostvars)
    return {node: {**(hostvars[node].get("links") or {}), "default": addresses[node]} for node in nodes}
