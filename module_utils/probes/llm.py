"""Probe: prefill and decode of a language model through mlx-lm.

Without a model on disk, its architecture is built in its real size with random weights: speed does not depend on their values.
The end of text is never taken, so that every repetition generates the same number of tokens. Prefill counts the prompt's tokens
until the first new one is there; decode counts the tokens after the first.
"""

from __future__ import annotations


def main(params, emit):
    """params: cases {backend: [{model, config or path, bits, group_size, prompt, generation, batch}]}, repetitions, budget_s,
    memory_bytes.

    Emits for each case two measurements (token/s), prefill and decode, or a not_measured with its reason.
    """
    import evaluation
    import mlx.core as mx
    import timing

    backend = "gpu" if evaluation.on_gpu() else "cpu"
    compiled = can_compile()
    for number, case in enumerate(params["cases"][backend]):
        shape = {key: case[key] for key in ("model", "prompt", "generation", "batch", "bits")}
        shape.update(synthetic=not case.get("path"), backend=backend, compiled=compiled)

        def tell(latest, done, case=case, number=number):
            what = f"llm {case['model']}, {case['bits'] or 16} bits"
            emit("progress", {"what": what, "latest": latest, "done": number + done, "total": len(params["cases"][backend])})

        tell(None, 0)
        try:
            measure(case, shape, params, emit, tell)
        except Exception as error:
            emit("not_measured", {"params": shape, "reason": timing.failure(error)})
        mx.clear_cache()


def can_compile():
    """Return whether MLX can fuse kernels; its CPU back end needs a C++ compiler on the node, and models run without one too."""
    import mlx.core as mx

    try:
        mx.eval(mx.compile(lambda x: x * 2 + 1)(mx.array([1.0])))
    except Exception:
        mx.disable_compile()
        return False
    return True


def measure(case, shape, params, emit, tell):
    """Measure one case."""
    import time

    import mlx.core as mx

    model, config = given(case) if case.get("path") else synthetic(case)
    shape.update(sizes_of(model, config))
    if case.get("path") and config.get("quantization"):
        shape["bits"] = config["quantization"]["bits"]
    if shape["weight_bytes"] * 2 > params["memory_bytes"]:
        emit("not_measured", {"params": shape, "reason": "Its weights would fill more than half of the memory."})
        return
    mx.eval(model.parameters())
    mx.random.seed(0)
    prompts = mx.random.randint(0, config["vocab_size"], (case["batch"], case["prompt"])).tolist()
    mx.reset_peak_memory()
    prefill, start = [], time.perf_counter()
    decode: list = []
    for number in range(params["repetitions"] + 1):  # the first is the warm-up
        tell(f"{decode[-1]:.1f} token/s" if decode else None, number / (params["repetitions"] + 1))
        rates = generate(model, prompts, case["generation"])
        if number:
            prefill.append(rates[0])
            decode.append(rates[1])
        each = (time.perf_counter() - start) / (number + 1)
        if number == 0 and each * 4 > params["budget_s"]:
            reason = f"One repetition takes {each:.0f} s, four are needed, and the budget is {params['budget_s']:g} s."
            emit("not_measured", {"params": shape, "reason": reason})
            return
        if len(prefill) >= 3 and each * (number + 2) > params["budget_s"]:
            break
    context = {
        "peak_memory_bytes": mx.get_peak_memory(),
        "prompt_parameters": shape["parameters"] - embedding_parameters(config),
    }
    emit("measurement", {"phase": "prefill", "params": shape, "samples": prefill, "context": context})
    emit("measurement", {"phase": "decode", "params": shape, "samples": decode, "context": context})


def generate(model, prompts, generation):
    """Return (prefill, decode) in token/s of one batch, by mlx-lm's own generator (the path of mlx_lm.benchmark) and our clock.

    Its own statistics mean different times in different releases.
    """
    import time
    from collections import Counter

    from mlx_lm.generate import BatchGenerator, generation_stream, wired_limit

    # Fewer prompts than the generator's prefill batch are used unchanged. Without stop tokens nothing ends early.
    generator = BatchGenerator(model, max_tokens=generation)
    # Since mlx-lm 0.30 next() also reports the progress of prompts.
    following = getattr(generator, "next_generated", generator.next)
    tokens: Counter = Counter()
    first = None
    with wired_limit(model, [generation_stream]):
        start = time.perf_counter()
        generator.insert(prompts, [generation] * len(prompts))
        while responses := following():
            tokens.update(response.uid for response in responses)
            if first is None and len(tokens) == len(prompts):
                first, before = time.perf_counter(), sum(tokens.values())
        end = time.perf_counter()
    if first is None or sum(tokens.values()) != generation * len(prompts):
        raise RuntimeError("The model stopped early; its rate would look too high.")
    return sum(map(len, prompts)) / (first - start), (sum(tokens.values()) - before) / (end - first)


def synthetic(case):
    """Return (model, config) with random weights in bfloat16, quantised when bits are given; nothing is evaluated yet."""
    import importlib

    import mlx.core as mx
    import mlx.nn as nn
    from mlx.utils import tree_map

    config = case["config"]
    module = importlib.import_module("mlx_lm.models." + config["model_type"])
    mx.random.seed(7)
    model = module.Model(module.ModelArgs.from_dict(config))
    model.update(tree_map(lambda array: array.astype(mx.bfloat16), model.parameters()))
    if case["bits"]:
        nn.quantize(model, group_size=case["group_size"], bits=case["bits"])
    return model, config


def given(case):
    """Return (model, config) of a folder or of a name on the model hub."""
    from mlx_lm.utils import get_model_path, load_model

    path = get_model_path(case["path"])
    return load_model(path[0] if isinstance(path, tuple) else path)


def embedding_parameters(config):
    """Return the parameters that a prompt's tokens are not multiplied with: the embedding table and the output's matrix.

    Of the table a token takes one row; the output is computed for the last token of a prompt alone. 0 where the model's
    configuration does not say.
    """
    table = config.get("vocab_size", 0) * config.get("hidden_size", 0)
    return table if config.get("tie_word_embeddings") else 2 * table


def sizes_of(model, config):
    """Return {parameters, weight_bytes, read_bytes}; read_bytes is what one token reads of the weights.

    Packed parameters count as what they stand for. Of an embedding table a token reads one row, unless it is the output too.
    """
    from mlx.utils import tree_flatten
    from mlx_lm.utils import get_total_parameters

    arrays = tree_flatten(model.parameters())
    whole = sum(array.nbytes for _name, array in arrays)
    table = sum(array.nbytes for name, array in arrays if "embed_tokens" in name)
    read = whole if config.get("tie_word_embeddings") else whole - table
    return {"parameters": int(get_total_parameters(model)), "weight_bytes": whole, "read_bytes": read}
