"""A run for spreadsheets: CSV with one line for each metric."""

from __future__ import annotations

import csv
import io
import json

from ...model import RunDocument
from ...trust.untrusted import clean_text
from ..view import View
from .exporter import Exporter

_COLUMNS = ("unit", "better", "n", "median", "mad", "p95", "min", "max", "ceiling", "share")


def _cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    text = clean_text(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def table(_view: View, run: RunDocument) -> str:
    """Return the text of a CSV with one line for each metric."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["run_id", "started", "name", "scope", "subject", "link", "params", *_COLUMNS, "flags"])
    for metric in run["metrics"]:
        subject = ",".join(metric["subject"]) or "cluster"
        where = [_cell(text) for text in (metric["name"], metric["scope"], subject, metric["link"] or "")]
        params = json.dumps(metric["params"], sort_keys=True)
        values = dict(metric)
        statistics = ["" if values[column] is None else values[column] for column in _COLUMNS]
        writer.writerow([run["run_id"], run["started"], *where, params, *statistics, _cell(",".join(metric["flags"]))])
    return stream.getvalue()


EXPORTER = Exporter("csv", "metrics.csv", table)
