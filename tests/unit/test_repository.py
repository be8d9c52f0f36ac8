"""What the repository says about options and stacks, and the lookups that return it."""

import pytest
from ansible.errors import AnsibleError

from ansible_collections.saf.fabric.plugins.lookup import inventory_problems, option_default
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import repository

MINE = {"ansible_host": "10.0.0.1", "bench_results_dir": "/nowhere/x"}


def test_a_default_is_read_of_the_role_that_has_it():
    lookup = option_default.LookupModule()
    assert lookup.run(["bench_port", "python_mixed_providers", "reset_confirm"]) == [5201, False, ""]


@pytest.mark.parametrize(
    ("name", "fault"), [("bench_prt", "No role has a default for bench_prt"), ("status_file", "depends on other variables")]
)
def test_a_default_that_cannot_be_known_is_named(name, fault):
    with pytest.raises(AnsibleError, match=fault):
        option_default.default_of(name)


def test_stacks_are_read_with_their_locks():
    assert "studio-2025" in repository.stack_names()
    files = repository.stacks({"studio-2025", "no-such"})
    assert files["studio-2025"]["stack"]["lock_sha256"] == files["studio-2025"]["digest"]
    assert (files["no-such"]["stack"], files["no-such"]["lock"]) == (None, None)


def test_a_folder_is_writable_where_it_can_be_made(tmp_path):
    (tmp_path / "file").touch()
    folders = {"a": tmp_path / "x" / "y", "b": tmp_path / "file" / "x"}
    assert repository.unwritable(folders) == {"b": str(tmp_path / "file" / "x")}


def checks(hostvars, forks=None, **groups):
    """Return the checks of the rows for hosts that all take part."""
    given = {"head": ["alpha"], "workers": [], "cluster": ["alpha"], **groups}
    return [row["check"] for row in inventory_problems.problems(given, hostvars, list(hostvars), forks)]


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({}, []),
        ({"stack": "studio-2052"}, ["stack"]),
        ({"ray_port": 70000}, ["port"]),
        ({"ray_open_files": "many"}, ["ray_open_files"]),
        ({"ray_prt": 1}, ["variable"]),
        ({"venv_root": "saf"}, ["venv_root"]),
        ({"python_version": "3.9"}, ["python_version"]),
        ({"bench_overrides": {"netwrok": None}}, ["bench_overrides"]),
    ],
)
def test_an_inventory_is_compared_with_the_repository(tmp_path, variables, found):
    assert checks({"alpha": {**MINE, "bench_results_dir": str(tmp_path), **variables}}) == found


def test_forks_are_compared_where_nodes_work_together(tmp_path):
    hosts = {
        name: {"ansible_host": f"10.0.0.{number}", "bench_results_dir": str(tmp_path)}
        for number, name in enumerate(("alpha", "beta"), 1)
    }
    groups = {"workers": ["beta"], "cluster": ["alpha", "beta"]}
    assert checks(hosts, forks=1, **groups) == ["forks"]
    assert checks(hosts, forks=2, **groups) == []


def test_without_a_head_the_groups_are_the_problem():
    assert checks({}, head=[], cluster=[]) == ["head"]
