"""From raw files to findings and to the page."""

import copy
import json
import re
import subprocess

import pytest
import report as report_filters
from ansible.errors import AnsibleFilterError
from ansible.module_utils.saf import ceilings, report_view, run_document, statistics, units
from ansible.module_utils.saf.verdicts import finding
from runs import SITUATIONS

FINISHED = "2026-11-23T18:25:00Z"


@pytest.fixture
def run_of(root):
    peaks = (root / "data" / "apple_silicon_peaks.csv").read_text()

    def make(situation):
        plan, raws = SITUATIONS[situation]()
        return run_document.assemble(plan, raws, peaks, FINISHED)

    return make


@pytest.mark.parametrize(
    ("situation", "kinds", "subject"),
    [
        ("healthy_studios", [], None),
        ("healthy_three", [], None),
        ("single", [], None),
        ("two_studios", ["compute_below_peak", "compute_below_peak", "negotiated_below_capable"], ["alpha"]),
        ("one_slow_pair", ["slow_link", "above_ceiling"], ["head1", "worker1"]),
        ("one_bad_cable", ["slow_link"], ["c"]),
        ("path_limits_all", ["path_limit"], ["head1", "worker1", "worker2"]),
        ("one_node_slower", ["compute_below_peak", "slow_node"], ["b"]),
        ("versions", ["versions_differ", "fingerprints_differ"], ["a", "b"]),
        ("busy", ["busy_node"], ["b"]),
        ("poor_scaling", ["weak_scaling"], ["a", "b"]),
        ("asymmetric", ["low_share", "asymmetric_link"], ["b", "a"]),
        ("impossible", ["above_ceiling"], ["alpha"]),
        ("absent", ["absent_node"], ["c"]),
    ],
)
def test_findings(run_of, situation, kinds, subject):
    findings = run_of(situation)["findings"]
    assert sorted(found["kind"] for found in findings) == sorted(kinds)
    assert [found["rank"] for found in findings] == list(range(1, len(findings) + 1))
    if subject:
        assert findings[0]["kind"] == kinds[0]
        assert findings[0]["subject"] == subject


def test_the_owners_three_numbers_are_answered(run_of):
    run = run_of("two_studios")
    compute = run["findings"][0]
    assert "6.00 TFLOP/s" in compute["measured"]
    assert "22 % of peak" in compute["measured"]
    link = next(found for found in run["findings"] if found["kind"] == "negotiated_below_capable")
    assert "945 Mb/s, 100 % of the ceiling" in link["measured"]
    assert link["advice"].startswith("Two nodes need no switch")
    assert "up to 10 times" in link["advice"]
    assert "only in the share of its time that it transfers" in link["advice"]
    assert link["gain_at_most"] is None


def test_a_filled_slower_path_is_measured_against_that_rate(run_of):
    (found,) = run_of("path_limits_all")["findings"]
    assert "904 Mb/s, 0.96 of what 1.00 Gb/s Ethernet carries" in found["measured"]


def test_a_figure_above_its_ceiling_is_no_record(run_of):
    view = report_view.prepare(run_of("impossible"))
    assert view["nodes"][0]["compute"] == "-"
    assert view["findings"][0]["severity"] == "fault"


def test_containers_that_share_cores_are_no_alarm(run_of):
    plan, raws = SITUATIONS["path_limits_all"]()
    raws[-1]["measurements"][-1]["samples"] = [1.0]
    run = run_document.assemble(plan, raws, "chip,gpu_cores\n", FINISHED)
    scaling = next(found for found in run["findings"] if found["kind"] == "weak_scaling")
    assert scaling["severity"] == "note"
    assert "share" in scaling["because"]


def test_strong_scaling_is_derived(run_of):
    (metric,) = [metric for metric in run_of("poor_scaling")["metrics"] if metric["name"] == "scaling.strong"]
    assert metric["median"] == pytest.approx(0.5)
    assert metric["share"] == pytest.approx(0.5)


@pytest.mark.parametrize("situation", sorted(SITUATIONS))
def test_every_run_is_valid(run_of, situation):
    assert report_filters.validate(run_of(situation))


def _drop(key):
    return lambda run: run.pop(key)


@pytest.mark.parametrize(
    ("break_it", "place"),
    [
        (_drop("findings"), "the document"),
        (lambda run: run.update(schema_version=2), "schema_version"),
        (lambda run: run["metrics"][0].update(unit="GB/s"), "metrics/0/unit"),
        (lambda run: run["metrics"][0].update(samples=[]), "metrics/0/samples"),
        (lambda run: run["metrics"][0].update(record=True), "metrics/0"),
        (lambda run: run["not_measured"].append({"name": "x", "subject": [], "reason": ""}), "not_measured/0/reason"),
        (lambda run: run["findings"][0].update(severity="fatal"), "findings/0/severity"),
        (lambda run: run.update(started="yesterday"), "started"),
    ],
)
def test_the_schema_refuses(run_of, break_it, place):
    run = copy.deepcopy(run_of("two_studios"))
    break_it(run)
    with pytest.raises(AnsibleFilterError, match=f"not be valid at {place}:"):
        report_filters.validate(run)


