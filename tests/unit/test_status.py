"""Healthy, degraded, or nobody can tell."""

import os
import types

import pytest

import node_status_info
from ansible_collections.saf.fabric.plugins.module_utils.probes import cluster_nodes
from ansible_collections.saf.fabric.plugins.module_utils.services import cluster, listening, raylet, service_log, service_state
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import processes as darwin
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import processes as linux
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import status, status_table


def node(state="active", **more):
    """Return what node_status_info returns of a healthy node at 10.0.0.2, with the changes of ``more``."""
    service = {"manager": "systemd", "state": state, "restarts": 0, "seconds": 900, "keeps_ending": False, "last_error": ""}
    said = {
        "provisioned": True,
        "service": {**service, **more.pop("service", {})},
        "configured": {"address": "10.0.0.2", "head": "10.0.0.1:6380"},
        "addresses": ["127.0.0.1", "10.0.0.2"],
        "disk": {"path": "/opt/saf", "free_bytes": 50 * 2**30, "total_bytes": 100 * 2**30, "inodes_free": 10**6},
        "venv": {"python_version": "3.11.2"},
    }
    return status.accept({**said, **more})


HEAD = node(configured={"address": "10.0.0.1", "head": None}, addresses=["127.0.0.1", "10.0.0.1"])
RUNS = node()
STOPPED = node("inactive", service={"last_error": "OSError: [Errno 28] No space left on device"})
MISSING = {"manager": None, "state": "missing", "restarts": None, "seconds": None}
NEVER = node(provisioned=False, service=MISSING, configured={"address": None, "head": None})
SILENT = {"refused": "does not answer over SSH; start it, or check its network."}
WANTED = {
    "ray": "2.49.1",
    "python": "3.11.2",
    "addresses": {"a": "10.0.0.1", "b": "10.0.0.2"},
    "gcs": "10.0.0.1:6380",
}


def command(playbook, limit="", extra=None):
    words = [playbook, *([limit] if limit else []), *(f"{name}={value}" for name, value in (extra or {}).items())]
    return f"<{' '.join(words)}>"


def gcs(*names, dead=(), **more):
    rows = [
        {
            "name": name,
            "alive": name not in dead,
            "address": "10.0.0.1",
            "resources": {"CPU": 2.0, "mlx": 1.0},
            "death_reason": "SIGTERM",
        }
        for name in (*names, *dead)
    ]
    return {
        "reachable": True,
        "reason": "",
        "nodes": rows,
        "unexpected": [],
        "ray_version": "2.49.1",
        "python_version": "3.11.2",
        "session": "s",
        **more,
    }


def judge(observed, running):
    return status.judge(["a", "b"], "a", observed, running, WANTED, "2026-11-23T18:00:00Z", command)


@pytest.mark.parametrize(
    ("observed", "running", "verdict", "problem"),
    [
        ({"a": HEAD, "b": RUNS}, gcs("a", "b"), "healthy", None),
        ({"a": HEAD, "b": RUNS}, gcs("a"), "degraded", "b: the GCS has never seen it"),
        ({"a": HEAD, "b": STOPPED}, gcs("a", dead=["b"]), "degraded", "b: its Ray service is inactive"),
        ({"a": HEAD, "b": RUNS}, gcs("a", dead=["b"]), "degraded", "b: dead for the GCS (SIGTERM)"),
        ({"a": HEAD, "b": SILENT}, gcs("a", "b"), "degraded", "b: does not answer over SSH"),
        ({"a": HEAD, "b": RUNS}, gcs("a", "b", unexpected=["c"]), "degraded", "c: alive in the cluster, but not"),
        ({"a": HEAD, "b": RUNS}, gcs("a", "b", ray_version="2.48.0"), "degraded", "runs ray 2.48.0"),
        ({"a": SILENT, "b": RUNS}, None, "unknown", "a: the head could not be asked"),
        ({"a": HEAD, "b": RUNS}, {**gcs(), "reachable": False, "reason": "Nothing answers."}, "unknown", "Nothing answers."),
    ],
)
def test_verdict(observed, running, verdict, problem):
    document = judge(observed, running)
    assert document["verdict"] == verdict
    assert document["exit_code"] == {"healthy": 0, "degraded": 2, "unknown": 1}[verdict]
    assert [node["name"] for node in document["nodes"]] == ["a", "b"]
    if problem:
        assert any(problem in sentence for sentence in document["problems"])
    else:
        assert document["problems"] == []
    assert len(status_table.rows(document)) == 2


