"""The table of a summary: a row for each kind of value, a column for each node. Pure functions of a run document.

With more than four nodes the columns are the lowest, the median and the highest value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ...analysis import statistics
from ...model import Metric, RunDocument
from ...text.units import human, percent
from ...thresholds import COMPUTE_GOOD, LINK_LIMIT, SCALING_GOOD
from ...verdicts.pairs import Pair, pairs_of
from . import kinds, places, values
from .parts import Mark, Row

MOST_COLUMNS: Final = 4  # nodes with a column each
_MODELS: Final = 2
EXTREMES: Final = ("lowest", "median", "highest")


def columns(run: RunDocument) -> tuple[str, ...]:
    """Return the titles of the columns of values."""
    return tuple(run["nodes"]) if len(run["nodes"]) <= MOST_COLUMNS else EXTREMES


def rows(run: RunDocument) -> tuple[Row, ...]:
    """Return the rows that the run has values for; CPUs lead where MLX has no GPU, and MLX's own values follow."""
    return (
        *_chips(run, "gemm.float32", "float32", "GPU", kinds.COMPUTE),
        *_chips(run, "memory.triad", "triad", "memory", kinds.MEMORY),
        *_mlx_on_cpu(run),
        *_models(run),
        *_links(run),
        *_trips(run),
        *_tasks(run),
        *_scaling(run),
    )


def _chips(run: RunDocument, name: str, what: str, part: str, of: Sequence[str]) -> list[Row]:
    found = values.on_gpu(run, name)
    made = []
    if found:
        made.append(_row(run, f"{part} {what}", found, of))
    found = values.on_cpu(run, name, values.NUMPY)
    if found:
        made.append(_row(run, f"{'CPU' if part == 'GPU' else part} {what}, NumPy", found, of, with_ceiling=False))
    return made


def _row(run: RunDocument, label: str, found: values.ByNode, of: Sequence[str], with_ceiling: bool = True) -> Row:
    """Return the row of a metric of nodes; its share and mark are those of the node that is farthest from its ceiling."""
    shares = [metric["share"] for metric in found.values() if metric["share"] is not None] if with_ceiling else []
    share = min(shares) if shares else None
    ceilings = {metric["ceiling"] for metric in found.values()} if with_ceiling else {None}
    ceiling = ceilings.pop() if len(ceilings) == 1 else None
    mark = values.mark(run, of, list(found), share, COMPUTE_GOOD)
    texts = {node: human(metric["median"], metric["unit"]) for node, metric in found.items()}
    unit = next(iter(found.values()))["unit"]
    return Row(
        label=label,
        values=_cells(run, texts, {node: metric["median"] for node, metric in found.items()}, unit),
        ceiling=human(ceiling, unit) if ceiling else "",
        share=share,
        mark=_or_regressed(run, mark, list(found.values())),
    )


def _or_regressed(run: RunDocument, mark: Mark, metrics: Sequence[Metric]) -> Mark:
    return "attention" if mark in ("good", "none") and values.has_regressed(run, metrics) else mark


def _cells(run: RunDocument, texts: Mapping[str, str], numbers: Mapping[str, float], unit: str) -> tuple[str, ...]:
    """Return one text for each column; texts and numbers: by node, or by pair in words where nodes are many.

    Of extremes the one that sets the pace has its name.
    """
    if len(run["nodes"]) <= MOST_COLUMNS:
        return tuple(texts.get(name, "") for name in run["nodes"])
    low, high = min(numbers, key=lambda name: numbers[name]), max(numbers, key=lambda name: numbers[name])
    if texts[low] == texts[high]:
        return texts[low], texts[low], texts[low]
    middle = human(statistics.median(list(numbers.values())), unit)
    if unit == "s":
        return texts[low], middle, f"{texts[high]} {high}"
    return f"{texts[low]} {low}", middle, texts[high]


def _first(run: RunDocument, text: str) -> tuple[str, ...]:
    """Return the cells of a value of the whole cluster: it stands in the first column."""
    return (text, *("" for _column in columns(run)[1:]))


def _mlx_on_cpu(run: RunDocument) -> list[Row]:
    """Return what MLX reaches on CPUs, with the words that keep it from being read as the machine's speed."""
    found = values.on_cpu(run, "gemm.float32", values.MLX)
    if not found:
        return []
    # The ceiling of MLX on a CPU is what NumPy reaches there.
    shares = [metric["share"] for metric in found.values() if metric["share"] is not None]
    against = f"{percent(min(shares))} of NumPy: MLX's CPU build, not this CPU" if shares else "MLX's CPU build"
    row = _row(run, "MLX float32, CPU", found, (), with_ceiling=False)
    return [Row(label=row.label, values=row.values, ceiling=against, share=None, mark="none")]


