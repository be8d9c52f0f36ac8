"""One node against one other over one link: what is run, in which order, and the measurements that come of it."""

from __future__ import annotations

import statistics
import threading

from ..system import interfaces
from . import budgets, iperf, round_trip
from .measurement import measurement, not_measured

_PATIENCE_S = budgets.PATIENCE_S  # until the peer serves: its module may start later
_SPREAD_S = 4  # nodes start within so many seconds of each other; the ends of a run together do not count
_LEAST_RATE = 8 * 1500  # bit/s: one datagram a second; to iperf3 a rate of 0 means as fast as it can
_SLACK_S = budgets.RUN_SLACK_S  # over the planned length of a run, before it counts as hung
UNITS = {
    "net.goodput": "bit/s",
    "net.goodput_both": "bit/s",
    "net.rtt.idle": "s",
    "net.rtt.loaded": "s",
    "net.udp_jitter": "s",
    "net.udp_loss": "1",
    "net.together": "bit/s",
}


class Pair:
    """The client's side of one pair."""

    def __init__(self, params, target, iperf3, children, job):
        self.params, self.target = params, target
        self.peer, self.host, self.link = target["peer"], target["host"], target["link"]
        self._iperf3, self._children, self._job = iperf3, children, job
        self._port = params["port"] + 1 + params["nodes"].index(params["node"])
        self._interface, self._far = {}, {}
        self._latest = None
        self.measurements, self.not_measured = [], []

    def measure(self):
        """Run everything that the parameters ask for; return {measurements, not_measured}."""
        try:
            control = round_trip.connect(self.host, self.params["port"], _PATIENCE_S)
        except OSError as error:
            self.skip("net.goodput", f"{self.peer} does not answer on port {self.params['port']} of {self.host} ({error}).")
            return self.result()
        try:
            self.inspect_route(control)
            steps = [(mode, streams) for streams in self.params["streams"] for mode in self.params["modes"]]
            self.alone("net.rtt.idle", self.idle, control)
            for number, (mode, streams) in enumerate(steps):
                self.report(f"{mode}, {streams} stream{'s' if streams > 1 else ''}", number, len(steps))
                self.alone("net.goodput_both" if mode == "both" else "net.goodput", self.goodput, mode, streams)
            if self.params["udp"]:
                self.report("UDP", len(steps), len(steps) + 1)
                self.alone("net.udp_loss", self.udp)
        finally:
            round_trip.close(control)
        return self.result()

    def alone(self, name, run, *arguments):
        """Do one run; an error in it is the reason for its missing value and affects no other run of the pair."""
        kept = len(self.measurements)
        try:
            run(*arguments)
        except Exception as error:  # of any kind: the other runs need nothing of this one
            del self.measurements[kept:]
            self.skip(name, f"The run to {self.host} failed ({type(error).__name__}: {error}).")

    def result(self):
        return {"measurements": self.measurements, "not_measured": self.not_measured}

    def report(self, what, done, total):
        self._job.report(f"{self.link} link to {self.peer}: {what}", self._latest, done, total)

    def inspect_route(self, control):
        """Find the interfaces of the routes at both ends, and whether the largest frames of both pass."""
        interface = interfaces.interface_facts(interfaces.interface_to(self.host))
        try:
            self._far = round_trip.far_end(control, self.params["node"])
        except OSError as error:
            self.skip("net.route", f"{self.peer} did not report the interface of its route back ({error}).")
        mtu = min(end["mtu"] or 0 for end in (interface, self._far or interface))
        if mtu > 1500 and interface["kind"] != "loopback":
            interface["mtu_passes"] = round_trip.passes(self.host, self.params["port"], mtu)
        self._interface = interface

    def add(self, name, subject, params, samples, context=None):
        """Keep a measurement with the interfaces at both ends of its route."""
        near, far = ("from", "to") if subject[0] == self.params["node"] else ("to", "from")
        ends = {near: self._interface, **({far: self._far} if self._far else {})}
        self.measurements.append(
            measurement(
                name,
                UNITS[name],
                samples,
                scope="pair",
                subject=subject,
                better="lower" if name == "net.udp_loss" else None,
                link=self.link,
                params=params,
                context={**ends, **(context or {})},
            )
        )

    def skip(self, name, reason):
        self.not_measured.append(not_measured(name, self.nodes, reason, self.link))

    @property
    def nodes(self):
        return [self.params["node"], self.peer]

    def idle(self, control):
        count = self.params["round_trips"]
        self.report("round trips", 0, 1)
        try:
            round_trip.samples(control, 50, budgets.WARM_UP_S)
            times = round_trip.samples(control, count, budgets.ROUND_TRIPS_S)
        except OSError as error:
            self.skip("net.rtt.idle", f"The round trip to {self.host} broke off ({error}).")
            return
        self.add("net.rtt.idle", self.nodes, {"bytes": 64, "protocol": "TCP"}, round_trip.thinned(times))

    def run(self, mode, streams, udp_bps=None):
        seconds, omit = self.params["seconds"], self.params["omit"]
        line = iperf.command(self._iperf3, self.host, self._port, mode, streams, seconds, omit, udp_bps)
        text, error = self._children.run(line, seconds + omit + _SLACK_S)
        return text, error

    def goodput(self, mode, streams):
        # Round trips under load belong to the plain runs; in the others they would only disturb.
        loaded = streams == self.params["streams"][0] and mode != "both"
        if loaded:
            with round_trip.under_load(self.host, self.params["port"], self.params["omit"]) as times:
                text, error = self.run(mode, streams)
        else:
            times = []
            text, error = self.run(mode, streams)
        answer = {"error": error, "directions": {}} if error else iperf.parse(text, mode)
        name = "net.goodput_both" if mode == "both" else "net.goodput"
        if answer["error"]:
            self.skip(name, f"iperf3 to {self.host}, {mode}: {answer['error']}")
            return
        settings = {"streams": streams, "seconds": self.params["seconds"], "iperf3": answer["version"]}
        for direction, run in answer["directions"].items():
            subject = self.nodes if direction == "forward" else self.nodes[::-1]
            context = {"retransmits": run["retransmits"], "cpu_percent": answer["cpu"], "whole_run": run["goodput"]}
            self._latest = f"{run['goodput'] / 1e6:.0f} Mb/s"
            params = {**settings, "direction": direction}
            self.add(name, subject, params, run["samples"], context)
        if times:
            params = {"bytes": 64, "protocol": "TCP", "load": mode, "streams": streams}
            self.add("net.rtt.loaded", self.nodes, params, round_trip.thinned(times))

    def udp(self):
        tcp = [item for item in self.measurements if item["name"] == "net.goodput" and item["subject"] == self.nodes]
        if not tcp:
            self.skip("net.udp_loss", "without a TCP goodput there is no rate to send at")
            return
        rate = tcp[0]["context"]["whole_run"] / 2
        if rate < _LEAST_RATE:
            self.skip("net.udp_loss", f"TCP reaches {2 * rate / 1e3:.1f} kb/s: too little to send datagrams at half of it.")
            return
        text, error = self.run("forward", 1, rate)
        answer = {"error": error} if error else iperf.parse_udp(text)
        if answer["error"]:
            self.skip("net.udp_loss", f"iperf3 over UDP to {self.host}: {answer['error']}")
            return
        params = {"bits_per_second": round(rate), "packets": answer["packets"], "seconds": self.params["seconds"]}
        self.add("net.udp_jitter", self.nodes, params, [answer["jitter_s"]])
        self.add("net.udp_loss", self.nodes, params, [answer["loss"]])

    def flow(self):
        """Send to the peer for a while longer than planned; return (samples, error) without the ends of the run."""
        try:
            control = round_trip.connect(self.host, self.params["port"], _PATIENCE_S)
        except OSError as refusal:
            return [], f"{self.peer} does not answer ({refusal})"
        try:
            round_trip.far_end(control, self.params["node"])  # registers this client with the peer
            seconds = self.params["seconds"] + 2 * _SPREAD_S
            line = iperf.command(self._iperf3, self.host, self._port, "forward", 1, seconds, 0)
            text, error = self._children.run(line, seconds + _SLACK_S)
        except OSError as failure:
            return [], f"{self.peer} broke off ({failure})"
        finally:
            round_trip.close(control)
        answer = {"error": error, "directions": {}} if error else iperf.parse(text, "forward")
        if answer["error"]:
            return [], answer["error"]
        samples = answer["directions"]["forward"]["samples"][_SPREAD_S:-_SPREAD_S]
        # A flow that stalled must not disappear from the sum unreported.
        return samples, "" if samples else "too few seconds of it arrived"


