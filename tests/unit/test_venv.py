"""What a venv says about itself."""

import pytest

from ansible_collections.saf.fabric.plugins.module_utils import venv, venv_access


def record_line(path, content):
    return f"{path},sha256={digest(content)},{len(content)}"


def digest(content):
    import base64
    import hashlib

    return base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def site(tmp_path):
    """A site-packages folder with one distribution of two files."""
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("one")
    (tmp_path / "pkg" / "data.bin").write_text("two")
    info = tmp_path / "My_Pkg-1.0.dist-info"
    info.mkdir()
    rows = [record_line("pkg/__init__.py", "one"), record_line("pkg/data.bin", "two"), "My_Pkg-1.0.dist-info/RECORD,,"]
    (info / "RECORD").write_text("\n".join(rows) + "\n")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a.py,sha256=xyz,3\n", {"a.py": "xyz"}),
        ("a.py,,\n", {}),
        ('"a,b.py",sha256=xyz,3\n', {"a,b.py": "xyz"}),
        # mlx 0.29.1 writes its extension module without the prefix
        ("mlx/core.so,R1-0jg,9\n", {"mlx/core.so": "R1-0jg"}),
        ("a.py,md5=xyz,3\n", {}),
        # numpy 2.0.2 ships one; compiling the sources replaces it
        ("numpy/distutils/__pycache__/conv_template.cpython-39.pyc,sha256=xyz,3\n", {}),
    ],
)
def test_record(text, rows):
    assert venv.parse_record(text) == rows


def test_a_whole_site_has_no_damage(site):
    found = venv.installed(str(site))
    assert found["my-pkg"]["version"] == "1.0"
    assert venv.damaged_files(str(site), found) == []


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda site: (site / "pkg" / "data.bin").unlink(), "my-pkg: pkg/data.bin is missing"),
        (lambda site: (site / "pkg" / "data.bin").write_text("2"), "my-pkg: pkg/data.bin was altered"),
        (lambda site: (site / "My_Pkg-1.0.dist-info" / "RECORD").unlink(), "my-pkg: its RECORD is missing"),
    ],
)
def test_damage_is_named(site, damage, sentence):
    damage(site)
    assert venv.damaged_files(str(site), venv.installed(str(site))) == [sentence]


@pytest.mark.parametrize(
    ("wanted", "problems"),
    [
        ({"my.pkg": "1.0"}, []),
        ({"my-pkg": "1.1"}, ["my-pkg is 1.0, the lock has 1.1"]),
        ({"my-pkg": "1.0", "other": "2"}, ["other 2 is not installed"]),
        ({}, ["my-pkg is installed, the lock does not have it"]),
    ],
)
def test_differences(site, wanted, problems):
    assert venv.differences(wanted, venv.installed(str(site))) == problems


def test_fingerprint_is_about_code_not_about_place():
    def of(record):
        return venv.fingerprint({"a": {"version": "1", "record": record}})

    base = of({"a.py": "x"})
    assert of({"a.py": "x", "../../../bin/a": "anything", "a-1.dist-info/INSTALLER": "y"}) == base
    assert of({"a.py": "y"}) != base


def test_id_follows_lock_and_interpreter():
    ids = {
        venv.venv_id("d", "/usr/bin/python3.11", "3.11.2"),
        venv.venv_id("e", "/usr/bin/python3.11", "3.11.2"),
        venv.venv_id("d", "/usr/local/bin/python3.11", "3.11.2"),
        venv.venv_id("d", "/usr/bin/python3.11", "3.11.3"),
    }
    assert len(ids) == 4
    assert all(len(name) == 16 for name in ids)


def test_inspect_says_what_is_wrong(tmp_path):
    assert venv.inspect(str(tmp_path / "none"), "3.11.2", {})[0] == ["none does not exist"]
    (tmp_path / "half").mkdir()
    assert venv.inspect(str(tmp_path / "half"), "3.11.2", {})[0] == ["half was never finished"]


def test_the_way_to_a_program_passes_the_folders_of_its_links(tmp_path):
    real, link = tmp_path / "cellar" / "bin", tmp_path / "opt"
    real.mkdir(parents=True)
    (real / "python3").write_text("")
    link.symlink_to("cellar")
    (tmp_path / "python").symlink_to(link / "bin" / "python3")
    way = venv_access.path_chain(str(tmp_path / "python"))
    assert [path for path in way if path.startswith(str(tmp_path))] == [
        str(tmp_path),
        str(tmp_path / "cellar"),
        str(real),
        str(real / "python3"),
    ]


def test_a_link_to_itself_ends(tmp_path):
    (tmp_path / "python").symlink_to(tmp_path / "python")
    assert venv_access.path_chain(str(tmp_path / "python"))
