"""Known faults of the locked packages: the data, what of it applies, and the tool that compares it with a newer copy."""

import datetime
import json
import re
import zipfile

import advisories as tool
import pytest
import yaml
from packaging.specifiers import SpecifierSet

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import lock
from ansible_collections.saf.fabric.plugins.plugin_utils.security import advisories

KEYS = {"id", "package", "affected", "fixed", "severity", "exploited", "source", "read_on", "exposed", "shields", "advice"}


@pytest.fixture
def document(root):
    return yaml.safe_load((root / "data" / "advisories.yml").read_text())


def locked(root, stack, python):
    text = (root / "stacks" / stack / "requirements.lock").read_text()
    return lock.resolve(text, {"system": "Linux", "machine": "x86_64", "python_version": python})["distributions"]


def test_each_advisory_says_what_is_exposed_and_what_shields_it(document):
    assert isinstance(document["read_on"], datetime.date)
    ids = [one["id"] for one in document["advisories"]]
    assert len(ids) == len(set(ids)) > 25
    for one in document["advisories"]:
        assert set(one) - {"alias", "needs"} == KEYS, one["id"]
        assert set(one["shields"]) <= set(advisories.SHIELDS)
        assert one["severity"] in ("critical", "high", "medium", "low", "unknown")
        assert not one["fixed"] or not SpecifierSet(one["affected"]).contains(one["fixed"], prereleases=True), one["id"]
        assert one["exposed"].endswith(".")
        assert one["advice"].endswith(".")
        assert isinstance(one["read_on"], datetime.date)


@pytest.mark.parametrize(
    ("affected", "version", "applies"),
    [
        ("<2.52.0", "2.49.1", True),
        ("<2.52.0", "2.52.0", False),
        ("<=2.49.2", "2.49.2", True),
        (">=2.49.0,<2.55.0", "2.48.0", False),
        ("<5.0.0rc3", "4.57.6", True),
        ("<2.52.0", "2.51.0rc1", True),
    ],
)
def test_a_version_is_in_the_range_or_not(affected, version, applies):
    assert advisories.applies({"id": "CVE-1", "package": "Ray", "affected": affected}, {"ray": version}) is applies


def test_a_package_that_is_not_locked_is_not_affected():
    assert not advisories.applies({"id": "CVE-1", "package": "pyarrow", "affected": "<100"}, {"ray": "2.49.1"})


def test_a_range_that_is_none_is_named():
    with pytest.raises(ValueError, match="CVE-1"):
        advisories.applies({"id": "CVE-1", "package": "ray", "affected": "before 3"}, {"ray": "2.49.1"})


def test_the_first_stack_on_python_3_9_has_the_faults_that_were_published(root, document):
    found, rows = advisories.judge(document, {"alpha": locked(root, "studio-2025", "3.9.23")}, [])
    by_id = {row["id"]: row for row in rows}
    assert {"CVE-2025-62593", "CVE-2023-48022", "CVE-2025-62608", "CVE-2026-4372", "GHSA-6v7p-g79w-8964"} <= set(by_id)
    # its marker asks for a Python that is older than 3.9.23
    assert "GHSA-537c-gmf6-5ccf" not in by_id
    assert next(one for one in found if "CVE-2025-62593" in one["id"])["severity"] == "critical"


def test_a_newer_python_has_fewer_of_them(root, document):
    old, new = (advisories.judge(document, {"a": locked(root, "studio-2025", python)}, [])[1] for python in ("3.9.23", "3.12.1"))
    assert {row["id"] for row in new} < {row["id"] for row in old}


@pytest.mark.parametrize(
    ("shields", "severity", "said"),
    [
        ([], "critical", "is exploited"),
        (["firewall"], "note", "Shielded here: no stranger reaches the ports."),
        (["tls"], "critical", "is exploited"),
        (["token", "tls"], "note", "Shielded here: Ray asks for a token."),
    ],
)
def test_what_is_shielded_here_is_a_note(document, shields, severity, said):
    found, rows = advisories.judge(document, {"alpha": {"ray": "2.49.1"}}, shields)
    (one,) = [one for one in found if one["id"].endswith("CVE-2023-48022")]
    assert one["severity"] == severity
    assert said in one["what"]
    assert next(row for row in rows if row["id"] == "CVE-2023-48022")["shielded_by"] == [
        name for name in ("firewall", "token") if name in shields
    ]


@pytest.mark.parametrize(("packages", "severity"), [({}, "note"), ({"pyarrow": "1.0"}, "high")])
def test_a_fault_that_needs_another_package_counts_where_that_is_locked(document, packages, severity):
    found, rows = advisories.judge(document, {"alpha": {"ray": "2.49.1", **packages}}, [])
    (one,) = [one for one in found if one["id"].endswith("CVE-2026-41486")]
    assert one["severity"] == severity
    assert next(row for row in rows if row["id"] == "CVE-2026-41486")["not_exposed"] is not bool(packages)


