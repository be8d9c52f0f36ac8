"""One section for each metric: its table, and a chart where a line says more than rows."""

from __future__ import annotations

from ...analysis import statistics
from ...analysis.scaling import PARTS
from ...guard import guarded
from ...text.units import human, percent
from ...text.words import TITLES, what
from .. import charts
from .nodes import best

_LONG = 24  # rows of a table that a page shows at once; a longer one can be opened
_MANY = 4  # nodes; above that the best and the worst stand for all
_HIDDEN = ("net.rtt.idle", "net.rtt.loaded")  # shown with their link


def sections(run, failures=None):
    """Return [{name, title, rows, first_call (whether a row has one), words, long, charts}] in the order of the titles.

    failures: list for the sections that raise; they are left out.
    """
    failures = [] if failures is None else failures
    by_name = {}
    for metric in run["metrics"]:
        by_name.setdefault(metric["name"], []).append(metric)
    order = [name for name in TITLES if name in by_name] + sorted(set(by_name) - set(TITLES))
    made = [guarded(f"section {name}", lambda name=name: _section(run, name, by_name[name]), None, failures) for name in order]
    return [section for section in made if section]


def _section(run, name, metrics):
    return {
        "name": name,
        "title": TITLES.get(name, name),
        "rows": [_row(metric) for metric in metrics],
        "first_call": any(metric["context"].get("first_call_s") for metric in metrics),
        "words": _NOTES.get(name, lambda _metrics: "")(metrics),
        "long": len(metrics) > _LONG or name in _HIDDEN,
        "charts": [svg for svg in _CHARTS.get(name, lambda _run, _metrics: [])(run, metrics) if svg],
    }


def _row(metric):
    return {
        "subject": " to ".join(metric["subject"]) or "cluster",
        "what": what(metric),
        "median": human(metric["median"], metric["unit"]),
        "spread": human(metric["mad"], metric["unit"]),
        "p95": human(metric["p95"], metric["unit"]),
        "first_call": human(metric["context"].get("first_call_s"), "s"),
        "n": metric["n"],
        "ceiling": human(metric["ceiling"], metric["unit"]) if metric["ceiling"] else "-",
        "source": metric["ceiling_source"],
        "share": percent(metric["share"]),
        "flags": ", ".join(metric["flags"]),
    }


def _gemm(run, metrics):
    """Rate by shape; the float32 section carries all types of few nodes."""
    names = list(run["nodes"])
    if len(names) > _MANY:
        ranked = sorted(
            (name for name in names if best(run, "gemm.float32", lambda metric, name=name: metric["subject"] == [name])),
            key=lambda name: best(run, "gemm.float32", lambda metric: metric["subject"] == [name])["median"],
        )
        names = [ranked[0], ranked[-1]] if ranked else []
    kinds = ("gemm.float32", "gemm.float16") if len(names) <= 2 else ("gemm.float32",)
    drawn = []
    for kind in kinds:
        for name in names:
            points = [
                (metric["params"]["n"], metric["median"])
                for metric in run["metrics"]
                if metric["name"] == kind and metric["subject"] == [name] and metric["params"].get("implementation") == "mlx"
            ]
            if points:
                drawn.append({"name": f"{name}, {kind.split('.')[1]}", "points": points})
    known = [metric["ceiling"] for metric in metrics if metric["ceiling"] and not metric["ceiling_source"].startswith("measured")]
    words = f"peak {human(max(known), 'FLOP/s')}" if known else ""
    return [
        charts.lines(
            drawn, "size n of the n x n product", "FLOP/s", "Rate of matrix products by size", max(known, default=None), words
        )
    ]


def _collective(run, metrics):
    """Both operations by size, with the slowest link's goodput drawn in."""
    drawn = []
    for name in ("all_reduce", "all_gather"):
        points = [(m["params"]["bytes"], m["median"]) for m in run["metrics"] if m["name"] == f"collective.{name}"]
        if points:
            drawn.append({"name": name, "points": points})
    ceiling = next((metric["ceiling"] for metric in metrics if metric["ceiling"]), None)
    words = f"slowest link of the ring {human(ceiling, 'bit/s')}" if ceiling else ""
    return [charts.lines(drawn, "size in bytes", "bit/s", "Bus bandwidth of collectives by size", ceiling, words)]


def _sizes(metrics):
    """Return what the smallest array takes, and which size reaches half of the best bandwidth (n 1/2)."""
    by_size = sorted(metrics, key=lambda metric: metric["params"]["bytes"])
    seconds = by_size[0]["context"].get("seconds")
    best = max(metric["median"] for metric in metrics)
    half = next(metric["params"]["bytes"] for metric in by_size if metric["median"] >= best / 2)
    words = f"Half of the best bandwidth is reached with {_bytes(half)}."
    if not seconds:
        return words
    trip, slow = human(statistics.median(seconds), "s"), human(statistics.percentile(seconds, 0.95), "s")
    return f"{_bytes(by_size[0]['params']['bytes'])} take {trip} (p95 {slow}). {words}"


def _bytes(size):
    return f"{size} B" if size < 1024 else f"{size / 1024:.0f} KiB" if size < 2**20 else f"{size / 2**20:.0f} MiB"


def _scaling(_run, metrics):
    rows = [
        {
            "name": f"{len(metric['params']['nodes'])} nodes, E {percent(metric['median'])}",
            "shares": metric["context"]["split"],
        }
        for metric in metrics
        if metric["context"].get("split")
    ]
    titles = [(part, part) for part in PARTS]
    return [charts.stack(rows, titles, "Where the wall time of the task set goes")]


def _sustained(_run, metrics):
    return [
        charts.series(
            metric["samples"], metric["context"]["times_s"], metric["unit"], f"Rate over time on {metric['subject'][0]}"
        )
        for metric in metrics
        if metric["context"].get("times_s")
    ]


_NOTES = {"collective.all_reduce": _sizes, "collective.all_gather": _sizes}
_CHARTS = {
    "gemm.float32": _gemm,
    "gemm.sustained": _sustained,
    "scaling.strong": _scaling,
    "collective.all_reduce": _collective,
}
