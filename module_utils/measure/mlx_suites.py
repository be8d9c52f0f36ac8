"""The suites of mlx_benchmark: what each asks its probe for, and how the probe's results are named. Pure functions.

A suite's settings are those of data/bench_profiles.yml.
"""

from __future__ import annotations

from ..probes import gemm, llm, memory, ops, sustained
from . import measurement

# Suite: (name of its metrics from the probe's document, unit; None where the probe reports it with each operation).
METRICS = {
    "gemm": ("gemm.{dtype}", "FLOP/s"),
    "memory": ("memory.{operation}", "B/s"),
    "ops": ("ops.{operation}", None),
    "llm": ("llm.{phase}", "token/s"),
    "sustained": ("gemm.sustained", "FLOP/s"),
}

# Relative error of one product against float64: the type's digits, and what accumulating adds to it.
_TOLERANCE = {"float32": 1e-4, "tf32": 1e-2, "float16": 2e-2, "bfloat16": 5e-2}
_ARRAY_BYTES = (64 * 2**20, 400 * 2**20)  # four times the cache of an Ultra is 400 MB; less than 64 MB is over too soon
_CACHES = 4  # an array of the memory suite is so many times the last cache


def _sampling(sampling):
    return {
        "warmup_calls": sampling["warmup_calls"],
        "warmup_s": sampling["warmup_seconds"],
        "min_samples": sampling["min_samples"],
        "max_samples": sampling["min_samples"] * 5,
        "sample_s": sampling["sample_seconds"],
        "budget_s": sampling["budget"],
    }


def array_bytes(cache_bytes, memory_bytes, given=None):
    """Return {bytes (of one array), flags}: several caches where memory allows it; unknown caches count as the largest known.

    given: the size that was asked for, None for this rule.
    """
    least, most = _ARRAY_BYTES
    wanted = min(max(_CACHES * cache_bytes, least), most) if cache_bytes else most
    size = given or min(wanted, memory_bytes // 16)  # a handful of arrays, on a machine that runs other things too
    flags = ["small_arrays"] if cache_bytes and size < _CACHES * cache_bytes else []
    return {"bytes": size // 1024 * 1024, "flags": flags}


def requests(suite, settings, sampling, machine):
    """Return [(probe, params)] of a suite.

    machine: {cache_bytes {backend: last cache, None where unknown}, memory_bytes, cuda (bool), models {name: config}}.
    """
    timing = _sampling(sampling)
    if suite == "gemm":
        common = {**timing, "shapes": sorted(settings["shapes"]), "tolerance": _TOLERANCE}
        wanted = [(gemm, {**common, "dtypes": settings["dtypes"], "tf32": False})]
        # TF32 is a mode of the whole process and exists on CUDA alone.
        tf32 = [(gemm, {**common, "dtypes": ["float32"], "tf32": True})] if machine["cuda"] else []
        return wanted + tf32
    if suite == "memory":
        given = settings.get("array_bytes")
        arrays = {kind: array_bytes(cache, machine["memory_bytes"], given) for kind, cache in machine["cache_bytes"].items()}
        return [(memory, {**timing, "arrays": arrays})]
    if suite == "ops":
        return [(ops, {**timing, "sizes": settings})]
    if suite == "sustained":
        return [(sustained, {"dtype": "float32", "sample_s": 0.25, **settings})]
    cases = {backend: [_llm_case(case, machine["models"]) for case in settings.get(backend, [])] for backend in ("gpu", "cpu")}
    budget = {"repetitions": settings["repetitions"], "budget_s": settings["budget"], "memory_bytes": machine["memory_bytes"]}
    return [(llm, {"cases": cases, **budget})]


def environment(request):
    """Return the environment of a probe: TF32 is on by default where it exists, and would be called float32."""
    return {"MLX_ENABLE_TF32": "1" if request.get("tf32") else "0"}


def _llm_case(case, models):
    """A name of data/synthetic_models.yml is built; anything else is a folder or a name on the hub."""
    known = models.get(case["model"])
    source = {"config": known} if known else {"path": case["model"]}
    return {"bits": None, "group_size": 64, "batch": 1, **case, **source}


def as_measurement(suite, document, node):
    """Return a probe's document as a measurement."""
    params = dict(document["params"])
    name, unit = METRICS[suite]
    name = name.format(**params, phase=document.get("phase"))
    params.pop("operation", None)  # it is in the name
    return measurement.measurement(
        name,
        unit or document["unit"],
        document["samples"],
        scope="node",
        subject=[node],
        params=params,
        flags=document.get("flags", []),
        context=document["context"],
    )


def as_not_measured(suite, document, node):
    """Return what a probe could not measure, with the exact case in the reason."""
    params = document["params"]
    if suite == "gemm":
        name = f"gemm.{params['dtype']}"
        case = f"{params['m']} x {params['n']} x {params['k']} with {params['implementation']}"
    elif suite == "llm":
        name, case = "llm", f"{params['model']}, {params['bits'] or 16} bits, prompt {params['prompt']}"
    else:
        name, case = f"{suite}.{params['operation']}", params.get("implementation", "mlx")
    return measurement.not_measured(name, [node], f"{case}: {document['reason']}")


def gpu_measurements(node, suite, utilization, clocks):
    """Return what the GPU did during a suite; utilization: samples from 0 to 1; clocks: samples in Hz; either may be empty."""
    sampled = [("gpu.utilisation", "1", utilization, "ioreg"), ("gpu.clock", "Hz", clocks, "powermetrics")]
    return [
        measurement.measurement(name, unit, samples, scope="node", subject=[node], params={"suite": suite, "source": source})
        for name, unit, samples, source in sampled
        if samples
    ]
