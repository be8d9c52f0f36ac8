"""The archive for a request for help: what a node gives, what the controller takes, hides, bounds and says."""

import json
import os
import tarfile

import pytest

from ansible_collections.saf.fabric.plugins.module_utils.collect import ray_logs, settings, sources, tails
from ansible_collections.saf.fabric.plugins.plugin_utils.collect import archive, contents, index, received
from ansible_collections.saf.fabric.plugins.plugin_utils.collect import settings as shown_settings
from ansible_collections.saf.fabric.plugins.plugin_utils.collect.redaction import (
    is_secret_name,
    literals_of,
    redact,
    structure,
)

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\ndef\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("--redis-password=geheim123 --x", "--redis-password=*** --x"),
        ("--password geheim next", "--password *** next"),
        ("password: hunter22, user: x", "password: ***, user: x"),
        ('{"token": "abc def", "a": 1}', '{"token": "***", "a": 1}'),
        (r'"{\"token\": \"abc def\", \"a\": 1}"', r'"{\"token\": \"***\", \"a\": 1}"'),
        ("API_KEY='two words'", "API_KEY='***'"),
        ("https://bob:p@ss@host/simple", "https://***@host/simple"),
        ("Authorization: Bearer abcdefghi", "Authorization: ***"),
        ("sent Bearer abcdefghi.jkl", "sent Bearer ***"),
        (f"x\n{KEY}\ny", "x\n***\ny"),
        ("MIIEabc\ndef\n-----END PRIVATE KEY-----\ny", "***\ny"),
        ("x\n-----BEGIN PRIVATE KEY-----\nMIIE", "x\n***"),
        ("a: $ANSIBLE_VAULT;1.1;AES256\n  6162\n  6364\nb: 1", "a: ***\nb: 1"),
        ("root:$6$abcd$efghijkl/xyz:1", "root:***:1"),
        ("hf_abcdefghijklmnopqrst", "***"),
        ("/home/alice/x /Users/bob/.saf", "/home/USER/x /Users/USER/.saf"),
        # What helps and is no secret stays.
        ("RAY_AUTH_TOKEN_PATH=/opt/saf/etc/ray-token", "RAY_AUTH_TOKEN_PATH=/opt/saf/etc/ray-token"),
        ("ray_token_authentication: auto", "ray_token_authentication: auto"),
        ("RAY_AUTH_MODE=token", "RAY_AUTH_MODE=token"),
        ("prompt_tokens: 512 tokenizer: x passed: 3", "prompt_tokens: 512 tokenizer: x passed: 3"),
        ("/Users/Shared /opt/saf/ray", "/Users/Shared /opt/saf/ray"),
        ("10.0.0.1:6380 raylet died", "10.0.0.1:6380 raylet died"),
    ],
)
def test_secrets_are_hidden_and_the_rest_stays(text, safe):
    assert redact(text) == safe
    assert redact(safe) == safe


def test_known_secrets_are_hidden_wherever_they_stand():
    variables = [
        {"ansible_become_password": "Zebra 77", "proxy_env": {"p": "http://u:elk:99@h"}, "x": {"api_key": ["giraffe"]}, "n": "w"}
    ]
    literals = literals_of(variables, ["0123456789abcdef\n"])
    said = redact("sudo Zebra 77; elk:99 Zebra%2077; giraffe; 0123456789abcdef; w", literals)
    assert said == "sudo ***; *** ***; ***; ***; w"


def test_a_short_value_is_no_literal():
    assert literals_of([{"ansible_password": "abc"}]) == set()


def test_values_of_secret_names_are_hidden_in_documents():
    document = {"redis_password": "x y", "ray_tls": True, "token": 12345, "token_file": "/a", "l": [{"secret": "s"}], "n": None}
    assert structure(document) == {
        "redis_password": "***",
        "ray_tls": True,
        "token": "***",
        "token_file": "/a",
        "l": [{"secret": "***"}],
        "n": None,
    }
    assert not is_secret_name("cluster_secrets_dir")


def test_of_a_long_log_whole_newest_lines_are_kept(tmp_path):
    path = tmp_path / "ray.log"
    path.write_text("".join(f"line {number}\n" for number in range(100)))
    found = tails.of_file(str(path), 30)
    assert found["lines"] == ["line 97", "line 98", "line 99", ""]
    assert found["bytes"] == path.stat().st_size
    assert found["left_out"] == found["bytes"] - 24
    assert tails.of_file(str(path), 10**6)["left_out"] == 0
    for nothing in (0, -5):
        assert tails.of_file(str(path), nothing)["lines"] == []
    assert tails.of_file(str(tmp_path / "none"), 30) is None


@pytest.mark.parametrize("kind", ["link", "second name", "pipe", "folder"])
def test_what_may_be_another_file_is_not_read(tmp_path, kind):
    (tmp_path / "key").write_text("secret\n")
    path = tmp_path / "x.log"
    {
        "link": lambda: path.symlink_to(tmp_path / "key"),
        "second name": lambda: os.link(tmp_path / "key", path),
        "pipe": lambda: os.mkfifo(path),
        "folder": path.mkdir,
    }[kind]()
    with pytest.raises(tails.Missing):
        tails.of_file(str(path), 1000)


