"""Whatever a node answers, a run is kept: 0, negative, not finite, None, [], missing or of another type, in any place.

Hypothesis picks situations, places and values; a failure is shrunk to the one place that does it.
"""

import contextlib
import copy
import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runs import SITUATIONS

from ansible_collections.saf.fabric.plugins.plugin_utils import run_document
from ansible_collections.saf.fabric.plugins.plugin_utils import runs as report_filters
from ansible_collections.saf.fabric.plugins.plugin_utils.report import terminal
from ansible_collections.saf.fabric.plugins.plugin_utils.report import view as report_view
from ansible_collections.saf.fabric.plugins.plugin_utils.report.exporters import EXPORTERS
from ansible_collections.saf.fabric.plugins.plugin_utils.report.summary import summarize
from ansible_collections.saf.fabric.plugins.plugin_utils.report.summary.markdown import markdown

FINISHED = "2026-11-23T18:25:00Z"
DATA = report_filters.data_files()
MISSING = object()
ODD = [0, -1, 0.0, -0.5, math.nan, math.inf, -math.inf, 1e308, None, [], {}, "", "x/y", True, [None], {"a": None}, MISSING]
# Numbers alone: what a broken link or clock measures. No verdict may need its guard for these.
FIGURES = [0, 0.0, -1.0, math.nan, math.inf, -math.inf, 1e-12, 1e308]
# As files are: no two places share an object.
MADE = {name: json.loads(json.dumps(make())) for name, make in SITUATIONS.items()}


def places(value, path=()):
    """Yield the path of every value in a nested document, itself excluded."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def change(document, path, value):
    """Replace what is at ``path`` unless an earlier change took the way there."""
    *way, last = path
    with contextlib.suppress(KeyError, IndexError, TypeError):
        for key in way:
            document = document[key]
        if value is not MISSING:
            document[last] = value
        elif isinstance(document, dict):
            del document[last]


# Which raw file a document is, the controller says itself.
OURS = ("part", "node", "finished")
PLACES = {name: [path for path in places(raws) if len(path) > 1 and path[1] not in OURS] for name, (_plan, raws) in MADE.items()}
SAMPLES = {name: [path for path in found if "samples" in path and isinstance(path[-1], int)] for name, found in PLACES.items()}


@st.composite
def altered(draw, among, values):
    name = draw(st.sampled_from(sorted(name for name in among if among[name])))
    return name, draw(st.lists(st.tuples(st.sampled_from(among[name]), st.sampled_from(values)), min_size=1, max_size=4))


def changed(name, changes):
    """Return (plan, raws) of a situation with its changes."""
    plan, raws = copy.deepcopy(MADE[name])
    for path, value in changes:
        change(raws, path, value)
    return plan, raws


def whole(plan, raws):
    """Return (document, view) and check what must hold for every run."""
    document = run_document.assemble(plan, raws, DATA, FINISHED)
    report_filters.validate(document)
    json.dumps(document, allow_nan=False)
    view = report_view.prepare(document)
    assert all(EXPORTERS[name].render(view, document) for name in ("prometheus", "csv"))
    return document, view


def failures(document, view):
    raised = []
    summary = summarize(document, raised)
    assert all(terminal.lines(summary, width) for width in (60, 110))
    assert markdown(summary)
    return [one["measured"] for one in document["findings"] if one["kind"] == "verdict_failed"] + view["broken"] + raised


RUNS = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, database=None)


@RUNS
@given(altered(PLACES, ODD))
def test_no_value_of_a_node_loses_the_run(case):
    name, changes = case
    document, _view = whole(*changed(name, changes))
    # What was not touched is still there.
    touched = {path[:3] for path, _value in changes} | {path[:2] for path, _value in changes if len(path) == 2}
    kept = [
        measurement
        for number, raw in enumerate(MADE[name][1])
        for place, measurement in enumerate(raw["measurements"])
        if (number, "measurements", place) not in {path[:3] for path in touched} and (number, "measurements") not in touched
    ]
    assert len(document["metrics"]) >= len(kept)


@RUNS
@given(altered(PLACES, ODD))
def test_odd_values_need_no_guard(case):
    assert failures(*whole(*changed(*case))) == []


@RUNS
@given(altered(SAMPLES, FIGURES))
def test_odd_figures_need_no_guard(case):
    assert failures(*whole(*changed(*case))) == []


@pytest.mark.parametrize("value", [0, math.nan, 1e-12])
@pytest.mark.parametrize("situation", sorted(MADE))
def test_a_metric_that_is_odd_throughout(situation, value):
    """Each metric in turn: a link that carries nothing, a clock that stands still."""
    plan, raws = MADE[situation]
    metrics = {(number, place) for number, raw in enumerate(raws) for place in range(len(raw["measurements"]))}
    by_name = {raws[number]["measurements"][place]["name"]: (number, place) for number, place in sorted(metrics)}
    for number, place in by_name.values():
        odd = copy.deepcopy(raws)
        measurement = odd[number]["measurements"][place]
        measurement["samples"] = [value] * len(measurement["samples"])
        assert failures(*whole(plan, odd)) == []
