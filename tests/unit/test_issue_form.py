"""The form for the first run on a Mac asks for what docs/on-a-mac.md lists."""

import re

import yaml


def test_the_form_asks_for_everything_that_the_checklist_lists(root):
    page = (root / "docs" / "on-a-mac.md").read_text()
    section = page.split("## Report a difference")[1]
    form = (root / ".github" / "ISSUE_TEMPLATE" / "first_run_on_a_mac.yml").read_text()
    items = re.findall(r"(?m)^- (.*(?:\n  .*)*)", section)
    wanted = {text for item in items for text in re.findall(r"`([^`]+)`", item)} | set(re.findall(r"step \d+", " ".join(items)))
    assert {"sw_vers", "step 10"} <= wanted
    assert [text for text in sorted(wanted) if text not in form] == []
    fields = [entry["id"] for entry in yaml.safe_load(form)["body"] if entry["type"] != "markdown"]
    assert len(fields) >= len(items)
