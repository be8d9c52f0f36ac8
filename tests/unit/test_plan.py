"""What a run would measure, chosen by words, and how long it takes."""

import json

import bench_plan
import pytest
import yaml
from runs import SITUATIONS

from ansible_collections.saf.fabric.plugins.plugin_utils import run_document, runs
from ansible_collections.saf.fabric.plugins.plugin_utils.plan import choice, estimate
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import inventory_checks, repository
from ansible_collections.saf.fabric.plugins.plugin_utils.report import gate
from ansible_collections.saf.fabric.plugins.plugin_utils.text.words import words

CHOICES = {
    "bench_profile": "standard",
    "bench_overrides": {},
    "bench_model": [],
    "bench_only": [],
    "bench_skip": [],
    "fail_on": [],
}
EVERYTHING = ["gemm", "memory", "ops", "llm", "network", "ray", "collective"]


@pytest.fixture
def profiles(root):
    return yaml.safe_load((root / "data" / "bench_profiles.yml").read_text())


@pytest.mark.parametrize(
    ("value", "read"),
    [("a,b", ["a", "b"]), (" a , ,b", ["a", "b"]), (["a ", "b"], ["a", "b"]), ("", []), (None, []), ([None], []), (7, ["7"])],
)
def test_a_list_may_be_text(value, read):
    assert words(value) == read


@pytest.mark.parametrize(
    ("only", "skip", "left"),
    [
        ([], [], EVERYTHING),
        ([], ["network", "ray"], ["gemm", "memory", "ops", "llm", "collective"]),
        ([], ["compute"], ["network", "ray", "collective"]),
        (["gemm"], [], ["gemm"]),
        (["compute", "network"], ["llm"], ["gemm", "memory", "ops", "network"]),
    ],
)
def test_words_choose_what_is_measured(profiles, only, skip, left):
    profile = choice.profile_of(profiles, "standard", None, [], only, skip)
    assert choice.measured(profile) == left
    assert profile["mlx"]["sampling"] == profiles["standard"]["mlx"]["sampling"]
    reasons = choice.skipped(profiles["standard"], only, skip)
    assert sorted([*left, *reasons]) == sorted(EVERYTHING)
    assert {reasons[name] for name in skip if name in reasons} <= {"skipped by bench_skip"}


def test_a_choice_leaves_the_profiles_as_they_are(profiles):
    before = json.dumps(profiles)
    choice.profile_of(profiles, "quick", {"mlx": {"gemm": {"shapes": [64]}}}, ["/models/x"], ["gemm"], ["gemm"])
    assert json.dumps(profiles) == before


def test_words_say_what_overrides_say(profiles):
    by_words = choice.profile_of(profiles, "standard", None, [], [], ["network", "llm"])
    assert by_words == choice.profile_of(profiles, "standard", {"network": None, "mlx": {"llm": None}})
    assert choice.profile_of(profiles, "quick", {"network": {"udp": True}})["network"] == {
        **profiles["quick"]["network"],
        "udp": True,
    }
    assert choice.measured(choice.profile_of(profiles, "quick", {"mlx": None}, ["/models/x"])) == ["network", "ray", "collective"]


@pytest.mark.parametrize("name", ["quick", "standard"])
def test_models_take_the_lengths_of_the_profile(profiles, name):
    llm = choice.profile_of(profiles, name, None, ["/models/x", "Qwen3-4B"])["mlx"]["llm"]
    case = {"bits": None, "prompt": 512, "generation": 128, "batch": 1}
    assert llm["gpu"] == [{"model": "/models/x", **case}, {"model": "Qwen3-4B", **case}]
    assert [case["model"] for case in llm["cpu"]] == ["/models/x", "Qwen3-4B"]
    assert llm["budget"] == profiles["standard"]["mlx"]["llm"]["budget"]


