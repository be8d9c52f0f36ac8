"""Filters that plan benchmarks; the work is in plugins/plugin_utils/mesh.py."""

from __future__ import annotations

from ansible_collections.saf.fabric.plugins.module_utils.measure import budgets
from ansible_collections.saf.fabric.plugins.plugin_utils import mesh
from ansible_collections.saf.fabric.plugins.plugin_utils.plan import choice
from ansible_collections.saf.fabric.plugins.plugin_utils.text import words as text_words


def node_links(nodes, hostvars, addresses):
    """Return ``{node: {link: address}}``: "default", the address of the cluster, and named links with another address."""
    links = {}
    for node in nodes:
        named = {name: address for name, address in (hostvars[node].get("links") or {}).items() if address != addresses[node]}
        links[node] = {"default": addresses[node], **named}
    return links


def with_iperf3(nodes, hostvars):
    """Return those of ``nodes`` that have iperf3, by what roles/bench/tasks/plan.yml has registered on each."""
    return [node for node in nodes if (hostvars[node].get("__bench_iperf3") or {}).get("rc") == 0]


def mesh_rounds(links):
    """Return the rounds of a mesh over ``{node: {link: address}}``."""
    return mesh.measurements(mesh.rounds(sorted(links)), links)


def bench_suites(settings, names=None):
    """Return those of ``names`` that a profile, or one section of it, does not leave out (null); all suites by default."""
    settings = settings or {}
    names = [name for name in settings if name != "sampling"] if names is None else names
    return [name for name in names if settings.get(name) is not None]


def chosen_by_tags(names, run_tags, skip_tags):
    """Return those of ``names`` that --tags and --skip-tags choose; run_tags: ["all"] without --tags."""
    run_tags, skip_tags = set(run_tags), set(skip_tags)
    if skip_tags & {"all", "tagged"}:
        return []
    return [name for name in names if run_tags & {"all", "tagged", name} and name not in skip_tags]


def left_out_by_tags(names, nodes):
    """Return rows of "not measured" for suites and sections that --tags or --skip-tags leave out."""
    titles = {"network": "net.goodput"}  # whose title the report knows
    reason = "left out by --tags or --skip-tags"
    return [{"name": titles.get(name, name), "subject": list(nodes), "reason": reason} for name in names]


def bench_profile(profiles, name, overrides=None, models=None, only=None, skip=None):
    """Return the profile of a run; only, skip and models: lists, or text with commas."""
    return choice.profile_of(profiles, name, overrides, *map(text_words.words, (models, only, skip)))


def bench_skipped(profiles, name, overrides=None, models=None, only=None, skip=None):
    """Return {suite or section: reason} of what the person who starts the run leaves out; arguments as of bench_profile."""
    return choice.skipped(bench_profile(profiles, name, overrides, models), *map(text_words.words, (only, skip)))


def bench_parts(nodes, suites, rounds, head, able=None):
    """Return ``{part: [nodes]}``: the raw files that a whole run leaves; suites: those of MLX, network, ray and collective.

    able: the nodes that can measure links, all by default.
    """
    able = nodes if able is None else able
    sections = ("network", "ray", "collective")
    parts = {"10-facts": nodes, **{f"20-{suite}": nodes for suite in suites if suite not in sections}}
    if "network" in suites:
        for number, pairs in enumerate(rounds, start=1):
            parts[f"30-network-{number:02d}"] = sorted({pair[end] for pair in pairs for end in ("from", "to")})
        unable = [node for node in nodes if node not in able or len(able) < 2]
        if unable:  # the reason is recorded
            parts["30-network"] = unable
        if len(able) > 2:
            parts["31-together"] = able
    if "ray" in suites:  # a head that --limit leaves out is no driver
        parts["40-ray"] = [head] if head in nodes else nodes[:1]
    if "collective" in suites:
        parts["50-collective"] = nodes
    return {**parts, "90-facts": nodes}


def task_shapes(shapes, size, products):
    """Return ``{backend: {size, products}}`` of the MLX tasks over Ray; a size or products that are not 0 count for all."""
    wanted = {name: value for name, value in (("size", size), ("products", products)) if value}
    return {backend: {**shape, **wanted} for backend, shape in shapes.items()}


def task_lines(measurement):
    """Return a line for each task of a ray.mlx_tasks measurement, and one for all of them together."""
    if not measurement:
        return []
    tasks = measurement["context"]["per_task"]
    lines = [f"{task['node']}: {task['seconds']:.3f} s, mean of absolute values {task['checksum']:.3f}" for task in tasks]
    return [*lines, f"{len(tasks)} tasks in {measurement['samples'][0]:.3f} s"]


def smoke_problem(result, members):
    """Return why a smoke test (ray_benchmark, suite mlx_tasks) did not prove that each member with MLX took part, "" if it did.

    An entry of not_measured that names nodes is about members without MLX, which may join all the same.
    """
    reasons = [entry["reason"] for entry in result["not_measured"] if not entry["subject"]]
    if reasons:
        return reasons[0]
    without = {name for entry in result["not_measured"] for name in entry["subject"]}
    expected = [name for name in members if name not in without]
    if not expected:
        return "No node of the cluster has MLX, so no task could run."
    tasks = [task for measurement in result["measurements"] for task in measurement["context"].get("per_task", [])]
    idle = [name for name in expected if name not in {task["node"] for task in tasks}]
    return f"No task ran on {', '.join(idle)}." if idle else ""


class FilterModule:
    def filters(self):
        return {
            "task_lines": task_lines,
            "smoke_problem": smoke_problem,
            "node_links": node_links,
            "mesh_rounds": mesh_rounds,
            "mesh_together": mesh.all_pairs,
            "round_roles": mesh.node_role,
            "with_iperf3": with_iperf3,
            "network_timeout": budgets.network,
            "ray_timeout": budgets.ray,
            "mlx_timeout": lambda settings, suite, sampling: budgets.mlx(suite, settings, sampling),
            "collective_timeout": budgets.collective,
            "bench_parts": bench_parts,
            "chosen_by_tags": chosen_by_tags,
            "left_out_by_tags": left_out_by_tags,
            "bench_profile": bench_profile,
            "bench_skipped": bench_skipped,
            "bench_suites": bench_suites,
            "task_shapes": task_shapes,
            "words": text_words.words,
        }
