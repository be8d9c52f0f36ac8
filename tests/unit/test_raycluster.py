"""The tests' own driver: its answer is found among the messages that Ray prints on the same stream."""

import pytest
from tests.support import raycluster

ANSWER = raycluster._MARK + '{"nodes": []}'
# As seen in CI while a node was restarted, in spite of log_to_driver=False.
LAGGING = "(raylet) The node is marked dead\n\t(2) raylet has lagging heartbeats due to slow network or busy workload."


@pytest.mark.parametrize("output", [ANSWER, f"{ANSWER}\n{LAGGING}", f"{LAGGING}\n{ANSWER}\n"])
def test_the_answer_is_found_wherever_ray_prints(output):
    assert raycluster.answer_in(output) == {"nodes": []}


def test_output_without_an_answer_is_no_answer_yet():
    with pytest.raises(AssertionError, match="lagging"):
        raycluster.answer_in(LAGGING)
