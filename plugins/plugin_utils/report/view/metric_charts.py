"""Which chart shows what of a run's metrics: by size, over time, and in parts. Each returns figures as HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ... import metrics as registry
from ...analysis import flags, statistics
from ...analysis.scaling import PARTS
from ...metrics.row import Chart
from ...model import Metric, RunDocument
from ...text.units import human, percent
from .. import charts
from ..charts.axes import YAxis, has_prefixes
from ..charts.multiples import HEIGHT, WIDTH

Rates = Mapping[str, Mapping[str, Mapping[float, float]]]  # {type: {node: {size: FLOP/s}}}
_TYPES = ("float32", "tf32", "float16", "bfloat16")
_HIGHER = "higher is better"
_MOST_POINTS = {True: 60, False: 240}  # of one line over time: small, and wide
_APART = 20  # times; rates over time that differ by more get a chart each, because both have to begin at zero
_WIDE, _TIGHT = (640, 250), (340, 210)  # px: one drawing on a desk, and on a telephone
_ALIKE = 0.05  # of the median; small drawings of nodes that all stay within it are folded
_EQUAL = 1.02  # ceilings within this share one line


def rate_by_size(run: RunDocument, _metrics: Sequence[Metric]) -> list[str]:
    """Draw the products of all types: a drawing for each type, or for each node where there are many nodes."""
    rates = _rates(run)
    shown = [value for by_node in rates.values() for points in by_node.values() for value in points.values()]
    if not shown:
        return []
    sizes = set(_sizes(rates))
    if len(sizes) == 1:
        return _rate_bars(run, rates, int(sizes.pop()))
    nodes = [node for node in run["nodes"] if any(node in by_node for by_node in rates.values())]
    ceilings = {node: ceiling for node in nodes if (ceiling := _peak(run, node))}
    axis = charts.y_axis(shown, ceilings.values(), "FLOP/s")
    drawn = _by_node if len(nodes) > charts.MOST_LINES else _by_type
    extra = [("ceiling", f"{words} of the chip in float32" if "peak" in words else words) for words in _ceiling_words(ceilings)]
    # The values above the drawings of many nodes are in the axis's unit.
    unit = axis.unit if drawn is _by_node or not has_prefixes(axis) else ""
    note = _note(unit, axis, "size n of the n x n product across")
    drawings, names = drawn(rates, nodes, ceilings, axis)
    folded = _alike(list(rates.values()), len(nodes)) if drawn is _by_node else ""
    return [charts.figure("Matrix products by size", note, drawings, charts.legend(names, extra), folded=folded)]


def _alike(series: Sequence[Mapping[str, Mapping[float, float]]], count: int) -> str:
    """Return what stands for the drawings of nodes that hardly differ, "" where one does. series: [{node: {x: value}}]."""
    for by_node in series:
        places = {at for points in by_node.values() for at in points}
        for at in places:
            values = [points[at] for points in by_node.values() if at in points]
            middle = statistics.median(values)
            if any(abs(value - middle) > _ALIKE * middle for value in values):
                return ""
    return f"{count} charts, all within {percent(_ALIKE)} of the nodes' median"


def _note(unit: str, axis: YAxis, across: str = "") -> str:
    """Return what follows the name of a chart: its unit, "" where the labels have it, its direction and its axes."""
    direction = f"{unit}, {_HIGHER}" if unit else _HIGHER
    return "; ".join(words for words in (direction, across, "logarithmic axis" if axis.kind == "log" else "") if words)


def _rates(run: RunDocument) -> Rates:
    """Return {name of the type: {node: {size: rate}}} of the square products, MLX first."""
    found: dict[tuple[bool, int, str], dict[str, dict[float, float]]] = {}
    for metric in run["metrics"]:
        dtype = metric["name"].removeprefix("gemm.")
        params = metric["params"]
        if dtype in (metric["name"], "sustained") or len(metric["subject"]) != 1 or params.get("m") != params.get("n"):
            continue
        numpy = params.get("implementation", "mlx") == "numpy"
        place = _TYPES.index(dtype) if dtype in _TYPES else len(_TYPES)
        by_node = found.setdefault((numpy, place, f"{'NumPy' if numpy else 'MLX'} {dtype}"), {})
        points = by_node.setdefault(metric["subject"][0], {})
        points[params["n"]] = max(metric["median"], points.get(params["n"], 0))
    return {key[2]: found[key] for key in sorted(found)}


def _sizes(rates: Rates) -> list[float]:
    return [size for by_node in rates.values() for points in by_node.values() for size in points]


def _peak(run: RunDocument, node: str) -> float | None:
    """Return the documented peak of a node's products in float32."""
    return next(
        (
            metric["ceiling"]
            for metric in run["metrics"]
            if metric["name"] == "gemm.float32"
            and metric["subject"] == [node]
            and metric["ceiling"]
            and not metric["ceiling_source"].startswith(registry.MEASURED)
        ),
        None,
    )


