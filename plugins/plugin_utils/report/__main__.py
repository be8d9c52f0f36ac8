"""Write the report of a run without Ansible's command, from a checkout:

PYTHONPATH=collections python -m ansible_collections.saf.fabric.plugins.plugin_utils.report RUN_DIR
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..runs import RunError
from ..text import width
from . import terminal
from .exporters import EXPORTERS
from .writer import write


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report and print its summary; return the exit status: 0, or 1 where something could not be written."""
    parser = argparse.ArgumentParser(prog="report", description="Write run.json and the report of a run.")
    parser.add_argument("run_dir", type=Path, metavar="RUN_DIR", help="folder of the run, below results/")
    parser.add_argument("--format", action="append", default=[], choices=sorted(EXPORTERS), help="can be repeated; default: all")
    options = parser.parse_args(arguments)
    try:
        report = write(options.run_dir, options.format)
    except RunError as error:
        print(error, file=sys.stderr)
        return 1
    lines = terminal.lines(report.summary, terminal.bounded(width.columns()))
    print("\n".join([*lines, "", *report.paths]))
    print("\n".join(report.failures), end="\n" if report.failures else "", file=sys.stderr)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
