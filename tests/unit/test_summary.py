"""What a person sees first of a run, story by story: title, sentence, tiles, table, problems, and the same in other forms."""

import copy
import dataclasses
import json
import re
from dataclasses import replace

import pytest
from runs import GIGABIT, LAPTOP, M2_ULTRA, SITUATIONS, TEN, make, studios
from stories import AGAIN, STORIES, TWO, document, runs_of, scaled

from ansible_collections.saf.fabric.plugins.plugin_utils import run_document, runs
from ansible_collections.saf.fabric.plugins.plugin_utils.report.summary import problems as summary_problems
from ansible_collections.saf.fabric.plugins.plugin_utils.report.summary import sentence, summarize, usual
from ansible_collections.saf.fabric.plugins.plugin_utils.report.summary.markdown import markdown
from ansible_collections.saf.fabric.plugins.plugin_utils.report.summary.medians import as_json

FINISHED = "2026-11-23T18:20:00Z"
ALARMING = re.compile(r"fault|fail|wrong|bad|slow(er| down|ly)|too |problem(?!s found)|less than|below", re.IGNORECASE)


@pytest.fixture(scope="module")
def data():
    return runs.data_files()


@pytest.fixture(scope="module")
def story(data):
    """Return the summary of a situation by its name, or of (plan, raws)."""

    def tell(situation):
        plan, raws = SITUATIONS[situation]() if isinstance(situation, str) else situation
        failures = []
        summary = summarize(run_document.assemble(plan, raws, data, FINISHED), failures)
        assert failures == []
        return summary

    return tell


def titles(summary):
    return [(one.badge, one.title) for one in summary.problems]


def row(summary, label):
    (found,) = [one for one in summary.rows if one.label == label]
    return found


def test_two_studios_with_slow_gpus_and_a_slow_cable(story):
    summary = story("two_studios")
    assert summary.title == "alpha + beta"
    assert summary.hardware == "2 × Apple M2 Ultra, 76 GPU cores, 192 GiB"
    assert summary.measured == "23 Nov 2026, 18:15–18:20 UTC"
    assert summary.software == "macOS 26.1 · Ray 2.49.1, MLX 0.29.1"
    assert summary.sentence.mark == "bad"
    assert summary.sentence.lead == "2 problems."
    assert summary.sentence.text == (
        "Both GPUs run at a quarter of what this chip usually reaches, and the cable between the Macs works at a tenth of its "
        "speed."
    )
    assert titles(summary) == [
        ("Fault", "GPU far too slow on alpha and beta"),
        ("Limit", "10 Gb/s ports connected at 1 Gb/s (alpha – beta)"),
    ]
    # Two numbers with two meanings have two words.
    assert [one.gain for one in summary.problems] == [
        "up to 3.4 times faster",
        "link 10 times faster; this run's tasks at most 5 % faster",
    ]
    assert [(tile.label, tile.value, tile.mark) for tile in summary.tiles] == [
        ("GPU, float32", "6.00 TFLOP/s", "bad"),
        ("Link", "945 Mb/s", "attention"),
        ("2 Macs instead of 1", "1.90 ×", "good"),
        ("Ray task", "1.00 ms", "none"),
    ]
    assert row(summary, "link alpha – beta").ceiling == "9.41 Gb/s"  # what both ports can do, not what they negotiated
    assert row(summary, "GPU float32").mark == "bad"


@pytest.mark.parametrize("situation", [name for name in SITUATIONS if name.startswith("healthy")])
def test_a_healthy_run_has_no_alarming_words(story, situation):
    summary = story(situation)
    assert summary.sentence.lead == "No problems found."
    assert summary.sentence.mark == "good"
    assert summary.problems == summary.notes == ()
    said = [summary.sentence.text, *(tile.text for tile in summary.tiles), *(one.label for one in summary.rows)]
    assert not [text for text in said if ALARMING.search(text)]
    assert {tile.mark for tile in summary.tiles} | {one.mark for one in summary.rows} <= {"good", "none"}


