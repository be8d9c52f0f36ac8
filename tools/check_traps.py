#!/usr/bin/env python3
"""Check the table of tests/fakemac/README.md that maps traps to tests: each trap is there, each named test exists."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TRAPS = set(range(1, 51))


def findings(rows, sources):
    """Return what is wrong, a sentence each; rows: [(traps, tests)] as written; sources: {module: text of its file}."""
    numbered = {int(number) for traps, _tests in rows for number in re.findall(r"(?:^|; |, )(\d+)(?=[ ,])", traps)}
    found = [f"Trap {number} has no row." for number in sorted(TRAPS - numbered)]
    found += [f"There is no trap {number}." for number in sorted(numbered - TRAPS)]
    for _traps, words in rows:
        for module, name in re.findall(r"`(test_\w+)?(?:::(test_\w+))?`", words):
            places = [sources.get(module, "")] if module else list(sources.values())
            if (module and module not in sources) or (name and not any(f"def {name}(" in text for text in places)):
                found.append(f"There is no test {module}::{name}.")
    return found


def main():
    text = (ROOT / "tests" / "fakemac" / "README.md").read_text()
    rows = re.findall(r"(?m)^\| (\d.*?) \| (.*) \|$", text[text.index("## Traps and their tests") :])
    sources = {path.stem: path.read_text() for folder in ("tests", "molecule") for path in (ROOT / folder).rglob("test_*.py")}
    found = findings(rows, sources)
    print("\n".join(found) or f"{len(rows)} rows of traps checked, 0 findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
