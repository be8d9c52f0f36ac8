"""Metrics of one node's processors: products, memory, and operations of a transformer."""

from __future__ import annotations

from ...analysis import ceilings
from ...model import Measurement
from ...text.labels import library, processor
from ...trust.shapes import Shapes, above, text
from ..context import MEASURED, Context
from ..row import Ceiling, Given, MetricRow
from ..series import Family, Label, always, kind, param, size

_PRODUCT: Shapes = {"m": above(0), "n": above(0), "k": above(0), "implementation": text, "backend": text}
_ARRAY: Shapes = {"rows": above(0), "width": above(0), "dtype": text, "backend": text}
_HEADS: Shapes = {"batch": above(0), "heads": above(0), "length": above(0), "dimension": above(0), "dtype": text, "backend": text}
_ON: dict[str, Label] = {"implementation": param("implementation", "mlx"), "device": param("backend")}
_GEMM = Family("gemm", "Rate of matrix products, median of the run")
_SUSTAINED = Family("gemm_sustained", "Rate of matrix products over the time of a sustained load, median of its series")
_MEMORY = Family("memory", "Bandwidth of the memory (STREAM), median of the run")
_OPERATION = Family("operation", "Rate of an operation of a transformer, median of the run")
_LAUNCH = Family("launch", "Time from asking for one element to having it, median of the run")
_PRODUCTS = (
    "as many n x n products as fit into `sample_seconds`, evaluated and waited for; 2n³ FLOP each. `params.implementation` is "
    "`mlx`, or `numpy` beside it where MLX runs on the CPU. `tf32` exists on CUDA alone; `float32` has TF32 off"
)
_STREAM = (
    "STREAM over float32 arrays of four times the last cache (400 MB where the system does not report it, as on Macs); bytes "
    "read and written both count, and so does a fourth and fifth array where MLX cannot fuse the triad (`params.transfers`)"
)
_OPERATIONS = "B/s (array read and written once), FLOP/s (4 b h l² d), seconds from asking for one element to having it"


def product(given: Given) -> str:
    """Return the size of a product, and what computed it."""
    params = given.params
    shape = f"{params['m']} x {params['n']} x {params['k']}"
    return f"{shape}, {library(params.get('implementation', 'mlx'))} on the {processor(params['backend'])}"


def product_over_time(given: Given) -> str:
    """Return the same with the length of the series."""
    return f"{product(given)}, {given.params['seconds']} s"


def arrays(given: Given) -> str:
    """Return the size of the arrays, and what moved them."""
    params = given.params
    size = f"arrays of {params['array_bytes'] / 1e6:.0f} MB"
    return f"{size}, {library(params['implementation'])} on the {processor(params['backend'])}"


def table(given: Given) -> str:
    """Return the shape of an operation's array."""
    params = given.params
    return f"{params['rows']} x {params['width']} {params['dtype']} on the {processor(params['backend'])}"


def heads(given: Given) -> str:
    """Return the shape of an attention."""
    params = given.params
    shape = f"batch {params['batch']}, {params['heads']} heads, length {params['length']}, {params['dimension']} each"
    return f"{shape}, {params['dtype']} on the {processor(params['backend'])}"


def product_peak(metric: Measurement, context: Context) -> Ceiling:
    """Return the peak of the GPU; of a CPU what NumPy reaches on it."""
    params = metric["params"]
    if params["backend"] == "gpu":
        return ceilings.gemm(context.facts(metric), params, context.data)
    return _beside(metric, context, "gemm.float32", "the best product of NumPy in float32 on the same CPU", "NumPy's BLAS")


def memory_peak(metric: Measurement, context: Context) -> Ceiling:
    """Return the bandwidth of the GPU's memory; of a CPU what NumPy reaches on it."""
    params = metric["params"]
    if params["backend"] == "gpu":
        return ceilings.memory(context.facts(metric), params, context.data)
    return _beside(metric, context, metric["name"], "the same by NumPy on the same CPU, one thread", "NumPy")


