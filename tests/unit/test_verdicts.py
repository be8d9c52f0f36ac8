"""The right finding is first in each situation, and a healthy cluster has none."""

from itertools import permutations

import pytest
from runs import GIGABIT, JUMBO, M2_ULTRA, SITUATIONS, TEN, VETH, make, net

from ansible_collections.saf.fabric.plugins.plugin_utils import run_document
from ansible_collections.saf.fabric.plugins.plugin_utils import runs as report_filters
from ansible_collections.saf.fabric.plugins.plugin_utils.report import view as report_view
from ansible_collections.saf.fabric.plugins.plugin_utils.report.view import nodes
from ansible_collections.saf.fabric.plugins.plugin_utils.text.labels import gain_label as gain_words
from ansible_collections.saf.fabric.plugins.plugin_utils.verdicts import pairs, remedies

FINISHED = "2026-11-23T18:25:00Z"
NOMINAL = "the speed of a virtual interface, or of several ports that act as one, is only a name"


@pytest.fixture(scope="module")
def data():
    return report_filters.data_files()


@pytest.fixture(scope="module")
def run_of(data):
    def make(situation):
        plan, raws = SITUATIONS[situation]()
        return run_document.assemble(plan, raws, data, FINISHED)

    return make


@pytest.mark.parametrize(
    ("situation", "kinds", "subject"),
    [
        ("healthy_studios", [], None),
        ("healthy_three", [], None),
        ("healthy_sixteen", [], None),
        ("healthy_single", [], None),
        ("healthy_mixed", [], None),
        ("single", [], None),
        ("two_studios", ["compute_below_peak", "negotiated_below_capable"], ["alpha", "beta"]),
        ("one_slow_pair", ["slow_link"], ["head1", "worker1"]),
        ("one_slow_uplink", ["node_uplink"], ["gamma"]),
        ("one_slow_downlink", ["node_downlink"], ["gamma"]),
        ("two_slow_uplinks", ["node_uplink"], ["b", "d"]),
        ("two_bad_pairs", ["slow_link"], ["a", "b", "c", "d"]),
        ("mixed_ports", [], None),
        ("mixed_ports_of_five", [], None),
        ("mixed_virtual_ports", ["path_limit"], ["pi"]),
        ("wifi_everywhere", ["wifi_route"], list("abcdefgh")),
        ("bridge_below_its_port", ["low_share"], ["alpha", "beta"]),
        ("paravirtual", [], None),
        ("two_virtual_one_way", ["asymmetric_link"], ["alpha", "beta"]),
        ("near_a_standard_rate", [], None),
        ("nothing_arrives", ["slow_link"], ["a", "b"]),
        ("nothing_arrives_anywhere", ["slow_link"], ["a", "b", "c"]),
        ("four_that_are_half_full", ["low_share"], list("abcd")),
        ("one_port_negotiates_less", ["negotiated_below_capable"], ["c"]),
        ("one_slow_cpu", ["cpu_bound_link"], ["c"]),
        ("one_bad_cable", ["slow_link"], ["c"]),
        ("one_bad_cable_of_eight", ["slow_link"], ["f"]),
        ("one_bad_cable_of_sixteen", ["slow_link"], ["node07"]),
        ("path_limits_all", ["path_limit"], ["head1", "worker1", "worker2"]),
        ("small_products", ["products_too_small"], ["alpha"]),
        ("one_node_slower", ["compute_below_peak", "slow_node"], ["b"]),
        ("versions", ["versions_differ", "fingerprints_differ"], ["a", "b"]),
        ("busy", ["busy_node"], ["b"]),
        ("busy_a_minute_ago", [], None),
        ("poor_scaling", ["weak_scaling"], ["a", "b"]),
        ("asymmetric", ["asymmetric_link"], ["b", "a"]),
        ("impossible", ["above_ceiling"], ["alpha"]),
        ("absent", ["absent_node"], ["c"]),
        ("wifi", ["wifi_route"], ["alpha", "beta"]),
        ("wrong_link", ["wrong_route"], ["alpha", "beta"]),
        ("route_by_wifi", ["wifi_route"], ["alpha"]),
        ("route_by_another_port", ["route_elsewhere"], ["alpha"]),
        ("switch_back_plane", ["switch_contention"], list("abcdefgh")),
        ("throttling_laptop", ["throttling"], ["laptop"]),
        ("low_power", ["power"], ["laptop"]),
        ("lossy", ["lossy_link"], ["alpha", "beta"]),
        ("cpu_bound", ["cpu_bound_link"], ["alpha", "beta"]),
        ("one_stream", ["single_stream_limit"], ["alpha", "beta"]),
        ("slower_hop", ["low_share"], ["alpha", "beta"]),
        ("jumbo_lost", ["jumbo_frames_lost"], ["alpha", "beta"]),
        ("mtu_differs", ["mtu_differs"], ["alpha", "beta"]),
        ("bufferbloat", ["bufferbloat"], ["alpha", "beta"]),
        ("slow_memory", ["memory_below_peak"], ["alpha"]),
        ("slow_objects", ["object_transfer_below_link"], ["alpha", "beta"]),
        ("slow_collective", ["collective_below_link"], ["alpha", "beta"]),
    ],
)
def test_findings(run_of, situation, kinds, subject):
    findings = run_of(situation)["findings"]
    assert sorted(found["kind"] for found in findings) == sorted(kinds)
    assert [found["rank"] for found in findings] == list(range(1, len(findings) + 1))
    if subject:
        assert findings[0]["kind"] == kinds[0]
        assert findings[0]["subject"] == subject