def test_a_command_that_fails_or_hangs_is_a_sentence():
    assert tails.of_command(["/no/such/program"], 100) is None
    assert tails.of_command(["sh", "-c", "echo a; exit 3"], 100)["lines"] == ["a", ""]
    with pytest.raises(tails.Missing, match=r"sh ended with status 3: no"):
        tails.of_command(["sh", "-c", "echo no >&2; exit 3"], 100)
    with pytest.raises(tails.Missing, match=r"did not end"):
        tails.of_command(["sleep", "20"], 100, 0.1)


@pytest.fixture
def session(tmp_path):
    logs = tmp_path / "session_2026-11-23_18-00-00_000000_42" / "logs"
    logs.mkdir(parents=True)
    (tmp_path / "session_latest").symlink_to(logs.parent)
    return logs


def test_logs_of_ray_come_without_what_programs_of_users_printed(tmp_path, session):
    for name in ("worker-1.out", "job-driver-raysubmit_x.log", "raylet.out", "gcs_server.out", "agent.log", "a b.log", "x.sock"):
        (session / name).write_text(f"{name}\n")
    (session / "dashboard.log").symlink_to(session / "worker-1.out")
    found = ray_logs.read(str(tmp_path), 1000, 1000, False)
    assert [one["name"] for one in found["files"]] == ["ray/raylet.out", "ray/gcs_server.out", "ray/agent.log"]
    assert found["session"] == session.parent.name
    with_jobs = ray_logs.read(str(tmp_path), 1000, 1000, True)
    assert {one["name"] for one in with_jobs["files"]} - {one["name"] for one in found["files"]} == {
        "ray/worker-1.out",
        "ray/job-driver-raysubmit_x.log",
    }


def test_logs_of_ray_stay_within_the_bound_of_the_node(tmp_path, session):
    for name in ("raylet.out", "gcs_server.out"):
        (session / name).write_text("0123456789\n" * 100)
    found = ray_logs.read(str(tmp_path), 600, 800, False)
    assert sum(one["bytes"] - one["left_out"] for one in found["files"]) <= 800
    assert all(one["left_out"] for one in found["files"])


@pytest.mark.parametrize("target", ["/etc", "../..", "session_1/../..", "."])
def test_a_link_that_leads_elsewhere_is_no_session(tmp_path, target):
    (tmp_path / "session_latest").symlink_to(target)
    found = ray_logs.read(str(tmp_path), 1000, 1000, False)
    assert found["files"] == []
    assert found["gaps"]


def test_a_session_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "etc" / "logs").mkdir(parents=True)
    (tmp_path / "etc" / "logs" / "raylet.out").write_text("secret\n")
    (tmp_path / "session_1").symlink_to(tmp_path / "etc")
    (tmp_path / "session_latest").symlink_to("session_1")
    assert ray_logs.read(str(tmp_path), 1000, 1000, False)["files"] == []


def test_of_the_environment_only_what_is_no_secret_is_shown():
    given = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "abc", "RAY_REDIS_PASSWORD": "abc", "RAY_x_ms": "5"}
    assert settings.shown(given) == {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": "(set)",
        "RAY_REDIS_PASSWORD": "(set)",
        "RAY_x_ms": "5",
    }


def test_no_file_with_a_secret_is_a_source():
    named = [str(source) for _name, source in sources.of_root("/opt/saf", "saf-ray", "org.x", "saf-gcs-store", True)]
    assert [text for text in named if any(word in text for word in ("token", "key", "password", ".env", ".crt", ".acl"))] == []


ANSWER = {
    "machine": {"system": "Linux"},
    "settings": {"RAY_AUTH_MODE": "token"},
    "session": "session_1",
    "files": [{"name": "log/ray.log", "source": "/opt/saf/log/ray.log", "bytes": 20, "left_out": 5, "lines": ["a", "b"]}],
    "gaps": [{"what": "x", "why": "y"}],
}


def test_an_answer_becomes_texts():
    kept, files, gaps = received.texts(ANSWER, 1000, 1000, [])
    assert kept["log/ray.log"] == "a\nb"
    assert set(kept) == {"log/ray.log", "machine.json", "settings.json"}
    assert files == [{"name": "log/ray.log", "source": "/opt/saf/log/ray.log", "bytes": 20, "left_out": 5}]
    assert gaps == [{"what": "x", "why": "y"}]


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a/b/c", ".x", "a/.x", "", "a\0b", "x" * 200, "a\nb", "A/x"])
def test_a_name_that_no_node_should_send_is_ignored_and_said(name):
    kept, files, gaps = received.texts({**ANSWER, "files": [{**ANSWER["files"][0], "name": name}]}, 1000, 1000, [])
    assert files == []
    assert set(kept) == {"machine.json", "settings.json"}
    assert "ignored" in gaps[-1]["why"]