@pytest.mark.parametrize(
    ("given", "option", "fix"),
    [
        ({"bench_skip": "netwrok"}, "bench_skip", "Did you mean network?"),
        ({"bench_only": ["gem", "ray"]}, "bench_only", "Did you mean gemm?"),
        ({"bench_only": "x"}, "bench_only", "Take one or more of gemm, memory"),
        ({"bench_only": "sustained"}, "bench_only", "Take another profile, for instance -e bench_profile=full"),
        ({"bench_only": "gemm", "bench_skip": "compute"}, "benchmark", "Leave less out"),
        ({"bench_model": "Qwen3-4"}, "bench_model", "Did you mean Qwen3-4B?"),
        ({"bench_model": "models/x"}, "bench_model", "Write the folder of the model"),
        ({"bench_profile": "quik"}, "bench_profile", "Did you mean quick?"),
        ({"fail_on": "fault,limits"}, "fail_on", "Did you mean limit?"),
    ],
)
def test_a_wrong_word_is_a_row_of_the_table(profiles, given, option, fix):
    rows = inventory_checks.choice_problems({"a": given, "b": given}, CHOICES, profiles, ["Qwen3-4B"])
    assert [row["check"] for row in rows] == [option]
    assert rows[0]["fix"].startswith(fix)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {
            "bench_only": "compute,network",
            "bench_skip": "llm",
            "bench_model": "/models/x,Qwen3-4B",
            "fail_on": "fault,regression",
        },
        {"bench_profile": "full", "bench_only": "sustained"},
        {"bench_profile": "quick", "bench_only": "llm", "bench_model": "/models/x"},
        {"bench_overrides": {"mlx": None}},
        {"bench_overrides": "text"},  # has another row
    ],
)
def test_right_words_are_no_problem(profiles, given):
    assert inventory_checks.choice_problems({"a": given}, CHOICES, profiles, ["Qwen3-4B"]) == []


def test_the_choices_of_fail_on_are_those_of_the_gate(root):
    description = repository.options()["fail_on"]["description"]
    assert all(f"V({word})" in description for word in gate.WORDS)


def test_what_was_left_out_is_listed_and_is_no_fault():
    plan, raws = SITUATIONS["healthy_studios"]()
    plan["skipped"] = {"network": choice.BY_SKIP, "llm": choice.BY_ONLY}
    whole = run_document.assemble(plan, raws, runs.data_files(), "2026-11-23T18:25:00Z")
    rows = [(row["name"], row["reason"]) for row in whole["not_measured"]]
    assert ("net.goodput", "skipped by bench_skip") in rows
    assert ("llm", "not in bench_only") in rows
    assert not whole["partial"]
    assert [found for found in whole["findings"] if found["severity"] == "fault"] == []
    runs.validate(whole)


@pytest.mark.parametrize(
    ("name", "nodes", "rounds", "least", "most"),
    [("quick", 1, 0, 30, 120), ("quick", 2, 1, 80, 180), ("standard", 2, 1, 360, 600), ("full", 2, 1, 1200, 1800)],
)
def test_the_estimate_is_what_the_profiles_promise(profiles, name, nodes, rounds, least, most):
    assert least <= estimate.total(profiles[name], nodes, rounds) <= most


def test_more_work_takes_longer_and_less_takes_less(profiles):
    whole = estimate.total(profiles["standard"], 2, 1)
    assert estimate.total(profiles["standard"], 16, 15) > estimate.total(profiles["standard"], 4, 3) > whole
    links = estimate.parts(profiles["standard"], 4, 3)["network"]
    assert estimate.parts(profiles["standard"], 4, 6)["network"] > links > estimate.parts(profiles["standard"], 2, 3)["network"]
    assert estimate.total(choice.profile_of(profiles, "standard", None, [], [], ["network"]), 2, 1) < whole
    assert estimate.total(choice.profile_of(profiles, "standard", None, ["/a", "/b", "/c"]), 2, 1) > whole


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3, "about 10 seconds"),
        (44, "about 40 seconds"),
        (56, "about 1 minute"),
        (400, "about 7 minutes"),
        (3570, "about 1 hour"),
        (4300, "about 1 hour 10 minutes"),
        (7300, "about 2 hours"),
    ],
)
def test_durations_in_words(seconds, text):
    assert estimate.in_words(seconds) == text


