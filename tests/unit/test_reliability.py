"""The document about faults is made of the recorded rows alone, and hides nothing that was missed."""

import pytest
import reliability

ROW = {
    "name": "a",
    "title": "A | B",
    "column": "after",
    "date": "2026-12-02T00:10Z",
    "commit": "abc1234",
    "cores": 2,
    "load": 7.4,
    "noticed_after": 1.24,
    "noticed_by": "GCS",
    "healthy_after": 8.0,
    "healthy_after_heal": 3.0,
    "nodes_lost": [],
    "target": {"seconds": 10, "from": "inject"},
    "kept": False,
    "human": False,
    "open": [],
    "tasks": {"done": 50, "failed": {}, "wrong": 0, "unfinished": 0, "with_driver": 4},
    "actors": {"pings": 9, "unanswered": {}, "restarts": 1},
}
CATALOG = [{"name": "a", "title": "A | B"}, {"name": "b", "title": "B"}]


def page(*rows):
    return reliability.page(list(rows), CATALOG, [{"title": "C", "why": "Because."}])


def test_row_says_what_was_seen():
    text = page(ROW)
    assert "| A \\| B | 1.2 s (GCS) | 8.0 s | 3.0 s | none | 0 of 50 | 1 | 4 | 10 s | met | 7 |" in text
    assert "1 of 2 faults of the catalog are recorded: 1 as they should be, 0 not, 0 need a human." in text


def test_target_that_was_missed_is_in_the_table_and_in_the_sum():
    text = page({**ROW, "healthy_after": 31.0})
    assert "31.0 s instead of 10 s" in text
    assert "0 as they should be, 1 not, 0 need a human" in text


def test_fault_that_does_not_heal_is_never_healthy():
    text = page({**ROW, "human": True, "healthy_after": None, "healthy_after_heal": None, "open": ["gcs"]})
    assert "| never | never |" in text
    assert "needs a human (gcs)" in text


def test_task_lost_is_counted():
    tasks = {"done": 50, "failed": {"X": 1}, "wrong": 1, "unfinished": 1, "with_driver": 0}
    assert "| 3 of 53 |" in page({**ROW, "tasks": tasks})


def test_last_row_of_a_fault_counts():
    text = page({**ROW, "healthy_after": 9.0}, {**ROW, "healthy_after": 5.0})
    assert "| 5.0 s |" in text
    assert "| 9.0 s |" not in text


def test_before_and_after_stand_side_by_side():
    before = {**ROW, "column": "before", "healthy_after_heal": 40.0, "nodes_lost": ["worker1"]}
    assert "| A \\| B | 40 s | 3.0 s | worker1 | none |" in page(before, ROW)


def test_earlier_state_is_never_taken_for_the_present_one():
    text = page({**ROW, "column": "before"})
    assert "## With Ray's own settings" in text
    assert "## Results" not in text
    assert "- A | B: in the catalog, no recorded result." in text


def test_fault_without_a_result_is_said_not_to_have_been_tried():
    text = page(ROW)
    assert "- B: in the catalog, no recorded result." in text
    assert "- C: Because." in text


def test_soak_says_what_grows():
    line = {"first": 20, "last": 90, "growth": 70.0, "allowed": 3, "flat": False}
    soak = {
        "column": "soak",
        "cycles": 9,
        "seed": 12,
        "date": "d",
        "commit": "c",
        "cores": 2,
        "lost": 0,
        "human": 0,
        "tasks": {"done": 7, "with_driver": 0},
        "usage": {"head1": {"processes": line}},
    }
    assert "| head1 | processes | 20 | 90 | +70.0 | 3 | grows |" in page(ROW, soak)


@pytest.mark.parametrize("rows", [[], [ROW]])
def test_page_can_be_made_at_any_time(rows):
    assert page(*rows).startswith("# ")


def test_document_is_that_of_the_rows():
    assert reliability.main(["--check"]) == 0
