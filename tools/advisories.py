#!/usr/bin/env python3
"""Compare data/advisories.yml with a copy of published advisories, for the packages in the stacks' locks.

usage: advisories.py [--date YYYY-MM-DD] [--write] FILE...

FILE: records of OSV (one JSON file, a list, a folder or a zip of them), the JSON that pip-audit writes, or a map {package: [{id,
cve, severity, v, fixed_in, advisory}]}, also inside a wheel. The date is that of the copy: of the newest file in an archive, else
--date. It prints what applies to a lock and is missing, or has another range; --write adds what is missing, for a person to fill
in what of this product is exposed, and sets the date. Exit status: 0 nothing is missing, 1 something is.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import yaml
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data" / "advisories.yml"
SEVERITIES = {"critical": "critical", "high": "high", "moderate": "medium", "medium": "medium", "low": "low"}
ENTRY = """\
  - id: {id}
    alias: {alias}
    package: {package}
    affected: "{affected}"
    fixed: "{fixed}"
    severity: {severity}
    exploited: false
    source: {source}
    read_on: {read_on}
    exposed: {exposed}
    shields: []
    advice: Look whether this product is affected, and write it here.
"""


def documents(path: Path) -> Iterator[object]:
    """Yield the JSON documents of a file, a folder or an archive."""
    if path.is_dir():
        for one in sorted(path.rglob("*.json")):
            yield json.loads(one.read_text())
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    yield json.loads(archive.read(name))
    else:
        yield json.loads(path.read_text())


def date_of(path: Path) -> datetime.date | None:
    """Return the date of the newest JSON file in an archive, None for anything else."""
    if path.is_dir() or not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        dates = [one.date_time[:3] for one in archive.infolist() if one.filename.endswith(".json")]
    return datetime.date(*max(dates)) if dates else None


def advisories(document: object) -> Iterator[dict[str, str]]:
    """Yield {id, alias, package, affected, fixed, severity, summary} of a document in any of the formats."""
    if isinstance(document, list):
        for one in document:
            yield from advisories(one)
    elif isinstance(document, dict) and "dependencies" in document:
        yield from of_pip_audit(document)
    elif isinstance(document, dict) and "affected" in document:
        yield from of_osv(document)
    elif isinstance(document, dict):
        for package, found in document.items():
            for one in found if isinstance(found, list) else []:
                if isinstance(one, dict) and "v" in one:
                    yield of_map(package, one)


def of_map(package: str, one: dict[str, str]) -> dict[str, str]:
    fixed = one.get("fixed_in", "")
    return named(
        [one.get("cve", ""), one.get("id", "")],
        package=package,
        affected=one["v"],
        fixed="" if fixed.startswith(">") else fixed,
        severity=one.get("severity", ""),
        summary=one.get("advisory", ""),
    )


def of_osv(record: dict) -> Iterator[dict[str, str]]:
    if record.get("withdrawn"):
        return
    severity = str((record.get("database_specific") or {}).get("severity", ""))
    names = [*(record.get("aliases") or []), record["id"]]
    for part in record["affected"]:
        package = part.get("package") or {}
        if str(package.get("ecosystem", "")).partition(":")[0] != "PyPI":
            continue
        for ranged in part.get("ranges") or []:
            affected, fixed = span(ranged.get("events") or [])
            if ranged.get("type") == "ECOSYSTEM" and affected:
                summary = record.get("summary", "")
                yield named(names, package=package["name"], affected=affected, fixed=fixed, severity=severity, summary=summary)


def span(events: list[dict[str, str]]) -> tuple[str, str]:
    """Return (specifier, fixed version) of a range of OSV."""
    words, fixed = [], ""
    for event in events:
        if event.get("introduced", "0") != "0":
            words.append(f">={event['introduced']}")
        if "fixed" in event:
            fixed = event["fixed"]
            words.append(f"<{fixed}")
        if "last_affected" in event:
            words.append(f"<={event['last_affected']}")
    return ",".join(words), fixed


def of_pip_audit(document: dict) -> Iterator[dict[str, str]]:
    for dependency in document["dependencies"]:
        for one in dependency.get("vulns") or []:
            fixes = one.get("fix_versions") or []
            fixed = fixes[-1] if fixes else ""
            affected = f"<{fixed}" if fixed else f"=={dependency['version']}"
            names = [*(one.get("aliases") or []), one["id"]]
            summary = one.get("description", "")
            yield named(names, package=dependency["name"], affected=affected, fixed=fixed, severity="", summary=summary)


def named(names: list[str], **rest: str) -> dict[str, str]:
    """Return an advisory by its CVE number where it has one."""
    names = [name for name in names if re.fullmatch(r"[A-Z]+-[\w-]+", str(name))]
    first = next((name for name in names if name.startswith("CVE-")), names[0] if names else "")
    alias = next((name for name in names if name != first), "")
    severity = SEVERITIES.get(rest["severity"].lower(), "unknown")
    package = canonicalize_name(rest["package"])
    return {"id": first, "alias": alias, **rest, "package": package, "severity": severity}


def locked(root: Path) -> dict[str, set[str]]:
    """Return {package: versions} of the locks of all stacks."""
    found: dict[str, set[str]] = {}
    for lock in sorted((root / "stacks").glob("*/requirements.lock")):
        for name, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", lock.read_text()):
            found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def hits(advisory: dict[str, str], versions: dict[str, set[str]]) -> list[str]:
    """Return the locked versions that an advisory is about."""
    found = versions.get(advisory["package"])
    if not found:
        return []
    try:
        affected = SpecifierSet(advisory["affected"])
        return sorted(version for version in found if affected.contains(Version(version), prereleases=True))
    except (InvalidSpecifier, InvalidVersion):
        print(f"{advisory['id']}: {advisory['affected']} is no range of versions; look at it yourself.", file=sys.stderr)
        return []


def compare(
    found: list[dict[str, str]], known: list[dict], versions: dict[str, set[str]]
) -> tuple[list[dict[str, str]], list[str]]:
    """Return (advisories that apply and are not known, sentences about ranges that differ)."""
    by_name = {name: one for one in known for name in (one["id"], one.get("alias", "")) if name}
    missing, differing = {}, []
    for advisory in found:
        if not advisory["id"] or not hits(advisory, versions):
            continue
        entry = by_name.get(advisory["id"]) or by_name.get(advisory["alias"])
        if entry is None:
            missing[advisory["id"]] = advisory
        elif canonicalize_name(entry["package"]) == advisory["package"] and entry["affected"] != advisory["affected"]:
            differing.append(f"{entry['id']}: {entry['affected']} in data/advisories.yml, {advisory['affected']} in the copy.")
    return list(missing.values()), differing


def entry_of(advisory: dict[str, str], day: datetime.date, source: str) -> str:
    """Return the text that is added to data/advisories.yml."""
    summary = " ".join(re.sub(r"[^\w .,()/-]", "", advisory["summary"]).split())[:90] or "unknown"
    text = ENTRY.format(**{**advisory, "source": source}, read_on=day, exposed=f"Not looked at yet ({summary}).")
    return text if advisory["alias"] else text.replace("    alias: \n", "")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
    parser.add_argument("--date", type=datetime.date.fromisoformat, help="of the copy; known for an archive")
    parser.add_argument("--source", default="ghsa", help="its name in the data: ghsa, osv, pip-audit")
    parser.add_argument("--write", action="store_true", help="add what is missing, and set the date")
    options = parser.parse_args(arguments)
    absent = [str(path) for path in options.files if not path.exists()]
    if absent:
        parser.error(f"There is no {', '.join(absent)}.")
    day = options.date or max(filter(None, map(date_of, options.files)), default=None)
    if day is None:
        parser.error("Name the date of the copy: --date YYYY-MM-DD.")
    try:
        found = [one for path in options.files for document in documents(path) for one in advisories(document)]
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        parser.error(f"The copy cannot be read ({type(error).__name__}: {str(error)[:100]}).")
    text = DATA.read_text()
    missing, differing = compare(found, yaml.safe_load(text)["advisories"], locked(ROOT))
    print(f"{len(found)} advisories of {day}; {len(missing)} are missing in data/advisories.yml.")
    for sentence in differing:
        print(sentence)
    added = "".join(entry_of(one, day, options.source) for one in missing)
    print(added, end="")
    if options.write:
        DATA.write_text(re.sub(r"(?m)^read_on: \S+", f"read_on: {day}", text, count=1) + added)
        return 0
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