def together(params, pairs):
    """Send to all targets at once; return {measurements, not_measured} with one sum for each second."""
    flows: list[tuple[list[float], str]] = [([], "it ended without a result")] * len(pairs)

    def run(number):
        flows[number] = pairs[number].flow()

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(len(pairs))]
    for thread in threads:
        thread.start()
    for number, thread in enumerate(threads):
        pairs[number].report("all nodes at once", number, len(threads))
        thread.join()
    node, link = params["node"], pairs[0].link if pairs else None
    errors = [f"to {pair.peer}: {error}" for pair, (_samples, error) in zip(pairs, flows) if error]
    counted = [samples for samples, _error in flows if samples]
    if errors or not counted:
        reason = "; ".join(errors) or "no node to send to"
        return {
            "measurements": [],
            "not_measured": [not_measured("net.together", [node], reason, link)],
        }
    length = min(map(len, counted))
    total = measurement(
        "net.together",
        UNITS["net.together"],
        [sum(samples[second] for samples in counted) for second in range(length)],
        scope="node",
        subject=[node],
        link=link,
        params={"flows": len(counted), "seconds": params["seconds"], "streams": 1},
        context={"to": {pair.peer: statistics.median_high(flow[0]) for pair, flow in zip(pairs, flows)}},
    )
    return {"measurements": [total], "not_measured": []}
