"""The summary in a terminal: nothing wider than it, nothing lost, nothing that a terminal would obey."""

import dataclasses
import functools

import pytest
import stories
from runs import SITUATIONS
from stories import AGAIN, STORIES, document, runs_of, scaled

from ansible_collections.saf.fabric.plugins.plugin_utils import run_document, runs
from ansible_collections.saf.fabric.plugins.plugin_utils.report import terminal
from ansible_collections.saf.fabric.plugins.plugin_utils.report.summary import summarize

FINISHED = "2026-11-23T18:20:00Z"
TWO_STUDIOS = """\
 alpha + beta · 2 × Apple M2 Ultra, 76 GPU cores, 192 GiB · 23 Nov 2026,
 18:15–18:20 UTC · standard

                             alpha          beta      could be
 GPU float32          6.00 TFLOP/s  6.00 TFLOP/s  27.2 TFLOP/s  22 %  ✗
 link alpha – beta        945 Mb/s      945 Mb/s     9.41 Gb/s  10 %  !
 Ray task                  1.00 ms       1.00 ms
 2 Macs instead of 1        1.90 ×                         2 ×  95 %  ✓

 2 problems.
 ✗ Fault  GPU far too slow on alpha and beta
          Close other programs and measure again.
          Up to 3.4 times faster.
 ! Limit  10 Gb/s ports connected at 1 Gb/s (alpha – beta)
          Join the fast ports with one cable: two nodes need no switch.
          Link 10 times faster; this run's tasks at most 5 % faster."""
CPU_ONLY = """\
 localhost · AMD EPYC, 2 cores, 24 GiB, no GPU for MLX · 23 Nov 2026,
 18:15–18:20 UTC · standard

 CPU float32, NumPy             170 GFLOP/s
 memory triad, NumPy              25.9 GB/s
 MLX float32, CPU              3.21 GFLOP/s
          2 % of NumPy: MLX's CPU build, not this CPU
 SmolLM2-135M, 16 bit, decode  2.10 token/s
 Ray task                            898 µs

 No problems found. Links and scaling need a second node.

 Not measured: Goodput between nodes."""


@pytest.fixture(scope="module")
def data():
    return runs.data_files()


@pytest.fixture(scope="module")
def summary_of(data):
    def summary_of(plan, raws):
        return summarize(run_document.assemble(plan, raws, data, FINISHED))

    return summary_of


@pytest.fixture(scope="module")
def summary_by(summary_of):
    """Return the summary of a situation by its name; a summary cannot be changed, so each is made once."""
    return functools.cache(lambda situation: summary_of(*SITUATIONS[situation]()))


def cpu_only():
    return runs_of(STORIES["cpu_only"])[-1]


@pytest.mark.parametrize(("story", "expected"), [(SITUATIONS["two_studios"], TWO_STUDIOS), (cpu_only, CPU_ONLY)])
def test_the_whole_of_it_on_80_columns(summary_of, story, expected):
    assert "\n".join(terminal.lines(summary_of(*story()), 80)) == expected


@pytest.mark.parametrize("width", [60, 80, 110, 120, 200])
@pytest.mark.parametrize("situation", sorted(SITUATIONS))
def test_no_line_is_wider_than_the_terminal(summary_by, situation, width):
    summary = summary_by(situation)
    lines = terminal.lines(summary, width)
    assert max(map(terminal.columns, lines)) <= width
    assert "\n\n\n" not in "\n".join(lines)
    words = " ".join(" ".join(lines).split())
    for problem in summary.problems:
        assert problem.title in words
        assert problem.remedies[0] in words
    for row in summary.rows:
        assert row.label in words
        assert all(value in words for value in row.values)


def test_sixteen_nodes_are_a_list_where_a_table_is_too_wide(summary_by):
    summary = summary_by("one_bad_cable_of_sixteen")
    text = "\n".join(terminal.lines(summary, 80))
    assert " ✗ links: lowest 940 Mb/s node01→node07, median 9.41 Gb/s, highest 9.41 Gb/s\n   (10 % of 9.41 Gb/s)\n" in text
    assert "could be" not in text
    assert "could be" in "\n".join(terminal.lines(summary, 110))


def test_a_number_keeps_its_unit_on_the_line(summary_by):
    for situation in SITUATIONS:
        for width in range(60, 90):
            lines = terminal.lines(summary_by(situation), width)
            assert not [line for line in lines if line.split(" ")[-1].isdigit() and terminal.columns(line) > width - 8], width


def test_history_and_what_was_not_measured_are_the_last_line(data):
    lines = terminal.lines(summarize(document(AGAIN, data)), 80)
    assert lines[-1] == " History: as in the 7 runs before."


def test_a_regression_is_said_once_and_its_text_is_in_one_column(data):
    lines = terminal.lines(summarize(document(AGAIN, data, scaled(0.85))), 80)
    start = next(number for number, line in enumerate(lines) if line.startswith(" ! Regression  "))
    assert {line[15:16].strip() != "" and not line[:15].strip() for line in lines[start + 1 :]} == {True}
    assert not [line for line in lines if "History" in line]


def test_a_value_of_some_nodes_has_their_names_in_a_list(summary_of):
    (last,) = stories.runs_of(stories.STORIES["mixed"])
    lines = terminal.lines(summary_of(*last), 60)
    assert " ✓ GPU float32: studio 22.0 TFLOP/s (81 % of 27.2 TFLOP/s)" in lines
    assert " ✓ 2 nodes instead of 1: 1.86 × (93 % of 2 ×)" in lines


def test_wide_letters_take_two_columns_and_accents_none():
    assert terminal.columns("日本") == 4
    assert terminal.columns("e\N{COMBINING ACUTE ACCENT}") == 1
    assert terminal.cut("日本語", 4) == "日本"


def test_names_of_wide_letters_are_aligned_and_hostile_ones_are_text(summary_of):
    summary = summary_of(*SITUATIONS["healthy_studios"]())
    wide = dataclasses.replace(summary, columns=("東京\x1b[2J", "beta"), title="東" * 200)
    lines = terminal.lines(wide, 80)
    assert not [letter for line in lines for letter in line if not letter.isprintable()]
    assert max(map(terminal.columns, lines)) <= 80
    (head,) = [line for line in lines if "beta" in line and "could be" in line]
    (gpu,) = [line for line in lines if line.startswith(" GPU float32")]
    before = gpu.index("22.0 TFLOP/s") + len("22.0 TFLOP/s")
    assert terminal.columns(head[: head.index("東京") + 2]) == terminal.columns(gpu[:before])


@pytest.mark.parametrize(("columns", "width"), [(40, 60), (60, 60), (95, 95), (300, 110)])
def test_the_width_is_bounded(columns, width):
    assert terminal.bounded(columns) == width
