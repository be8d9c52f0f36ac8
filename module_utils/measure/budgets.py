"""How long each part of a benchmark may take: the limit of each step, and the timeout that follows from a plan.

Pure functions over a profile's settings. A timeout is never less than the sum of what may be waited for within it, so that it
ends what hangs and nothing that is only slow.
"""

from __future__ import annotations

PATIENCE_S = 60  # a node waits so long for its peer to serve
ARRIVAL_S = 90  # a server waits so long for its client: the client's patience, and what its module needs to start
RUN_SLACK_S = 30  # over the planned length of an iperf3 run, before it counts as hung
WARM_UP_S = 5  # of idle round trips
ROUND_TRIPS_S = 20  # of idle round trips that count
_SPREAD_S = 4  # nodes start a run together within so many seconds
_MODULE_S = 30  # to start a module, its probe and its interpreter
# Of the Ray suites: calls before the first sample, seconds after which a case takes no further sample, seconds of one step.
RAY = {"warmup": 20, "case_budget": 20.0, "step_limit": 60.0}
_LOADING_S = 120  # to import MLX on a cold disk, or to build a model


def network(settings):
    """Return the timeout of one pair; settings: network of a profile."""
    run = settings["seconds"] + settings["omit"] + RUN_SLACK_S
    runs = len(settings["streams"]) * len(settings["modes"]) + bool(settings["udp"])
    together = settings["seconds"] + 2 * _SPREAD_S + RUN_SLACK_S
    trips = WARM_UP_S + ROUND_TRIPS_S + 2 * 5  # a message that stays away is waited for 5 s
    return _MODULE_S + max(PATIENCE_S, ARRIVAL_S) + trips + max(runs * run, together)


def transfer_pairs(nodes: int) -> int:
    """Return how many directed pairs ray.transfer measures; see probes/ray_tasks.pairs_of."""
    return nodes * (nodes - 1) if nodes <= 4 else 2 * (nodes - 1)


def ray(settings, nodes):
    """Return the timeout of the Ray driver; settings: ray of a profile; nodes: how many."""
    case = RAY["case_budget"] + 2 * RAY["step_limit"]
    warm_up = RAY["warmup"] * 1  # an empty task that takes longer than a second is a separate fault
    trips = nodes * (warm_up + case)
    transfers = transfer_pairs(nodes) * len(settings["transfer_bytes"]) * case if nodes > 1 else 0
    groups = 2 * sum(count < nodes for count in (1, 2, 4, 8, 16)) + 1
    # At least three sets are made, and one before them, whatever the budget is.
    one_set = max(settings["task_budget"], RAY["step_limit"])
    tasks = groups * (settings["task_budget"] + 4 * one_set)
    return round(_MODULE_S + trips + case + transfers + case + tasks + _LOADING_S)


def mlx(suite, settings, sampling):
    """Return the timeout of one suite of MLX; settings: of the suite."""
    least = _MODULE_S + _LOADING_S + sampling["rest_seconds"]
    case = 2 * sampling["budget"] + sampling["warmup_seconds"]  # a case over its budget is found out by its first call
    if suite == "llm":
        cases = sum(len(settings.get(backend) or []) for backend in ("gpu", "cpu"))
        return round(least + cases * (_LOADING_S + 2 * settings["budget"]))
    if suite == "sustained":
        return round(least + 2 * settings["seconds"] + 60)
    if suite == "gemm":  # with TF32 in its turn, and NumPy beside MLX
        return round(least + _LOADING_S + 2 * len(settings["shapes"]) * (len(settings["dtypes"]) + 1) * case)
    return round(least + 2 * 8 * case)  # memory and ops: four operations on two back ends, NumPy beside


def collective(settings, nodes):
    """Return the timeout of one rank; settings: collective of a profile."""
    return round(_MODULE_S + PATIENCE_S + _LOADING_S + settings["seconds"] * nodes)