def _levels(ceilings: Mapping[str, float]) -> list[tuple[float, list[str]]]:
    """Return [(ceiling, nodes)]: one for all that are nearly equal."""
    levels: list[tuple[float, list[str]]] = []
    for node, ceiling in sorted(ceilings.items(), key=lambda item: item[1]):
        if levels and ceiling <= levels[-1][0] * _EQUAL:
            levels[-1][1].append(node)
        else:
            levels.append((ceiling, [node]))
    return levels


def _ceiling_words(ceilings: Mapping[str, float]) -> list[str]:
    """Return what the dashed lines are: one peak, or the peaks of several kinds of nodes."""
    levels = _levels(ceilings)
    if not levels:
        return []
    if len(levels) == 1:
        return [f"peak {human(levels[0][0], 'FLOP/s')}"]
    return [f"peaks {human(levels[0][0], 'FLOP/s')} to {human(levels[-1][0], 'FLOP/s')}"]


def _by_type(rates: Rates, nodes: Sequence[str], ceilings: Mapping[str, float], axis: YAxis) -> tuple[list[str], Sequence[str]]:
    levels = [charts.Level(value=value, name="") for value, _nodes in _levels(ceilings)]
    sizes = _sizes(rates)
    drawings = [
        charts.draw_lines(
            charts.Plot(
                name=f"Matrix products by size, {kind}",
                title=kind,
                lines=[
                    charts.Line(name=node, look=look, points=list(by_node[node].items()))
                    for look, node in enumerate(nodes)
                    if node in by_node
                ],
                axis=axis,
                x_words=charts.size_words,
                x_range=(min(sizes), max(sizes)),
                levels=[] if kind.startswith("NumPy") else levels,
            )
        )
        for kind, by_node in rates.items()
    ]
    return drawings, nodes


def _by_node(rates: Rates, nodes: Sequence[str], ceilings: Mapping[str, float], axis: YAxis) -> tuple[list[str], Sequence[str]]:
    kinds = list(rates)
    sizes = _sizes(rates)
    drawings = []
    for node in nodes:
        best = max(value for by_node in rates.values() for value in by_node.get(node, {}).values())
        spec = charts.Plot(
            name=f"Matrix products by size, {node}",
            title=node,
            remark=charts.number(best / axis.factor),
            lines=[
                charts.Line(name=kind, look=look, points=list(rates[kind][node].items()))
                for look, kind in enumerate(kinds)
                if node in rates[kind]
            ],
            axis=axis,
            x_words=charts.size_words,
            x_range=(min(sizes), max(sizes)),
            levels=[charts.Level(value=ceilings[node], name="")] if node in ceilings else [],
            width=WIDTH,
            height=HEIGHT,
        )
        drawings.append(charts.draw_lines(spec))
    return charts.grid(drawings), kinds


def _rate_bars(run: RunDocument, rates: Rates, size: int) -> list[str]:
    """Draw one size: a bar for each node, one drawing for each type."""
    ceilings = {node: ceiling for node in run["nodes"] if (ceiling := _peak(run, node))}
    values = [value for by_node in rates.values() for points in by_node.values() for value in points.values()]
    axis = charts.y_axis(values, ceilings.values(), "FLOP/s")
    drawings = [
        charts.draw_bars(
            charts.Bars(
                name=f"Matrix products, {kind}",
                title=kind,
                rows=[
                    charts.Bar(
                        name=node,
                        value=by_node[node][size],
                        ceiling=None if kind.startswith("NumPy") else ceilings.get(node),
                    )
                    for node in run["nodes"]
                    if node in by_node
                ],
                unit="FLOP/s",
                values=values,
                ceilings=list(ceilings.values()),
            )
        )
        for kind, by_node in rates.items()
    ]
    ticks = f"; the tick is the {', '.join(_ceiling_words(ceilings))} of the chip in float32" if ceilings else ""
    words = _note(axis.unit, axis, f"n = {charts.size_words(size)}{ticks}")
    return [charts.figure("Matrix products", words, drawings)]


