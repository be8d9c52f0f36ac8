"""Metrics of language models on one node."""

from __future__ import annotations

from ...analysis import ceilings
from ...model import Measurement
from ...text.labels import processor
from ...trust.shapes import Shapes, above, text, truth
from ..context import Context
from ..row import Ceiling, Given, MetricRow
from ..series import Family, Label, always, param

_MODEL: Shapes = {
    "model": text,
    "prompt": above(0),
    "generation": above(0),
    "batch": above(0),
    "backend": text,
    "parameters": above(0),
    "synthetic": truth,
}
_FAMILY = Family("llm", "Rate of tokens of a language model, median of the run")
_TOKENS = (
    "token/s of one repetition by mlx-lm's batch generator: the prompt until the first new token; the tokens after the first. "
    "Without a model on disk an architecture of `data/synthetic_models.yml` is built in its real size with random weights"
)
_LABELS: dict[str, Label] = {
    "model": param("model"),
    "bits": param("bits", "16"),
    "prompt": param("prompt"),
    "generation": param("generation"),
    "batch": param("batch"),
    "weights": lambda metric: "random" if metric["params"].get("synthetic") else "file",
    "device": param("backend"),
}


def model(given: Given) -> str:
    """Return the model, its precision, and the shape of the request."""
    params = given.params
    name = params["model"] + (" (random weights)" if params["synthetic"] else "")
    compiled = "" if params.get("compiled", True) else ", not compiled"
    return (
        f"{name}, {params['bits'] or 16} bits, prompt {params['prompt']}, generation {params['generation']}, "
        f"batch {params['batch']}, on the {processor(params['backend'])}{compiled}"
    )


def prefill(metric: Measurement, context: Context) -> Ceiling:
    """Return the token rate at which the products of a prompt take the whole peak of the GPU."""
    peak, source = ceilings.gemm(context.facts(metric), {**metric["params"], "dtype": "bfloat16"}, context.data)
    # Runs from before this was recorded counted every parameter.
    work = 2 * (metric.get("context", {}).get("prompt_parameters") or metric["params"]["parameters"])
    return (peak / work, f"2 FLOP a parameter, without embeddings and output, at {source}") if peak else (None, source)


def decode(metric: Measurement, context: Context) -> Ceiling:
    """Return the token rate at which reading the weights takes the whole bandwidth of the memory."""
    bandwidth, source = ceilings.memory(context.facts(metric), metric["params"], context.data)
    params = metric["params"]
    if not bandwidth:
        return None, source
    return bandwidth / params["read_bytes"] * params["batch"], f"all weights read once for each token at {source}"


ROWS = (
    MetricRow(
        name="llm.prefill",
        title="Language model, prefill",
        unit="token/s",
        better="higher",
        scopes=("node",),
        sample=_TOKENS,
        params=_MODEL,
        describe=model,
        ceiling=prefill,
        family=_FAMILY,
        labels={"phase": always("prefill"), **_LABELS},
        headline=True,
    ),
    MetricRow(
        name="llm.decode",
        title="Language model, decode",
        unit="token/s",
        better="higher",
        scopes=("node",),
        sample=_TOKENS,
        params={**_MODEL, "read_bytes": above(0)},
        describe=model,
        ceiling=decode,
        family=_FAMILY,
        labels={"phase": always("decode"), **_LABELS},
        headline=True,
    ),
)