def test_compute_and_link_of_two_studios_are_explained(run_of):
    run = run_of("two_studios")
    compute = run["findings"][0]
    assert "6.00 TFLOP/s" in compute["measured"]
    assert "22 % of peak" in compute["measured"]
    link = next(found for found in run["findings"] if found["kind"] == "negotiated_below_capable")
    assert "945 Mb/s, 100 % of the ceiling" in link["measured"]
    assert link["remedies"][0] == "Join the fast ports with one cable: two nodes need no switch."
    assert "up to 10 times" in link["because"]
    # 5 % of the time is transfer: a link ten times as fast gives 1 / (0.95 + 0.05 / 10)
    assert link["gain_at_most"] == pytest.approx(1.05, abs=0.005)
    assert "spend 5 % of their time on transfer" in link["because"]


@pytest.mark.parametrize(
    ("busy", "clock", "words"),
    [
        (
            0.79,
            1398e6,
            "79 % busy meanwhile, at 1.40 GHz of 1.40 GHz: busy is not fast, it waits for memory or runs small products.",
        ),
        (0.79, 702e6, "at 702 MHz of 1.40 GHz: its clock is held down."),
        (0.3, None, "30 % busy meanwhile: it waits for the host."),
        (None, 1398e6, ""),
    ],
)
def test_gpu_utilization_is_reported_with_clock_and_share(data, busy, clock, words):
    common = {"scope": "node", "subject": ["alpha"], "better": "higher"}
    extra = [
        {**common, "name": "gpu.utilisation", "unit": "1", "params": {"suite": "gemm", "source": "ioreg"}, "samples": [busy]},
        {**common, "name": "gpu.clock", "unit": "Hz", "params": {"suite": "gemm", "source": "powermetrics"}, "samples": [clock]},
    ]
    reported = [measurement for measurement in extra if measurement["samples"] != [None]]
    plan, raws = make(["alpha"], M2_ULTRA, flops=6e12, extra=reported)
    run = run_document.assemble(plan, raws, data, FINISHED)
    because = run["findings"][0]["because"]
    assert "22 % of peak" in run["findings"][0]["measured"]
    assert because.endswith(words)
    assert ("The system reports the GPU" in because) == (busy is not None)


def test_the_wifi_verdict_names_the_senders(run_of):
    (found,) = run_of("route_by_wifi")["findings"]
    assert "alpha sends by en1 (wifi), its address is on en0 (ethernet)." in found["because"]
    assert "beta sends" not in found["because"]


def test_the_link_table_shows_the_interface_of_the_route(run_of):
    (table,) = report_view.prepare(run_of("route_by_another_port"))["matrix"]
    assert [end["interface"] for end in table["ends"]] == [
        "en7 (ethernet) to beta; its address is on en0",
        "en0 (ethernet)",
    ]
    assert [end["negotiated"] for end in table["ends"]] == ["1.00 Gb/s", "10.0 Gb/s"]


def test_the_free_remedies_come_before_the_switch(run_of):
    found = next(found for found in run_of("two_studios")["findings"] if found["kind"] == "negotiated_below_capable")
    words = ("one cable", "Thunderbolt", "Swap the cable", "another port", "2 ports of 10 Gb/s (for example QNAP QSW-M408-4C)")
    assert len(found["remedies"]) == len(words)
    assert all(word in remedy for word, remedy in zip(words, found["remedies"]))