def rate_over_time(_run: RunDocument, metrics: Sequence[Metric]) -> list[str]:
    """Draw a line for each node from zero to the peak; what throttling took is shaded."""
    known = [metric for metric in metrics if metric["context"].get("times_s") and metric["samples"] and metric["subject"]]
    groups: list[list[Metric]] = []
    for metric in sorted(known, key=lambda metric: max(metric["samples"])):
        if groups and max(metric["samples"]) <= _APART * max(*groups[-1][0]["samples"], 1e-9):
            groups[-1].append(metric)
        else:
            groups.append([metric])
    order = {id(metric): place for place, metric in enumerate(known)}
    return [_over_time(sorted(group, key=lambda metric: order[id(metric)])) for group in reversed(groups)]


def _over_time(metrics: Sequence[Metric]) -> str:
    unit = metrics[0]["unit"]
    ceilings = {metric["subject"][0]: metric["ceiling"] for metric in metrics if metric["ceiling"]}
    high = max(max(metric["samples"]) for metric in metrics)
    axis = charts.y_axis([high], ceilings.values(), unit)
    seconds = max(max(metric["context"]["times_s"][-1], metric["params"].get("seconds") or 0) for metric in metrics)
    small = len(metrics) > charts.MOST_LINES
    fallen = {metric["subject"][0]: _fall(metric) for metric in metrics}
    lines = {
        metric["subject"][0]: _time_line(metric, 0 if small else look, fallen[metric["subject"][0]], small)
        for look, metric in enumerate(metrics)
    }
    extra = [("lost", "lost by throttling")] if any(fallen.values()) else []
    # Names are at the ends of the lines, too, which on a phone are out of sight.
    names = [] if small or len(lines) == 1 else list(lines)
    name = "Rate of each node over time"
    narrow, folded = [], ""
    if small:
        folded = "" if any(fallen.values()) else _alike([{node: _by_place(line) for node, line in lines.items()}], len(lines))
        drawings = charts.grid([_node_over_time(metric, metrics, lines, ceilings, axis, seconds) for metric in metrics])
        extra = [("ceiling", words) for words in _ceiling_words(ceilings)] + [("median", "median of all nodes"), *extra]
    else:
        levels = [charts.Level(value=value, name=_level_name(value, names, ceilings, unit)) for value, names in _levels(ceilings)]
        spec = charts.Plot(
            name=name,
            lines=list(lines.values()),
            axis=axis,
            x_kind="time",
            x_range=(0, seconds),
            x_title="time (s)",
            levels=levels[-3:],
            width=_WIDE[0],
            height=_WIDE[1],
        )
        drawings = [charts.draw_lines(spec)]
        narrow = [charts.draw_lines(_tight(spec))]
    note = _note(axis.unit, axis, "seconds across")
    return charts.figure(name, note, drawings, charts.legend(names, extra), _time_table(metrics), narrow, folded)


def _tight(spec: charts.Plot) -> charts.Plot:
    """Return a drawing for a telephone: without labels at the ends of its lines, which would take a third of it."""
    lines = [replace(one, label="") for one in spec.lines]
    title = spec.lines[0].label if len(lines) == 1 else ""  # several have a legend
    return replace(spec, lines=lines, title=title, width=_TIGHT[0], height=_TIGHT[1])


def _by_place(line: charts.Line) -> dict[float, float]:
    """Return the points of a line by their number: each node takes its samples at other times."""
    return {float(place): value for place, (_at, value) in enumerate(line.points) if value is not None}


def _level_name(value: float, names: Sequence[str], ceilings: Mapping[str, float], unit: str) -> str:
    words = f"peak {human(value, unit)}"
    return words if len(names) == len(ceilings) else f"{words} ({', '.join(names[:2])}{'…' if len(names) > 2 else ''})"


def _fall(metric: Metric) -> float | None:
    """Return the rate that a throttled node had at first, None for one that kept it."""
    early, _late = flags.ends(metric["samples"])
    return early if flags.throttled(metric["samples"]) else None


def _loss(metric: Metric) -> str:
    """Return by how much a throttled node fell."""
    early, late = flags.ends(metric["samples"])
    share = statistics.ratio(late, early)
    return "" if share is None or not flags.throttled(metric["samples"]) else f"\N{MINUS SIGN}{percent(1 - share)}"


def _time_line(metric: Metric, look: int, lost_below: float | None, small: bool) -> charts.Line:
    node = metric["subject"][0]
    loss = _loss(metric)
    return charts.Line(
        name=node,
        look=look,
        points=_thinned(metric, _MOST_POINTS[small]),
        lost_below=lost_below,
        label="" if small else f"{charts.shorten(node, 14 - len(loss))} {loss}".rstrip(),
    )


