"""What the journal of a fault says: when it was noticed, when everything was whole again, what was lost. Pure functions.

The journal is written on the head by node/workload.py and node/observe.py: JSON lines with ``t`` (seconds since the epoch) and
``event``. Every question about health becomes one signal, a list of (time, whether good) in order of time:
  gcs              all nodes are alive in the GCS
  port NAME        a port answers
  task ADDRESS     tasks bound to a node end
  actor ADDRESS    an actor on a node answers
A signal that is silent for too long is bad, too: nobody was there to say that all is well.
"""

from __future__ import annotations

import json
from collections import Counter

WORK_GAP_S = 6  # each second tasks and pings are sent; two cores shared with others sometimes stand still for some seconds
SEEN_GAP_S = 10  # the observer of the GCS ends with it and needs some seconds to start
QUIET_S = 8  # for so long everything has been good before it is called healthy
BEFORE_S = 10  # what was sent shortly before the fault was still running
ORPHANED = "LocalRayletDiedError"  # the raylet beside the driver is gone: Ray's way to say that the driver has to end
OVERDUE_S = 60  # a task of a living driver on a healthy cluster that has not ended after this time never will


def parse(text):
    """Return the events in order of time; a line that is incomplete (power loss, full disk) is left out."""
    events = []
    for line in text.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "t" in event and "event" in event:
            events.append(event)
    return sorted(events, key=lambda event: event["t"])


def filled(samples, gap, start, until):
    """Return samples with a bad one wherever nothing was heard for longer than ``gap``, up to the time ``until``."""
    result, before = [], start
    for time, good in [*samples, (until, None)]:
        if time - before > gap:
            result.append((before + gap, False))
        if good is not None:
            result.append((time, good))
            before = time
    return result


def signals(events, nodes, ports, start, until):
    """Return {name: samples}. nodes: {name: address}; ports: the names that the observer asks; start, until: seconds."""
    events = [event for event in events if start <= event["t"] <= until]

    def samples(kind, good, gap):
        chosen = [(event["t"], good(event)) for event in events if event["event"] == kind]
        return filled([sample for sample in chosen if sample[1] is not None], gap, start, until)

    found = {"gcs": samples("gcs", lambda event: set(nodes) <= set(event["alive"]), SEEN_GAP_S)}
    for name in ports:
        found[f"port {name}"] = samples("ports", lambda event, name=name: name not in event["closed"], SEEN_GAP_S)
    for address in nodes.values():
        found[f"task {address}"] = samples(
            "done", lambda event, address=address: True if event["kind"] == address else None, WORK_GAP_S
        )
        found[f"actor {address}"] = samples(
            "pinged", lambda event, address=address: True if event["address"] == address else None, WORK_GAP_S
        )
    return found


def recovered(samples, since):
    """Return (first time it was bad at or after ``since``, first good time behind the last bad one). None: never, not yet."""
    bad = [time for time, good in samples if not good and time >= since]
    if not bad:
        return None, since
    good = [time for time, good in samples if good and time > bad[-1]]
    return bad[0], (good[0] if good else None)


def is_settled(events, nodes, ports, since, now):
    """Return whether everything is good and has been so for a while. since: seconds, from where the journal is read."""
    for samples in signals(events, nodes, ports, since, now).values():
        if not samples or not samples[-1][1]:
            return False
        _, back = recovered(samples, since)
        if back is None or back > now - QUIET_S:
            return False
    return True


def open_signals(events, nodes, ports, since, now):
    """Return the names of what is bad at the end."""
    found = signals(events, nodes, ports, since, now)
    return sorted(name for name, samples in found.items() if not samples or not samples[-1][1])


def ids_before(events, injected):
    """Return {node name: node id} as the GCS had it last before the fault."""
    known = {}
    for event in events:
        if event["event"] == "gcs" and event["t"] < injected:
            known = event["alive"]
    return known


def noticed(events, found, known, injected):
    """Return (seconds, by what): the GCS by preference, else what was felt first; (None, "") if nothing was."""
    for event in events:
        if (
            event["event"] == "gcs"
            and event["t"] >= injected
            and any(event["alive"].get(name) != key for name, key in known.items())
        ):
            return event["t"] - injected, "GCS"
    felt = sorted((bad, name) for name, (bad, _) in found.items() if bad is not None)
    return (felt[0][0] - injected, felt[0][1]) if felt else (None, "")


def tasks(events, until):
    """Return what became of the tasks: {done, failed: {error: n}, wrong, unfinished, with_driver}.

    with_driver: unfinished or failed when their driver ended, which Ray does not promise to survive. unfinished: a living driver
    waits for them for longer than OVERDUE_S.
    """
    state, failed, wrong, done, orphaned, last_run = {}, Counter(), 0, 0, 0, None
    for event in events:
        if event["t"] > until:
            break
        if event["event"] in ("starting", "submitted"):
            last_run = event["run"]
        key = (event.get("run"), event.get("number"))
        if event["event"] == "submitted":
            state[key] = event["t"]
        elif event["event"] in ("done", "failed", "wrong"):
            state.pop(key, None)
            done += event["event"] == "done"
            wrong += event["event"] == "wrong"
            orphaned += event.get("error") == ORPHANED
            failed.update([event["error"]] if event["event"] == "failed" and event["error"] != ORPHANED else [])
    with_driver = orphaned + sum(run != last_run for run, _ in state)
    unfinished = sum(run == last_run and until - time > OVERDUE_S for (run, _), time in state.items())
    return {"done": done, "failed": dict(failed), "wrong": wrong, "unfinished": unfinished, "with_driver": with_driver}


def actors(events):
    """Return {pings, unanswered: {error: n}, restarts}: a restart is a new birth of an actor within one run of the driver."""
    pings, errors, births = 0, Counter(), {}
    for event in events:
        if event["event"] == "pinged":
            pings += 1
            births.setdefault((event["run"], event["address"]), set()).add(event["born"])
        elif event["event"] == "ping failed":
            errors[event["error"]] += 1
    return {"pings": pings, "unanswered": dict(errors), "restarts": sum(len(born) - 1 for born in births.values())}


def evaluate(events, nodes, ports, injected, healed, until):
    """Return the row of a fault. healed: when the fault itself was over; times in seconds since the epoch, results in seconds."""
    found = {
        name: recovered(samples, injected) for name, samples in signals(events, nodes, ports, injected - BEFORE_S, until).items()
    }
    known = ids_before(events, injected)
    behind = [event for event in events if injected <= event["t"] <= until]
    changed, missing = set(), set()
    for event in behind:
        if event["event"] == "gcs":
            changed |= {name for name, key in event["alive"].items() if known.get(name, key) != key}
            missing |= {name for name in known if name not in event["alive"]}
    seconds, by = noticed(events, found, known, injected)
    back = [end for _, end in found.values()]
    whole = None if None in back else max(back)
    return {
        "noticed_after": rounded(seconds),
        "noticed_by": by,
        "healthy_after": rounded(None if whole is None else whole - injected),
        "healthy_after_heal": rounded(None if whole is None else max(0.0, whole - healed)),
        "last_back": "" if whole is None or whole == injected else max((end, name) for name, (_, end) in found.items())[1],
        "nodes_lost": sorted(changed | missing),
        "tasks": tasks([event for event in events if event["t"] >= injected - BEFORE_S], until),
        "actors": actors(behind),
        "drivers": sum(event["event"] == "connected" for event in behind),
    }


def rounded(seconds):
    return None if seconds is None else round(seconds, 1)
