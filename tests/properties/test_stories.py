"""The whole runs that the page, its pictures and the browser checks are made of are runs, and tell what their names say."""

import pytest
from stories import STORIES, write_story

from ansible_collections.saf.fabric.plugins.plugin_utils import runs

PROBLEMS = {
    "two_gpu_slow": {"compute_below_peak", "negotiated_below_capable"},
    "three_bad_uplink": {"node_uplink"},
    "two_slower": {"regression", "compute_below_peak", "memory_below_peak"},
    "laptop_throttling": {"throttling"},
    "sixteen_bad_cable": {"slow_link"},
    "hostile_names": {"busy_node"},
}


@pytest.mark.parametrize("name", sorted(STORIES))
def test_a_story_is_a_run_with_the_problems_that_it_is_about(tmp_path, name):
    run = runs.validate(runs.assemble(write_story(tmp_path, STORIES[name])))
    assert {finding["kind"] for finding in run["findings"]} == PROBLEMS.get(name, set())
    assert run["partial"] == (name == "partial")
    assert len(run["history"]["runs"]) == len(STORIES[name].before)
