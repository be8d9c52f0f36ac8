"""Whatever an inventory says, its problems are rows of bounded sentences that name the variable; what has none can be planned."""

from __future__ import annotations

import functools

import bench_plan
import fuzzing
import inventory as inventory_filters
import inventory_problems
import pytest
from ansible.errors import AnsibleError
from fuzzing import ADDRESSES, JSON, SCALARS, TEXTS
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.saf.fabric.plugins.plugin_utils.plan import estimate
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import repository

OPTIONS = repository.options()
NAMES = sorted(OPTIONS)
# What a message says about a value is cut: a list of a million entries does not fill the screen.
MOST = 1000
GROUPS = {"head": ["alpha"], "workers": ["beta"], "cluster": ["alpha", "beta"]}
HEALTHY = {"alpha": {"cluster_address": "10.0.0.1"}, "beta": {"cluster_address": "10.0.0.2"}}
COUNTS = {"ray_worker_port_min": "ray_worker_port"}


@pytest.fixture(autouse=True, scope="module")
def read_once():
    """Read the repository once: thousands of inventories are compared with the same files."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("options", "defaults", "stack_names", "load", "read", "option_default"):
            patch.setattr(repository, name, functools.cache(getattr(repository, name)))
        read = functools.cache(lambda names: STACKS(set(names)))
        patch.setattr(repository, "stacks", lambda names: read(frozenset(names)))
        yield


STACKS = repository.stacks


def rows(hostvars, groups=GROUPS, forks=5):
    """Return the problems of an inventory and check what must hold for every row."""
    with fuzzing.ends():
        found = inventory_problems.problems(groups, hostvars, list(hostvars), forks)
        shown = inventory_filters.problem_table(found)
    assert "Traceback" not in shown
    for row in found:
        assert set(row) == {"node", "check", "wanted", "found", "fix"}
        assert all(isinstance(value, str) for value in row.values())
        for key in ("node", "check", "found", "fix", "wanted"):
            assert len(row[key]) <= MOST, (key, row[key][:200])
            assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in row[key]), (key, row[key][:200])
    return found


def test_the_healthy_inventory_has_no_problem():
    assert rows(HEALTHY) == []


def plan(hostvars, groups=GROUPS):
    """Plan a benchmark as bench.yml does and check that it is a text, or a sentence."""
    with fuzzing.ends():
        try:
            made = bench_plan.plan_of(groups, hostvars)
            text = "\n".join([*estimate.lines(made), estimate.duration(made), estimate.brief(made)])
        except AnsibleError as error:
            text = error.message
            assert_sentence(text)
    return text


def assert_sentence(text):
    assert fuzzing.is_sentence(text), text


VALUES = st.one_of(JSON, TEXTS, SCALARS, st.lists(TEXTS, max_size=3))


@pytest.mark.parametrize("part", range(8))
def test_any_value_of_any_variable_is_a_row_that_names_it(part):
    @fuzzing.inputs("inventories and variables", 80)
    @given(st.sampled_from(NAMES[part::8]), VALUES, st.booleans())
    def check(name, value, both):
        hostvars = {host: {**known, **({name: value} if both or host == "beta" else {})} for host, known in HEALTHY.items()}
        found = rows(hostvars)
        for row in found:
            assert any(name in text or name.replace("_", " ").removeprefix("ray ") in text for text in row.values()), row
        if not found:
            plan(hostvars)

    check()


LINKS = st.one_of(JSON, st.dictionaries(TEXTS, st.one_of(ADDRESSES, JSON), max_size=3))
ODD_NAMES = st.one_of(
    st.sampled_from(
        ["alpha", "beta", "-", "a" * 300, "größe", "node.example.org", "10.0.0.1", "fe80::1%en0", "a b", "x\n", "{{ x }}"]
    ),
    st.text(min_size=1, max_size=10),
)


@fuzzing.inputs("inventories and variables", 200)
@given(st.lists(ODD_NAMES, max_size=5), st.lists(ODD_NAMES, max_size=5), st.lists(ODD_NAMES, max_size=5), st.data())
def test_any_groups_hosts_addresses_and_links(head, workers, cluster, data):
    hosts = {*head, *workers, *cluster}
    variables = st.fixed_dictionaries(
        {}, optional={"cluster_address": VALUES | ADDRESSES, "ansible_host": ADDRESSES, "links": LINKS}
    )
    hostvars = {host: data.draw(variables) for host in sorted(hosts)}
    groups = {"head": head, "workers": workers, "cluster": cluster}
    if not rows(hostvars, groups):
        plan(hostvars, groups)


@fuzzing.inputs("inventories and variables", 150)
@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6), st.dictionaries(TEXTS, JSON, max_size=4))
def test_several_variables_and_unknown_ones(known, unknown):
    hostvars = {host: {**of, **unknown, **known, "cluster_address": of["cluster_address"]} for host, of in HEALTHY.items()}
    if not rows(hostvars):
        plan(hostvars)


@fuzzing.inputs("inventories and variables", 200)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "bench_profile": st.sampled_from(["quick", "standard", "full", "Quick", ""]) | VALUES,
            "bench_overrides": st.recursive(
                VALUES,
                lambda inner: st.dictionaries(
                    st.sampled_from(
                        ["mlx", "network", "ray", "collective", "gemm", "llm", "sampling", "budget", "seconds", "streams"]
                    ),
                    inner,
                    max_size=3,
                ),
                max_leaves=6,
            ),
            "bench_only": st.lists(st.sampled_from(["compute", "gemm", "llm", "ray", "network", ""]), max_size=3) | VALUES,
            "bench_skip": st.lists(st.sampled_from(["compute", "gemm", "llm", "ray", "network", ""]), max_size=3) | VALUES,
            "bench_model": st.sampled_from(["/models/x", "tiny", "a,b"]) | VALUES,
            "bench_tasks_per_node": VALUES,
            "bench_task_size": VALUES,
            "fail_on": VALUES,
        },
    )
)
def test_any_choice_of_a_benchmark(chosen):
    hostvars = {host: {**of, **chosen} for host, of in HEALTHY.items()}
    if not rows(hostvars):
        plan(hostvars)