@pytest.mark.parametrize(
    ("nodes", "goodput", "words"),
    [
        (4, 9.4e9, "4 ports of 10 Gb/s (for example QNAP QSW-M408-4C)"),
        (5, 9.4e9, "5 ports of 10 Gb/s (for example MikroTik CRS309-1G-8S+IN)"),
        (17, 9.4e9, "17 ports of 10 Gb/s (data/switches.yml lists none)"),
        (2, 90e9, "2 ports of 100 Gb/s (data/switches.yml lists none)"),
    ],
)
def test_a_switch_has_a_port_of_the_speed_for_each_node(data, nodes, goodput, words):
    assert words in remedies.switch_words(nodes, goodput, data)


@pytest.mark.parametrize(
    ("situation", "kind", "gain"),
    [  # 5 % of the time is transfer: 1 / (0.95 + 0.05 / k)
        ("one_bad_cable_of_sixteen", "slow_link", 1.05),
        ("wrong_link", "wrong_route", 1.05),
        ("asymmetric", "asymmetric_link", 1.01),
        ("switch_back_plane", "switch_contention", 1.04),
    ],
)
def test_every_verdict_about_a_rate_has_its_bound(run_of, situation, kind, gain):
    found = next(found for found in run_of(situation)["findings"] if found["kind"] == kind)
    assert found["gain_at_most"] == pytest.approx(gain, abs=0.005)
    assert f"on transfer: {gain_words(found['gain_at_most'])}." in found["because"]


def test_a_gain_is_unknown_where_the_transfer_share_is(data):
    plan, raws = SITUATIONS["two_studios"]()
    raws[-1]["measurements"] = []
    found = run_document.assemble(plan, raws, data, FINISHED)["findings"]
    link = next(item for item in found if item["kind"] == "negotiated_below_capable")
    assert link["gain_at_most"] is None
    assert "was not measured" in link["because"]


def test_a_busy_node_names_its_busiest_process(data):
    plan, raws = SITUATIONS["busy"]()
    for document in raws:
        if document["node"] == "b" and document["facts"]:
            document["facts"]["conditions"]["busiest"] = [{"command": "mds_stores", "cpu_percent": 212}]
    (found,) = run_document.assemble(plan, raws, data, FINISHED)["findings"]
    assert found["measured"] == "20.0 of 24 cores in use before the first measurement: mds_stores 212 %"


@pytest.mark.parametrize(
    ("situation", "words"),
    [
        # the ports can do no more: no fault, but an answer to "what would a faster link bring"
        (
            "healthy_three",
            "Use a Thunderbolt cable between the Macs, which carries IP at about 16 Gb/s: name its addresses in links. "
            "That is 17 times",
        ),
        ("healthy_mixed", "Use adapters of 10 Gb/s and a switch with as many such ports. That is 10 times this link."),
        ("healthy_studios", None),  # 10 Gb/s already
        ("two_studios", None),  # the ports can do more: a finding reports it
        ("unknown_ports", None),  # whether they can is not known
        ("one_bad_cable", None),
        ("path_limits_all", None),
        ("wifi", None),
        ("wrong_link", None),  # a faster link is there already: a finding says how to use it
    ],
)
def test_links_that_are_full_and_healthy_are_an_option(run_of, situation, words):
    options = [item["text"] for item in run_of(situation)["options"] if item["kind"] == "faster_link"]
    assert len(options) == bool(words)
    if words:
        assert words in options[0]
        assert "941 Mb/s is what 1.00 Gb/s Ethernet carries" in options[0]
        assert "5 % of their time on transfer: at most" in options[0]


def test_one_large_model_is_an_option_for_macs_alone(run_of):
    (option,) = [item for item in run_of("healthy_studios")["options"] if item["kind"] == "one_large_model"]
    assert "288.0 GiB, one alone 144.0 GiB" in option["text"]
    assert not [item for item in run_of("healthy_mixed")["options"] if item["kind"] == "one_large_model"]


@pytest.mark.parametrize(
    ("situation", "words"),
    [("healthy_mixed", "mac reaches 22.0 TFLOP/s and linux 8.00 GFLOP/s"), ("healthy_three", None), ("single", None)],
)
def test_nodes_of_different_speed_are_an_option(run_of, situation, words):
    options = [item["text"] for item in run_of(situation)["options"] if item["kind"] == "different_nodes"]
    assert len(options) == bool(words)
    assert all(words in option for option in options)