ON_HEAD = {"configured": {"address": "10.0.0.1", "head": None}, "addresses": ["127.0.0.1", "10.0.0.1"]}


@pytest.mark.parametrize(
    ("head", "worker", "problem"),
    [
        ({}, {"raylet": {"sockets": False}}, "b: the sockets of its raylet are not on the disk"),
        ({}, {"watchdog": {"faults": ["wedged"], "moved": False}}, "b: it runs and executes nothing"),
        ({}, {"watchdog": {"faults": ["zombie"]}}, "b: its raylet has ended"),
        ({"dashboard": False}, {}, "a: its dashboard does not answer"),
        ({"dashboard": False, "service": {"seconds": 100}}, {}, None),  # it is still starting
        ({"dashboard": None}, {"dashboard": None}, None),
        ({}, {"raylet": {"sockets": None}, "watchdog": {"faults": []}}, None),
        ({}, {"watchdog": {"faults": ["rm -rf /", 3]}, "raylet": "x", "maintenance": 3}, None),
    ],
)
def test_what_a_supervisor_does_not_see_is_named_with_its_command(head, worker, problem):
    document = judge({"a": node(**ON_HEAD, **head), "b": node(**worker)}, gcs("a", "b"))
    assert len(document["problems"]) == (1 if problem else 0)
    if problem:
        assert document["problems"][0].startswith(problem)
        assert "<playbooks/restart.yml" in document["problems"][0]


@pytest.mark.parametrize("state", ["inactive", "missing"])
def test_a_node_in_maintenance_is_no_fault(state):
    away = node(state, maintenance="2026-11-23T18:00:00Z")
    document = judge({"a": HEAD, "b": away}, gcs("a", dead=["b"]))
    assert document["verdict"] == "healthy"
    assert document["problems"] == []
    (note,) = document["notes"]
    assert "in maintenance since 2026-11-23T18:00:00Z" in note
    assert "<playbooks/maintenance.yml b maintenance=off>" in note
    assert [row["status"] for row in status_table.rows(document)] == ["ready", "maintenance"]


def test_a_head_in_maintenance_is_named_once():
    away = node("inactive", **ON_HEAD, maintenance="unknown")
    document = judge({"a": away, "b": RUNS}, {**gcs(), "reachable": False, "reason": "Nothing answers."})
    assert document["verdict"] == "unknown"
    assert document["problems"] == ["a: Nothing answers."]


def test_files_of_the_node_may_hold_anything(tmp_path):
    path = tmp_path / "state.json"
    for content in ("", "[]", "{", '{"faults": 3, "moved": 1}', "[" * 10**5):
        path.write_text(content)
        assert raylet.watched(raylet.read_document(path)) == {"faults": [], "moved": False}
        assert raylet.maintenance(path) == "unknown"
    path.write_text('{"faults": {"sockets": [1, 2], "x": []}, "moved": true, "since": "now"}')
    assert raylet.watched(raylet.read_document(path)) == {"faults": ["sockets"], "moved": True}
    assert raylet.maintenance(path) == "now"
    assert raylet.maintenance(tmp_path / "nothing") == ""