def test_nothing_shields_the_browser_on_the_head(document):
    found, _rows = advisories.judge(document, {"alpha": {"ray": "2.49.1"}}, advisories.SHIELDS)
    (one,) = [one for one in found if one["id"].endswith("CVE-2025-62593")]
    assert one["severity"] == "critical"
    assert "Do not browse" in one["remedy"]


def test_the_age_of_the_data_is_counted_in_days():
    day = datetime.date(2026, 12, 1)
    assert advisories.age_days({"read_on": datetime.date(2026, 7, 7)}, day) == 147
    assert advisories.age_days({"read_on": "2026-11-30"}, day) == 1


# --- the tool

OSV = {
    "id": "GHSA-aaaa-bbbb-cccc",
    "aliases": ["CVE-2030-1"],
    "summary": "Runs what it should not\x1b[2J",
    "database_specific": {"severity": "MODERATE"},
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "Ray"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "2.0.0"}, {"fixed": "2.99.0"}]}],
        },
        {"package": {"ecosystem": "npm", "name": "ray"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]},
    ],
}
AUDITED = {"dependencies": [{"name": "ray", "version": "2.49.1", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-2030-1"]}]}]}
MAP = {"ray": [{"id": "GHSA-aaaa-bbbb-cccc", "cve": "CVE-2030-1", "severity": "HIGH", "v": "<=2.99", "fixed_in": "> 2.99"}]}


@pytest.mark.parametrize(
    ("document", "affected", "fixed", "severity"),
    [
        (OSV, ">=2.0.0,<2.99.0", "2.99.0", "medium"),
        ([OSV], ">=2.0.0,<2.99.0", "2.99.0", "medium"),
        (AUDITED, "==2.49.1", "", "unknown"),
        (MAP, "<=2.99", "", "high"),
        ({**OSV, "withdrawn": "2030-01-01"}, None, None, None),
        ({"unrelated": 1}, None, None, None),
    ],
)
def test_the_formats_that_are_published_are_read(document, affected, fixed, severity):
    found = list(tool.advisories(document))
    assert [(one["id"], one["affected"], one["fixed"], one["severity"]) for one in found] == (
        [("CVE-2030-1", affected, fixed, severity)] if affected else []
    )


@pytest.fixture
def data(root, tmp_path, monkeypatch):
    """A copy of the data that the tool may write."""
    path = tmp_path / "advisories.yml"
    path.write_text((root / "data" / "advisories.yml").read_text())
    monkeypatch.setattr(tool, "DATA", path)
    return path


def test_what_is_missing_is_named_and_added(data, tmp_path, capsys):
    archive = tmp_path / "copy.whl"
    with zipfile.ZipFile(archive, "w") as stream:
        stream.writestr(zipfile.ZipInfo("a/db.json", (2030, 1, 2, 3, 4, 6)), json.dumps(OSV))
    assert tool.main([str(archive)]) == 1
    assert "1 advisories of 2030-01-02; 1 are missing" in capsys.readouterr().out
    assert tool.main([str(archive), "--write", "--source", "osv"]) == 0
    written = yaml.safe_load(data.read_text())
    assert str(written["read_on"]) == "2030-01-02"
    added = written["advisories"][-1]
    assert (added["id"], added["package"], added["shields"]) == ("CVE-2030-1", "ray", [])
    assert set(added) - {"alias"} == KEYS
    assert not re.search(r"[\x00-\x08\x1b]", data.read_text())
    capsys.readouterr()
    assert tool.main([str(archive)]) == 0


def test_a_range_that_changed_is_named(data, tmp_path, capsys):
    copy = tmp_path / "copy.json"
    copy.write_text(json.dumps({"ray": [{"id": "GHSA-q279-jhrf-cc6v", "cve": "CVE-2025-62593", "v": "<2.60.0"}]}))
    assert tool.main([str(copy), "--date", "2030-01-02"]) == 0
    assert "CVE-2025-62593: <2.52.0 in data/advisories.yml, <2.60.0 in the copy." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("{}", [], "Name the date of the copy: --date YYYY-MM-DD."),
        ("{", ["--date", "2030-01-02"], "The copy cannot be read"),
        (None, ["--date", "2030-01-02"], "There is no"),
    ],
)
def test_a_wrong_copy_gets_one_sentence(data, tmp_path, capsys, content, arguments, said):
    copy = tmp_path / "copy.json"
    if content is not None:
        copy.write_text(content)
    with pytest.raises(SystemExit) as ended:
        tool.main([str(copy), *arguments])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
