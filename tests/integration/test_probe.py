"""Running code in another process, with real processes."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time

import pytest

from ansible_collections.saf.fabric.plugins.module_utils.measure import probe


@pytest.fixture
def probe_of(tmp_path, monkeypatch):
    """Make a probe module from source text."""

    def make(source):
        (tmp_path / "sample_probe.py").write_text(textwrap.dedent(source))
        monkeypatch.syspath_prepend(str(tmp_path))
        sys.modules.pop("sample_probe", None)
        import sample_probe

        return sample_probe

    return make


def test_events_come_back_in_order_and_prints_do_not_disturb(probe_of):
    sample = probe_of(
        """
        def main(params, emit):
            print("noise")
            for number in range(params["count"]):
                emit("measurement", {"number": number})
        """
    )
    reported = probe.run_probe(sys.executable, sample, {"count": 3}, 20)
    assert reported == {"measurement": [{"number": 0}, {"number": 1}, {"number": 2}]}


@pytest.mark.parametrize(
    ("body", "fragment"),
    [
        ("raise ValueError('no device')", "failed: ValueError: no device"),
        ("import os; os.abort()", "was ended by SIGABRT"),
        ("import time; time.sleep(60)", "did not end within 2 s"),
        ("import sys; sys.exit(3)", "failed: no message"),
        ("raise RuntimeError('cannot compile:\\nline 1\\n.')", r"failed: RuntimeError: cannot compile:$"),
        (
            "import os, sys; print('terminate called\\n  what():  no device\\n.', file=sys.stderr, flush=True); os.abort()",
            r"SIGABRT; its last message: what\(\):  no device$",
        ),
        ("import sys; print('odd words\\n.', file=sys.stderr); sys.exit(3)", "failed: odd words$"),
    ],
)
def test_failures_are_sentences_and_keep_what_was_reported(probe_of, body, fragment):
    sample = probe_of(f"def main(params, emit):\n    emit('result', {{'before': 1}})\n    {body}\n")
    with pytest.raises(probe.ProbeError, match=fragment) as caught:
        probe.run_probe(sys.executable, sample, {}, 2)
    assert caught.value.reported == {"result": [{"before": 1}]}


def test_a_time_out_takes_grandchildren_along(probe_of):
    sample = probe_of(
        """
        def main(params, emit):
            import subprocess, time
            child = subprocess.Popen(["sleep", "60"])
            emit("result", {"pid": child.pid})
            time.sleep(60)
        """
    )
    with pytest.raises(probe.ProbeError) as caught:
        probe.run_probe(sys.executable, sample, {}, 2)
    assert gone(caught.value.reported["result"][0]["pid"])


def test_a_probe_dies_with_its_parent(tmp_path, root):
    (tmp_path / "sample_probe.py").write_text(
        "def main(params, emit):\n"
        "    import os, pathlib, time\n"
        f"    pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path[:0] = [{str(root / 'collections')!r}, {str(tmp_path)!r}]\n"
            "from ansible_collections.saf.fabric.plugins.module_utils.measure.probe import run_probe; import sample_probe\n"
            "run_probe(sys.executable, sample_probe, {}, 60)",
        ]
    )
    pid_file = tmp_path / "pid"
    while not pid_file.exists() or not pid_file.read_text():
        time.sleep(0.05)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert gone(int(pid_file.read_text()))


def gone(pid):
    """Wait for a process to end; return whether it did."""
    for _attempt in range(100):
        try:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat") as stream:
                if stream.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def hardened(monkeypatch):
    """A caller with umask 077 and a folder for temporary files that is its own."""
    folder = tempfile.mkdtemp(prefix="private-", dir="/tmp")
    monkeypatch.setattr(tempfile, "tempdir", folder)
    before = os.umask(0o077)
    yield folder
    os.umask(before)
    shutil.rmtree(folder)


def test_the_account_reads_its_probe_whatever_the_umask_and_tmpdir(probe_of, hardened):
    assert os.geteuid() == 0, "this test runs a child as another account: run it as root, as .ci does"
    sample = probe_of(
        """
        def main(params, emit):
            import os, tempfile
            emit("result", {"uid": os.geteuid(), "home": os.access(os.environ["HOME"], os.W_OK), "answer": params["answer"]})
        """
    )
    reported = probe.run_probe("/usr/bin/python3", sample, {"answer": 42}, 20, user="nobody")
    assert reported["result"] == [{"uid": pwd.getpwnam("nobody").pw_uid, "home": True, "answer": 42}]


def test_a_probe_that_floods_is_bounded(probe_of, monkeypatch):
    monkeypatch.setattr(probe, "MOST_BYTES", 100_000)
    sample = probe_of(
        """
        def main(params, emit):
            while True:
                emit("measurement", {"text": "x" * 1000})
        """
    )
    with pytest.raises(probe.ProbeError) as caught:
        probe.run_probe(sys.executable, sample, {}, 20)
    assert 0 < len(caught.value.reported["measurement"]) <= 100


@pytest.mark.parametrize("line", ["@saf@{", "@saf@[]", "@saf@7", "@saf@{}", "@saf@" + "[" * 100000])
def test_what_no_emit_wrote_is_passed_over(probe_of, line):
    sample = probe_of(
        f"""
        def main(params, emit):
            import os
            os.write(channel, b"{line}\\n")
            emit("result", {{"after": 1}})
        """
    )
    assert probe.run_probe(sys.executable, sample, {}, 20) == {"result": [{"after": 1}]}
