"""A run for dashboards: Prometheus text format (textfile collector) and CSV. Pure functions over a run document."""

from __future__ import annotations

import calendar
import csv
import io
import json
import time

from ..trust.untrusted import clean_text

_COLUMNS = ("unit", "better", "n", "median", "mad", "p95", "min", "max", "ceiling", "share")


def prometheus(run):
    """Return the text of a ``.prom`` file; medians in SI base units, one series for each metric of the run."""
    finished = calendar.timegm(time.strptime(run["finished"], "%Y-%m-%dT%H:%M:%SZ"))
    medians = [(_labels(metric), metric["median"]) for metric in run["metrics"]]
    shares = [(_labels(metric), metric["share"]) for metric in run["metrics"] if metric["share"] is not None]
    findings = [
        ({"severity": severity}, sum(found["severity"] == severity for found in run["findings"]))
        for severity in ("fault", "limit", "note")
    ]
    return "".join(
        [
            _family("saf_metric_median", "Median of a metric in SI base units.", medians),
            _family("saf_metric_share", "Median of a metric as a share of its ceiling.", shares),
            _family("saf_findings", "Findings of the run by severity.", findings),
            _family("saf_not_measured", "Figures that could not be measured.", [({}, len(run["not_measured"]))]),
            _family("saf_run_finished_timestamp_seconds", "End of the run.", [({"profile": run["profile"]}, finished)]),
        ]
    )


def _labels(metric):
    return {
        "name": metric["name"],
        "subject": ",".join(metric["subject"]) or "cluster",
        "link": metric["link"] or "",
        "unit": metric["unit"],
        "params": params_text(metric["params"]),
    }


def params_text(params):
    """Return parameters as one line, k=v,k=v in the order of names; values that are no scalars as JSON."""
    return ",".join(
        f"{key}={value if isinstance(value, (str, int, float)) else json.dumps(value)}" for key, value in sorted(params.items())
    )


def _family(name, text, series):
    lines = [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
    for labels, value in series:
        inside = ",".join(f'{key}="{_escape(label)}"' for key, label in labels.items())
        lines.append(f"{name}{{{inside}}} {value:.12g}" if inside else f"{name} {value:.12g}")
    return "\n".join(lines) + "\n"


def _escape(label):
    return clean_text(label).replace("\\", "\\\\").replace('"', '\\"')


def _cell(text):
    """Return text that no spreadsheet takes for a formula."""
    text = clean_text(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def csv_text(run):
    """Return the text of a CSV with one line for each metric."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["run_id", "started", "name", "scope", "subject", "link", "params", *_COLUMNS, "flags"])
    for metric in run["metrics"]:
        subject = ",".join(metric["subject"]) or "cluster"
        where = [_cell(text) for text in (metric["name"], metric["scope"], subject, metric["link"] or "")]
        params = json.dumps(metric["params"], sort_keys=True)
        figures = ["" if metric[column] is None else metric[column] for column in _COLUMNS]
        writer.writerow([run["run_id"], run["started"], *where, params, *figures, _cell(",".join(metric["flags"]))])
    return stream.getvalue()