def test_a_node_that_keeps_to_no_bound_is_cut_on_the_controller():
    many = [{**ANSWER["files"][0], "name": f"ray/{number}.log", "lines": ["x" * 99] * 50} for number in range(300)]
    kept, files, gaps = received.texts({**ANSWER, "files": many}, 1000, 5000, [])
    assert sum(len(text) for name, text in kept.items() if name.startswith("ray/")) <= 5000
    assert len(files) == received.MOST_FILES
    assert all(one["left_out"] > 5 for one in files)
    assert "ignored" in gaps[-1]["why"]


@pytest.mark.parametrize("name", ["alpha", "..", ".", "a/b", "../../x", "ä", "a b"])
def test_no_name_of_a_node_leads_out_of_the_archive(name):
    assert archive.is_safe(received.folder_of(name))
    assert "/" not in received.folder_of(name)


def test_an_archive_is_one_file_that_only_its_owner_reads(tmp_path):
    path = tmp_path / "x.tar.gz"
    archive.pack(path, "saf", {"index.md": b"hello", "nodes/a/x": b"y"}, 1700000000)
    assert path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as packed:
        entries = {entry.name: (entry.isreg(), entry.mode, packed.extractfile(entry).read()) for entry in packed}
    assert entries == {"saf/index.md": (True, 0o600, b"hello"), "saf/nodes/a/x": (True, 0o600, b"y")}
    assert [path.name] == os.listdir(tmp_path)
    with pytest.raises(ValueError, match="leads out"):
        archive.packed("saf", {"../x": b""}, 0)


def test_an_archive_that_would_be_too_large_keeps_the_small_files_and_says_what_it_lacks():
    kept, left_out = archive.within({"big": "x" * 100, "small": "y", "other": "z" * 9}, 20)
    assert set(kept) == {"small", "other"}
    assert list(left_out) == ["big"]


def test_the_index_says_what_is_missing_and_what_was_cut():
    nodes = {
        "alpha": {"reason": "", "files": received.texts(ANSWER, 1000, 1000, [])[1], "gaps": [{"what": "x", "why": "a|b\n# c"}]},
        "beta": {"reason": "It does not answer over SSH: refused", "files": [], "gaps": []},
    }
    page = index.page("alpha", "20261202T000000Z", "degraded", nodes, [{"what": "runs", "why": "none"}])
    assert "| beta | all | It does not answer over SSH: refused |" in page
    assert r"| alpha | x | a\|b # c |" in page
    assert "| alpha | log/ray.log | 20 | 5 |" in page
    assert index.sentence(nodes) == "Missing: nothing of beta; something of alpha. index.md in it has the reasons."


def test_settings_are_those_of_this_project_and_other_variables_are_names():
    class Variables(dict):
        def __getitem__(self, name):
            if name == "proxy_env":
                raise ValueError("no such variable")
            return super().__getitem__(name)

    given = Variables(
        {
            "ray_port": 6380,
            "ansible_user": "bob",
            "ansible_password": "x",
            "ray_environment": {"HF_TOKEN": "abc", "N": "1"},
            "index_url": "https://u:p@h/simple",
            "proxy_env": {},
            "my_secret_plan": "x",
            "groups": {},
        }
    )
    found = shown_settings.shown(given, {"ray_port", "ray_environment", "index_url", "proxy_env"}, [])
    assert found["settings"] == {
        "ansible_user": "USER",
        "index_url": "https://***@h/simple",
        "proxy_env": "cannot be worked out: no such variable",
        "ray_environment": {"HF_TOKEN": "***", "N": "***"},
        "ray_port": 6380,
    }
    assert found["others"] == ["my_secret_plan"]


def test_runs_are_whole_or_missing(tmp_path):
    for name, size in (("20261101T000000Z", 1), ("20261102T000000Z", 5000), ("20261103T000000Z", 1)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(json.dumps({"x": "y" * size, "password": "p"}))
    (tmp_path / "20261104T000000Z").mkdir()
    (tmp_path / "20261104T000000Z" / "run.json").write_text("{")
    texts, missing = contents.last_runs(tmp_path, 3, 1000, [])
    assert list(texts) == ["runs/20261103T000000Z/run.json"]
    assert json.loads(texts["runs/20261103T000000Z/run.json"]) == {"x": "y", "password": "***"}
    assert set(missing) == {"runs/20261102T000000Z/run.json", "runs/20261104T000000Z/run.json"}


def test_a_part_that_fails_does_not_lose_the_others():
    texts, gaps = {}, []
    contents.attempt("a", lambda: 1 / 0, texts, gaps, [])
    contents.attempt("b", lambda: "x", texts, gaps, [])
    assert texts == {"b": "x"}
    assert gaps == [{"what": "a", "why": "ZeroDivisionError: division by zero"}]