def _thinned(metric: Metric, most: int) -> list[tuple[float | None, float | None]]:
    """Return the series with at most ``most`` points, each the median of its neighbors."""
    times, values = metric["context"]["times_s"], metric["samples"]
    step = -(-len(values) // most)
    starts = range(0, min(len(times), len(values)), step)
    return [(times[start], statistics.median(values[start : start + step])) for start in starts]


def _node_over_time(
    metric: Metric,
    everything: Sequence[Metric],
    lines: Mapping[str, charts.Line],
    ceilings: Mapping[str, float],
    axis: YAxis,
    seconds: float,
) -> str:
    node = metric["subject"][0]
    longest = max(everything, key=lambda one: len(one["samples"]))
    all_points = [line.points for line in lines.values()]
    middle = [
        (at, statistics.median([points[place][1] or 0.0 for points in all_points if place < len(points)]))
        for place, (at, _value) in enumerate(lines[longest["subject"][0]].points)
    ]
    spec = charts.Plot(
        name=f"Matrix products over time, {node}",
        title=node,
        remark=_loss(metric) or charts.number(statistics.median(metric["samples"]) / axis.factor),
        lines=[lines[node]],
        behind=middle,
        axis=axis,
        x_kind="time",
        x_range=(0, seconds),
        levels=[charts.Level(value=ceilings[node], name="")] if node in ceilings else [],
        width=WIDTH,
        height=HEIGHT,
    )
    return charts.draw_lines(spec)


def _time_table(metrics: Sequence[Metric]) -> tuple[list[str], list[list[str]]]:
    heads = ["node", "first quarter", "last quarter", "change", "least", "most"]
    rows = []
    for metric in metrics:
        early, late = flags.ends(metric["samples"])
        share, unit = statistics.ratio(late, early), metric["unit"]
        change = "-" if share is None else f"{(share - 1) * 100:+.0f} %".replace("-", "\N{MINUS SIGN}")
        ends = [human(early, unit), human(late, unit), change]
        rows.append([metric["subject"][0], *ends, human(min(metric["samples"]), unit), human(max(metric["samples"]), unit)])
    return heads, rows


def bandwidth_by_size(run: RunDocument, metrics: Sequence[Metric]) -> list[str]:
    """Draw both operations by size, with the goodput of the slowest link; one size is no chart."""
    series: dict[str, dict[float, float]] = {}
    ranks = {metric["params"].get("ranks") for metric in run["metrics"] if metric["name"].startswith("collective.")}
    for metric in run["metrics"]:
        operation = metric["name"].removeprefix("collective.")
        if operation in ("all_reduce", "all_gather") and operation != metric["name"]:
            name = operation.replace("_", " ") + (f", {metric['params'].get('ranks')} nodes" if len(ranks) > 1 else "")
            series.setdefault(name, {})[metric["params"]["bytes"]] = metric["median"]
    if len({size for points in series.values() for size in points}) < 2:
        return []
    ceiling = next((metric["ceiling"] for metric in metrics if metric["ceiling"]), None)
    values = [value for points in series.values() for value in points.values()]
    axis = charts.y_axis(values, [ceiling] if ceiling else [], "bit/s")
    spec = charts.Plot(
        name="Bus bandwidth of collectives by size",
        lines=[
            charts.Line(name=name, look=look, points=list(points.items()), label=name)
            for look, (name, points) in enumerate(series.items())
        ],
        axis=axis,
        x_words=charts.byte_words,
        x_title="size of the array on each node",
        levels=[charts.Level(value=ceiling, name=f"slowest link of the ring {human(ceiling, 'bit/s')}")] if ceiling else [],
        width=_WIDE[0],
        height=_WIDE[1],
    )
    note = _note("" if has_prefixes(axis) else axis.unit, axis)
    names = charts.legend(list(series)) if len(series) > 1 else ""
    return [charts.figure(spec.name, note, [charts.draw_lines(spec)], names, narrow=[charts.draw_lines(_tight(spec))])]


def parts_of_time(_run: RunDocument, metrics: Sequence[Metric]) -> list[str]:
    """Draw what the wall time of the task set was spent on."""
    rows = [
        charts.Stack(name=f"{len(metric['params']['nodes'])} nodes, {percent(metric['median'])} efficient", shares=split)
        for metric in metrics
        if (split := metric["context"].get("split"))
    ]
    name = "Parts of the wall time of the task set"
    fields = [(f"part{place + 1}", part) for place, part in enumerate(PARTS)]
    note = "% of the time; more computing is better"
    return [charts.figure(name, note, [charts.draw_stack(rows, PARTS, name)], charts.legend([], fields))] if rows else []


CHARTS: Mapping[Chart, Callable[[RunDocument, Sequence[Metric]], list[str]]] = {
    "rate_by_size": rate_by_size,
    "rate_over_time": rate_over_time,
    "parts_of_time": parts_of_time,
    "bandwidth_by_size": bandwidth_by_size,
}