def test_sockets_of_a_raylet(tmp_path):
    (tmp_path / "raylet").touch()
    command = f"/opt/saf/venvs/1/raylet --a=1 --raylet_socket_name={tmp_path}/raylet --b"
    assert raylet.has_sockets([command]) is True
    assert raylet.has_sockets([f"{command.split()[0]} --raylet_socket_name={tmp_path}/raylet/inside"]) is None
    (tmp_path / "raylet").unlink()
    assert raylet.has_sockets([command]) is False
    assert raylet.has_sockets([]) is raylet.has_sockets(["/x/raylet"]) is None


@pytest.mark.parametrize(
    ("observed", "running", "problems"),
    [
        # a lease that moved: the inventory knows the new address, or still the old one
        (
            node(addresses=["127.0.0.1", "10.0.0.2", "10.0.0.9"], configured={"address": "10.0.0.7", "head": "10.0.0.1:6380"}),
            gcs("a", dead=["b"]),
            ["b: b is 10.0.0.2 now, its service was configured for 10.0.0.7: run <site.yml b>"],
        ),
        (
            node(addresses=["127.0.0.1", "10.0.0.9"]),
            gcs("a", dead=["b"]),
            [
                "b: b is 10.0.0.9 now, its service was configured for 10.0.0.2: set its cluster_address (now 10.0.0.2) "
                "to 10.0.0.9 in the inventory, then run <site.yml b>"
            ],
        ),
        # it looks alive for 17 s of every 22 s
        (node(addresses=["127.0.0.1", "10.0.0.9"]), gcs("a", "b"), ["b is 10.0.0.9 now"]),
        (
            node(addresses=["10.0.0.2", "10.1.0.2"], configured={"address": "10.1.0.2", "head": "10.0.0.1:6380"}),
            gcs("a", "b"),
            ["its service was configured for 10.1.0.2, the inventory says 10.0.0.2: <site.yml b>"],
        ),
        (
            node(configured={"address": "10.0.0.2", "head": "10.0.0.4:6380"}),
            gcs("a"),
            ["its service looks for the head at 10.0.0.4:6380, the inventory says 10.0.0.1:6380: <site.yml b>"],
        ),
        # a full disk is reported beside its consequences
        (
            node(disk={"path": "/opt/saf", "free_bytes": 1000, "total_bytes": 10**11, "inodes_free": 5}),
            gcs("a", dead=["b"]),
            ["b: the disk at /opt/saf is full (0.00 GiB free)", "b: dead for the GCS (SIGTERM): <playbooks/restart.yml b>"],
        ),
        (
            node(disk={"path": "/opt/saf", "free_bytes": 10**11, "total_bytes": 10**12, "inodes_free": 0}),
            gcs("a", "b"),
            ["no inodes left"],
        ),
        (
            node("activating", service={"restarts": 12, "keeps_ending": True, "last_error": "RuntimeError: Version mismatch"}),
            gcs("a"),
            ["is started again and again (12 restarts); the last error in its log: RuntimeError: Version mismatch"],
        ),
        # one that has just come back is no problem
        (node(service={"restarts": 4, "seconds": 9, "keeps_ending": True}), gcs("a", "b"), []),
        (
            STOPPED,
            gcs("a", dead=["b"]),
            ["Its log ends with: OSError: [Errno 28] No space left on device Start it: <playbooks/start.yml b>"],
        ),
        (NEVER, gcs("a"), ["b: nothing was ever provisioned here: <site.yml b>"]),
        (node(service=MISSING), gcs("a"), ["b: its Ray service is missing: <site.yml b>"]),
    ],
)
def test_one_cause_with_what_to_type(observed, running, problems):
    found = judge({"a": HEAD, "b": observed}, running)["problems"]
    assert len(found) == len(problems), found
    for problem, sentence in zip(problems, found):
        assert problem in sentence


@pytest.mark.parametrize(
    ("head", "remedy"),
    [
        (node(provisioned=False, service=MISSING), "<site.yml>"),
        (node("inactive", configured={"address": "10.0.0.1", "head": None}, addresses=["10.0.0.1"]), "<playbooks/start.yml>"),
        (HEAD, "<playbooks/restart.yml>"),
    ],
)
def test_a_head_that_does_not_answer_has_one_remedy(head, remedy):
    found = judge({"a": head, "b": RUNS}, {**gcs(), "reachable": False, "reason": "Nothing answers."})["problems"]
    assert [sentence for sentence in found if "<" in sentence] == [sentence for sentence in found if remedy in sentence]
    assert any(remedy in sentence for sentence in found)


