"""Environments of services: written the same for systemd, shells and us; proxies completed; passwords kept out of sight."""

import subprocess

import pytest

from ansible_collections.saf.fabric.plugins.module_utils.system import environment, redaction
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import proxies

VALUES = [
    "plain",
    "",
    "two words",
    "100%",
    "%n",
    "back\\slash",
    "\\n",
    'quo"te',
    "it's",
    "$HOME",
    "`id`",
    "$(id)",
    "tail\\",
    " x ",
    "#",
    "ä",
]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_the_same_to_a_shell_and_to_us(value, tmp_path):
    text = f"# comment\n{environment.line('A', value)}\n{environment.line('B', 'next')}\n"
    assert environment.parse(text) == {"A": value, "B": "next"}
    (tmp_path / "env").write_text(text, encoding="utf-8")
    script = 'set -a && . "$0" && set +a && exec printenv A'
    answer = subprocess.run(["/bin/sh", "-c", script, str(tmp_path / "env")], capture_output=True, check=True)
    assert answer.stdout.decode() == value + "\n"


def systemd_value(text):
    """Unquote as systemd's parse_env_file() does between double quotes: a backslash before one of these four is dropped."""
    out, index = "", 1
    while text[index] != '"':
        if text[index] == "\\" and text[index + 1] in '"\\`$':
            index += 1
        out += text[index]
        index += 1
    assert index == len(text) - 1, "text after the closing quote"
    return out


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_the_same_to_systemd(value):
    assert systemd_value(environment.line("A", value).partition("=")[2]) == value


def test_files_of_earlier_releases_are_read():
    assert environment.parse('# c\nA=1\nB=x=y\nC=\nexport D=2\nE={"a": 1}\n') == {
        "A": "1", "B": "x=y", "C": "", "D": "2", "E": '{"a": 1}',
    }  # fmt: skip


NODES = ["10.0.0.1", "10.0.0.2"]


def test_no_proxies_no_variables():
    assert proxies.environment({}, NODES) == {}


def test_what_the_owner_leaves_out_of_the_proxy_stays_left_out():
    found = proxies.environment({"https_proxy": "http://p", "no_proxy": "intranet, 10.0.0.2"}, NODES)
    assert found["no_proxy"] == "intranet,10.0.0.2,10.0.0.1"
    assert found["NO_PROXY"] == "intranet,10.0.0.2,10.0.0.1"
    assert found["no_grpc_proxy"].split(",")[0] == "intranet"


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY"])
def test_both_cases_of_letters_are_there(name):
    found = proxies.environment({name: "http://p", "X": "1"}, NODES)
    assert found["https_proxy"] == found["HTTPS_PROXY"] == "http://p"
    assert found["no_proxy"] == found["NO_PROXY"] == "10.0.0.1,10.0.0.2"
    assert found["X"] == "1"


def test_capitals_alone_are_completed_not_overwritten():
    found = proxies.environment({"HTTPS_PROXY": "http://p", "NO_PROXY": "intranet"}, NODES)
    assert found["no_proxy"] == found["NO_PROXY"] == "intranet,10.0.0.1,10.0.0.2"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("pip failed: https://me:s3cret@host:8443/simple/ray/ 404", "pip failed: https://***@host:8443/simple/ray/ 404"),
        ("https://token@host/x and http://a:b@c", "https://***@host/x and http://***@c"),
        ("https://me:p@ss@host/x", "https://***@host/x"),
        ("https://host/a@b", "https://host/a@b"),
        ("mail me@host, socks5h://u:p@[::1]:1080", "mail me@host, socks5h://***@[::1]:1080"),
        ("no url", "no url"),
        ("", ""),
    ],
)
def test_redact(text, shown):
    assert redaction.redact(text) == shown


def test_secrets_of_urls():
    found = redaction.secrets_in("https://me:s3cret@host/", {"https_proxy": "http://token@p", "no_proxy": "a"}, None, "")
    assert found == {"me:s3cret", "s3cret", "token"}
