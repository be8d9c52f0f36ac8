"""Statistics, units, ceilings and flags: the arithmetic below every verdict."""

import math

import pytest
from runs import M2_ULTRA, metric

from ansible_collections.saf.fabric.plugins.plugin_utils import metrics
from ansible_collections.saf.fabric.plugins.plugin_utils import runs as report_filters
from ansible_collections.saf.fabric.plugins.plugin_utils.analysis import ceilings, flags, statistics
from ansible_collections.saf.fabric.plugins.plugin_utils.text import labels, units
from ansible_collections.saf.fabric.plugins.plugin_utils.verdicts import finding


@pytest.fixture(scope="module")
def data():
    return report_filters.data_files()


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
    ("part", "whole", "ratio"),
    [
        (1, 2, 0.5),
        (0, 2, 0.0),
        *((part, whole, None) for part, whole in [(1, 0), (1, -2), (None, 1), (1, None), ("1", 1), (True, 1)]),
        *((part, whole, None) for part, whole in [(math.nan, 1), (1, math.nan), (1, math.inf), (math.inf, 1)]),
    ],
)
def test_ratio(part, whole, ratio):
    assert statistics.ratio(part, whole) == ratio


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (904e6, "bit/s", "904 Mb/s"),
        (21.97e12, "FLOP/s", "22.0 TFLOP/s"),
        (0.00132, "s", "1.32 ms"),
        (0.000002, "s", "2.00 µs"),
        (999.9e6, "bit/s", "1.00 Gb/s"),
        (0.953, "1", "0.95"),
        (0.78, "token/s", "0.78 token/s"),
        (0, "s", "0 s"),
        (None, "s", "-"),
    ],
)
def test_units(value, unit, text):
    assert units.human(value, unit) == text


@pytest.mark.parametrize(
    ("value", "spread", "unit", "text"),
    [
        (22e12, 220e9, "FLOP/s", "22.0 ± 0.2 TFLOP/s"),  # one prefix
        (22e12, 1e9, "FLOP/s", "22.0 ± 0.001 TFLOP/s"),  # no spread is rounded to nothing
        (945e6, 0.0, "bit/s", "945 ± 0 Mb/s"),
        (0.00132, 0.00001, "s", "1.32 ± 0.01 ms"),
        (0.953, 0.01, "1", "0.95 ± 0.01"),
        (None, 1.0, "s", "-"),
    ],
)
def test_a_value_and_its_spread_have_one_prefix(value, spread, unit, text):
    assert units.plus_minus(value, spread, unit) == text