@pytest.mark.parametrize(
    ("days", "verdict", "said"),
    [
        (30, "healthy", ""),
        (29, "healthy", "b: its certificate ends in 29 days. Renew it: <site.yml b>"),
        (1, "healthy", "b: its certificate ends in 1 day. Renew it: <site.yml b>"),
        (
            -3,
            "degraded",
            "b: its certificate has ended, 3 days ago by its clock: no new connection is accepted. Renew it: <site.yml b>",
        ),
    ],
)
def test_a_certificate_is_named_before_and_after_its_end(days, verdict, said):
    document = judge({"a": HEAD, "b": node(certificate_days=days)}, gcs("a", "b"))
    assert document["verdict"] == verdict
    assert "".join(document["notes"] + document["problems"]) == said


def test_a_disk_that_is_nearly_full_is_a_note():
    document = judge(
        {"a": HEAD, "b": node(disk={"path": "/", "free_bytes": 4 * 2**30, "total_bytes": 100 * 2**30})}, gcs("a", "b")
    )
    assert document["verdict"] == "healthy"
    assert document["notes"] == ["b: the disk at / is 96 % full; above 95 % Ray spills no objects to it."]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"service": "x", "configured": [], "addresses": {"a": 1}, "disk": None, "venv": 3},
        {
            "service": {"state": ["active"], "restarts": "3", "last_error": {"a": "b"}},
            "addresses": [None, 1],
            "disk": {"free_bytes": "0"},
        },
        {"service": {"state": "inactive", "last_error": "\x1b]0;owned\x07\x1b[31mfail\x00ed\r\n" + "x" * 10**6}},
    ],
)
def test_a_hostile_answer_is_data(answer):
    document = judge({"a": HEAD, "b": status.accept(answer)}, gcs("a"))
    assert all(sentence.isprintable() and len(sentence) < 700 for sentence in document["problems"])
    assert len(status_table.rows(document)) == 2


def test_the_table_fits_80_columns_and_names_each_command_on_its_own_line():
    def real(playbook, limit=""):
        return f"ansible-playbook -i inventory/mine {playbook} --limit {limit}"

    observed = {"a": HEAD, "b": RUNS}
    document = status.judge(["a", "b"], "a", observed, gcs("a", dead=["b"]), WANTED, "2026-11-23T18:00:00Z", real)
    lines = status_table.render(document, 80).splitlines()
    assert lines[:3] == [
        " NODE      STATUS  SERVICE  CPU  MLX  UPTIME  RESTARTS",
        " a (head)  ready   systemd  2    1    15 min  0",
        " b         dead    systemd  2    1    15 min  0",
    ]
    assert lines[3:] == [
        "",
        " ✗ degraded",
        "   b: dead for the GCS (SIGTERM):",
        "     ansible-playbook -i inventory/mine playbooks/restart.yml --limit b",
    ]
    assert "PYTHON" in status_table.render(document, 120)


def test_the_table_of_a_node_that_is_away_or_stopped():
    rows = status_table.rows(judge({"a": STOPPED, "b": SILENT}, None))
    assert [(row["node"], row["status"], row["service"], row["uptime"]) for row in rows] == [
        ("a (head)", "unknown", "systemd, inactive", "15 min"),
        ("b", "away", "-", "-"),
    ]


OBSERVED = {"service": {"state": "active"}}