def test_a_healthy_run_says_what_is_usual_and_who_measured_it(story):
    summary = story("healthy_studios")
    assert summary.sentence.text == "Both Macs reach what this chip usually does."
    gpu, memory, _link, _scaling = summary.tiles
    assert gpu.text == "81 % of peak 27.2 TFLOP/s · this chip usually 22.0 TFLOP/s"
    assert gpu.source.startswith("MLX, github.com/ml-explore/mlx/pull/424")
    assert gpu.usual == pytest.approx(21.97 / 27.2, abs=0.001)
    assert memory.usual is None
    assert "usual" not in memory.text


def test_usual_is_said_of_no_chip_without_a_published_value(story):
    chip = {**M2_ULTRA, "gpu": {**M2_ULTRA["gpu"], "cores": 60}}
    summary = story(make(["alpha"], chip, flops=17.4e12))
    assert summary.tiles[0].usual is None
    assert "usual" not in summary.tiles[0].text + summary.sentence.text


def test_each_published_value_names_its_source():
    assert usual.rows()
    for one in usual.rows():
        assert one["source"]
        assert one["value"] > 1e9


def test_sixteen_nodes_have_lowest_median_and_highest(story):
    summary = story("one_bad_cable_of_sixteen")
    assert summary.title == "16 nodes: node01 … node16"
    assert summary.columns == ("lowest", "median", "highest")
    links = row(summary, "links")
    assert links.values[0].startswith("940 Mb/s ")
    assert "node07" in links.values[0]
    assert links.values[1:] == ("9.41 Gb/s", "9.41 Gb/s")
    assert links.mark == "bad"
    assert titles(summary) == [("Fault", "Every link of node07 far too slow")]
    assert row(summary, "16 Macs instead of 1").values == ("15.20 ×", "", "")


def test_the_longest_time_of_many_nodes_has_its_name(story):
    plan, raws = SITUATIONS["healthy_sixteen"]()
    for metric in raws[-1]["measurements"]:
        if metric["name"] == "ray.task_rtt" and metric["params"]["target"] == "node05":
            metric["samples"] = [3e-3]
    assert row(story((plan, raws)), "Ray task").values == ("1.00 ms", "1.00 ms", "3.00 ms node05")


def test_a_laptop_that_throttles(story):
    summary = story("throttling_laptop")
    assert summary.hardware == "Apple M4 Max, 40 GPU cores, 64 GiB"
    assert titles(summary) == [("Limit", "GPU slows down under load on laptop")]
    assert summary.problems[0].gain == "up to 41 % faster"


def test_a_faster_link_lies_idle_and_nothing_is_sold(story):
    summary = story("wrong_link")
    assert titles(summary) == [("Limit", "Ray uses a link of 941 Mb/s beside one of 15.0 Gb/s (alpha – beta)")]
    assert "it costs nothing" in summary.problems[0].remedies[0]
    assert summary.problems[0].gain.startswith("link 16 times faster; ")
    assert "faster_link" not in [option["kind"] for option in summary.options]
    assert row(summary, "link thunderbolt alpha – beta").values == ("15.0 Gb/s", "15.0 Gb/s")


@pytest.mark.parametrize("situation", sorted(SITUATIONS))
def test_no_option_sells_a_link_where_one_has_a_problem(story, situation):
    summary = story(situation)
    if any("link" in one.gain or "Link" in one.title or "Packets" in one.title for one in summary.problems):
        assert "faster_link" not in [option["kind"] for option in summary.options]


def test_a_mixed_cluster_names_its_kinds_and_keeps_cpus_apart(story):
    summary = story("healthy_mixed")
    assert summary.hardware == "Apple M2 Ultra, 76 GPU cores, 192 GiB + AMD EPYC, 64 cores, 256 GiB, no GPU for MLX"
    assert row(summary, "GPU float32").values == ("22.0 TFLOP/s", "")
    assert row(summary, "CPU float32, NumPy").values == ("", "900 GFLOP/s")
    assert row(summary, "2 nodes instead of 1").mark == "good"


