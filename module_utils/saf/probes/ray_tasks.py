"""Probe: a Ray driver that measures the cluster. It never touches MLX itself; tasks do.

Functions that run remotely are made here, in __main__, so that Ray ships them by value: nodes need no copy of this file.
"""

from __future__ import annotations


def main(params, emit):
    """params: address, suites, nodes [names], head, repetitions, warmup, tasks, size, dtype. Emits measurements."""
    import logging

    import ray

    ray.init(address=params["address"], logging_level=logging.WARNING, log_to_driver=False)
    try:
        ids = {node["NodeName"]: node["NodeID"] for node in ray.nodes() if node["Alive"]}
        absent = [name for name in params["nodes"] if name not in ids]
        if absent:
            raise RuntimeError(f"The cluster has no node {', '.join(absent)}: see playbooks/status.yml.")
        if "task_rtt" in params["suites"]:
            task_rtt(params, ids, emit)
        if "mlx_tasks" in params["suites"]:
            mlx_tasks(params, ids, emit)
    finally:
        ray.shutdown()


def on_node(node_id):
    """Return the scheduling strategy that puts a task on one node and nowhere else."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(node_id=node_id, soft=False)


def task_rtt(params, ids, emit):
    """Round trip of an empty task to each node, one at a time, in seconds."""
    import time

    import ray

    @ray.remote(num_cpus=1)
    def nothing():
        return None

    for name in params["nodes"]:
        task = nothing.options(scheduling_strategy=on_node(ids[name]))
        samples = []
        for number in range(params["warmup"] + params["repetitions"]):
            start = time.perf_counter()
            ray.get(task.remote())
            if number >= params["warmup"]:
                samples.append(time.perf_counter() - start)
        emit(
            "measurement", {"suite": "task_rtt", "params": {"target": name, "local": name == params["head"]}, "samples": samples}
        )


def mlx_tasks(params, ids, emit):
    """Wall time of the same set of MLX tasks on the head alone and on all nodes."""
    groups = [[params["head"]]]
    if len(params["nodes"]) > 1:
        groups.append(params["nodes"])
    if params.get("all_nodes_only"):
        groups = groups[-1:]
    for names in groups:
        walls, last = [], []
        for number in range(1 + params["task_repetitions"]):  # the first one starts worker processes and imports MLX
            wall, tasks = run_tasks(params, ids, names)
            if number or params.get("keep_first"):
                walls.append(wall)
                last = tasks
        shape = {
            "nodes": names,
            "tasks": params["tasks"],
            "size": params["size"],
            "dtype": "float32",
            "products": params["products"],
        }
        emit("measurement", {"suite": "mlx_tasks", "params": shape, "samples": walls, "context": {"per_task": last}})


def run_tasks(params, ids, names):
    """Run the tasks over ``names`` in turn and return (wall seconds, [{node, seconds, checksum}])."""
    import time

    import ray

    @ray.remote(num_cpus=1)
    def product(size, products, seed):
        import time

        import mlx.core as mx
        import ray

        start = time.perf_counter()
        mx.random.seed(seed)
        a = mx.random.normal((size, size))
        b = mx.random.normal((size, size))
        outputs = [mx.matmul(a, b) for _ in range(products)]
        mx.eval(outputs)
        checksum = mx.abs(outputs[-1]).mean().item()
        return {
            "node_id": ray.get_runtime_context().get_node_id(),
            "seconds": time.perf_counter() - start,
            "checksum": checksum,
        }

    by_id = {node_id: name for name, node_id in ids.items()}
    start = time.perf_counter()
    references = []
    for number in range(params["tasks"]):
        strategy = on_node(ids[names[number % len(names)]])
        references.append(product.options(scheduling_strategy=strategy).remote(params["size"], params["products"], number))
    results = ray.get(references)
    wall = time.perf_counter() - start
    tasks = [{"node": by_id[result.pop("node_id")], **result} for result in results]
    return wall, tasks
