"""What node_audit_info observes: parsers with hostile text, and files below a root of the test."""

import base64
import os
import plistlib
import re
import stat
import types

import pytest

import node_audit_info
from ansible_collections.saf.fabric.plugins.module_utils.audit import (
    accounts,
    as_account,
    doors,
    jobs,
    loose_files,
    reading,
    running,
    scheduled,
)
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import sockets as darwin
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import sockets as linux

ACCOUNT = {"name": "saf", "uid": 4321, "homes": ["/opt/saf", "/opt/saf/ray"]}
KEY = "ssh-ed25519 " + base64.b64encode(b"not a real key").decode() + " someone@elsewhere"


def write(root, path, content, mode=0o644):
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    (place.write_bytes if isinstance(content, bytes) else place.write_text)(content)
    place.chmod(mode)
    return place


def found(root, known=()):
    items, gaps = scheduled.everything(scheduled.Search(ACCOUNT, "/opt/saf", str(root)), set(known))
    return {item["path"]: item for item in items}, gaps


@pytest.mark.parametrize(
    ("path", "content", "reasons"),
    [
        ("/etc/crontab", "*/15 * * * * saf /usr/bin/true\n", ["account"]),
        ("/etc/cron.d/x", "SHELL=/bin/sh\n@reboot root /opt/saf/ray/x\n", ["installation"]),
        ("/etc/cron.d/y", "* * * * * root curl -s http://x | tee /dev/shm/x\n", ["temporary"]),
        ("/etc/cron.hourly/z", "#!/bin/sh\nexec /var/tmp/z\n", ["temporary"]),
        ("/var/spool/cron/crontabs/saf", "0 * * * * id\n", ["account"]),
        ("/var/spool/cron/saf", "0 * * * * id\n", ["account"]),
        ("/var/at/tabs/saf", "0 * * * * id\n", ["account"]),
        ("/etc/systemd/system/dns-filter.service", "[Service]\nUser = saf\nExecStart=/usr/bin/true\n", ["account"]),
        ("/etc/systemd/system/a.service", "[Service]\nExecStart=/bin/sh -c \\\n  '/tmp/.x/run'\n", ["temporary"]),
        ("/usr/lib/systemd/system/b.service", "[Service]\nExecStartPre=-/opt/saf/current/bin/python x\n", ["installation"]),
        ("/etc/systemd/system/saf-ray.service.d/x.conf", "[Service]\nExecStartPost=/tmp/x\n", ["temporary"]),
        ("/run/systemd/transient/run-1.service", "[Service]\nUser=4321\nExecStart=/x\n", ["account"]),
        ("/opt/saf/.config/systemd/user/c.service", "[Service]\nExecStart=/usr/bin/true\n", ["account"]),
        ("/Library/LaunchDaemons/x.plist", {"UserName": "saf", "ProgramArguments": ["/x"]}, ["account"]),
        ("/Library/LaunchAgents/y.plist", {"Program": "/private/tmp/y"}, ["temporary"]),
        ("/opt/saf/ray/Library/LaunchAgents/z.plist", {"Program": "/usr/bin/true"}, ["account"]),
    ],
)
def test_what_starts_by_itself_is_found(tmp_path, path, content, reasons):
    data = plistlib.dumps(content, fmt=plistlib.FMT_BINARY) if isinstance(content, dict) else content
    write(tmp_path, path, data)
    items, gaps = found(tmp_path)
    assert gaps == []
    assert items[path]["reasons"] == reasons
    assert items[path]["changed"] > 0
    assert items[path]["known"] is False
    assert found(tmp_path, [path])[0][path]["known"] is True


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/etc/crontab", "17 * * * * root cd / && run-parts --report /etc/cron.hourly\n"),
        ("/etc/cron.d/x", "# * * * * * saf /tmp/x\nPATH=/tmp/\n"),
        ("/etc/cron.d/y", "* * * * *\n\n@daily\n"),
        ("/etc/systemd/system/x.service", "[Service]\nUser=safe\nExecStart=/opt/safe/x /opt/saf-other/tmpfile\n"),
        ("/etc/systemd/system/x.service", "[Service]\nPrivateTmp=yes\nReadWritePaths=/tmp/x\n"),
        ("/etc/systemd/system/x.txt", "[Service]\nUser=saf\n"),
        ("/Library/LaunchDaemons/x.plist", {"UserName": 7, "ProgramArguments": "x", "Program": ["/var"]}),
    ],
)
def test_what_is_nobodys_business_is_not_reported(tmp_path, path, content):
    write(tmp_path, path, plistlib.dumps(content) if isinstance(content, dict) else content)
    assert found(tmp_path) == ({}, [])