def test_where_mlx_has_no_gpu_the_cpu_leads(story):
    summary = story(runs_of(STORIES["cpu_only"])[-1])
    assert summary.hardware == "AMD EPYC, 2 cores, 24 GiB, no GPU for MLX"
    assert summary.tiles[0].label == "CPU, float32"
    assert summary.tiles[0].value == "170 GFLOP/s"
    assert [one.label for one in summary.rows][:3] == ["CPU float32, NumPy", "memory triad, NumPy", "MLX float32, CPU"]
    mlx = row(summary, "MLX float32, CPU")
    assert (mlx.values, mlx.mark, mlx.share) == (("3.21 GFLOP/s",), "none", None)
    assert mlx.ceiling == "2 % of NumPy: MLX's CPU build, not this CPU"
    assert summary.sentence.text == "Links and scaling need a second node."
    assert summary.problems == ()


def test_a_run_that_is_slower_as_a_whole_is_one_problem(data):
    run = document(AGAIN, data, scaled(0.85))
    summary = summarize(run)
    assert titles(summary) == [
        ("Regression", "Everything on both Macs is 15 % slower than in the last 7 runs (45 values)"),
    ]
    assert summary.sentence.lead == "1 problem."
    assert summary.history == "45 values worse than in the 7 runs before."
    assert summary.tiles[0].usual == pytest.approx(22 / 27.2, abs=0.001)
    assert summary.tiles[0].text.endswith("22.0 TFLOP/s in the 7 runs before")
    assert summary.tiles[0].mark == "attention"
    # One finding for the gate, too; what the lower values break is listed below it.
    assert [one["kind"] for one in run["findings"]].count("regression") == 1
    assert len(summary.problems[0].findings) == len(run["findings"])


def test_a_slower_run_on_busy_nodes_is_one_problem_with_that_reason(data):
    def busy(raws):
        for raw in raws:
            if raw["facts"]:
                raw["facts"]["conditions"]["busy_cores"] = 20.0
        scaled(0.85)(raws)

    summary = summarize(document(AGAIN, data, busy))
    (problem,) = summary.problems
    assert problem.title.startswith("Everything on both Macs is 15 % slower")
    assert problem.because.startswith("Other work was running on alpha: 20.0 of 24 cores")
    assert problem.remedies[0] == "Let it finish and measure again."
    assert summary.notes == ()


def test_a_node_that_is_slower_as_a_whole_is_one_problem(data):
    of_alpha = scaled(0.8, lambda one: one["subject"] == ["alpha"] and not one["name"].startswith("ray."))
    summary = summarize(document(AGAIN, data, of_alpha))
    assert titles(summary) == [
        ("Regression", "Compute and memory on alpha are 20 % slower than in the last 7 runs (13 values)"),
    ]


def test_one_metric_that_is_slower_has_its_own_problem(data):
    summary = summarize(document(AGAIN, data, scaled(0.85, lambda one: one["name"] == "net.goodput")))
    assert titles(summary) == [("Regression", "Goodput between nodes: 15 % worse than before (alpha and beta)")]


def test_different_losses_are_not_one_slower_run(data):
    def change(raws):
        scaled(0.85)(raws)
        scaled(0.6, lambda one: one["name"] in ("net.goodput", "gemm.float32"))(raws)

    summary = summarize(document(AGAIN, data, change))
    assert not any(title.startswith("Everything") for _badge, title in titles(summary))


def test_notes_are_counted_where_there_is_no_problem(story):
    summary = story("busy")
    assert (summary.sentence.lead, summary.sentence.mark) == ("No problems found; 1 note.", "none")
    assert len(summary.notes) == 1


def test_history_is_said_only_where_there_is_one(data, story):
    assert story("healthy_studios").history == ""
    assert (
        summarize(document(replace(TWO, before=(TWO,)), data)).history
        == "1 comparable run before; 5 are needed to say what changed."
    )
    assert summarize(document(AGAIN, data)).history == "As in the 7 runs before."


