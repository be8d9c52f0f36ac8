"""The profile of a run: one of data/bench_profiles.yml with bench_overrides, bench_model, bench_only and bench_skip.

Pure functions. A suite or section that is left out is None, as in the file.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from ..provision.problem import Row, row

Profile = dict[str, Any]
Profiles = Mapping[str, Mapping[str, Any]]

SECTIONS: Final = ("network", "ray", "collective")
COMPUTE: Final = "compute"  # stands for all suites of MLX
_DEVICES: Final = ("gpu", "cpu")
# What a choice leaves out, and the reason in the report.
BY_SKIP: Final = "skipped by bench_skip"
BY_ONLY: Final = "not in bench_only"
BY_TAGS: Final = "left out by --tags or --skip-tags"


def names(profile: Mapping[str, Any]) -> list[str]:
    """Return the names of everything that can be left out, in the order of measurement: suites of MLX, then sections."""
    return [*_suites(profile), *SECTIONS]


def _suites(profile: Mapping[str, Any]) -> list[str]:
    return [name for name in profile.get("mlx") or {} if name != "sampling"]


def measured(profile: Mapping[str, Any]) -> list[str]:
    """Return the names of what a profile measures, in the order of measurement."""
    suites = [name for name in _suites(profile) if profile["mlx"][name] is not None]
    return suites + [name for name in SECTIONS if profile.get(name) is not None]


def profile_of(
    profiles: Profiles,
    name: str,
    overrides: Mapping[str, Any] | None = None,
    models: Sequence[str] = (),
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    untagged: Sequence[str] = (),
) -> Profile:
    """Return the profile ``name`` after all choices; arguments as the options of role bench, lists of words."""
    profile = with_models(profiles, _merged(profiles[name], overrides or {}), models)
    for left_out in skipped(profile, only, skip, untagged):
        if left_out in SECTIONS:
            profile[left_out] = None
        else:
            profile["mlx"] = {**profile["mlx"], left_out: None}
    return profile


def left_out_by_tags(run_tags: Sequence[str], skip_tags: Sequence[str]) -> list[str]:
    """Return which of compute and the sections --tags (["all"] without it) and --skip-tags leave out, for ``untagged``."""
    wanted, unwanted = set(run_tags), set(skip_tags)
    every = (COMPUTE, *SECTIONS)
    if unwanted & {"all", "tagged"}:
        return list(every)
    return [name for name in every if not wanted & {"all", "tagged", name} or name in unwanted]


def skipped(
    profile: Mapping[str, Any], only: Sequence[str] = (), skip: Sequence[str] = (), untagged: Sequence[str] = ()
) -> dict[str, str]:
    """Return {name: reason} of what a profile would measure and ``only``, ``skip`` or ``untagged`` leave out."""
    kept, dropped, without_tag = _all_of(profile, only), _all_of(profile, skip), _all_of(profile, untagged)
    found = {}
    for name in measured(profile):
        if name in dropped:
            found[name] = BY_SKIP
        elif only and name not in kept:
            found[name] = BY_ONLY
        elif name in without_tag:
            found[name] = BY_TAGS
    return found


def _all_of(profile: Mapping[str, Any], words: Sequence[str]) -> set[str]:
    """Return the names that words stand for."""
    return {name for word in words for name in (_suites(profile) if word == COMPUTE else [word])}


def with_models(profiles: Profiles, profile: Mapping[str, Any], models: Sequence[str]) -> Profile:
    """Return a profile whose language models are ``models``, with the lengths of its first case for each device.

    A profile without language models takes the settings of the first one that has them; one without suites keeps none.
    """
    if not models or not profile.get("mlx"):
        return dict(profile)
    candidates = (profile, *profiles.values())
    settings = next(one["mlx"]["llm"] for one in candidates if (one.get("mlx") or {}).get("llm"))
    cases = {
        device: [{**case, "model": model, "bits": None} for model in models for case in (settings.get(device) or [])[:1]]
        for device in _DEVICES
    }
    return {**profile, "mlx": {**profile["mlx"], "llm": {**settings, **cases}}}


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> Profile:
    """Return nested dictionaries in one; values of ``other`` win, lists as a whole."""
    merged = dict(one)
    for name, value in other.items():
        before = merged.get(name)
        merged[name] = _merged(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return merged


def word_problems(option: str, words: Sequence[str], known: Collection[str]) -> list[Row]:
    """Return a row for each word that an option does not know, with the one that was probably meant."""
    problems = []
    for word in words:
        if word not in known:
            close = difflib.get_close_matches(word, sorted(known), n=1)
            fix = f"Did you mean {close[0]}?" if close else f"Take one or more of {', '.join(known)}."
            problems.append(row("-", option, "a name that it knows", word, fix))
    return problems


def model_problems(models: Sequence[str], known: Collection[str]) -> list[Row]:
    """Return a row for each model that is neither a folder of the nodes nor a name of data/synthetic_models.yml."""
    problems = []
    for model in models:
        if not model.startswith("/") and model not in known:
            close = difflib.get_close_matches(model, sorted(known), n=1)
            fix = f"Did you mean {close[0]}?" if close else "Write the folder of the model on the nodes from / on: /models/mine."
            problems.append(row("-", "bench_model", "a folder on the nodes, or a known model", model, fix))
    return problems


def choice_problems(
    profiles: Profiles, name: str, overrides: Mapping[str, Any], models: Sequence[str], only: Sequence[str], skip: Sequence[str]
) -> list[Row]:
    """Return what is wrong with bench_only and bench_skip together: unknown names, and a run of which nothing is left."""
    if name not in profiles:
        return word_problems("bench_profile", [name], list(profiles))
    known = [*names(profiles[name]), COMPUTE]
    problems = word_problems("bench_only", only, known) + word_problems("bench_skip", skip, known)
    if problems:
        return problems
    whole = with_models(profiles, _merged(profiles[name], overrides), models)
    problems += [
        row("-", "bench_overrides", "all settings of what the profile leaves out", f"{place} has no {lacking}", _COMPLETE)
        for place, lacking in _incomplete(profiles, whole)
    ]
    if problems:
        return problems
    for word in only:
        if word != COMPUTE and word not in measured(whole):
            fix = f"Take another profile, for instance -e bench_profile={_with(profiles, word) or name}, or leave it out."
            problems.append(row("-", "bench_only", f"what profile {name} measures", word, fix))
    if not problems and not measured(profile_of(profiles, name, overrides, models, only, skip)):
        problems.append(
            row("-", "benchmark", "something to measure", "nothing is left", "Leave less out (bench_skip, bench_only).")
        )
    return problems


_COMPLETE: Final = "Add it as data/bench_profiles.yml does, or take a profile that measures it (bench_profile)."


def _incomplete(profiles: Profiles, profile: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return [(name, setting that it lacks)] of what a profile measures although none of its settings were there before."""
    found = []
    for name in measured(profile):
        kept = _settings(profile, name)
        example = next((one for other in profiles.values() if (one := _settings(other, name))), {})
        found += [
            (name, key) for key, value in example.items() if not isinstance(value, Mapping) and key not in (*_DEVICES, *kept)
        ]
    return found


def _settings(profile: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return profile.get(name) or {} if name in SECTIONS else (profile.get("mlx") or {}).get(name) or {}


def _with(profiles: Profiles, word: str) -> str:
    return next((name for name, profile in profiles.items() if word in measured(profile)), "")