@pytest.mark.parametrize(
    ("registered", "refused"),
    [
        (({}, OBSERVED, ""), None),
        (({"ping": "pong"}, OBSERVED, ""), None),
        (
            ({"unreachable": True, "msg": "no\nroute"}, {}, ""),
            "does not answer over SSH; start it, or check its network (no route).",
        ),
        (({}, {"unreachable": True}, ""), "does not answer over SSH; start it, or check its network."),
        (({}, {"failed": True, "msg": "no sudo"}, ""), "answers, but could not be checked: no sudo"),
        (({}, {}, "no space"), "answers, but could not be checked: no space"),
        (({}, OBSERVED, "no space"), "answers, but could not be checked: no space"),
        (({}, {}, ""), "answers, but could not be checked: no message"),
        ((None, None, None), "answers, but could not be checked: no message"),
        (({}, {"failed": True, "msg": ["\x1b"]}, ""), "answers, but could not be checked: no message"),
    ],
)
def test_a_node_that_was_not_observed_says_why(registered, refused):
    assert status.observation(*registered).get("refused") == refused


@pytest.mark.parametrize(
    ("nodes", "expected", "membership"),
    [
        ([("a", True)], ["a"], ([], [], [])),
        ([("a", True)], ["a", "b"], (["b"], [], [])),
        ([("a", True), ("b", False)], ["a", "b"], ([], ["b"], [])),
        ([("b", False), ("b", True)], ["b"], ([], [], [])),  # an earlier incarnation is no death
        ([("a", True), ("c", True)], ["a"], ([], [], ["c"])),
    ],
)
def test_membership(nodes, expected, membership):
    rows = [{"name": name, "alive": alive} for name, alive in nodes]
    found = cluster.membership(rows, expected)
    assert (found["missing"], found["dead"], found["unexpected"]) == membership


def test_one_row_for_each_name():
    rows = [{"name": "b", "alive": True, "n": 1}, {"name": "b", "alive": False, "n": 2}, {"name": "a", "alive": False, "n": 3}]
    assert [(row["name"], row["n"]) for row in cluster.latest(rows)] == [("b", 1), ("a", 3)]


def test_row_of_the_node_table():
    known = types.SimpleNamespace(
        node_id=b"\x28",
        state=0,
        node_manager_address="192.0.2.2",
        node_name="alpha",
        resources_total={"CPU": 2.0, "mlx": 1.0, "node:192.0.2.2": 1.0, "node:__internal_head__": 1.0},
        death_info=types.SimpleNamespace(reason_message="health check failed"),
    )
    row = cluster_nodes.describe(known)
    assert row["alive"]
    assert row["is_head"]
    assert row["resources"] == {"CPU": 2.0, "mlx": 1.0}
    assert row["death_reason"] == ""
    known.state = 1
    row = cluster_nodes.describe(known)
    assert (row["node_id"], row["alive"], row["death_reason"]) == ("28", False, "health check failed")


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("LoadState=loaded\nActiveState=active\nNRestarts=3\n", ("active", 3)),
        ("LoadState=not-found\nActiveState=inactive\nNRestarts=0\n", ("missing", 0)),
        ("LoadState=loaded\nActiveState=failed\n", ("failed", None)),
    ],
)
def test_systemctl_show(text, service):
    found = service_state.parse_show(text)
    assert (found["state"], found["restarts"]) == service


def test_age_of_a_service():
    shown = "LoadState=loaded\nActiveState=active\nNRestarts=3\nActiveEnterTimestampMonotonic=990000000\n"
    assert service_state.parse_show(shown, 1000.0)["seconds"] == 10
    assert service_state.parse_show(shown.replace("=active", "=activating"), 1000.0)["seconds"] is None
    assert service_state.parse_etime("   01:05 ") == 65
    assert service_state.parse_etime("2-03:04:05") == 183845
    assert service_state.parse_etime("") is None


UNIT = "ExecStart={ path=/opt/saf/venvs/1/bin/ray ; argv[]=/opt/saf/venvs/1/bin/ray start --node-ip-address=10.0.0.2 ; }"
PROCESS = "/root/.saf/venvs/1/bin/ray start --head --node-ip-address=127.0.0.1"