def test_a_partial_run_is_called_so(data):
    plan, raws = SITUATIONS["healthy_studios"]()
    plan["parts"] = {"31-together": ["alpha", "beta"]}
    summary = summarize(run_document.assemble(plan, raws, data, FINISHED))
    assert summary.sentence.lead == "No problems found in what was measured."
    assert summary.sentence.text == "The run is not complete: 2 values were not measured."
    assert summary.sentence.mark == "attention"
    assert summary.not_measured == "Not measured: All nodes sending at once."
    plan, raws = SITUATIONS["two_studios"]()
    plan["parts"] = {"40-ray": ["alpha"]}
    summary = summarize(run_document.assemble(plan, raws, data, FINISHED))
    assert summary.sentence.lead == "2 problems in a run that is not complete."


def test_a_run_without_values_says_so(data):
    plan, raws = SITUATIONS["single"]()
    raws = [{**raw, "measurements": []} for raw in raws]
    summary = summarize(run_document.assemble(plan, raws, data, FINISHED))
    assert (summary.sentence.lead, summary.sentence.mark) == ("Nothing was measured.", "attention")
    assert summary.tiles == summary.rows == ()


def test_an_absent_node_is_named(story):
    summary = story("absent")
    assert summary.sentence.text.endswith(" c was not measured.")
    assert [one.title for one in summary.notes] == ["c was not measured"]


@pytest.mark.parametrize(
    ("situation", "title"),
    [
        ("low_power", "Node runs on battery, Low Power Mode is on (laptop)"),
        ("one_slow_uplink", "gamma sends far too slowly"),
        ("two_slow_uplinks", "b and d send far too slowly"),
        ("one_slow_downlink", "gamma receives far too slowly"),
        ("one_slow_pair", "Link head1 – worker1 far too slow"),
        ("nothing_arrives", "Nothing arrives between a and b"),
        ("nothing_arrives_anywhere", "Nothing arrives between a, b and c"),
        ("wifi_everywhere", "Cluster traffic goes over Wi-Fi on all 8 Macs"),
        ("one_node_slower", "GPU slower than usual on b"),
        ("versions", "Different versions of the software on a and b"),
        ("poor_scaling", "2 Macs gain too little over 1"),
        ("slow_memory", "Memory far too slow on alpha"),
    ],
)
def test_a_title_says_what_is_wrong_and_where(story, situation, title):
    summary = story(situation)
    assert [one.title for one in summary.problems] == [title]


def test_a_sentence_begins_with_a_capital_and_leaves_names_alone(story):
    assert story("two_slow_uplinks").sentence.text == "b and d send far too slowly."
    assert story("slow_memory").sentence.text == "The memory of alpha runs at a third of its peak."


@pytest.mark.parametrize("situation", sorted(SITUATIONS))
def test_every_part_is_a_line_of_text_with_units(story, situation):
    summary = story(situation)
    texts = [text for text in walk(dataclasses.asdict(summary)) if isinstance(text, str)]
    assert not [text for text in texts if "unknown" in text.lower() and "Gain: " in text]
    assert not [letter for text in texts for letter in text if ord(letter) < 32]
    measured = [value for one in summary.rows for value in one.values if value] + [tile.value for tile in summary.tiles]
    assert not [value for value in measured if not re.match(r"[\d.]+( / [\d.]+)? (\D\S*|µs|×)", value)]
    assert all(len(one.values) == len(summary.columns) for one in summary.rows)
    assert all(one.share is None or 0 <= one.share <= 1 for one in summary.tiles)
    # A mark never stands without a problem that explains it, and the other way round.
    worst = {one.mark for one in summary.rows} & {"attention", "bad"}
    assert not worst or summary.problems
    assert all(one.remedies and one.findings for one in summary.problems)


