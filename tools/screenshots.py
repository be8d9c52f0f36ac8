#!/usr/bin/env python3
"""Write reports of made-up runs (tests/support/runs.py) and take their pictures in a real browser: docs/screenshots/*.png.

The values are those of the situations that the verdicts are tested on, not of machines. Needs chromium.

usage: screenshots.py [folder]
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "collections")]

from runs import SITUATIONS  # noqa: E402

from ansible_collections.saf.fabric.plugins.plugin_utils.report import writer  # noqa: E402

# (picture, situation, width, height, dark)
PICTURES = [
    ("desktop", "two_studios", 1200, 1500, False),
    ("dark", "healthy_studios", 1200, 3000, True),
    ("phone", "two_studios", 390, 1500, False),
    ("sixteen", "one_bad_cable_of_sixteen", 1200, 3600, False),
]
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--allow-file-access-from-files",
]


def report(situation, folder):
    """Write a situation as a run with its report; return the page."""
    plan, raws = SITUATIONS[situation]()
    run = folder / situation / plan["run_id"]
    (run / "raw").mkdir(parents=True)
    (run / "plan.json").write_text(json.dumps(plan))
    for number, raw in enumerate(raws):
        (run / "raw" / f"{number:03}.json").write_text(json.dumps(raw))
    writer.write(run, ["html"])
    return run / "report.html"


def picture(page, target, width, height, dark):
    """Take one picture. A frame gives a phone's width: headless Chromium has a least window width of 500."""
    with tempfile.TemporaryDirectory() as profile:
        frame = Path(profile) / "frame.html"
        style = f"width:{width}px;height:{height}px;border:0"
        frame.write_text(f"<body style='margin:0'><iframe src='{page.as_uri()}' style='{style}'></iframe>")
        scheme = ["--blink-settings=preferredColorScheme=0"] if dark else []
        shown = frame if width < 500 else page
        window = [f"--user-data-dir={profile}", f"--window-size={width},{height}", f"--screenshot={target}"]
        subprocess.run(["chromium", *QUIET, *scheme, *window, shown.as_uri()], check=True, timeout=60, capture_output=True)


def main():
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs" / "screenshots")
    if not shutil.which("chromium"):
        raise SystemExit("chromium is not installed: apt-get install chromium")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        pages = {situation: report(situation, Path(folder)) for situation in {entry[1] for entry in PICTURES}}
        for name, situation, width, height, dark in PICTURES:
            picture(pages[situation], target / f"{name}.png", width, height, dark)
            print(target / f"{name}.png")


if __name__ == "__main__":
    main()