@pytest.mark.parametrize(
    ("samples", "summary"),
    [
        ([1], {"n": 1, "median": 1, "mad": 0, "p95": 1, "min": 1, "max": 1}),
        ([3, 1, 2], {"n": 3, "median": 2, "mad": 1, "p95": 3, "min": 1, "max": 3}),
        ([1, 2, 3, 100], {"n": 4, "median": 2.5, "mad": 1.0, "p95": 100, "min": 1, "max": 100}),
        (list(range(1, 101)), {"n": 100, "median": 50.5, "mad": 25.0, "p95": 95, "min": 1, "max": 100}),
    ],
)
def test_statistics(samples, summary):
    assert statistics.summarise(samples) == summary


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (904e6, "bit/s", "904 Mb/s"),
        (21.97e12, "FLOP/s", "22.0 TFLOP/s"),
        (0.00132, "s", "1.32 ms"),
        (0.000002, "s", "2.00 µs"),
        (999.9e6, "bit/s", "1.00 Gb/s"),
        (0.953, "1", "0.95"),
        (0, "s", "0 s"),
        (None, "s", "-"),
    ],
)
def test_units(value, unit, text):
    assert units.human(value, unit) == text


@pytest.mark.parametrize(
    ("rate", "mtu", "goodput"),
    [(1e9, 1500, 941.5e6), (10e9, 1500, 9415e6), (2.5e9, 9000, 2475e6), (100e6, 1500, 94.1e6)],
)
def test_goodput_ceilings(rate, mtu, goodput):
    assert ceilings.tcp_goodput(rate, mtu) == pytest.approx(goodput, rel=1e-3)


@pytest.mark.parametrize(
    ("goodput", "below", "rate"),
    [(945e6, 9.4e9, 1e9), (904e6, 9.4e9, 1e9), (287e6, 9.4e9, None), (941e6, 941e6, None), (2350e6, 9.4e9, 2.5e9)],
)
def test_saturated_rates(goodput, below, rate):
    assert ceilings.saturated_rate(goodput, below) == rate


@pytest.mark.parametrize(
    ("facts", "params", "ceiling", "source"),
    [
        ({"chip": "Apple M2 Ultra", "gpu": {"cores": 76}}, {"backend": "gpu"}, 27.199e12, "1398 MHz"),
        ({"chip": "Apple M2 Ultra", "gpu": {"cores": 99}}, {"backend": "gpu"}, None, "no peak for"),
        ({"chip": "Apple M6", "gpu": {"cores": 12}}, {"backend": "gpu"}, None, "no peak for"),
        ({"chip": "AMD EPYC", "gpu": {"cores": None}}, {"backend": "cpu"}, None, "NumPy"),
    ],
)
def test_compute_ceilings(root, facts, params, ceiling, source):
    peaks = ceilings.read_peaks((root / "data" / "apple_silicon_peaks.csv").read_text())
    found, said = ceilings.gemm(facts, params, peaks)
    assert found == (None if ceiling is None else pytest.approx(ceiling))
    assert source in said


def test_every_row_of_the_peaks_follows_from_its_clock(root):
    for (chip, cores), row in ceilings.read_peaks((root / "data" / "apple_silicon_peaks.csv").read_text()).items():
        if row["gpu_clock_mhz"]:
            assert float(row["fp32_tflops"]) == pytest.approx(cores * 256 * float(row["gpu_clock_mhz"]) / 1e6, rel=1e-3), chip


@pytest.mark.parametrize(("share", "factor", "gain"), [(0.1, 10, 1.0989), (1, 10, 10), (0, 10, 1)])
def test_bounded_gain(share, factor, gain):
    assert finding.bounded_gain(share, factor) == pytest.approx(gain, rel=1e-3)


def test_the_playbook_writes_a_page_that_needs_nothing_else(root, tmp_path):
    plan, raws = SITUATIONS["two_studios"]()
    folder = tmp_path / "results" / plan["run_id"]
    (folder / "raw").mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(plan))
    for number, raw in enumerate(raws):
        (folder / "raw" / f"{number:02}.json").write_text(json.dumps(raw))
    (tmp_path / "hosts.yml").write_text("cluster: {hosts: {alpha: {ansible_connection: local}}}\n")
    command = [
        "ansible-playbook",
        "-i",
        str(tmp_path / "hosts.yml"),
        "playbooks/bench_report.yml",
        "-e",
        f"report_run_dir={folder}",
    ]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "results" / "latest" / "run.json").exists()
    run = json.loads((folder / "run.json").read_text())
    html, markdown = (folder / "report.html").read_text(), (folder / "report.md").read_text()
    assert not re.search(r"https?://|src=|@import|<link", html)
    for name in {metric["name"] for metric in run["metrics"]}:
        assert name in html
        assert name in markdown
    for found in run["findings"]:
        assert found["advice"] in markdown
    assert "945 Mb/s" in html
    assert f"Report: {folder}/report.html" in " ".join(done.stdout.split()).replace(" '", "")
