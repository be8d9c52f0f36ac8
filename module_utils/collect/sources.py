"""What is read of a node besides Ray's session, the most important first."""

from __future__ import annotations

import os

JOURNAL_LINES = 20000
# They match what the kernel says of a process that it ended for its memory.
KERNEL_WORDS = "out of memory|oom-kill|killed process|segfault|i/o error|no space"


def of_root(venv_root, unit, label, store, has_systemd):
    """Return [(name, source)] of what root wrote, in folders of root; a source is a path or a command (list).

    store: the unit of the GCS store, or ""; has_systemd: whether it runs here.
    """
    watchdog, daemons = f"{unit}-watchdog", "/Library/LaunchDaemons"
    units = [f"{unit}.service", f"{watchdog}.service", f"{watchdog}.timer", *([store] if store else [])]
    journal = ["journalctl", "--no-pager", "--quiet", "--output=short-iso", f"--lines={JOURNAL_LINES}"]
    of_systemd = [
        ("service/definitions.txt", ["systemctl", "cat", "--no-pager", *units]),
        ("service/state.txt", ["systemctl", "show", "--no-pager", "--all", *_properties(), *units]),
        ("log/ray-journal.log", [*journal, f"--unit={unit}"]),
        ("log/watchdog-journal.log", [*journal, f"--unit={watchdog}"]),
        *([("log/store-journal.log", [*journal, f"--unit={store}"])] if store else []),
        (
            "log/kernel.log",
            [*journal[:-1], "--lines=500", "--dmesg", "--case-sensitive=false", f"--grep={KERNEL_WORDS}"],
        ),
    ]
    return [
        ("manifest.json", os.path.join(venv_root, "manifest.json")),
        ("maintenance.json", os.path.join(venv_root, "etc", "maintenance.json")),
        ("watchdog.json", os.path.join(venv_root, "etc", "watchdog.json")),
        ("watchdog-state.json", f"/var/run/{watchdog}.json"),
        ("service/launchd.txt", ["launchctl", "print", f"system/{label}"]),
        ("service/launchd-watchdog.txt", ["launchctl", "print", f"system/{label}-watchdog"]),
        ("service/ray.plist", f"{daemons}/{label}.plist"),
        ("service/watchdog.plist", f"{daemons}/{label}-watchdog.plist"),
        ("log/watchdog.log", f"/var/log/{watchdog}.log"),
        *(of_systemd if has_systemd else []),
    ]


def _properties():
    names = (
        "Id",
        "LoadState",
        "ActiveState",
        "SubState",
        "Result",
        "NRestarts",
        "ExecMainPID",
        "ExecMainCode",
        "ExecMainStatus",
        "ExecMainStartTimestamp",
        "ExecMainExitTimestamp",
        "InactiveEnterTimestamp",
        "MemoryCurrent",
        "MemoryPeak",
        "TasksCurrent",
        "UnitFileState",
        "NeedDaemonReload",
    )
    return [f"--property={','.join(names)}"]