def test_a_damaged_definition_is_a_gap(tmp_path):
    write(tmp_path, "/Library/LaunchDaemons/x.plist", b"bplist00\xff\xff")
    items, (gap,) = found(tmp_path)
    assert items == {}
    assert gap.startswith("/Library/LaunchDaemons/x.plist is no definition of launchd")


def test_a_script_of_the_account_is_found_by_its_owner():
    search = scheduled.Search({**ACCOUNT, "uid": 4321}, "/opt/saf")
    assert search.reasons("", "root", 4321) == ["account"]
    assert search.reasons("", "root", 0) == []


def test_passwords_in_urls_stay_on_the_node(tmp_path):
    write(tmp_path, "/etc/cron.d/x", "* * * * * saf curl https://me:secret@example.org/x\n")
    assert "secret" not in str(found(tmp_path))


def test_a_pipe_does_not_stop_the_audit_and_a_link_of_others_is_not_followed(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    assert reading.text(str(tmp_path / "pipe")) == (None, None)
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    assert reading.text(str(tmp_path / "link"))[0] == "secret"
    state = os.lstat(tmp_path / "link")
    strange = os.stat_result((state.st_mode, *state[1:4], 4321, *state[5:]))
    monkeypatch.setattr(reading.os, "lstat", lambda _path: strange)
    with pytest.raises(reading.Unreadable, match="cannot be read"):
        reading.text(str(tmp_path / "link"))


def test_a_file_without_end_is_read_in_part(tmp_path):
    write(tmp_path, "/etc/cron.d/x", "* * * * * saf x\n" * 100000)
    items, _gaps = found(tmp_path)
    assert len(items) == 1
    text, _state = reading.text(str(tmp_path / "etc/cron.d/x"))
    assert len(text) == reading.MOST_BYTES


def test_keys_are_named_by_their_fingerprint(tmp_path):
    write(tmp_path, "/opt/saf/.ssh/authorized_keys", f'# {KEY}\ncommand="x" {KEY}\nssh-rsa not_base64 x\n\n')
    (key,), gaps = accounts.keys(["/opt/saf"], str(tmp_path))
    assert gaps == []
    assert re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", key.pop("fingerprint"))
    assert key == {"path": "/opt/saf/.ssh/authorized_keys", "type": "ssh-ed25519", "comment": "someone@elsewhere"}


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("saf ALL=(ALL) NOPASSWD: ALL", True),
        ("#4321 ALL = ALL", True),
        ("%saf ALL=(ALL:ALL) ALL", True),
        ("alice, saf ALL=/usr/bin/true", True),
        ("User_Alias X = bob, saf\nX ALL=ALL", True),
        ("ALL ALL=(ALL) ALL", True),
        ("saf \\\n ALL=ALL", True),
        ("safe ALL=ALL", False),
        ("root ALL=(saf) ALL", False),
        ("Defaults:saf !requiretty", False),
        ("# saf ALL=ALL", False),
        ("%sudo ALL=(ALL:ALL) ALL", False),
    ],
)
def test_rules_of_sudo_about_the_account(line, counts):
    rules, _included = accounts.parse_sudoers(line + "\n", "saf", 4321, ["saf"])
    assert bool(rules) is counts


def test_included_rules_of_sudo_are_read(tmp_path):
    write(tmp_path, "/etc/sudoers", "@includedir /etc/more\n#include /etc/one\n#include /etc/sudoers\n")
    write(tmp_path, "/etc/more/a", "saf ALL=ALL\n")
    write(tmp_path, "/etc/more/b.bak", "saf ALL=ALL\n")
    write(tmp_path, "/etc/one", "saf ALL=/x\n")
    write(tmp_path, "/etc/sudoers.d/c", "saf ALL=/y\n")
    rules, gaps = accounts.sudoers("saf", 4321, [], str(tmp_path))
    assert sorted(rule["path"] for rule in rules) == ["/etc/more/a", "/etc/one", "/etc/sudoers.d/c"]
    assert gaps == []


