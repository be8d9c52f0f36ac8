"""Probe: a Ray driver that measures the cluster. It never touches MLX itself; tasks do.

Functions that run remotely are made here, in __main__, so that Ray ships them by value: nodes need no copy of this file.
"""

from __future__ import annotations

_LEAST_SETS = 3


def main(params, emit):
    """params: address, environment_file, suites, nodes [names], head, and what each suite below says. Emits measurements."""
    import logging

    import ray_settings_file

    ray_settings_file.apply(params["environment_file"])
    import ray

    ray.init(address=params["address"], logging_level=logging.WARNING, log_to_driver=False)
    try:
        alive = {node["NodeName"]: node for node in ray.nodes() if node["Alive"]}
        absent = [name for name in params["nodes"] if name not in alive]
        if absent:
            raise RuntimeError(f"The cluster has no node {', '.join(absent)}: see playbooks/status.yml.")
        ids = {name: node["NodeID"] for name, node in alive.items()}
        with_mlx = [name for name in params["nodes"] if alive[name]["Resources"].get("mlx")]
        stores = {name: node["Resources"].get("object_store_memory", 0) for name, node in alive.items()}
        suites = {
            "task_rtt": lambda tell: task_rtt(params, ids, emit, tell),
            "task_rate": lambda tell: task_rate(params, emit, tell),
            "transfer": lambda tell: transfer(params, ids, stores, emit, tell),
            "broadcast": lambda tell: broadcast(params, ids, stores, emit, tell),
            "mlx_tasks": lambda tell: mlx_tasks(params, ids, with_mlx, emit, tell),
        }
        for number, suite in enumerate(params["suites"]):

            def tell(what, share, latest=None, number=number):
                emit("progress", {"what": what, "latest": latest, "done": number + share, "total": len(params["suites"])})

            tell(f"ray {suite}", 0)
            try:
                suites[suite](tell)
            except Exception as error:  # what one suite asked for too much of says nothing about the others
                cause = getattr(error, "cause", None) or error
                reason = f"{type(cause).__name__}: {' '.join(str(cause).split())[:300]}"
                emit("not_measured", {"suite": suite, "subject": [], "reason": reason})
    finally:
        ray.shutdown()


