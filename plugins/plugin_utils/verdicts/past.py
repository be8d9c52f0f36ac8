"""Verdicts over the history: what has become worse since comparable runs, and what changed on the testbed itself."""

from __future__ import annotations

from ..analysis import ceilings
from ..metrics import describe_params
from ..text.labels import plural
from ..text.units import human
from .finding import finding


def _regressions(run, _data):
    """One finding for each headline metric that became worse."""
    groups = {}
    for item in run["history"]["comparisons"]:
        if item["verdict"] == "regression" and item["headline"]:
            groups.setdefault((item["name"], item["link"]), []).append(item)
    suspects = ", ".join(path for path, _before, _after in run["history"]["software_changes"][:3])
    return [_regression(items, suspects) for items in groups.values()]


def _regression(items, suspects):
    """One finding for a metric: the worst of its values, and how many others became worse with it."""
    worst = max(items, key=lambda item: abs(item["change"]))
    twice = "" if "second_median" not in worst else f"; measured again: {human(worst['second_median'], worst['unit'])}"
    others = f"; and {plural(len(items) - 1, 'more value')} of it" if len(items) > 1 else ""
    return finding(
        "limit",
        "regression",
        list(dict.fromkeys(node for item in [worst, *items] for node in item["subject"])),
        f"{worst['name']} ({describe_params(worst)}): {human(worst['median'], worst['unit'])}, "
        f"{abs(worst['change']) * 100:.0f} % worse{twice}{others}",
        f"{human(worst['centre'], worst['unit'])}, the median of {worst['runs']} runs",
        f"Changed since the last of them: {suspects}." if suspects else "The software is the same as in the last of them.",
        "Look at load, heat and power of the node; if they are as before, at what was changed.",
        cost=abs(worst["change"]),
    )


def _fallen_links(run, _data):
    """Ports that negotiate less than before; another interface, another kind of link or Wi-Fi's own rate is no fall."""
    changes = {path: (before, after) for path, before, after in run["history"]["testbed_changes"]}
    fallen = {}
    for name, node in run["nodes"].items():
        for link, end in (node["facts"].get("links") or {}).items():
            place = f"nodes/{name}/links/{link}"
            before, after = changes.get(f"{place}/negotiated_bps", (None, None))
            moved = f"{place}/interface" in changes or f"{place}/kind" in changes
            if not before or (after or 0) >= before or moved or end.get("kind") == "wifi" or ceilings.is_nominal(end):
                continue
            fallen.setdefault((link, before, after), []).append(name)
    return [_fallen(names, *what_fell) for what_fell, names in fallen.items()]


def _fallen(names, link, before, after):
    several = len(names) > 1
    return finding(
        "fault",
        "link_fell",
        names,
        f"the link {link} of {', '.join(names)} negotiates {human(after, 'bit/s') if after else 'nothing'}",
        f"{human(before, 'bit/s')}, as in the run before",
        f"{'The switch, or ports and cables, have' if several else 'A port or a cable has'} become worse since then; "
        "figures before and after cannot be compared.",
        f"Plug the cable{'s' if several else ''} in again, then swap {'them' if several else 'it'}, then the port"
        f"{'s' if several else ''}.",
        cost=0.95,
    )


RULES = [_regressions, _fallen_links]
