"""The four values that matter most. Pure functions of a run document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ...model import Metric, RunDocument
from ...text.units import human, percent
from ...thresholds import COMPUTE_GOOD, LINK_LIMIT, SCALING_GOOD
from ...verdicts.pairs import pairs_of
from . import kinds, places, usual, values
from .parts import Mark, Tile

_MOST: Final = 4


def tiles(run: RunDocument) -> tuple[Tile, ...]:
    """Return up to four tiles: compute, memory, the slowest link, scaling; where these are missing, models and Ray."""
    makers: tuple[Callable[[RunDocument], Tile | None], ...] = (_compute, _memory, _link, _scaling, _decode, _task)
    made = (make(run) for make in makers)
    return tuple(tile for tile in made if tile)[:_MOST]


def _compute(run: RunDocument) -> Tile | None:
    return _of_chips(run, "gemm.float32", "float32", kinds.COMPUTE, "GPU")


def _memory(run: RunDocument) -> Tile | None:
    return _of_chips(run, "memory.triad", "triad", kinds.MEMORY, "Memory")


def _of_chips(run: RunDocument, name: str, what: str, of: Sequence[str], part: str) -> Tile | None:
    """Return the tile of the slowest GPU, of the slowest CPU where no node has a GPU for MLX."""
    found = values.on_gpu(run, name)
    if found:
        return _tile(run, f"{part}, {what}", found, of, COMPUTE_GOOD, "of peak")
    found = values.on_cpu(run, name, values.NUMPY) or values.on_cpu(run, name, values.MLX)
    if not found:
        return None
    metric = values.worst(list(found.values()))
    library = "NumPy" if metric["params"].get("implementation") == values.NUMPY else "MLX"
    label = f"{'CPU' if part == 'GPU' else part}, {what}"
    return _tile(run, label, found, of, COMPUTE_GOOD, "", f"{library} on the CPU", with_share=False)


def _tile(
    run: RunDocument,
    label: str,
    found: values.ByNode,
    of: Sequence[str],
    good: float,
    whole: str,
    *words: str,
    with_share: bool = True,
) -> Tile:
    """Return the tile of the node that sets the pace; whole: what the share is a share of, in words."""
    metric = values.worst(list(found.values()))
    share = metric["share"] if with_share else None
    mark = values.mark(run, of, metric["subject"], share, good)
    if mark in ("good", "none") and values.has_regressed(run, [metric]):
        mark = "attention"
    normal = usual.of(run, metric)
    ceiling = metric["ceiling"] if with_share else None
    text = [
        f"{percent(share)} {whole} {human(ceiling, metric['unit'])}" if share is not None else "",
        *words,
        normal.text if normal else "good" if mark == "good" else "",
        f"the slowest of {len(found)}, {metric['subject'][0]}" if len(found) > 1 and _differ(found) else "",
    ]
    return Tile(
        label=label,
        value=human(metric["median"], metric["unit"]),
        share=_bar(share),
        usual=_bar(normal.value / ceiling) if normal and ceiling else None,
        text=" · ".join(part for part in text if part),
        mark=mark,
        source=normal.source if normal else "",
    )


def _differ(found: values.ByNode) -> bool:
    return len({human(metric["median"], metric["unit"]) for metric in found.values()}) > 1


def _bar(share: float | None) -> float | None:
    """Return a share as its bar can show it, 0 to 1."""
    return None if share is None else min(max(share, 0.0), 1.0)


def _link(run: RunDocument) -> Tile | None:
    pairs = [pair for pair in pairs_of(run) if pair["link"] == values.CLUSTER_LINK]
    if not pairs:
        return None
    pair = min(pairs, key=lambda one: one["goodput"])
    could = values.link_could_be(pair)
    share = pair["goodput"] / could if could else None
    mark = values.mark(run, kinds.LINKS, pair["nodes"], share, LINK_LIMIT)
    if mark in ("good", "none") and values.has_regressed(run, pair["directions"]):
        mark = "attention"
    more = could and pair["ceiling"] and could > pair["ceiling"]
    own = values.center(run, pair["slower"])
    text = [
        f"{percent(share)} of the {human(could, 'bit/s')} that {'both ports can do' if more else 'the link can carry'}"
        if share is not None
        else "virtual interfaces: no ceiling is known"
        if pair["virtual"]
        else "no ceiling is known",
        f"{human(own[0], 'bit/s')} in the {own[1]} runs before" if own else "good" if mark == "good" else "",
        places.between(pair["nodes"]) if len(pairs) > 1 else "",
    ]
    return Tile(
        label="Link" if len(pairs) == 1 else "Link, slowest pair",
        value=human(pair["goodput"], "bit/s"),
        share=_bar(share),
        usual=_bar(own[0] / could) if own and could else None,
        text=" · ".join(part for part in text if part),
        mark=mark,
    )


def _scaling(run: RunDocument) -> Tile | None:
    metric = values.scaling(run)
    if metric is None:
        return None
    count = len(metric["params"]["nodes"])
    mark: Mark = values.mark(run, kinds.SCALING, metric["params"]["nodes"], metric["median"], SCALING_GOOD)
    own = values.center(run, metric)
    before = f"{count * own[0]:.2f} × in the {own[1]} runs before" if own else ""
    return Tile(
        label=f"{count} {places.machines(run)}s instead of 1",
        value=f"{count * metric['median']:.2f} ×",
        share=_bar(metric["median"]),
        usual=_bar(own[0]) if own else None,
        text=" · ".join(
            part for part in (f"{percent(metric['median'])} of ideal", before or ("good" if mark == "good" else "")) if part
        ),
        mark=mark,
    )


def _decode(run: RunDocument) -> Tile | None:
    found = values.best(run, "llm.decode", lambda metric: metric["params"].get("batch") == 1)
    if not found:
        return None
    metric = values.worst(list(found.values()))
    label = f"{metric['params']['model']}, decode"
    return _tile(run, label, found, (), COMPUTE_GOOD, "of", with_share=metric["params"].get("backend") == "gpu")


def _task(run: RunDocument) -> Tile | None:
    trips: list[Metric] = [metric for metric in run["metrics"] if metric["name"] == "ray.task_rtt"]
    if not trips:
        return None
    metric = values.worst(trips)
    return Tile(
        label="Ray task",
        value=human(metric["median"], "s"),
        share=None,
        usual=None,
        text=f"an empty task to {metric['params']['target']} and back",
        mark="none",
    )