@pytest.mark.parametrize(
    ("root", "unit", "record", "manager"),
    [
        ("/opt/saf", ("active", UNIT), None, "systemd"),
        # the account may write the record of a process: it does not hide the unit
        ("/opt/saf", ("active", UNIT), ("inactive", "/opt/saf/venvs/1/bin/ray"), "systemd"),
        ("/opt/saf", ("missing", ""), ("active", "/opt/saf/venvs/1/bin/ray"), "process"),
        # the unit of a cluster beside the Ray of `make bench`
        ("/root/.saf", ("active", UNIT), ("active", PROCESS), "process"),
        ("/root/.saf", ("active", UNIT), None, None),
        ("/opt/saf", None, None, None),
    ],
)
def test_which_manager_is_believed(monkeypatch, root, unit, record, manager):
    def found(name, said):
        return (lambda _module: said and ({"manager": name, "state": said[0]}, said[1], lambda: "")) if said else (lambda _: None)

    monkeypatch.setattr(node_status_info, "by_systemd", found("systemd", unit))
    monkeypatch.setattr(node_status_info, "by_launchd", found("launchd", None))
    monkeypatch.setattr(node_status_info, "by_process", found("process", record))
    service, _command = node_status_info.observe(types.SimpleNamespace(params={"venv_root": root}))
    assert service["manager"] == manager
    assert manager or service["state"] == "missing"


@pytest.mark.parametrize(
    ("service", "ends"),
    [
        ({"state": "activating", "restarts": 0, "seconds": None}, True),
        ({"state": "active", "restarts": 5, "seconds": 20}, True),
        ({"state": "active", "restarts": 5, "seconds": 600}, False),
        ({"state": "active", "restarts": 0, "seconds": 3}, False),
        ({"state": "active", "restarts": None, "seconds": None}, False),
        ({"state": "inactive", "restarts": 9, "seconds": None}, False),
    ],
)
def test_a_service_that_keeps_ending(service, ends):
    assert service_state.keeps_ending(service) is ends


def test_what_a_service_was_configured_with():
    shown = (
        "ExecStart={ path=/opt/saf/venvs/1/bin/ray ; argv[]=/opt/saf/venvs/1/bin/ray start --address=10.0.0.1:6380 --node-name=b "
        "--node-ip-address=10.0.0.2 --block ; ignore_errors=no }"
    )
    assert service_state.configured(shown) == {"address": "10.0.0.2", "head": "10.0.0.1:6380"}
    assert service_state.configured("ray start --head --node-ip-address=10.0.0.1") == {"address": "10.0.0.1", "head": None}
    assert service_state.configured("") == {"address": None, "head": None}


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("", ""),
        ("Local node IP: 10.0.0.2\nstarted\n", "started"),
        (
            "RuntimeError: Version mismatch\nSome Ray subprocesses exited unexpectedly:\n  raylet [exit code=1]\n",
            "RuntimeError: Version mismatch",
        ),
        ("Some Ray subprocesses exited unexpectedly:\n", "Some Ray subprocesses exited unexpectedly:"),
        ("\x1b[31mConnection refused\x1b[0m\x07\nwaiting\n", "Connection refused"),
        ("\x1b]0;title\x07cannot bind\n", "cannot bind"),
    ],
)
def test_last_error_of_a_log(log, line):
    assert service_log.last_error(log) == line


def test_a_service_that_was_stopped_has_no_error():
    log = "12:00 INFO scripts.py:1019 -- If connection to the dashboard fails, check your firewall settings.\nbye\n"
    assert service_log.last_error(log, ended=False) == ""
    assert service_log.last_error(log) == "bye"
    assert service_log.last_error("OSError: no\n" + log, ended=False) == "OSError: no"