@pytest.mark.parametrize(
    ("size", "text"), [(64, "64 B"), (2**16, "64 KiB"), (2**27, "128 MiB"), (3 * 2**29, "1.5 GiB"), (2**10, "1 KiB")]
)
def test_sizes_in_powers_of_1024(size, text):
    assert units.bytes_size(size) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("5 % of 27.2 TFLOP/s", "5_% of 27.2_TFLOP/s"),
        ("22.0 ± 0.2 ms, 3 s", "22.0_±_0.2_ms, 3_s"),
        ("4 streams, 2 nodes, 3 steps", "4 streams, 2 nodes, 3 steps"),
        ("64 KiB, 1 B, 75 °C", "64_KiB, 1_B, 75_°C"),
    ],
)
def test_no_line_ends_between_a_number_and_its_unit(text, shown):
    assert units.unbroken(text) == shown.replace("_", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize(
    ("factor", "text"),
    [(3.4, "at most 3.4 times as fast"), (1.05, "at most 5 % faster"), (1.0, "none for the tasks of this run")],
)
def test_a_gain_in_words(factor, text):
    assert labels.gain_label(factor) == text


@pytest.mark.parametrize(
    ("flag", "text"),
    [("above_ceiling", "more than 5 % above"), ("throttled", "fell by more than 5 %"), ("unstable", "above 10 % of")],
)
def test_a_flag_is_explained_with_its_threshold(flag, text):
    assert text in labels.FLAGS[flag]


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


H100 = {"multiprocessors": 132, "clock_khz": 1980000, "memory_clock_khz": 2619000, "memory_bus_bits": 5120, "capability": "9.0"}


@pytest.mark.parametrize(
    ("facts", "params", "ceiling", "source"),
    [
        ({"chip": "Apple M2 Ultra", "gpu": {"cores": 76}}, {"backend": "gpu"}, 27.199e12, "1398 MHz of data/apple"),
        # the node's own table, told apart by the data file's clock and not by its key
        (
            {
                "chip": "Apple M2 Ultra",
                "gpu": {"cores": 76, "clock_tables_hz": {"voltage-states8": 3.5e9, "voltage-states5": 1398e6}},
            },
            {"backend": "gpu"},
            27.199e12,
            "1398 MHz of the node's own",
        ),
        # tables that the data file does not recognise are no reason to trust either silently
        (
            {"chip": "Apple M2 Ultra", "gpu": {"cores": 76, "clock_tables_hz": {"voltage-states9": 2.1e9}}},
            {"backend": "gpu"},
            27.199e12,
            "none of the node's own clock tables is within 10 % of it",
        ),
        # no clock in the data file: the table that most chips keep the GPU's in
        (
            {"chip": "Apple M6", "gpu": {"cores": 12, "clock_tables_hz": {"voltage-states9": 1.7e9}}},
            {"backend": "gpu"},
            5.222e12,
            "own",
        ),
        ({"chip": "Apple M2 Ultra", "gpu": {"cores": 99}}, {"backend": "gpu"}, None, "no peak for"),
        ({"chip": "Apple M6", "gpu": {"cores": 12}}, {"backend": "gpu"}, None, "no peak for"),
        ({"chip": "AMD EPYC", "gpu": {"cores": None}}, {"backend": "cpu"}, None, "CPU"),
        ({"gpu": {"kind": "cuda", "cuda": H100}}, {"backend": "gpu", "dtype": "float32"}, 66.9e12, "132 multiprocessors"),
        ({"gpu": {"kind": "cuda", "cuda": H100}}, {"backend": "gpu", "dtype": "bfloat16"}, 1070e12, "4096 FLOP"),
        ({"gpu": {"kind": "cuda", "cuda": None}}, {"backend": "gpu", "dtype": "float32"}, None, "no rate"),
    ],
)
def test_compute_ceilings(data, facts, params, ceiling, source):
    found, said = ceilings.gemm(facts, params, data)
    assert found == (None if ceiling is None else pytest.approx(ceiling, rel=2e-3))
    assert source in said


@pytest.mark.parametrize(
    ("facts", "backend", "ceiling"),
    [(M2_ULTRA, "gpu", 800e9), ({"gpu": {"kind": "cuda", "cuda": H100}}, "gpu", 3.352e12), (M2_ULTRA, "cpu", None)],
)
def test_memory_ceilings(data, facts, backend, ceiling):
    found, _said = ceilings.memory(facts, {"backend": backend}, data)
    assert found == (None if ceiling is None else pytest.approx(ceiling, rel=1e-3))


@pytest.mark.parametrize(("context", "counted"), [({"prompt_parameters": 3.63e9}, 3.63e9), ({}, 4.02e9)])
def test_a_prompt_is_limited_by_what_it_is_multiplied_with(data, context, counted):
    shape = {"parameters": 4.02e9, "backend": "gpu"}
    prefill = metric("llm.prefill", "node", ["a"], shape, "token/s", "higher", [1000.0], **context)
    nodes = metrics.Context({"a": {"facts": M2_ULTRA}}, [prefill], data)
    peak, _source = ceilings.gemm(M2_ULTRA, {"backend": "gpu", "dtype": "bfloat16"}, data)
    assert metrics.ceiling(prefill, nodes)[0] == pytest.approx(peak / 2 / counted)


@pytest.mark.parametrize(
    ("share", "factor", "gain"), [(0.1, 10, 1.0989), (1, 10, 10), (0, 10, 1), (0.1, None, None), (1, math.inf, None)]
)
def test_bounded_gain(share, factor, gain):
    assert finding.bounded_gain(share, factor) == (gain if gain is None else pytest.approx(gain, rel=1e-3))


def test_every_row_of_the_peaks_follows_from_its_clock(data):
    for (chip, cores, _memory), row in data["peaks"].items():
        if row["gpu_clock_mhz"]:
            assert float(row["fp32_tflops"]) == pytest.approx(cores * 256 * float(row["gpu_clock_mhz"]) / 1e6, rel=1e-3), chip


def test_a_cpu_is_measured_by_numpy_and_may_exceed_it(data):
    shape = {"dtype": "float32", "backend": "cpu", "implementation": "mlx"}
    mlx = metric("gemm.float32", "node", ["a"], shape, "FLOP/s", "higher", [5e9])
    numpy = metric("gemm.float32", "node", ["a"], {**shape, "implementation": "numpy"}, "FLOP/s", "higher", [90e9, 100e9])
    context = metrics.Context({"a": {"facts": {}}}, [mlx, numpy], data)
    ceiling, source = metrics.ceiling(mlx, context)
    assert ceiling == 95e9
    assert source.startswith(metrics.MEASURED)
    assert metrics.ceiling(numpy, context)[0] is None


@pytest.mark.parametrize(
    ("samples", "throttled"),
    [
        ([10.0] * 40, False),
        ([1.0, 1.0, *[10.0] * 38], False),  # a slow start is no throttling
        ([10.0] * 20 + [9.0] * 20, True),
        ([10.0 - 0.02 * number for number in range(40)], True),
        ([10.0 - 0.005 * number for number in range(40)], False),
        ([10.0, 5.0], False),  # too short to say
    ],
)
def test_throttling_is_found_in_the_series_itself(samples, throttled):
    assert flags.throttled(samples) is throttled


@pytest.mark.parametrize(
    ("version", "streams", "cpu", "bound"),
    [
        ("iperf 3.12", 1, {"host_total": 97, "remote_total": 30}, True),
        ("iperf 3.12", 4, {"host_total": 97, "remote_total": 30}, True),  # one thread for all streams
        ("iperf 3.18", 4, {"host_total": 97, "remote_total": 30}, False),
        ("iperf 3.18", 4, {"host_total": 120, "remote_total": 390}, True),
        ("", 1, {"host_total": None}, False),
    ],
)
def test_cpu_bound(version, streams, cpu, bound):
    measured = {"params": {"iperf3": version, "streams": streams}, "context": {"cpu_percent": cpu}}
    assert flags.cpu_bound(measured) is bound


@pytest.mark.parametrize(
    ("before", "after", "flagged"),
    [
        ({"load_average": [30.0], "busy_cores": 0.9}, {}, set()),
        ({"load_average": [0.1], "busy_cores": 1.1}, {}, {"busy_node"}),
        ({"power": {"mode": "low", "source": "Battery Power"}}, {}, {"low_power", "battery"}),
        ({"swap_used_bytes": 0}, {"swap_used_bytes": 2**30}, {"swapping"}),
        ({"cpu_speed_limit_percent": 100}, {"cpu_speed_limit_percent": 70}, {"speed_limit"}),
        ({}, {}, set()),
    ],
)
def test_conditions_give_flags(before, after, flagged):
    node = {"facts": {"cpu": {"cores_logical": 4}}, "conditions_before": before, "conditions_after": after}
    assert flags.conditions(node) == flagged


@pytest.mark.parametrize(
    ("cpu", "most"),
    [
        ({"cores_logical": 24}, 6),
        ({"cores_logical": 4}, 1),
        ({"cores_logical": 2}, 1),
        ({"cores_logical": 1}, 0.5),
        ({"cores_logical": 64, "cores_limit": 2.0}, 1),  # a container on a large machine
        ({"cores_logical": 64, "cores_limit": None}, 16),
        ({}, 0.5),
    ],
)
def test_how_much_may_run_beside_a_measurement(cpu, most):
    assert flags.busy_cores({"facts": {"cpu": cpu}})[2] == most
