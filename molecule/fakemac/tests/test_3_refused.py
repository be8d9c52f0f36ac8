"""What a Mac may lack or have wrong: one sentence with the remedy, and nothing half done."""

import hashlib

import pytest
import yaml
from tests.support import settings

CELLAR = "/opt/homebrew/Cellar/python@3.9"
POUR = (
    "rm -rf {cellar} && runuser -u admin -- /usr/bin/python3.9 -c \"import sys; sys.path.insert(0, '/opt/fakemac'); "
    "from doubles import brew; brew.pour('python@3.9', '{version}', 'homebrew/core', '{answers}')\""
)
CORE = POUR.format(cellar=CELLAR, version="3.9.25", answers="3.9.25")
PINNED = "rm -f /opt/homebrew/var/homebrew/pinned/python@3.9"
AGAIN = f"rm -rf {CELLAR} /opt/homebrew/opt/python@3.9; {PINNED}"
TOOLS = "/Library/Developer/CommandLineTools"
UNAME = "/opt/fakemac/answers_as_darwin.py"
SITE = "/usr/lib/python3.9/sitecustomize.py"
# name: (before, after, settings of the double, extra variables, words that must be said)
CASES = {
    "an Intel Mac": (
        f"sed -i s/arm64/x86_64/ {SITE}", f"cp {UNAME} {SITE}", {"arm64": "0"}, {}, ["Darwin x86_64", "take the node out"],
    ),
    "macOS too old for the wheels": ("true", "true", {"macos": "12.7"}, {}, ["macOS 12.7", "update its system"]),
    "macOS too old for the bottle": ("true", "true", {"macos": "13.6"}, {}, ["macOS >= 14", "python_provider to uv"]),
    "no tools and no network": (
        f"mv {TOOLS} {TOOLS}.away", f"rm -rf {TOOLS}; mv {TOOLS}.away {TOOLS}", {"network": False}, {},
        ["offers no Command Line Tools", "xcode-select --install"],
    ),
    "Homebrew in another prefix": (
        "mv /opt/homebrew /opt/homebrew.away; ln -s /bin/true /usr/local/bin/brew",
        "rm -f /usr/local/bin/brew; mv /opt/homebrew.away /opt/homebrew", {}, {}, ["/usr/local only", "tied to /opt/homebrew"],
    ),
    "no Homebrew, and we may not bring it": (
        "mv /opt/homebrew /opt/homebrew.away", "mv /opt/homebrew.away /opt/homebrew", {}, {"homebrew_install": "never"},
        ["no Homebrew", "homebrew_install: auto"],
    ),
    "Homebrew of root": (
        "chown root /opt/homebrew", "chown admin /opt/homebrew", {}, {}, ["root owns /opt/homebrew", "chown -R"],
    ),
    "another patch version of homebrew-core": (
        f"{PINNED}; mv {CELLAR} {CELLAR}.away; {CORE}", f"{AGAIN}; mv {CELLAR}.away {CELLAR}; cd /opt/homebrew/opt; "
        "ln -s ../Cellar/python@3.9/3.9.23_1 python@3.9; "
        "ln -s ../../../Cellar/python@3.9/3.9.23_1 ../var/homebrew/pinned/python@3.9",
        {}, {}, ["3.9.25 of another tap", "homebrew_replace_python"],
    ),
}  # fmt: skip


NAMES = list(CASES)


@pytest.mark.parametrize("names", [NAMES[at : at + 2] for at in range(0, len(NAMES), 2)], ids="; ".join)
def test_preflight_refuses(names, nodes, ray, saf_playbook, wheels, set_up):
    """Two Macs, two problems: one table reports both."""
    # What the damage before left behind ends first: the pids prove that preflight restarted nothing.
    ray.wait_until_alive([node.address for node in nodes.values()])
    wrong = dict(zip(nodes, names))
    pids = {name: node.service.pid for name, node in nodes.items()}
    extra = {**wheels, "python_fallback": ""}
    try:
        for node, name in wrong.items():
            before, _after, double, variables, _words = CASES[name]
            nodes[node].check(before)
            set_up(node, **double)
            extra.update(variables)
        refused = saf_playbook("site.yml", extra)
    finally:
        for node, name in wrong.items():
            nodes[node].check(CASES[name][1])
    assert refused.rc != 0, "this was not refused"
    words = [word for name in names for word in CASES[name][4]]
    assert [word for word in words if word.lower() not in refused.words.lower()] == [], refused.output
    assert "Nothing was changed" in refused.words
    assert {name: node.service.pid for name, node in nodes.items()} == pids


