"""Verdicts over the history: what has become worse since comparable runs, and what changed on the testbed itself."""

from __future__ import annotations

from typing import Final

from ..analysis import ceilings, statistics
from ..metrics import describe_params, title
from ..model import Comparison, RunDocument
from ..text.labels import plural
from ..text.units import human, percent
from ..thresholds import UNIFORM_LEAST, UNIFORM_PART, UNIFORM_SPREAD
from .finding import Data, Draft, Rule, finding

REGRESSION: Final = "regression"  # the kind of a finding about what has become worse


# Causes of what became worse: a whole run, all that a node computes, else what computes, crosses the links, or Ray does.
EVERYTHING, NODE = "everything_slower", "node_slower"
WHOLES: Final = {EVERYTHING: "Everything", NODE: "Compute and memory"}
FAMILIES: Final = {
    "regression": "Compute and memory",
    "regression_of_links": "Links",
    "regression_of_tasks": "Ray tasks",
}
_OVER_LINKS: Final = ("net.", "collective.", "ray.transfer")


def _regressions(run: RunDocument, _data: Data) -> list[Draft]:
    """Return one finding for each headline metric that became worse, one for all where a run or a node is slower as a whole."""
    # The ratio of two values is unchanged when both become worse.
    compared = [
        item
        for item in run["history"]["comparisons"]
        if item["headline"] and item["verdict"] != "insufficient" and item["unit"] != "1"
    ]
    worse = [item for item in run["history"]["comparisons"] if item["headline"] and item["verdict"] == "regression"]
    suspects = ", ".join(path for path, _before, _after in run["history"]["software_changes"][:3])
    if _is_uniform(worse, compared):
        return [_whole(EVERYTHING, worse, suspects)]
    slower: list[Comparison] = []
    for node in run["nodes"]:
        mine = [item for item in worse if _is_computed_on(item, node)]
        if _is_uniform(mine, [item for item in compared if _is_computed_on(item, node)]):
            slower += mine
    groups: dict[tuple[str, str | None], list[Comparison]] = {}
    for item in worse:
        if item not in slower:
            groups.setdefault((item["name"], item["link"]), []).append(item)
    wholes = [_whole(NODE, slower, suspects)] if slower else []
    return wholes + [_regression(items, suspects) for items in groups.values()]


def family(name: str) -> str:
    """Return the cause of a metric that became worse: a key of FAMILIES."""
    if name.startswith(_OVER_LINKS):
        return "regression_of_links"
    return "regression_of_tasks" if name.startswith("ray.") else "regression"


def loss(item: Comparison) -> float:
    """Return which fraction of its speed a value lost: a time that doubles has lost half, as a rate that halves."""
    change = _change(item)
    return change if item["better"] == "higher" else change / (1 + change)


def _is_computed_on(item: Comparison, node: str) -> bool:
    return item["subject"] == [node] and family(item["name"]) == "regression"


def _is_uniform(worse: list[Comparison], compared: list[Comparison]) -> bool:
    """Return whether nearly all of some compared values lost the same."""
    if len(worse) < UNIFORM_LEAST:
        return False
    typical = statistics.median([loss(item) for item in worse])
    alike = [item for item in worse if abs(loss(item) - typical) <= UNIFORM_SPREAD]
    return len(alike) >= max(UNIFORM_LEAST, UNIFORM_PART * len(compared))