def on_node(node_id):
    """Return the scheduling strategy that puts a task on one node and nowhere else."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(node_id=node_id, soft=False)


def task_rtt(params, ids, emit, tell):
    """Round trip of an empty task to each node, one at a time, in seconds. params: warmup, repetitions."""
    import time

    import ray

    @ray.remote(num_cpus=1)
    def nothing():
        return None

    for place, name in enumerate(params["nodes"]):
        tell(f"ray task round trip to {name}", place / len(params["nodes"]))
        task = nothing.options(scheduling_strategy=on_node(ids[name]))
        samples: list = []
        begun = time.perf_counter()
        for number in range(params["warmup"] + params["repetitions"]):
            start = time.perf_counter()
            if samples and start - begun > params["case_budget"]:
                break
            ray.get(task.remote(), timeout=params["step_limit"])
            if number >= params["warmup"]:
                samples.append(time.perf_counter() - start)
        emit(
            "measurement", {"suite": "task_rtt", "params": {"target": name, "local": name == params["head"]}, "samples": samples}
        )


def task_rate(params, emit, tell):
    """Empty tasks a second over the whole cluster, sent in bursts. params: tasks_burst."""
    import time

    import ray

    @ray.remote(num_cpus=1)
    def nothing():
        return None

    ray.get([nothing.remote() for _ in range(params["tasks_burst"])], timeout=params["step_limit"])
    samples: list = []
    begun = time.perf_counter()
    for number in range(5):
        if samples and time.perf_counter() - begun > params["case_budget"]:
            break
        tell("ray task rate", number / 5, f"{samples[-1]:.0f} task/s" if samples else None)
        start = time.perf_counter()
        ray.get([nothing.remote() for _ in range(params["tasks_burst"])], timeout=params["step_limit"])
        samples.append(params["tasks_burst"] / (time.perf_counter() - start))
    emit("measurement", {"suite": "task_rate", "params": {"tasks": params["tasks_burst"]}, "samples": samples})


def remote_functions():
    """Return (make, fetch): an object of so many bytes on a node; the seconds that a node needs to have it."""
    import ray

    @ray.remote(num_cpus=1)
    def make(size, seed):
        import numpy

        return numpy.random.default_rng(seed).integers(0, 255, size, dtype=numpy.uint8)

    @ray.remote(num_cpus=1)
    def fetch(boxed):
        import time

        import ray

        start = time.perf_counter()
        array = ray.get(boxed[0])
        return time.perf_counter() - start, int(array[:: max(1, len(array) // 64)].sum())

    return make, fetch


def pairs_of(nodes, head):
    """Return the directed pairs to measure: all of a small cluster, those with the head of a larger one."""
    if len(nodes) <= 4:
        return [(one, other) for one in nodes for other in nodes if one != other]
    return [pair for node in nodes if node != head for pair in ((head, node), (node, head))]


def fits(size, names, stores, emit, suite, subject):
    """Return whether two objects of ``size`` bytes fit into the object stores; report it where they do not."""
    smallest = min(stores[name] for name in names)
    if 2.5 * size <= smallest:
        return True
    reason = f"{size / 2**20:.0f} MiB do not fit twice into an object store of {smallest / 2**20:.0f} MiB."
    emit("not_measured", {"suite": suite, "subject": subject, "reason": reason})
    return False


def transfer(params, ids, stores, emit, tell):
    """Rate at which one object gets from node to node, in bit/s. params: transfer_bytes, transfer_repetitions.

    Bounded by time as by count (case_budget for one size and pair, step_limit for one object): one slow link costs no other.
    """
    import time

    import ray

    make, fetch = remote_functions()
    pairs = pairs_of(params["nodes"], params["head"])
    for place, (sender, receiver) in enumerate(pairs):
        for size in params["transfer_bytes"]:
            if not fits(size, (sender, receiver), stores, emit, "transfer", [sender, receiver]):
                continue
            samples: list = []
            begun = time.perf_counter()
            for number in range(params["transfer_repetitions"] + 1):
                if samples and time.perf_counter() - begun > params["case_budget"]:
                    break
                latest = f"{samples[-1] / 1e6:.0f} Mb/s" if samples else None
                tell(f"ray object {sender} to {receiver}, {size / 2**20:g} MiB", place / len(pairs), latest)
                reference = make.options(scheduling_strategy=on_node(ids[sender])).remote(size, number)
                ray.wait([reference], fetch_local=False, timeout=params["step_limit"])
                fetched = fetch.options(scheduling_strategy=on_node(ids[receiver])).remote([reference])
                try:
                    seconds, _checksum = ray.get(fetched, timeout=params["step_limit"])
                except ray.exceptions.GetTimeoutError:
                    reason = f"{size / 2**20:g} MiB did not arrive within {params['step_limit']:g} s."
                    emit("not_measured", {"suite": "transfer", "subject": [sender, receiver], "reason": reason})
                    break
                finally:
                    del reference
                if number:  # the first starts the workers
                    samples.append(size * 8 / seconds)
            document = {"params": {"bytes": size}, "subject": [sender, receiver], "samples": samples}
            if samples:
                emit("measurement", {"suite": "transfer", **document})


def broadcast_size(sizes):
    """Return the largest size that many nodes can take at once, or else the smallest that there is."""
    return max([size for size in sizes if size <= 256 * 2**20], default=min(sizes))


def broadcast(params, ids, stores, emit, tell):
    """Rate at which one object of the head gets to all other nodes at once, all copies counted, in bit/s."""
    import time

    import ray

    make, fetch = remote_functions()
    others = [name for name in params["nodes"] if name != params["head"]]
    size = broadcast_size(params["transfer_bytes"])
    if not others or not fits(size, params["nodes"], stores, emit, "broadcast", []):
        return
    samples: list = []
    walls, begun = [], time.perf_counter()
    for number in range(params["transfer_repetitions"] + 1):
        if samples and time.perf_counter() - begun > params["case_budget"]:
            break
        tell("ray broadcast", number / (params["transfer_repetitions"] + 1))
        reference = make.options(scheduling_strategy=on_node(ids[params["head"]])).remote(size, number)
        ray.wait([reference], fetch_local=False, timeout=params["step_limit"])
        start = time.perf_counter()
        copies = [fetch.options(scheduling_strategy=on_node(ids[name])).remote([reference]) for name in others]
        ray.get(copies, timeout=params["step_limit"])
        wall = time.perf_counter() - start
        del reference
        if number:
            walls.append(wall)
            samples.append(size * 8 * len(others) / wall)
    document = {"params": {"bytes": size, "receivers": len(others)}, "samples": samples, "context": {"seconds": walls}}
    emit("measurement", {"suite": "broadcast", **document})


def groups_of(nodes, head, tasks, all_nodes_only):
    """Return [(nodes, tasks)], every node with the same share of the tasks.

    Weak scaling: the share of a node on 1, 2, 4 ... nodes. Strong: the tasks of all nodes on 1, 2, 4 ... and all nodes.
    """
    if all_nodes_only:
        return [(nodes, tasks)]
    each = tasks // len(nodes)
    total = each * len(nodes)
    ordered = [name for name in nodes if name == head] + [name for name in nodes if name != head]
    fewer = [count for count in (1, 2, 4, 8, 16) if count < len(nodes)]
    weak = [(ordered[:count], each * count) for count in fewer]
    return weak + [(ordered[:count], total) for count in (*fewer, len(nodes))]


def backend_of(ids, names):
    """Return what MLX computes on: gpu where all nodes have one for it, else cpu; a task must be the same work on each."""
    import ray

    @ray.remote(num_cpus=1)
    def on_gpu():
        import mlx.core as mx

        return mx.default_device() == mx.Device(mx.gpu)

    answers = [on_gpu.options(scheduling_strategy=on_node(ids[name])).remote() for name in names]
    return "gpu" if all(ray.get(answers)) else "cpu"


def mlx_tasks(params, ids, names, emit, tell):
    """Wall time of sets of MLX tasks over the nodes that have MLX, in seconds.

    params: tasks, task_shapes {backend: {size, products}}, task_repetitions, task_budget (seconds of one set with all its
    repetitions; three are made at least), all_nodes_only.
    """
    import time

    for name in params["nodes"]:
        if name not in names:
            reason = f"{name} offers no resource mlx: there is no MLX for it, so no task of the set runs there."
            emit("not_measured", {"suite": "mlx_tasks", "subject": [name], "reason": reason})
    if not names:
        return
    tell("ray: what MLX computes on", 0)
    work = {**params["task_shapes"][backend_of(ids, names)], "dtype": "float32"}
    product = task_function()
    groups = groups_of(names, params["head"], params["tasks"], params["all_nodes_only"])
    for place, (group, tasks) in enumerate(groups):
        parts: list = []
        done, begun = [], time.perf_counter()
        for number in range(1 + params["task_repetitions"]):  # the first one starts worker processes and imports MLX
            latest = f"{parts[-1]['wall_s']:.2f} s" if parts else None
            tell(f"ray {tasks} MLX tasks, nodes: {len(group)}", place / len(groups), latest)
            part, done = run_tasks(product, work, ids, group, tasks, max(params["task_budget"], params["step_limit"]))
            if number:
                parts.append(part)
            if len(parts) >= _LEAST_SETS and time.perf_counter() - begun + part["wall_s"] > params["task_budget"]:
                break
        document = {"params": {"nodes": group, "tasks": tasks, **work}, "samples": [part["wall_s"] for part in parts]}
        emit("measurement", {"suite": "mlx_tasks", **document, "context": {"per_task": done, "parts": parts}})


def task_function():
    """Return the remote function of the tasks. It is made once: Ray exports every new one, within the time that is measured."""
    import ray

    @ray.remote(num_cpus=1)
    def product(size, products, seed):
        import time

        import mlx.core as mx
        import ray

        start = time.monotonic()
        mx.random.seed(seed)
        a = mx.random.normal((size, size))
        b = mx.random.normal((size, size))
        # Each product is reduced to one number at once: to keep them all would fill the memory of a small node.
        means = [mx.abs(mx.matmul(a, b)).mean() for _ in range(products)]
        mx.eval(means)
        checksum = means[-1].item()
        end = time.monotonic()
        return {"node_id": ray.get_runtime_context().get_node_id(), "start": start, "end": end, "checksum": checksum}

    return product


def run_tasks(product, work, ids, names, tasks, limit):
    """Run the tasks over ``names`` in turn; return ({wall_s, ready_s, busy_s {node: s}}, [{node, seconds, checksum}]).

    ready_s: until the last task had ended; wall_s: until the driver had all results; busy_s: how long a node had a task running,
    by its own monotonic clock, so that the clocks of nodes need not agree.
    """
    import time

    import ray

    by_id = {node_id: name for name, node_id in ids.items()}
    begun = time.perf_counter()
    references = []
    for number in range(tasks):
        strategy = on_node(ids[names[number % len(names)]])
        references.append(product.options(scheduling_strategy=strategy).remote(work["size"], work["products"], number))
    ray.wait(references, num_returns=len(references), fetch_local=False, timeout=limit)
    ready = time.perf_counter() - begun
    results = ray.get(references, timeout=limit)
    wall = time.perf_counter() - begun
    spans: dict = {}
    for result in results:
        spans.setdefault(by_id[result["node_id"]], []).append((result["start"], result["end"]))
    done = [
        {"node": by_id[result["node_id"]], "seconds": result["end"] - result["start"], "checksum": result["checksum"]}
        for result in results
    ]
    return {"wall_s": wall, "ready_s": ready, "busy_s": {name: covered(spans[name]) for name in sorted(spans)}}, done


def covered(spans):
    """Return the length of the union of intervals."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(end - max(start, reached), 0.0)
        reached = max(reached, end)
    return total
