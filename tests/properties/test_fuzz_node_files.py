"""Whatever a file on a node holds, its reader answers: a manifest, a pid file, a marker, a state, a log, a file of /sys.

Some of these files belong to the service account, so that their content is anything.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

import fuzzing
import pytest
import ray_watchdog
import recorded
from fuzzing import ANY, fits
from hypothesis import given
from hypothesis import strategies as st

import local_network_probe
import ray_node_info
from ansible_collections.saf.fabric.plugins.module_utils import venv
from ansible_collections.saf.fabric.plugins.module_utils.services import launchd, process, service_end, service_log
from ansible_collections.saf.fabric.plugins.module_utils.system import command, homebrew, mtu_rollback
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import facts as linux_facts
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import hardware as linux_hardware
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import interfaces as linux_interfaces

MAYBE_INT, MAYBE_FLOAT = (int, None), (float, None)


def below(name, read):
    """Return a reader of a folder in which the file ``name`` is."""

    def run(path):
        place = Path(path).parent / "folder" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        return read(str(Path(path).parent / "folder"))

    return run


def cache(folder):
    Path(folder, "index0", "size").write_text("32768K\n")
    return linux_facts.last_cache_bytes(folder)


def receipt(folder):
    homebrew.PREFIX, before = folder, homebrew.PREFIX
    try:
        return homebrew.receipt("x", "1"), homebrew.on_request("x"), homebrew.installed("x")
    finally:
        homebrew.PREFIX = before


def damage_of(site):
    found = venv.installed(site)
    assert all(isinstance(one, str) for one in venv.damaged_files(site, found))
    venv.fingerprint(found)
    return found


def decided(path):
    """Read the state of the watchdog and let it decide, as a check does."""
    state = ray_watchdog.read_state(path, 1000.0)
    ray_watchdog.must_ask(state, True, 1000.0)
    kept = {key: value for key, value in state.items() if key != "failure"}
    return ray_watchdog.decide(kept, {"pid": 7, "head": True, "gcs": "alive"}, 1000.0)[0]


# Name: (reader of a path, recorded texts, shape of its answer).
READERS = {
    "pid file": (process.read_record, [recorded.PID_FILE], {str: ANY}),
    "pid file, alive": (lambda path: process.is_managed(process.read_record(path)), [recorded.PID_FILE], bool),
    "marker": (below(venv.MARKER, venv.read_marker), [recorded.MARKER], {str: ANY}),
    "pyvenv.cfg": (below("pyvenv.cfg", venv.home), [recorded.PYVENV], str),
    "RECORD of a distribution": (
        below("ray-2.49.1.dist-info/RECORD", damage_of),
        [recorded.RECORD, "ray,sha256=x,\n../../../,sha256=x,\n"],
        {str: {"version": str, "record": {str: str}}},
    ),
    "venv": (
        below(venv.MARKER, lambda folder: venv.inspect(folder, "3.11.9", {"ray": "2.49.1"})[0]),
        [recorded.MARKER],
        [str],
    ),
    "names in a manifest": (ray_node_info.recorded, [recorded.MANIFEST], [str]),
    "results of the daemon": (
        lambda path: local_network_probe.answers(path, ["10.0.0.1:22"]),
        ['{"10.0.0.1:22": "open"}'],
        {str: str},
    ),
    "receipt of brew": (
        below("Cellar/x/1/INSTALL_RECEIPT.json", receipt),
        ['{"installed_on_request": true, "source": {"tap": "homebrew/core"}}'],
        fuzzing.Pair({str: ANY}, (bool, None), {str: (str, None)}),
    ),
    "MTU of before": (mtu_rollback.claim, ["1500\n"], MAYBE_INT),
    "state of the watchdog": (decided, [recorded.WATCHDOG_STATE], {str: ANY}),
    "log": (lambda path: service_log.last_error(service_log.tail(path)), [recorded.RAY_LOG], str),
    "log of a process": (process.last_line, [recorded.RAY_LOG], str),
    "log of what ended": (lambda path: service_end.last_line(service_end._log_of(path)), [recorded.RAY_LOG], str),
    "any text": (command.read, [recorded.CGROUP], str),
    "number of /sys": (linux_interfaces._number, ["1500\n"], MAYBE_INT),
    "temperature": (linux_facts.temperature, ["47000\n", "-5000\n"], MAYBE_FLOAT),
    "level of a cache": (below("index0/level", cache), ["3\n"], MAYBE_INT),
    "control group": (
        lambda path: linux_hardware.cgroup_memory_limit(command.read(path), os.path.dirname(path)),
        [recorded.CGROUP, recorded.CGROUP_1],
        MAYBE_INT,
    ),
    "memory of a control group": (
        below("memory.max", lambda folder: linux_hardware.cgroup_memory_limit("0::/\n", folder)),
        ["268435456\n", "max\n"],
        MAYBE_INT,
    ),
    "cores of a control group": (
        below("cpu.max", lambda folder: linux_hardware.cgroup_cores_limit("0::/\n", folder)),
        ["150000 100000\n", "max 100000\n"],
        MAYBE_FLOAT,
    ),
}
REFUSALS = {"results of the daemon": launchd.LaunchdError}


@pytest.fixture(scope="module")
def folder():
    made = tempfile.mkdtemp(prefix="saf-fuzz-")
    yield made
    shutil.rmtree(made)


def assert_sentence(text):
    assert fuzzing.is_sentence(text), text


def read(name, content, folder):
    """Write a file of these bytes, read it as the product does, and check the answer."""
    reader, _samples, shape = READERS[name]
    place = os.path.join(folder, "file")
    shutil.rmtree(os.path.join(folder, "folder"), ignore_errors=True)
    Path(place).write_bytes(content)
    with fuzzing.ends():
        try:
            answer = reader(place)
        except REFUSALS.get(name, ()) as refused:
            answer, shape = str(refused), str
            assert_sentence(answer)
    assert fits(answer, shape), answer
    return answer


@pytest.mark.parametrize("name", READERS)
def test_a_recorded_file_is_understood(name, folder):
    for sample in READERS[name][1]:
        read(name, sample.encode(), folder)
    assert read(name, READERS[name][1][0].encode(), folder) is not None or name in ("pid file, alive", "control group")


@pytest.mark.parametrize("name", READERS)
def test_a_file_may_end_anywhere(name, folder):
    for sample in READERS[name][1]:
        for length in range(len(sample)):
            read(name, sample.encode()[:length], folder)


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_read_as_far_as_it_goes(name, folder):
    texts = fuzzing.damaged(READERS[name][1]).map(lambda text: text.encode("utf-8", "surrogatepass"))
    documents = fuzzing.JSON.map(lambda value: json.dumps(value).encode())

    @fuzzing.inputs("files on nodes", 50)
    @given(st.one_of(texts, texts, documents, st.binary(max_size=60)))
    def check(content):
        read(name, content, folder)

    check()


DEEP = [b"[" * 200000, b'{"a":' * 100000, b"9" * 200000, b"\xff" * 200000, b"\0" * 200000, b"\n" * 200000, b"a," * 100000]


@pytest.mark.parametrize("content", DEEP, ids=range(len(DEEP)))
@pytest.mark.parametrize("name", READERS)
def test_a_long_file_is_read_to_its_end(name, content, folder):
    read(name, content, folder)


@st.composite
def altered(draw, sample):
    """Return a recorded JSON document with one to three values in it that are something else."""
    document = json.loads(sample)
    for _change in range(draw(st.integers(1, 3))):
        holder = document
        while True:
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(holder[key], (dict, list)) and draw(st.booleans()):
                holder = holder[key]
                continue
            holder[key] = draw(fuzzing.JSON)
            break
    return json.dumps(document).encode()


JSON_FILES = [name for name, (_read, samples, _shape) in READERS.items() if samples[0].startswith("{")]


@pytest.mark.parametrize("name", JSON_FILES)
def test_a_document_with_other_values_is_read(name, folder):
    @fuzzing.inputs("files on nodes", 60)
    @given(altered(READERS[name][1][0]))
    def check(content):
        read(name, content, folder)

    check()
