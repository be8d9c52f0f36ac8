"""Verdicts over the history: what has become worse since comparable runs, and what changed on the testbed itself."""

from __future__ import annotations

from typing import Final

from ..analysis import ceilings
from ..metrics import describe_params, title
from ..model import Comparison, RunDocument
from ..text.labels import plural
from ..text.units import human
from .finding import Data, Draft, Rule, finding

REGRESSION: Final = "regression"  # the kind of a finding about what has become worse


def _regressions(run: RunDocument, _data: Data) -> list[Draft]:
    """Return one finding for each headline metric that became worse."""
    groups: dict[tuple[str, str | None], list[Comparison]] = {}
    for item in run["history"]["comparisons"]:
        if item["verdict"] == "regression" and item["headline"]:
            groups.setdefault((item["name"], item["link"]), []).append(item)
    suspects = ", ".join(path for path, _before, _after in run["history"]["software_changes"][:3])
    return [_regression(items, suspects) for items in groups.values()]


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
        # A time that doubles has lost half, as a rate that halves.
        cost=change if worst["better"] == "higher" else change / (1 + change),
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
