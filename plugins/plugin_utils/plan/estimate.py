"""How long a benchmark takes, from its profile: what a healthy cluster needs, not what a slow one may take. Pure functions.

The limits of each step are in module_utils/measure/budgets.py; here are the usual durations, in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypedDict

from ansible_collections.saf.fabric.plugins.module_utils.measure import budgets

from ..text.labels import plural
from . import choice

_MODULE_S: Final = 6  # to start a module, its probe and the venv's interpreter, and to record its result
_CASE_S: Final = 0.5  # to make the arrays of one case and to verify its result
_SAMPLE_EXCESS: Final = 1.3  # a sample is made of whole calls
_TRIPS_S: Final = 4  # round trips over an idle link
_RUN_S: Final = 1.5  # to start an iperf3 run and to end it
_TRANSFER_S: Final = 0.4  # one object over a link
_BUDGET_PART: Final = 0.4  # of a budget that is a limit: what is used of it
_CASES: Final = {"memory": 8, "ops": 4}  # four operations, memory by two libraries


class Plan(TypedDict):
    """What a run would measure; profile: after all choices; rounds: of links; last_seconds: of the last such run."""

    name: str
    profile: choice.Profile
    nodes: list[str]
    rounds: int
    skipped: dict[str, str]
    last_seconds: float | None


def parts(profile: Mapping[str, Any], nodes: int, rounds: int) -> dict[str, float]:
    """Return {part: seconds} of what a profile measures; rounds: of links, over all networks. All nodes compute at once."""
    found: dict[str, float] = {}
    for name in choice.measured(profile):
        if name == "network":
            found[name] = _network(profile[name], nodes, rounds)
        elif name == "ray":
            found[name] = _ray(profile[name], nodes)
        elif name == "collective":
            found[name] = _MODULE_S + _BUDGET_PART * profile[name]["seconds"] if nodes > 1 else 0.0
        else:
            found[name] = _suite(name, profile["mlx"][name], profile["mlx"]["sampling"])
    return found


def total(profile: Mapping[str, Any], nodes: int, rounds: int) -> float:
    """Return the seconds of a whole run: its parts, and the facts of the nodes before and after them."""
    return sum(parts(profile, nodes, rounds).values()) + 2 * _MODULE_S


def _suite(name: str, settings: Mapping[str, Any], sampling: Mapping[str, Any]) -> float:
    samples = sampling["min_samples"] * sampling["sample_seconds"] * _SAMPLE_EXCESS
    case = min(sampling["budget"], sampling["warmup_seconds"] + samples) + _CASE_S
    if name == "llm":
        work = len(settings.get("gpu") or settings.get("cpu") or []) * _BUDGET_PART * settings["budget"]
    elif name == "sustained":
        work = settings["seconds"]
    else:
        work = case * (len(settings["shapes"]) * len(settings["dtypes"]) if name == "gemm" else _CASES.get(name, 1))
    return float(_MODULE_S + sampling["rest_seconds"] + work)


def _network(settings: Mapping[str, Any], nodes: int, rounds: int) -> float:
    run = settings["seconds"] + settings["omit"] + _RUN_S
    runs = len(settings["streams"]) * len(settings["modes"]) + bool(settings["udp"])
    together = _MODULE_S + run if nodes > 2 else 0
    return float(rounds * (_MODULE_S + _TRIPS_S + runs * run) + together)


def _ray(settings: Mapping[str, Any], nodes: int) -> float:
    transfers = (
        budgets.transfer_pairs(nodes) * len(settings["transfer_bytes"]) * settings["transfer_repetitions"] if nodes > 1 else 0
    )
    groups = 2 * sum(count < nodes for count in (1, 2, 4, 8, 16)) + 1
    return float(2 * _MODULE_S + _TRANSFER_S * transfers + groups * _BUDGET_PART * settings["task_budget"])


def in_words(seconds: float) -> str:
    """Return a duration as a person would guess it: "about 40 seconds", "about 2 minutes", "about 1 hour 10 minutes"."""
    if seconds < 55:
        return f"about {max(round(seconds / 10), 1) * 10} seconds"
    minutes = max(round(seconds / 60), 1)
    if minutes < 60:
        return f"about {minutes} minute{'s' if minutes > 1 else ''}"
    hours, rest = divmod(round(minutes / 10) * 10, 60)
    return f"about {hours} hour{'s' if hours > 1 else ''}" + (f" {rest} minutes" if rest else "")


def lines(plan: Plan) -> list[str]:
    """Return what would be measured, for the screen: each part with its usual duration, what is left out, and the whole."""
    seconds = parts(plan["profile"], len(plan["nodes"]), plan["rounds"])
    nodes = ", ".join(plan["nodes"]) if len(plan["nodes"]) < 5 else plural(len(plan["nodes"]), "node")
    text = [
        "With --check nothing is measured, and no node is contacted.",
        f"Profile {plan['name']} on {nodes}:",
        *(f"  {name:<10}  {_detail(name, plan):<50}  {_short(seconds[name]):>10}".rstrip() for name in seconds),
        *(f"  {name:<10}  {reason}" for name, reason in plan["skipped"].items()),
    ]
    return [*text, f"In all {duration(plan)}."]


def duration(plan: Plan) -> str:
    """Return how long a plan takes, in words: as the last whole run of it took, else as its profile says."""
    return f"{brief(plan)}, as the last such run" if plan["last_seconds"] else brief(plan)


def brief(plan: Plan) -> str:
    """Return the same without where it is from: "about 9 minutes"."""
    return in_words(plan["last_seconds"] or total(plan["profile"], len(plan["nodes"]), plan["rounds"]))


def _detail(name: str, plan: Plan) -> str:
    nodes, settings = len(plan["nodes"]), plan["profile"]
    if name == "network":
        if nodes < 2:
            return "links need at least two nodes"
        return f"{plural(plan['rounds'], 'round')} of links{', then all nodes at once' if nodes > 2 else ''}"
    if name == "collective":
        return "on all nodes together" if nodes > 1 else "collectives need at least two nodes"
    if name == "ray":
        return "tasks and objects from the head"
    if name == "llm":
        models = dict.fromkeys(case["model"] for device in ("gpu", "cpu") for case in settings["mlx"]["llm"].get(device) or [])
        return ", ".join(map(str, models))
    return "on all nodes at the same time" if nodes > 1 else ""


def _short(seconds: float) -> str:
    """Return a duration for a column: "40 s", "2 min"."""
    if not seconds:
        return ""
    return f"{max(round(seconds / 10), 1) * 10} s" if seconds < 95 else f"{round(seconds / 60)} min"