def test_a_link_in_the_folder_of_the_account_is_not_followed(tmp_path):
    (tmp_path / "secret").write_text("password error\n")
    (tmp_path / "ray.log").symlink_to(tmp_path / "secret")
    assert service_log.tail(tmp_path / "ray.log") == ""
    os.link(tmp_path / "secret", tmp_path / "hard.log")
    assert service_log.tail(tmp_path / "hard.log") == ""
    os.mkfifo(tmp_path / "fifo")
    assert service_log.tail(tmp_path / "fifo") == ""
    (tmp_path / "real.log").write_text("x" * 10**6 + "\nend\n")
    assert service_log.tail(tmp_path / "real.log").endswith("\nend\n")


HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def test_listening_sockets():
    rest = "00000000:0000 0A 00000000:00000000 00:00000000 00000000  0        0"
    connected = "   2: 0100007F:18EE 0100007F:0001 01 0 0 0 0 0 13"
    tcp = f"{HEADER}   0: 0100007F:18EC {rest} 11\n   1: 00000000:18ED {rest} 12\n{connected}\n"
    assert linux.parse_proc_net(tcp) == {"11": ("127.0.0.1", 6380), "12": ("*", 6381)}
    mapped = f"{HEADER}   0: 0000000000000000FFFF00000100007F:18EC {rest} 21\n   1: {'0' * 32}:18ED {rest} 22\n"
    assert linux.parse_proc_net(mapped) == {"21": ("127.0.0.1", 6380), "22": ("*", 6381)}
    lsof = "p12\nf3\nn*:6380\nf4\nn127.0.0.1:8265\np13\nf3\nn[::1]:631\n"
    assert darwin.parse_lsof(lsof) == {(12, "*", 6380), (12, "127.0.0.1", 8265), (13, "::1", 631)}


@pytest.mark.parametrize(
    ("listeners", "words"),
    [
        ([], "No Ray runs on a."),
        ([("127.0.0.1", 6380), ("127.0.0.1", 6381), ("::1", 8265)], "listens on 127.0.0.1 alone, ports 6380-6381, 8265"),
        ([("127.0.0.1", 8265), ("*", 6380), ("10.0.0.1", 10001)], "other machines reach its ports 6380, 10001: "),
    ],
)
def test_who_reaches_a_node(listeners, words):
    found = listening.sentence([{"address": address, "port": port} for address, port in listeners], "a")
    assert words in found


@pytest.mark.parametrize(
    ("store", "problems"),
    [
        (None, []),
        ("active", []),
        ("failed", ["a: the store of its GCS (Redis) is failed, and Ray's head needs it"]),
        ("activating\nand more", ["a: the store of its GCS (Redis) is activating and more, and Ray's head needs it"]),
    ],
)
def test_store_that_is_down_is_named_with_its_command(store, problems):
    head = node(configured={"address": "10.0.0.1", "head": None}, addresses=["127.0.0.1", "10.0.0.1"], store=store)
    document = judge({"a": head, "b": RUNS}, gcs("a", "b"))
    assert [one[: len(begin)] for one, begin in zip(document["problems"], problems, strict=True)] == problems
    assert all(one.endswith("(journalctl -u saf-gcs-store on a). Start it: <site.yml>") for one in document["problems"])


def test_state_of_the_store_is_read_where_there_is_one(monkeypatch):
    shown = {
        "store": "LoadState=loaded\nActiveState=failed\nNRestarts=3\n",
        "none": "LoadState=not-found\nActiveState=inactive\n",
    }
    monkeypatch.setattr(node_status_info, "command_output", lambda _systemctl, _show, unit, _properties: shown[unit])
    assert [node_status_info.store_state(unit) for unit in ("store", "none")] == ["failed", "missing"]


def test_head_that_came_back_with_its_store_is_one_node_and_not_a_dead_one():
    old = {"name": "a", "alive": False, "death_reason": "Unexpected termination", "address": "10.0.0.1", "resources": {}}
    new = {**old, "alive": True, "death_reason": ""}
    for rows in ([old, new], [new, old], [old, new, old]):
        assert cluster.membership(rows, ["a"]) == {"missing": [], "dead": [], "unexpected": []}
        assert cluster.latest(rows) == [new]
