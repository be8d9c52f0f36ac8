"""The running Ray cluster, asked by a separate driver on the head."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.waiting import wait_for

_SETTINGS = Path(__file__).resolve().parents[2] / "module_utils" / "services" / "ray_settings_file.py"

_MARK = "answer of the driver: "
# As every driver: with the settings of the service, which may name a token and certificates.
_ASK = """
import json, platform
exec({settings!r})
apply({file!r})
import ray
ray.init(address={address!r}, logging_level="ERROR", log_to_driver=False)
print({mark!r} + json.dumps({{"ray": ray.__version__, "python": platform.python_version(), "nodes": [
    {{"address": n["NodeManagerAddress"], "alive": n["Alive"], "name": n.get("NodeName"), "resources": n["Resources"]}}
    for n in ray.nodes()]}}), flush=True)
"""


def answer_in(output):
    """Return the answer in a driver's output: Ray prints messages of the GCS there, too, before and after it."""
    found = [line[len(_MARK) :] for line in output.splitlines() if line.startswith(_MARK)]
    assert found, f"The driver gave no answer: {output[-500:]}"
    return json.loads(found[-1])


class RayCluster:
    def __init__(self, head):
        self.head = head

    def ask(self):
        """Return versions and nodes as the GCS reports them now."""
        address = f"{self.head.address}:{self.head.vars['ray_port']}"
        reader, file = _SETTINGS.read_text(), f"{self.head.root}/etc/ray.env"
        source = _ASK.format(address=address, mark=_MARK, settings=reader, file=file)
        return answer_in(self.head.script(self.head.python, source, user=self.head.vars["cluster_user"]))

    def alive(self):
        """Return ``{address: resources}`` of the nodes that are alive."""
        return {node["address"]: node["resources"] for node in self.ask()["nodes"] if node["alive"]}

    def wait_until_alive(self, addresses, seconds=240):
        """Wait until these addresses are alive, by two answers in a row.

        A driver is refused while a raylet is being restarted, and a node that just came back may be restarted again
        with its head: neither is an answer yet.
        """
        answers = []

        def settled():
            try:
                alive = set(self.alive())
            except AssertionError as refused:
                answers[:] = [str(refused).splitlines()[-1]]
                return False
            answers[:] = [*answers[-1:], alive]
            return len(answers) == 2 and all(isinstance(seen, set) and set(addresses) <= seen for seen in answers)

        wait_for(settled, lambda: f"{sorted(addresses)} to be alive; the last answers: {answers}", seconds)
