"""What --tags and --skip-tags leave out of the benchmark."""

import pytest

from ansible_collections.saf.fabric.plugins.plugin_utils.plan import choice

PROFILES = {"p": {"mlx": {"sampling": {}, "gemm": {}, "llm": None}, "network": {}, "ray": {}, "collective": None}}


@pytest.mark.parametrize(
    ("run_tags", "skip_tags", "left_out"),
    [
        (["all"], [], []),
        (["network"], [], ["compute", "ray", "collective"]),
        (["ray", "report", "preflight"], [], ["compute", "network", "collective"]),
        (["all"], ["network", "compute"], ["compute", "network"]),
        (["network", "ray"], ["ray"], ["compute", "ray", "collective"]),
        (["tagged"], [], []),
        (["all"], ["tagged"], ["compute", "network", "ray", "collective"]),
        (["report"], [], ["compute", "network", "ray", "collective"]),
    ],
)
def test_what_the_tags_leave_out(run_tags, skip_tags, left_out):
    assert choice.left_out_by_tags(run_tags, skip_tags) == left_out


def test_it_is_neither_measured_nor_silent():
    profile = choice.profile_of(PROFILES, "p", untagged=["compute", "network", "collective"])
    assert choice.measured(profile) == ["ray"]
    assert choice.skipped(PROFILES["p"], untagged=["compute", "network", "collective"]) == {
        "gemm": choice.BY_TAGS,
        "network": choice.BY_TAGS,
    }


def test_the_own_choice_is_the_reason_before_the_tags():
    found = choice.skipped(PROFILES["p"], skip=["network"], untagged=["network", "ray"])
    assert found == {"network": choice.BY_SKIP, "ray": choice.BY_TAGS}
