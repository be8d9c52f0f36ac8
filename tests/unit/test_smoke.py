"""Which nodes a smoke test must have seen, and when a process is restarted."""

import benchmark
import pytest

NO_MLX = {"name": "ray.mlx_tasks", "subject": ["pi"], "reason": "pi offers no resource mlx."}
BROKEN = {"name": "ray.mlx_tasks", "subject": [], "reason": "The cluster has no node beta."}


def result(*nodes, missing=()):
    tasks = [{"node": name, "seconds": 0.1, "checksum": 1.0} for name in nodes]
    return {"measurements": [{"context": {"per_task": tasks}}] if nodes else [], "not_measured": list(missing)}


@pytest.mark.parametrize(
    ("smoke", "problem"),
    [
        (result("alpha", "pi"), ""),
        (result("alpha", missing=[NO_MLX]), ""),
        (result("alpha"), "No task ran on pi."),
        (result("pi"), "No task ran on alpha."),
        (result(missing=[BROKEN]), "The cluster has no node beta."),
        (result("alpha", missing=[NO_MLX, BROKEN]), "The cluster has no node beta."),
        (result(missing=[NO_MLX, {**NO_MLX, "subject": ["alpha"]}]), "No node of the cluster has MLX, so no task could run."),
        (result(), "No task ran on alpha, pi."),
    ],
)
def test_only_nodes_with_mlx_count(smoke, problem):
    assert benchmark.smoke_problem(smoke, ["alpha", "pi"]) == problem