def test_mlx_on_a_cpu_is_labelled(run_of):
    (option,) = [item for item in run_of("healthy_mixed")["options"] if item["kind"] == "mlx_on_cpu"]
    assert "8.00 GFLOP/s where NumPy reaches 900 GFLOP/s" in option["text"]


def test_the_parts_of_the_wall_time_add_up(run_of):
    (metric,) = [metric for metric in run_of("poor_scaling")["metrics"] if metric["name"] == "scaling.strong"]
    split = metric["context"]["split"]
    assert sum(split.values()) == pytest.approx(1)
    assert split == pytest.approx({"compute": 0.9, "imbalance": 0, "scheduling": 0.05, "transfer": 0.05})


def test_decode_is_bounded_by_the_memory(run_of):
    metric = next(metric for metric in run_of("healthy_single")["metrics"] if metric["name"] == "llm.decode")
    assert metric["ceiling"] == pytest.approx(100)  # 800 GB/s over 8 GB of weights
    assert metric["share"] == pytest.approx(0.78)


def test_what_a_run_did_not_reach_is_not_measured(data):
    plan, raws = SITUATIONS["healthy_studios"]()
    plan["parts"] = {"x": ["alpha", "beta"], "24-sustained": ["alpha"], "50-collective": ["alpha", "beta"]}
    run = run_document.assemble(plan, raws, data, FINISHED)
    assert run["partial"]
    assert [(item["name"], item["subject"]) for item in run["not_measured"]] == [
        ("sustained", ["alpha"]),
        ("collective", ["alpha"]),
        ("collective", ["beta"]),
    ]
    assert "is not complete" in report_view.prepare(run)["summary"].sentence.text
    plan["parts"] = {"x": ["alpha", "beta"]}
    assert not run_document.assemble(plan, raws, data, FINISHED)["partial"]


def test_a_filled_slower_path_is_measured_against_that_rate(run_of):
    found = run_of("path_limits_all")["findings"][0]
    assert "904 Mb/s, 0.96 of what 1.00 Gb/s Ethernet carries" in found["measured"]


def test_a_value_above_its_ceiling_is_ignored(run_of):
    run = run_of("impossible")
    assert nodes.best(run, "gemm.float32") is None
    assert run["findings"][0]["severity"] == "fault"


def test_containers_that_share_cores_are_no_alarm(data):
    plan, raws = SITUATIONS["path_limits_all"]()
    raws[-1]["measurements"][-1]["samples"] = [1.0]
    run = run_document.assemble(plan, raws, data, FINISHED)
    scaling = next(found for found in run["findings"] if found["kind"] == "weak_scaling")
    assert scaling["severity"] == "note"
    assert "share" in scaling["because"]


def test_strong_scaling_is_derived(run_of):
    (metric,) = [metric for metric in run_of("poor_scaling")["metrics"] if metric["name"] == "scaling.strong"]
    assert metric["median"] == pytest.approx(0.5)
    assert metric["share"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("ends", "segment"),
    [((9000, 9000), 8948), ((9000, 1500), 1448), ((1500, None), 1448), ((None, None), 1448), ((0, 9000), 8948)],
)
def test_the_fraction_of_lost_segments_knows_their_size(ends, segment):
    context = {side: {"mtu": size} for side, size in zip(("from", "to"), ends) if size is not None}
    lossy = {"median": 8e9, "params": {"seconds": 10}, "context": {**context, "retransmits": 1000, "whole_run": 8e9}}
    assert pairs._loss(lossy) == pytest.approx(1000 * segment / 10e9)


def test_a_slow_uplink_is_first_with_its_direction(run_of):
    """What gamma sends was shaped to 137 Mb/s, between virtual interfaces: the report had no finding at all."""
    first = run_of("one_slow_uplink")["findings"][0]
    assert (first["severity"], first["kind"], first["subject"]) == ("fault", "node_uplink", ["gamma"])
    assert first["measured"] == "gamma sends 127 Mb/s to beta and 131 Mb/s to alpha"
    assert "gamma receives 8.10 Gb/s to 10.0 Gb/s" in first["expected"]
    assert first["because"].startswith("Slow is what gamma sends, whoever receives it; what it receives is not.")
    assert "rate limit on what gamma sends" in first["remedies"][0]


