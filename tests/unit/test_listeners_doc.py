"""The table of ports in docs/security.md is that of data/listeners.yml."""

import listeners_doc
import pytest
import yaml


def test_the_table_of_ports_is_up_to_date():
    assert listeners_doc.main(["--check"]) == 0


def test_a_change_of_the_table_is_noticed_and_written(tmp_path, monkeypatch, capsys):
    page = tmp_path / "security.md"
    page.write_text(listeners_doc.PAGE.read_text().replace("| 6384 |", "| 6394 |"))
    monkeypatch.setattr(listeners_doc, "PAGE", page)
    assert listeners_doc.main(["--check"]) == 1
    assert "run tools/listeners_doc.py" in capsys.readouterr().out
    listeners_doc.main([])
    assert listeners_doc.main(["--check"]) == 0


@pytest.mark.parametrize("key", ["gcs", "agent", "dashboard", "workers", "mtu"])
def test_a_row_has_a_description(root, key):
    rows = yaml.safe_load((root / "data" / "listeners.yml").read_text())["listeners"]
    assert key in {row["name"] for row in rows} <= set(listeners_doc.WHAT)
