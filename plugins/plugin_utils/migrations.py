"""Run documents of earlier versions, as today's version has them. Pure functions."""

from __future__ import annotations

from typing import Any

VERSION = 2  # of run.json, as data/run.schema.json has it


def migrate(document: Any) -> Any:
    """Return a run document of an earlier version in today's; one of any other version, or no run at all, unchanged."""
    if not isinstance(document, dict) or document.get("schema_version") != 1:
        return document
    options = document.get("advice", [])
    return {
        **{key: value for key, value in document.items() if key != "advice"},
        "schema_version": VERSION,
        "findings": [_finding(finding) for finding in document.get("findings", [])],
        "options": options,
    }


def _finding(finding: dict[str, Any]) -> dict[str, Any]:
    """Return a finding of version 1 with a title, a cause and a list of remedies in place of its advice."""
    return {
        **{key: value for key, value in finding.items() if key != "advice"},
        "title": finding["kind"].replace("_", " ").capitalize(),
        "cause": finding["kind"],
        "remedies": [finding["advice"]] if finding["advice"] else [],
    }