def test_a_slow_downlink_is_what_the_node_receives(run_of):
    first = run_of("one_slow_downlink")["findings"][0]
    assert first["measured"] == "gamma receives 127 Mb/s from beta and 131 Mb/s from alpha"
    assert "gamma sends 8.10 Gb/s to 10.0 Gb/s" in first["expected"]


def test_the_cable_comes_before_the_port(run_of):
    found = run_of("two_slow_uplinks")["findings"][0]
    words = ("Swap the cable of b and d", "another port of the switch", "rate limits (sudo dnctl list) on b and d")
    assert len(found["remedies"]) == len(words)
    assert all(word in remedy for word, remedy in zip(words, found["remedies"]))


def test_equal_causes_are_one_finding_that_names_each(run_of):
    (pairs,) = run_of("two_bad_pairs")["findings"]
    assert pairs["measured"] == "300 Mb/s between a and b; 300 Mb/s between c and d"
    (wifi,) = run_of("wifi_everywhere")["findings"]
    assert "(a - b, a - c, a - d and 25 more pairs)" in wifi["measured"]
    assert "Far behind the others: h sends 12.0 Mb/s to 7 nodes." in wifi["because"]


def test_a_link_that_carries_nothing_is_reported(run_of):
    (found,) = run_of("nothing_arrives_anywhere")["findings"]
    assert found["measured"] == "0 b/s on every link"
    assert found["because"] == "No link carries anything."
    assert found["gain_at_most"] is None


def test_a_nominal_speed_is_no_ceiling(run_of):
    run = run_of("paravirtual")
    metrics = [metric for metric in run["metrics"] if metric["name"] == "net.goodput"]
    assert {metric["ceiling"] for metric in metrics} == {None}
    assert {metric["ceiling_source"] for metric in metrics} == {NOMINAL}
    (table,) = report_view.prepare(run)["matrix"]
    assert "28.3 Gb/s, its ceiling is not known" in table["caption"]
    assert "-" in [cell["share"] for row in table["rows"] for cell in row["cells"]]


def test_a_real_end_bounds_a_link_to_a_virtual_one(data):
    """A virtual machine whose interface says 1 Gb/s at the 10 Gb/s port of a Mac: the Mac's port is the ceiling."""
    vm = {"links": {"default": {**VETH, "negotiated_bps": 1e9}}}
    plan, raws = make(["mac", "vm"], M2_ULTRA, 9.41e9, TEN, 22e12, vm=vm)
    run = run_document.assemble(plan, raws, data, FINISHED)
    shares = [metric["share"] for metric in run["metrics"] if metric["name"] == "net.goodput"]
    assert shares == pytest.approx([1.0, 1.0], abs=0.01)


@pytest.mark.parametrize("links", [None, {}])
def test_a_node_without_links_costs_no_verdict(data, links):
    plan, raws = make(["a", "b", "c"], M2_ULTRA, 941e6, GIGABIT, 22e12, b={"links": links})
    run = run_document.assemble(plan, raws, data, FINISHED)
    assert [found["kind"] for found in run["findings"]] == []


def test_a_filled_matrix_of_nothing_is_drawn(run_of):
    (table,) = report_view.prepare(run_of("nothing_arrives_anywhere"))["matrix"]
    assert {cell["level"] for row in table["rows"] for cell in row["cells"]} == {"dead", ""}
    assert (table["unit"], table["rows"][0]["cells"][1]["text"]) == ("b/s", "0 b/s")


@pytest.mark.parametrize(
    ("kind", "frames", "words"),
    [
        ("jumbo_frames_lost", {**JUMBO, "mtu_passes": False}, "(a - b, a - c, a - d and 3 more pairs)"),
        ("route_elsewhere", {**TEN, "interface": "en7"}, "d sends by en7 (ethernet)"),
    ],
)
def test_what_all_pairs_show_is_one_finding(data, kind, frames, words):
    pairs = permutations("abcd", 2)
    plan, raws = make(
        list("abcd"), M2_ULTRA, None, TEN, 22e12, extra=[net(p, 9.4e9, **{"from": frames, "to": frames}) for p in pairs]
    )
    (found,) = run_document.assemble(plan, raws, data, FINISHED)["findings"]
    assert found["kind"] == kind
    assert found["subject"] == list("abcd")
    assert words in found["measured"]
