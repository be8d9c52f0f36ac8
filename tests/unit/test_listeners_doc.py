"""The table of ports in docs/security.md is that of data/listeners.yml."""

import listeners_doc


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
