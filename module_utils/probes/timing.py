"""Helper of the probes: how a sample is taken. Standard library only; probes import it by its bare name.

params everywhere: warmup_calls and warmup_s (both are reached), min_samples, max_samples, sample_s (least length of one sample),
budget_s (what one case may take).
"""

from __future__ import annotations

import time

_ATTEMPTS = 4  # each can make a sample ten times as long


class TooLong(Exception):
    """A case that would not end within its budget; the message is the reason."""


def too_long(seconds, params):
    """Return why a case whose single call would take ``seconds`` is not measured within the budget, or None."""
    needed = seconds * (params["min_samples"] + params["warmup_calls"])
    if needed <= params["budget_s"]:
        return None
    return f"one call would take {seconds:.1f} s; {needed:.0f} s are needed and the budget is {params['budget_s']:g} s."


def warm_up(call, params):
    """Call ``call(1)`` until the warm-up is over; return (seconds of the first call, calls, seconds of a warm call).

    The first call compiles and allocates: it is reported apart and never counted.
    """
    start = time.perf_counter()
    call(1)
    first = time.perf_counter() - start
    calls, started = 0, time.perf_counter()
    # At least one: what a warm call takes decides how many make a sample.
    while calls < max(params["warmup_calls"], 1) or time.perf_counter() - started < params["warmup_s"]:
        call(1)
        calls += 1
        if time.perf_counter() - started > params["budget_s"] / 4 and calls > 1:
            break
    return first, calls, (time.perf_counter() - started) / calls


def calls_per_sample(call, sample_s, each):
    """Return how many calls make a sample of about ``sample_s`` seconds or more, tried out.

    each: seconds of a call that was waited for alone, which on a GPU can be several times what it takes among others.
    """
    count = max(1, round(sample_s / each + 0.5))
    for _attempt in range(_ATTEMPTS):
        start = time.perf_counter()
        call(count)
        took = time.perf_counter() - start
        if took >= 0.9 * sample_s:
            break
        count = round(count * min(1.1 * sample_s / took, 10) + 0.5)
    return count


def measure(call, params, work):
    """Return {samples, context} of ``call(count)``, which does its work ``count`` times and waits for all of it.

    work: what one call does (FLOP, bytes); a sample is work per second.
    """
    first, warm, each = warm_up(call, params)
    if each * params["min_samples"] > params["budget_s"]:
        raise TooLong(too_long(each, params))
    count = calls_per_sample(call, params["sample_s"], each)
    samples: list = []
    started = time.perf_counter()
    while len(samples) < params["min_samples"] or time.perf_counter() - started < params["sample_s"] * params["min_samples"]:
        start = time.perf_counter()
        call(count)
        samples.append(count * work / (time.perf_counter() - start))
        if len(samples) >= params["max_samples"]:
            break
    return {"samples": samples, "context": {"first_call_s": first, "warmup_calls": warm, "calls_per_sample": count}}


def latency(call, params):
    """Return {samples, context} of ``call(1)`` alone, in seconds."""
    first, warm, _each = warm_up(call, params)
    samples: list = []
    while len(samples) < params["min_samples"] * 5:
        start = time.perf_counter()
        call(1)
        samples.append(time.perf_counter() - start)
    return {"samples": samples, "context": {"first_call_s": first, "warmup_calls": warm, "calls_per_sample": 1}}


def is_correct(error, tolerance):
    """Return whether a relative error is within the tolerance; not a number is not."""
    return error <= tolerance


def failure(error):
    """Return why a case could not be measured: an error of a library in one case is not one of the others."""
    if isinstance(error, TooLong):
        return str(error)
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words[:300]}" if words else type(error).__name__