GROUPS = {"cluster": ["alpha", "beta", "gamma"], "head": ["alpha"], "absent": []}


@pytest.fixture
def hostvars(tmp_path):
    """Return variables of three nodes whose results are in an empty folder."""
    results = {"bench_results_dir": str(tmp_path), "links": {"fast": "10.0.0.1"}}
    return {name: {**results, "ansible_host": f"192.0.2.{number}"} for number, name in enumerate(GROUPS["cluster"])}


def test_the_plan_is_of_the_nodes_that_take_part(hostvars):
    plan = bench_plan.plan_of(GROUPS, hostvars, ["alpha", "beta"])
    assert (plan["nodes"], plan["rounds"], plan["last_seconds"]) == (["alpha", "beta"], 2, None)
    assert bench_plan.plan_of({**GROUPS, "absent": ["gamma"]}, hostvars)["nodes"] == ["alpha", "beta"]
    assert bench_plan.plan_of(GROUPS, hostvars)["rounds"] == 6
    with pytest.raises(bench_plan.AnsibleError, match="no group cluster"):
        bench_plan.plan_of({}, {})
    with pytest.raises(bench_plan.AnsibleError, match="fast is no profile: take one of quick, standard, full"):
        bench_plan.plan_of(GROUPS, {**hostvars, "alpha": {"bench_profile": "fast"}})


def test_the_plan_on_the_screen(hostvars):
    hostvars["alpha"].update(bench_skip="ray,llm", bench_profile="standard")
    text = estimate.lines(bench_plan.plan_of(GROUPS, hostvars))
    assert text[1] == "Profile standard on alpha, beta, gamma:"
    assert text[5].split()[:10] == ["network", "6", "rounds", "of", "links,", "then", "all", "nodes", "at", "once"]
    assert ["ray", "skipped", "by", "bench_skip"] in [line.split() for line in text]
    assert text[-1].startswith("In all about ")
    assert max(map(len, text)) <= 80


def test_the_last_run_of_the_same_plan_says_how_long_it_takes(hostvars, tmp_path):
    def ran(name, minutes, **changes):
        plan = bench_plan.plan_of(GROUPS, hostvars)
        tasks = {"tasks_per_node": 4, "task_size": 0, "task_products": 0}
        document = {
            "profile": "standard",
            "parameters": {**plan["profile"], **tasks},
            "head": "alpha",
            "nodes": GROUPS["cluster"],
        }
        times = {"started": "2026-11-23T18:00:00Z", "finished": f"2026-11-23T18:{minutes:02}:00Z", "partial": False}
        (tmp_path / name).mkdir()
        (tmp_path / name / "plan.json").write_text(json.dumps({**document, **changes}))
        (tmp_path / name / "run.json").write_text(json.dumps({**document, **times, **changes}))

    ran("20261101T180000Z", 14)
    ran("20261102T180000Z", 20, profile="full")
    ran("20261103T180000Z", 20, partial=True)
    ran("20261104T180000Z", 20, finished="no time")
    ran("20261105T180000Z", 20, finished="2026-11-23T18:20:00")  # without a zone
    assert estimate.duration(bench_plan.plan_of(GROUPS, hostvars)) == "about 14 minutes, as the last such run"
    hostvars["alpha"]["bench_skip"] = "network"
    assert "last" not in estimate.duration(bench_plan.plan_of(GROUPS, hostvars))


def test_a_brief_duration_has_no_origin():
    plan = {"profile": {}, "nodes": ["alpha"], "rounds": 0, "last_seconds": 540.0}
    assert estimate.brief(plan) == "about 9 minutes"
    assert estimate.duration(plan) == "about 9 minutes, as the last such run"