def test_entries_of_hosts_that_name_others():
    text = (
        "127.0.0.1 localhost\n127.0.1.1 myname\n::1 ip6-localhost ip6-loopback\n10.0.0.2 pool.example # x\n127.0.0.1 rival.pool\n"
    )
    assert accounts.parse_hosts(text) == ["10.0.0.2 pool.example", "127.0.0.1 rival.pool"]


def state(mode, uid=0, gid=0):
    return types.SimpleNamespace(st_mode=mode, st_uid=uid, st_gid=gid)


@pytest.mark.parametrize(
    ("mode", "top", "name", "uid", "why"),
    [
        (stat.S_IFREG | 0o4755, "current", "x", 0, "setuid"),
        (stat.S_IFREG | 0o4755, "ray", "x", 4321, "setuid"),
        (stat.S_IFREG | 0o2755, "venvs", "x", 0, "setuid"),
        (stat.S_IFREG | 0o666, "venvs", "x.py", 0, "world_writable"),
        (stat.S_IFDIR | 0o777, "venvs", "x", 0, "world_writable"),
        (stat.S_IFREG | 0o666, "ray", "x", 4321, ""),
        (stat.S_IFLNK | 0o777, "venvs", "x", 0, ""),
        (stat.S_IFREG | 0o644, "venvs", "x.py", 4321, "account_writable"),
        (stat.S_IFREG | 0o644, "etc", "x.py", 4321, "account_writable"),
        (stat.S_IFREG | 0o600, "etc", "ray.env", 4321, ""),
        (stat.S_IFREG | 0o644, "venvs", "x.py", 0, ""),
    ],
)
def test_files_that_give_too_much(mode, top, name, uid, why):
    assert loose_files.why(state(mode, uid), top, name, 4321, {4321}) == why


def test_a_folder_of_the_installation_is_walked(tmp_path):
    write(tmp_path, "/venvs/a/bin/x", "", 0o4755)
    write(tmp_path, "/venvs/a/y.py", "", 0o666)
    write(tmp_path, "/ray/z", "", 0o666)
    (tmp_path / "venvs" / "loop").symlink_to(tmp_path)
    rows, gaps = loose_files.find(str(tmp_path))
    assert sorted((os.path.basename(row["path"]), row["why"]) for row in rows) == [("x", "setuid"), ("y.py", "world_writable")]
    assert gaps == []
    assert loose_files.find(str(tmp_path / "none"))[1] == [f"{tmp_path / 'none'} is not there."]


def test_the_children_of_the_service_are_part_of_it():
    parents = {1: 0, 10: 1, 11: 10, 12: 11, 20: 1, 30: 31, 31: 30}
    assert running.tree(parents, [10]) == {10, 11, 12}
    assert running.tree(parents, [30]) == {30, 31}
    assert running.tree(parents, [99]) == set()


@pytest.mark.parametrize(
    ("command", "owner", "origin"),
    [
        ("/usr/bin/python3 -I /opt/saf/etc/ray_watchdog.py /opt/saf/etc/watchdog.json", "root", "root"),
        ("/usr/bin/python3 /root/.ansible/tmp/ansible-tmp-1/AnsiballZ_mlx_benchmark.py", "root", "root"),
        ("sudo -u saf python my.py", "root", "by_hand"),
        ("/usr/sbin/cron -f", "root", "none"),
        ("/usr/bin/python3 -I /opt/saf/etc/ray_watchdog.py", "saf", "none"),
        ("sudo -u saf x", "alice", "none"),
    ],
)
def test_who_started_a_process(command, owner, origin):
    parents, owners = {9: 8, 8: 7, 7: 1}, {9: "saf", 8: "saf", 7: owner}
    assert running.origin(9, parents, owners, {7: command}, "saf") == origin


def test_ports_of_the_account_of_the_installation_and_documented_ones():
    def one(port, user, command="x", pid=1, protocol="tcp"):
        return {"protocol": protocol, "address": "*", "port": port, "user": user, "pid": pid, "command": command}

    bound = [
        one(22, "root"),
        one(4444, "saf"),
        one(6380, "alice"),
        one(6380, "alice", protocol="udp"),
        one(7000, "root", "/opt/saf/x"),
        one(8000, "root", pid=5),
    ]
    rows = running.ports(bound, "saf", "/opt/saf", [(6380, 6388, "tcp")], {5})
    assert [(row["port"], row["of_service"], row["managed"]) for row in rows] == [
        (4444, False, False),
        (6380, False, False),
        (7000, False, True),
        (8000, True, False),
    ]


TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:18EC 00000000:0000 0A 00000000:00000000 00:00000000 00000000  4321        0 111 1 0 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 112 1 0 100 0 0 10 0
   2: 0100007F:18EC 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 113 1 0 100 0 0 10 0
   3: broken
"""


def test_sockets_of_linux():
    assert linux.parse_bound(TCP, "0A") == [("111", 4321, "127.0.0.1", 6380), ("112", 0, "*", 22)]


def test_sockets_of_a_mac():
    text = "p12\ncpython3.9\nn*:6380\nn127.0.0.1:8265\nn[::1]:8265\nn*:*\nn10.0.0.1:5353->10.0.0.2:53\npx\n"
    assert [(one["address"], one["port"], one["pid"]) for one in darwin.parse_bound(text, "udp")] == [
        ("*", 6380, 12),
        ("127.0.0.1", 8265, 12),
        ("::1", 8265, 12),
    ]


@pytest.mark.parametrize(
    "text", ["", "{}", "null", "[1, null, {}]", '[{"driver_info": 3, "start_time": "x", "metadata": {"a": "b"}}]']
)
def test_any_list_of_jobs_is_read_or_refused(text):
    try:
        assert all(set(job) == {"id", "type", "status", "started", "entrypoint", "address"} for job in jobs.parse(text))
    except ValueError:
        assert text in ("", "{}", "null")


def test_a_job_is_told_without_its_environment():
    text = """[{"submission_id": "s", "type": "SUBMISSION", "status": "RUNNING", "start_time": 1700000000123,
      "entrypoint": "pip install -i https://me:secret@x/ y", "runtime_env": {"env_vars": {"TOKEN": "hidden"}},
      "metadata": {"who": "me"}, "driver_info": {"node_ip_address": "10.0.0.9"}}]"""
    (job,) = jobs.parse(text)
    assert job["started"] == 1700000000
    assert job["address"] == "10.0.0.9"
    assert "secret" not in str(job)
    assert "hidden" not in str(job)


def test_a_question_is_asked_in_a_child_with_an_end():
    me = os.environ.get("USER") or "root"
    assert as_account.ask(lambda: {"pid": os.getpid()}, me, 20)["pid"] != os.getpid()
    assert as_account.ask(lambda: __import__("time").sleep(60), me, 0.2) is None
    assert as_account.ask(lambda: 1 / 0, me, 20) is None
    with pytest.raises(KeyError):
        as_account.ask(dict, "no-such-account", 1)


def test_a_door_that_is_closed_and_one_that_answers(tmp_path):
    import http.server
    import threading

    class Refuses(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(401)
            self.end_headers()

        def log_message(self, *_words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    try:
        door = {"node": "a", "address": "127.0.0.1", "port": port, "post": "/api/jobs/"}
        (answer,) = doors.try_all([door], 5)
        assert (answer["answers"], answer["status"], answer["source"]) == (True, 401, "127.0.0.1")
        (by_name,) = [one for one in doors.try_all([{**door, "address": "localhost"}], 5) if one["address"] == "127.0.0.1"]
        assert by_name["answers"]
    finally:
        server.shutdown()
        server.server_close()
    (closed,) = doors.try_all([door], 5)
    assert (closed["answers"], closed["status"], closed["source"]) == (False, 0, "127.0.0.1")
    assert closed["reason"]


def test_the_module_looks_below_a_root_and_changes_nothing(run_module, tmp_path, monkeypatch):
    monkeypatch.setattr(node_audit_info.running, "strangers", lambda *_arguments: ([], set()))
    write(tmp_path, "/etc/cron.d/x", "* * * * * root /opt/saf/x\n")
    before = sorted(path for path in tmp_path.rglob("*"))
    result = run_module(
        node_audit_info,
        {
            "venv_root": "/opt/saf",
            "user": "nobody",
            "unit": "saf-ray",
            "label": "x",
            "pid_file": "/none",
            "root": str(tmp_path),
        },
        check=True,
    )
    assert result["changed"] is False
    assert [item["path"] for item in result["scheduled"]] == ["/etc/cron.d/x"]
    assert sorted(path for path in tmp_path.rglob("*")) == before