def _whole(cause: str, worse: list[Comparison], suspects: str) -> Draft:
    """Return the finding about what is slower as a whole; cause: a key of WHOLES."""
    losses = [loss(item) for item in worse]
    least, most = percent(min(losses)), percent(max(losses))
    runs = max(item["runs"] for item in worse)
    worst = max(worse, key=loss)
    verb = "is" if cause == EVERYTHING else "are"
    return finding(
        severity="limit",
        kind=REGRESSION,
        cause=cause,
        title=f"{WHOLES[cause]} {verb} {percent(statistics.median(losses))} slower than in the last {runs} runs "
        f"({plural(len(worse), 'value')})",
        subject=dict.fromkeys(node for item in worse for node in item["subject"]),
        measured=f"{plural(len(worse), 'value')}, each {least if least == most else f'{least} to {most}'} slower; "
        f"{title(worst['name'])}: {human(worst['median'], worst['unit'])} instead of {human(worst['centre'], worst['unit'])}",
        expected=f"the medians of {runs} runs",
        because=f"Something they share has changed: power mode, heat, other work or the software ({suspects})."
        if suspects
        else "Something they share has changed: power mode, heat or other work. The software is the same.",
        remedies=[
            "Check power mode, heat and other work on the nodes, then measure again.",
            *(["Compare with the software of the run before."] if suspects else []),
        ],
        cost=statistics.median(losses),
    )


def _change(item: Comparison) -> float:
    """Return by how much a value differs from its history, a fraction of the center."""
    return abs(item["change"] or 0)


def _regression(items: list[Comparison], suspects: str) -> Draft:
    """Return one finding for a metric: the worst of its values, and how many others became worse with it."""
    worst = max(items, key=_change)
    change = _change(worst)
    twice = f"; measured again: {human(worst['second_median'], worst['unit'])}" if "second_median" in worst else ""
    others = f"; and {plural(len(items) - 1, 'more value')} of it" if len(items) > 1 else ""
    return finding(
        severity="limit",
        kind=REGRESSION,
        cause=family(worst["name"]),
        title=f"{title(worst['name'])}: {change * 100:.0f} % worse than before",
        subject=dict.fromkeys(node for item in [worst, *items] for node in item["subject"]),
        measured=f"{worst['name']} ({describe_params(worst)}): {human(worst['median'], worst['unit'])}, "
        f"{change * 100:.0f} % worse{twice}{others}",
        expected=f"{human(worst['centre'], worst['unit'])}, the median of {worst['runs']} runs",
        because=f"Changed since the last of them: {suspects}."
        if suspects
        else "The software is the same as in the last of them.",
        remedies=[
            "Compare load, heat and power of the node with the earlier runs.",
            "If they are the same, check what was changed on the node or in the network.",
        ],
        cost=loss(worst),
    )


def _fallen_links(run: RunDocument, _data: Data) -> list[Draft]:
    """Return ports that negotiate less than before; another interface, another kind of link or the rate of Wi-Fi is no fall."""
    changes = {path: (before, after) for path, before, after in run["history"]["testbed_changes"]}
    fallen: dict[tuple[str, float, float | None], list[str]] = {}
    for name, node in run["nodes"].items():
        for link, end in (node["facts"].get("links") or {}).items():
            place = f"nodes/{name}/links/{link}"
            before, after = changes.get(f"{place}/negotiated_bps", (None, None))
            moved = f"{place}/interface" in changes or f"{place}/kind" in changes
            if not before or (after or 0) >= before or moved or end.get("kind") == "wifi" or ceilings.is_nominal(end):
                continue
            fallen.setdefault((link, before, after), []).append(name)
    return [_fallen(names, *what_fell) for what_fell, names in fallen.items()]


def _fallen(names: list[str], link: str, before: float, after: float | None) -> Draft:
    several = len(names) > 1
    now = human(after, "bit/s") if after else "nothing"
    return finding(
        severity="fault",
        kind="link_fell",
        title=f"Link negotiates {now} instead of {human(before, 'bit/s')}",
        subject=names,
        measured=f"the link {link} of {', '.join(names)} negotiates {now}",
        expected=f"{human(before, 'bit/s')}, as in the run before",
        because=f"{'The switch, or ports and cables, have' if several else 'A port or a cable has'} become worse since then; "
        "values before and after cannot be compared.",
        remedies=[
            f"Plug the cable{'s' if several else ''} in again.",
            f"Swap the cable{'s' if several else ''}.",
            f"Use {'other ports' if several else 'another port'} of the switch.",
        ],
        cost=0.95,
    )


RULES: list[Rule] = [_regressions, _fallen_links]