def _beside(metric: Measurement, context: Context, name: str, source: str, reference: str) -> Ceiling:
    """Return the best that NumPy reached on the same CPU in the metric ``name``; reference: what NumPy's own value stands for."""
    if metric["params"].get("implementation") == "numpy":
        return None, f"{reference} is the reference for this CPU"
    best = context.best(name, lambda item: item["subject"] == metric["subject"] and item["params"]["implementation"] == "numpy")
    return best, f"{MEASURED}: {source}" if best else "NumPy was not measured"


def operation_rate(metric: Measurement, context: Context) -> Ceiling:
    """Return the peak of the GPU for an operation that computes."""
    return ceilings.gemm(context.facts(metric), metric["params"], context.data)


def operation_bandwidth(metric: Measurement, context: Context) -> Ceiling:
    """Return the bandwidth of the GPU's memory for an operation that moves data."""
    return ceilings.memory(context.facts(metric), metric["params"], context.data)


def latency(_metric: Measurement, _context: Context) -> Ceiling:
    """A latency has no ceiling."""
    return None, "a latency has no ceiling"


def _products(dtype: str, title: str, *, headline: bool = False, chart: bool = False) -> MetricRow:
    return MetricRow(
        name=f"gemm.{dtype}",
        title=f"Matrix products, {title}",
        unit="FLOP/s",
        better="higher",
        scopes=("node",),
        sample=_PRODUCTS,
        params=_PRODUCT,
        describe=product,
        ceiling=product_peak,
        family=_GEMM,
        labels={"dtype": always(dtype) if dtype else kind, "size": size, **_ON},
        chart="rate_by_size" if chart else None,
        headline=headline,
    )


def _memory(operation: str, *, headline: bool = False) -> MetricRow:
    return MetricRow(
        name=f"memory.{operation}",
        title=f"Memory bandwidth, {operation}",
        unit="B/s",
        better="higher",
        scopes=("node",),
        sample=_STREAM,
        params={"array_bytes": above(0), "implementation": text, "backend": text},
        describe=arrays,
        ceiling=memory_peak,
        family=_MEMORY,
        labels={"operation": always(operation), **_ON},
        headline=headline,
    )


def _moving(operation: str, title: str) -> MetricRow:
    """Return the row of an operation that reads and writes its array once."""
    return MetricRow(
        name=f"ops.{operation}",
        title=title,
        unit="B/s",
        better="higher",
        scopes=("node",),
        sample=_OPERATIONS,
        params=_ARRAY,
        describe=table,
        ceiling=operation_bandwidth,
        family=_OPERATION,
        labels={"operation": always(operation), "dtype": param("dtype"), "device": param("backend")},
    )


ROWS = (
    _products("float32", "float32", headline=True, chart=True),
    _products("tf32", "TF32"),
    _products("float16", "float16", headline=True),
    _products("bfloat16", "bfloat16"),
    _products("", "another type"),
    MetricRow(
        name="gemm.sustained",
        title="Matrix products over time",
        unit="FLOP/s",
        better="higher",
        scopes=("node",),
        sample="about 0.25 s of the same product, for 60 s (profile `full`); the series itself shows heat",
        params={**_PRODUCT, "seconds": above(0)},
        describe=product_over_time,
        ceiling=product_peak,
        chart="rate_over_time",
        family=_SUSTAINED,
        labels={"dtype": param("dtype"), "size": size, **_ON},
    ),
    _memory("copy"),
    _memory("scale"),
    _memory("add"),
    _memory("triad", headline=True),
    _moving("softmax", "Softmax"),
    _moving("layer_norm", "Layer norm"),
    MetricRow(
        name="ops.attention",
        title="Attention",
        unit="FLOP/s",
        better="higher",
        scopes=("node",),
        sample=_OPERATIONS,
        params=_HEADS,
        describe=heads,
        ceiling=operation_rate,
        family=_OPERATION,
        labels={"operation": always("attention"), "dtype": param("dtype"), "device": param("backend")},
    ),
    MetricRow(
        name="ops.launch",
        title="One small evaluation",
        unit="s",
        better="lower",
        scopes=("node",),
        sample=_OPERATIONS,
        params={"backend": text},
        describe=lambda given: f"one element on the {processor(given.params['backend'])}",
        ceiling=latency,
        family=_LAUNCH,
        labels={"device": param("backend")},
    ),
)