def test_a_bottle_that_is_not_the_pinned_one(nodes, saf_playbook, wheels, set_up):
    """Something altered the download: nothing is poured, and brew's error becomes one message."""
    alpha = nodes["alpha"]
    set_up("alpha", blob_sha256="0" * 64)
    alpha.check(f"{PINNED}; mv {CELLAR} /opt/homebrew/away")
    try:
        refused = saf_playbook("site.yml", {**wheels, "python_fallback": ""})
        assert refused.rc != 0
        assert "is not the pinned one" in refused.words
        assert not alpha.exists(CELLAR)
    finally:
        alpha.check(f"rm -rf {CELLAR}; mv /opt/homebrew/away {CELLAR}")


def test_a_daemon_that_macos_keeps_from_the_network(nodes, saf_playbook, wheels):
    """Blocked by the kernel for the account of the service alone, as Local Network Privacy does it: root still gets through."""
    alpha, beta = nodes["alpha"], nodes["beta"]
    port = alpha.vars["ray_node_manager_port"]
    rule = f"uidrange $(id -u saf)-$(id -u saf) to {beta.address}/32 ipproto 6 dport {port} lookup 99"
    # A route of this kind answers EHOSTUNREACH, as macOS does; what others send to alpha still arrives.
    alpha.check(f"ip route add unreachable default table 99; ip rule add {rule}")
    try:
        refused = saf_playbook("playbooks/ray.yml", wheels)
    finally:
        alpha.check(f"ip rule del {rule}; ip route flush table 99")
    assert refused.rc != 0
    assert "macOS blocks the local network for daemons of saf on alpha" in refused.words
    assert f"{beta.address}/32" in refused.words


def test_homebrew_comes_by_its_script_and_by_its_package(nodes, saf_playbook, wheels, set_up, tmp_path):
    """A fresh clone, two Macs without Homebrew, nobody at a screen. FileVault is allowed, and said."""
    set_up("alpha", filevault="On")
    (tmp_path / "Homebrew.pkg").write_text("the double looks at the rules around it")
    bottles = yaml.safe_load((settings.ROOT / "data" / "homebrew_bottles.yml").read_text())
    installer = settings.ROOT / "tests" / "fakemac" / "install_homebrew.sh"
    bottles["install_script"] = {"url": installer.as_uri(), "sha256": hashlib.sha256(installer.read_bytes()).hexdigest()}
    for node in nodes.values():
        node.check("mv /opt/homebrew /opt/fakemac/payload/homebrew && chown root /opt/fakemac/payload/homebrew")
    ways = "{{ 'script' if inventory_hostname == 'alpha' else 'pkg' }}"
    extra = {**wheels, "homebrew_pkg": str(tmp_path / "Homebrew.pkg"), "homebrew_install": ways, "cluster_bottles": bottles}
    try:
        set_up("beta", pkg_team="ABCDE12345")
        refused = saf_playbook("playbooks/provision.yml", {**extra, "python_fallback": ""})
        set_up("beta", pkg_team=None)
        # Not site.yml: its check of the inventory refuses the installer's stand-in, which no role knows.
        done = saf_playbook("playbooks/provision.yml", extra)
    finally:
        for node in nodes.values():
            if not node.exists("/opt/homebrew"):
                node.check("mv /opt/fakemac/payload/homebrew /opt/homebrew; chown admin /opt/homebrew")
    assert "it is not signed by Homebrew's team" in refused.words.replace("''", "'"), refused.output
    assert done.rc == 0, done.output
    assert "after a reboot alpha waits for a password" in done.words
    for node in nodes.values():
        assert node.check("stat -c %U /opt/homebrew") == "admin"
        assert node.check("find /tmp /var/tmp -name .homebrew_pkg_user.plist -o -name 'saf-homebrew*'") == ""
