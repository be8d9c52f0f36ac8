"""Reset undoes what was done to a Mac, and what was there before is there again."""

CONFIRMED = {"reset_confirm": "yes"}


def traces(node):
    look = {
        "root": "ls -d /opt/saf",
        "daemons": "ls /Library/LaunchDaemons/org.studio-air-fabric.*",
        "loaded": "for one in ray ray-watchdog firewall; do launchctl print system/org.studio-air-fabric.$one; done",
        "anchor": "ls /etc/pf.anchors/org.* /var/run/saf-firewall*; pfctl -s rules | grep studio",
        "pf.conf": "diff /opt/fakemac/samples/pf.conf /etc/pf.conf",
        "account": "dscl . -read /Users/saf UniqueID",
        "hidden": "defaults read /Library/Preferences/com.apple.loginwindow.plist HiddenUsersList",
        "keg": "cd /opt/homebrew/Cellar && ls -d python@3.9 iperf3 gdbm mpdecimal readline sqlite xz",
        "tap": "ls -d /opt/homebrew/Library/Taps/studio-air-fabric/*",
        "pin": "ls /opt/homebrew/var/homebrew/pinned/python@3.9",
        "logs": "ls /var/log/saf-* /var/run/saf-*",
        "rotation": "ls /etc/newsyslog.d/saf.conf",
        "processes": "pgrep -f '^/opt/saf/'",
    }
    answers = {name: node.run(command).stdout.strip() for name, command in look.items()}
    return {name: text for name, text in answers.items() if text}


def test_reset_leaves_nothing_and_restores_the_rest(saf_playbook, nodes):
    reset = saf_playbook("playbooks/reset.yml", CONFIRMED)
    assert reset.rc == 0, reset.output
    for node in nodes.values():
        assert traces(node) == {}
        power = node.check("pmset -g custom")
        assert " sleep                10" in power
        assert node.exists("/opt/homebrew/bin/brew"), "Homebrew is not ours to remove"


def test_second_reset_changes_nothing(saf_playbook):
    again = saf_playbook("playbooks/reset.yml", CONFIRMED)
    assert again.rc == 0, again.output
    assert not again.changed