def _models(run: RunDocument) -> list[Row]:
    """Return a row for each of the first models and precisions, one stream."""
    keys = dict.fromkeys(
        (metric["params"]["model"], metric["params"].get("bits") or 16)
        for metric in run["metrics"]
        if metric["name"] == "llm.decode" and metric["params"].get("batch") == 1
    )
    made = []
    for model, bits in list(keys)[:_MODELS]:

        def is_of(metric: Metric, key: tuple[str, int] = (model, bits)) -> bool:
            params = metric["params"]
            return params.get("batch") == 1 and (params["model"], params.get("bits") or 16) == key

        found = values.best(run, "llm.decode", is_of)
        if found:
            made.append(_row(run, f"{model}, {bits} bit, decode", found, ()))
    return made


def _links(run: RunDocument) -> list[Row]:
    by_link: dict[str, list[Pair]] = {}
    for pair in pairs_of(run):
        by_link.setdefault(pair["link"] or values.CLUSTER_LINK, []).append(pair)
    return [_link(run, name, pairs) for name, pairs in by_link.items()]


def _link(run: RunDocument, name: str, pairs: Sequence[Pair]) -> Row:
    """Return the row of a link: what each node sends at the slowest, or the extremes of all directions."""
    directions = [metric for pair in pairs for metric in pair["directions"]]
    if len(run["nodes"]) <= MOST_COLUMNS:
        slowest: dict[str, Metric] = {}
        for metric in directions:
            sender = metric["subject"][0]
            slowest[sender] = min(slowest.get(sender, metric), metric, key=lambda one: one["median"])
        shown = slowest
    else:
        shown = {"→".join(metric["subject"]): metric for metric in directions}
    could = {pair["slower"]["median"]: values.link_could_be(pair) for pair in pairs}
    ceilings = {ceiling for ceiling in could.values() if ceiling}
    shares = [goodput / ceiling for goodput, ceiling in could.items() if ceiling]
    share = min(shares) if shares else None
    of = kinds.LINKS if name == values.CLUSTER_LINK else ()
    nodes = sorted({node for pair in pairs for node in pair["nodes"]})
    which = "" if name == values.CLUSTER_LINK else f" {name}"
    return Row(
        label=_link_label(run, which, pairs),
        values=_cells(
            run,
            {key: human(metric["median"], "bit/s") for key, metric in shown.items()},
            {key: metric["median"] for key, metric in shown.items()},
            "bit/s",
        ),
        ceiling=human(ceilings.pop(), "bit/s") if len(ceilings) == 1 else "",
        share=share,
        mark=_or_regressed(run, values.mark(run, of, nodes, share, LINK_LIMIT), directions),
    )


def _link_label(run: RunDocument, which: str, pairs: Sequence[Pair]) -> str:
    if len(pairs) == 1:
        return f"link{which} {places.between(pairs[0]['nodes'])}"
    return f"links{which}" if len(run["nodes"]) > MOST_COLUMNS else f"link{which}, slowest sent"


def _trips(run: RunDocument) -> list[Row]:
    """Return the round trip of the cluster's link, the longest pair."""
    pairs = [pair for pair in pairs_of(run) if pair["link"] == values.CLUSTER_LINK and pair["idle"]]
    if not pairs:
        return []
    pair = max(pairs, key=lambda one: one["idle"]["median"] if one["idle"] else 0)
    idle, loaded = pair["idle"], pair["loaded"]
    if idle is None:
        return []
    text = _both(idle["median"], loaded["median"]) if loaded else human(idle["median"], "s")
    mark = values.mark(run, kinds.TRIPS, pair["nodes"], None, 1)
    label = f"{'longest ' if len(pairs) > 1 else ''}round trip{' idle / loaded' if loaded else ''}"
    return [Row(label=label, values=_first(run, text), ceiling="", share=None, mark=mark, together=True)]


def _both(one: float, other: float) -> str:
    """Return two times, the unit once where it is the same: "120 / 700 µs"."""
    first, second = human(one, "s"), human(other, "s")
    number, _blank, unit = first.partition(" ")
    return f"{number} / {second}" if second.endswith(f" {unit}") else f"{first} / {second}"


def _tasks(run: RunDocument) -> list[Row]:
    found: dict[str, Metric] = {}
    for metric in run["metrics"]:
        if metric["name"] == "ray.task_rtt":
            found.setdefault(str(metric["params"]["target"]), metric)
    if not found:
        return []
    texts = {node: human(metric["median"], "s") for node, metric in found.items()}
    cells = _cells(run, texts, {node: metric["median"] for node, metric in found.items()}, "s")
    return [Row(label="Ray task", values=cells, ceiling="", share=None, mark=_or_regressed(run, "none", list(found.values())))]


def _scaling(run: RunDocument) -> list[Row]:
    metric = values.scaling(run)
    if metric is None:
        return []
    count = len(metric["params"]["nodes"])
    return [
        Row(
            label=f"{count} {places.machines(run)}s instead of 1",
            values=_first(run, f"{count * metric['median']:.2f} ×"),
            ceiling=f"{count} ×",
            share=metric["median"],
            mark=values.mark(run, kinds.SCALING, metric["params"]["nodes"], metric["median"], SCALING_GOOD),
            together=True,
        )
    ]