def walk(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from walk(item)
    else:
        yield value


def test_every_cause_has_one_problem(story):
    for situation in SITUATIONS:
        summary = story(situation)
        causes = [one.cause for one in (*summary.problems, *summary.notes)]
        assert len(causes) == len(set(causes))


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (1.05, "5 % faster"),
        (1.99, "99 % faster"),
        (2.0, "2 times faster"),
        (3.4, "3.4 times faster"),
        (41.8, "42 times faster"),
        (1e6, "more than 100 times faster"),
    ],
)
def test_a_factor_in_words(factor, words):
    assert summary_problems.faster(factor) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.22, "a fifth"),
        (0.27, "a quarter"),
        (0.1, "a tenth"),
        (0.5, "half"),
        (0.42, "42 %"),
        (0.69, "two thirds"),
        (0.9, "90 %"),
    ],
)
def test_a_share_in_words(share, words):
    assert sentence.fraction(share) == words


@pytest.mark.parametrize(
    ("chip", "can"),
    [("M2 Ultra", False), ("M1 Ultra", False), ("M4", False), ("M4 Max", True), ("M4 Pro", True), ("M3 Ultra", True)],
)
def test_rdma_is_named_only_to_chips_that_can(data, chip, can):
    machine = {**M2_ULTRA, "chip": f"Apple {chip}"}
    plan, raws = make(["alpha", "beta"], machine, 9.41e9, TEN, 10e12)
    (option,) = [one for one in run_document.assemble(plan, raws, data, FINISHED)["options"] if one["kind"] == "one_large_model"]
    assert ("RDMA" in option["text"]) == can
    machines = {"alpha": machine, "beta": M2_ULTRA}
    plan, raws = make(["alpha", "beta"], machines, 9.41e9, TEN, 10e12)
    (option,) = [one for one in run_document.assemble(plan, raws, data, FINISHED)["options"] if one["kind"] == "one_large_model"]
    assert "RDMA" not in option["text"]


def test_names_and_chips_are_text(data):
    hostile = "<b>\x1b[2Jx|\u202e`y`](http://z)"
    machine = {**LAPTOP, "chip": hostile, "os": {"name": hostile, "version": "1"}}
    plan, raws = make([f"alpha{hostile}", f"beta{hostile}"], machine, 941e6, GIGABIT, 6e12)
    summary = summarize(run_document.assemble(plan, raws, data, FINISHED))
    assert "<b>" in summary.title
    assert "<b>" in summary.hardware
    for text in (summary.title, summary.hardware, summary.software):
        assert text.isprintable(), text
    written = markdown(summary)
    assert not re.search(r"<|\]\(|`|\x1b|\u202e", written)
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in written.splitlines() if line.startswith("|")}) <= 1


def test_the_copied_text_is_short_and_complete(story):
    text = markdown(story("two_studios"))
    lines = text.splitlines()
    assert len(lines) <= 16
    assert lines[0] == "**alpha + beta**: 2 × Apple M2 Ultra, 76 GPU cores, 192 GiB"
    assert "| GPU float32 | 6.00 TFLOP/s | 6.00 TFLOP/s | 27.2 TFLOP/s | 22 % | wrong |" in lines
    assert "- **Limit** 10 Gb/s ports connected at 1 Gb/s (alpha – beta). Join the fast ports with one cable:" in text


def test_the_embedded_run_has_medians_and_no_samples(data):
    run = run_document.assemble(*SITUATIONS["healthy_studios"](), data, FINISHED)
    kept = as_json(run)
    text = json.dumps(kept)
    assert len(text) < 20_000
    assert "samples" not in text
    assert len(kept["metrics"]) == len(run["metrics"])
    assert kept["metrics"][0]["median"] == pytest.approx(run["metrics"][0]["median"], rel=1e-5)
    assert kept["nodes"]["alpha"] == {"chip": "Apple M2 Ultra", "gpu_cores": 76, "cpu_cores": 24, "memory_bytes": 192 * 2**30}


def test_a_part_that_raises_costs_no_other(data):
    run = run_document.assemble(*studios(945e6, GIGABIT), data, FINISHED)
    broken = copy.deepcopy(run)
    del broken["history"]["comparisons"]
    failures = []
    summary = summarize(broken, failures)
    assert {failure["name"] for failure in failures} >= {"tiles of the summary", "table of the summary"}
    assert summary.title == "alpha + beta"
