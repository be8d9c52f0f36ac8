"""Recorded answers of ioreg and powermetrics."""

import threading

from ansible_collections.saf.fabric.plugins.module_utils.system import gpu_load

IOREG = (
    '"PerformanceStatistics" = {"In use system memory (driver)"=0,"Alloc system memory"=52967440384,"Tiler Utilization %"=10,'
    '"Renderer Utilization %"=15,"Device Utilization %"=16,"In use system memory"=2363801600}\n'
    '"PerformanceStatistics" = {"Device Utilization %"=4}'
)
POWERMETRICS = """**** GPU usage ****

GPU HW active frequency: 444 MHz
GPU HW active residency:  20.50% (338 MHz:   0% 618 MHz:  20%)
GPU idle residency:  79.50%
GPU Power: 1234 mW
"""


def test_the_busiest_device_counts():
    assert gpu_load.parse_ioreg(IOREG) == 0.16
    assert gpu_load.parse_ioreg("") is None


def test_clock_and_residency():
    assert gpu_load.parse_powermetrics(POWERMETRICS) == {"clock_hz": 444000000, "active": 0.205}
    assert gpu_load.parse_powermetrics("powermetrics must be invoked as the superuser") == {"clock_hz": None, "active": None}


def test_other_systems_are_not_asked():
    with gpu_load.Sampler() as sampler:
        pass
    assert (sampler.utilization, sampler.clocks) == ([], [])


def test_a_sampler_samples_in_each_of_its_blocks(monkeypatch):
    sampled = threading.Event()
    monkeypatch.setattr(gpu_load.current, "system", gpu_load.darwin)
    monkeypatch.setattr(gpu_load, "_PERIOD_S", 0.01)
    monkeypatch.setattr(gpu_load, "command_output", lambda *_command: "")
    monkeypatch.setattr(gpu_load, "parse_ioreg", lambda _text: sampled.set())
    monkeypatch.setattr(gpu_load.os, "geteuid", lambda: 1000)
    sampler = gpu_load.Sampler()
    for _block in range(2):
        sampled.clear()
        with sampler:
            assert sampled.wait(30)
