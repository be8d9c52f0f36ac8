"""Known faults of the packages in a stack's lock (data/advisories.yml), and what shields them here. Pure functions."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from .findings import Finding, finding

OLD_DAYS: Final = 90
SHIELDS: Final = ("firewall", "token", "tls")
_SAID: Final = {
    "firewall": "no stranger reaches the ports",
    "token": "Ray asks for a token",
    "tls": "Ray asks for a certificate",
}


def applies(advisory: Mapping[str, Any], distributions: Mapping[str, str]) -> bool:
    """Return whether a version in {package: version} is in the advisory's range; raises ValueError for a range that is none."""
    # ansible-core installs it; the environment that ansible-test imports this in does not
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.utils import canonicalize_name
    from packaging.version import InvalidVersion, Version

    version = distributions.get(canonicalize_name(advisory["package"]))
    if version is None:
        return False
    try:
        # A pre-release counts as any other version.
        return SpecifierSet(advisory["affected"]).contains(Version(version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion) as error:
        raise ValueError(f"{advisory['id']}: {error}") from None


def age_days(document: Mapping[str, Any], today: datetime.date) -> int:
    """Return how many days ago the advisories were read from their source."""
    read_on = document["read_on"]
    if isinstance(read_on, str):
        read_on = datetime.date.fromisoformat(read_on)
    return int((today - read_on).days)


def judge(
    document: Mapping[str, Any], stacks: Mapping[str, Mapping[str, str]], shields: Iterable[str]
) -> tuple[list[Finding], list[dict[str, Any]]]:
    """Return (findings, rows about every advisory that applies).

    stacks: {what it is called: {package: version}}; shields: those of SHIELDS that were seen to hold on every node.
    """
    holding = set(shields)
    found: list[Finding] = []
    rows: list[dict[str, Any]] = []
    for advisory in document["advisories"]:
        where = [name for name, distributions in stacks.items() if applies(advisory, distributions)]
        if not where:
            continue
        by = [shield for shield in advisory["shields"] if shield in holding]
        needs = advisory.get("needs", "")
        absent = bool(needs) and not any(needs in stacks[name] for name in where)
        shielded = {"shielded_by": by, "could_be_shielded_by": advisory["shields"]}
        rows.append({**_row(advisory), "stacks": where, **shielded, "not_exposed": absent})
        found.append(_finding(advisory, where, by, needs if absent else ""))
    return found, rows


def _row(advisory: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("id", "package", "affected", "fixed", "severity", "exploited", "source", "exposed")
    return {**{key: advisory[key] for key in keys}, "read_on": str(advisory["read_on"])}


def _finding(advisory: Mapping[str, Any], where: Sequence[str], by: Sequence[str], absent: str) -> Finding:
    # A fault of unknown severity is none of the least.
    severity = "critical" if advisory["exploited"] else {"unknown": "medium"}.get(advisory["severity"], advisory["severity"])
    attacked = ", is exploited" if advisory["exploited"] else ""
    fixed = f"fixed in {advisory['fixed']}" if advisory["fixed"] else "no fixed release is known"
    what = f"{advisory['id']} ({advisory['package']} {advisory['affected']}, {fixed}{attacked}): {advisory['exposed']}"
    if by:
        what += f" Shielded here: {_SAID[by[0]]}."
    elif absent:
        what += f" Not exposed here: {absent} is not in the lock."
    could = [shield for shield in advisory["shields"] if shield not in by]
    remedy = advisory["advice"]
    if not by and could:
        remedy = f"Shielded by: {' or '.join(could)} (docs/security.md). {remedy}"
    return finding("advisory", "note" if by or absent else severity, ", ".join(where), what, remedy, subject=advisory["id"])
