"""The work that runs through a fault: a driver on the head that sends numbered tasks and pings actors, and keeps a journal.

Tasks may be retried and actors restarted without limit: what fails nevertheless, Ray has promised and not kept. One kind of task
is bound to each node by the resource that Ray gives each address, so a node that is back is known by what it does.
It is started again by systemd whenever it ends (a driver ends with the raylet beside it): each start is a separate run.

usage: workload.py JOURNAL ADDRESS...      the addresses of the nodes
"""

import json
import os
import sys
import threading
import time

STUCK_S = 150  # without one finished task, not even of this node: this driver belongs to a cluster that is gone
KINDS = 2  # unfinished tasks of one kind at a time; more would start a worker process for each after every fault


class Journal:
    def __init__(self, path):
        self.file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self.run = f"{int(time.time())}-{os.getpid()}"

    def note(self, event, **more):
        line = {"t": round(time.time(), 3), "run": self.run, "event": event, **more}
        os.write(self.file, (json.dumps(line) + "\n").encode())


def kind_of(error):
    """Return the name of what went wrong, of the cause if it is the exception of a task."""
    return type(getattr(error, "cause", None) or error).__name__


def definitions(ray):
    @ray.remote(max_retries=-1, num_cpus=0)
    def work(number):
        time.sleep(0.05)
        return number * number

    @ray.remote(max_restarts=-1, max_task_retries=0, num_cpus=0)
    class Counter:
        def __init__(self):
            self.born = f"{int(time.time() * 1000)}-{os.getpid()}"

        def ping(self):
            return self.born

    return work, Counter


class Workload:
    def __init__(self, ray, journal, addresses):
        self.ray, self.journal, self.addresses = ray, journal, addresses
        self.task, self.actor_class = definitions(ray)
        self.pending = {}  # reference: (kind, number or address)
        self.actors = {}
        self.number = 0
        self.finished = time.monotonic()

    def at(self, address):
        return {"resources": {f"node:{address}": 0.001}}

    def count(self, kind):
        return sum(kind == other for other, _ in self.pending.values())

    def submit(self, kind, options):
        if self.count(kind) < KINDS:
            self.number += 1
            self.journal.note("submitted", kind=kind, number=self.number)
            self.pending[self.task.options(**options).remote(self.number)] = (kind, self.number)

    def ping(self, address):
        kind = f"actor {address}"
        if self.count(kind):
            return
        if address not in self.actors:
            self.actors[address] = self.actor_class.options(**self.at(address)).remote()
            self.journal.note("actor", address=address)
        self.pending[self.actors[address].ping.remote()] = (kind, address)

    def send(self):
        for address in self.addresses:
            self.submit(address, self.at(address))
            self.ping(address)
        self.submit("any", {})

    def collect(self, reference):
        kind, subject = self.pending.pop(reference)
        is_ping = kind.startswith("actor ")
        try:
            answer = self.ray.get(reference, timeout=10)
        except Exception as error:
            name = kind_of(error)
            if name == "GetTimeoutError":  # a value that was ready and is not yet available
                self.pending[reference] = (kind, subject)
            elif is_ping:
                self.journal.note("ping failed", address=subject, error=name)
                if name == "ActorDiedError":
                    self.actors.pop(subject, None)
            else:
                self.journal.note("failed", kind=kind, number=subject, error=name, text=str(error)[:200])
                if name == "LocalRayletDiedError":  # of this driver: whatever it sends fails from now on
                    self.journal.note("orphaned")
                    os._exit(1)
            return
        self.finished = time.monotonic()
        if is_ping:
            self.journal.note("pinged", address=subject, born=answer)
        else:
            right = answer == subject * subject
            self.journal.note("done" if right else "wrong", kind=kind, number=subject)

    def forever(self):
        while time.monotonic() - self.finished < STUCK_S:
            begun = time.monotonic()
            self.send()
            while time.monotonic() - begun < 1:
                ready, _ = self.ray.wait(list(self.pending), num_returns=1, timeout=max(0.05, begun + 1 - time.monotonic()))
                for reference in ready:
                    self.collect(reference)
        self.journal.note("stuck")


def end_if_stuck(workload, journal):
    """Ray's client may wait forever inside a call."""
    while time.monotonic() - workload.finished < 2 * STUCK_S:
        time.sleep(5)
    journal.note("stuck")
    os._exit(1)


def main(path, *addresses):
    import ray

    journal = Journal(path)
    journal.note("starting")
    ray.init(address=os.environ["RAY_ADDRESS"], logging_level="ERROR", log_to_driver=False)
    journal.note("connected")
    workload = Workload(ray, journal, addresses)
    threading.Thread(target=end_if_stuck, args=(workload, journal), daemon=True).start()
    workload.forever()
    os._exit(1)  # without the orderly end, which would wait for the cluster


if __name__ == "__main__":
    main(*sys.argv[1:])
