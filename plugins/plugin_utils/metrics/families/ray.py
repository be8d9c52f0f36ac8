"""Metrics of Ray's tasks and objects, and the scaling that is derived from them."""

from __future__ import annotations

from ...model import Measurement
from ...text.labels import plural
from ...text.units import bytes_size, percent
from ...trust.shapes import Shapes, above, text
from ..context import MEASURED, Context
from ..row import Ceiling, Given, MetricRow
from ..series import Family, always, count, param
from .none import no_ceiling

_TASKS: Shapes = {"tasks": above(0), "size": above(0), "products": above(0), "nodes": [text]}
_EFFICIENCY = (
    "derived, on 2, 4 ... and all nodes: T(1) / (n T(n)) for the same work, T(1) / T(n) for n times the work; `context.split` "
    "has the fractions of compute, imbalance, scheduling and transfer"
)
_WORK = {"node_count": count("nodes"), "tasks": param("tasks"), "size": param("size"), "products": param("products")}


def size(given: Given) -> str:
    """Return the size of an object, and how many nodes received it."""
    params = given.params
    receivers = f" to {plural(params['receivers'], 'node')}, all copies counted" if "receivers" in params else ""
    return bytes_size(params["bytes"]) + receivers


def tasks(given: Given) -> str:
    """Return the set of tasks, and where its wall time went if that is known."""
    params = given.params
    nodes = plural(len(params["nodes"]), "node")
    words = f"{params['tasks']} tasks on {nodes}, {params['products']} products of {params['size']} each"
    split = given.context.get("split")
    return words + (": " + ", ".join(f"{part} {percent(fraction)}" for part, fraction in split.items()) if split else "")


def transfer(metric: Measurement, context: Context) -> Ceiling:
    """Return what iperf3 reached over the same link."""
    goodput = context.goodput(metric["subject"])
    return goodput, f"{MEASURED}: the goodput of iperf3 over the same link" if goodput else "the link's goodput was not measured"


def perfect_scaling(_metric: Measurement, _context: Context) -> Ceiling:
    """Nodes that wait for nothing."""
    return 1.0, "n nodes do n times the work of one"


_RAY = (
    MetricRow(
        name="ray.task_rtt",
        title="Round trip of an empty Ray task",
        unit="s",
        better="lower",
        scopes=("node", "pair"),
        sample="one empty task to a named node and back, nothing else running",
        params={"target": text},
        describe=lambda _given: "one task at a time",
        ceiling=no_ceiling,
        family=Family("ray_task_round_trip", "Round trip of one empty Ray task, median of the run"),
        labels={"destination": param("target")},  # the subject of a task on the head itself is the head alone
        headline=True,
    ),
    MetricRow(
        name="ray.task_rate",
        title="Empty Ray tasks a second",
        unit="task/s",
        better="higher",
        scopes=("cluster",),
        sample="empty tasks a second in a burst",
        params={"tasks": above(0)},
        describe=lambda given: f"bursts of {given.params['tasks']}, all nodes",
        ceiling=no_ceiling,
        family=Family("ray", "Empty Ray tasks a second in a burst, median of the run"),
        labels={"burst": param("tasks")},
    ),
    MetricRow(
        name="ray.transfer",
        title="Ray object from node to node",
        unit="bit/s",
        better="higher",
        scopes=("pair",),
        directed=True,
        sample="rate at which a new object of the sender's store gets to the receiver: measured inside the task that gets it",
        params={"bytes": above(0)},
        describe=size,
        ceiling=transfer,
        family=Family("ray_transfer", "Rate of a Ray object from one node to another, median of the run"),
        labels={"bytes": param("bytes")},
        headline=True,
    ),
    MetricRow(
        name="ray.broadcast",
        title="Ray object from the head to all",
        unit="bit/s",
        better="higher",
        scopes=("cluster",),
        sample="the same from the head to all others at once, all copies counted",
        params={"bytes": above(0), "receivers": above(0)},
        describe=size,
        ceiling=no_ceiling,
        family=Family("ray_broadcast", "Rate of a Ray object from the head to all others, all copies counted, median of the run"),
        labels={"bytes": param("bytes"), "receivers": param("receivers")},
    ),
    MetricRow(
        name="ray.mlx_tasks",
        title="A set of MLX tasks over Ray, wall time",
        unit="s",
        better="lower",
        scopes=("cluster",),
        sample="wall time of one set of MLX tasks on the nodes of `params.nodes`; the data is made inside the task, whose work "
        "is larger where MLX uses a GPU on all nodes (else only the scheduler would be measured); `context.per_task` has the "
        "node and the seconds of each, `context.parts` the parts of the wall time",
        params=_TASKS,
        describe=tasks,
        ceiling=no_ceiling,
        family=Family("ray_mlx_tasks", "Wall time of one set of MLX tasks over Ray, median of the run"),
        labels=_WORK,
        headline=True,
    ),
)
_SCALED = tuple(
    MetricRow(
        name=f"scaling.{kind}",
        title=title,
        unit="1",
        better="higher",
        scopes=("cluster",),
        sample=_EFFICIENCY,
        params=_TASKS,
        describe=tasks,
        ceiling=perfect_scaling,
        family=Family("scaling_efficiency", "Speed on n nodes over n times the speed of one, median of the run"),
        labels={"kind": always(kind), **_WORK},
        chart="parts_of_time" if kind == "strong" else None,
    )
    for kind, title in (
        ("strong", "Strong scaling: the same work on more nodes"),
        ("weak", "Weak scaling: more work on more nodes"),
    )
)
ROWS = _RAY + _SCALED
