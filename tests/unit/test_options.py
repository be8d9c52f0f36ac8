"""Values of options in an inventory."""

import pytest

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import options


@pytest.mark.parametrize(
    ("value", "kind", "fits"),
    [
        (5, "int", True),
        ("5", "int", True),
        (" -5 ", "int", True),
        (5.0, "int", True),
        (5.5, "int", False),
        ("5.5", "int", False),
        ("5s", "int", False),
        ("abc", "int", False),
        ("", "int", False),
        (None, "int", False),
        (True, "int", False),
        ([5], "int", False),
        ("2.5", "float", True),
        ("1e3", "float", True),
        (2, "float", True),
        ("4 GB", "float", False),
        (False, "bool", True),
        ("false", "bool", True),
        ("Yes", "bool", True),
        ("0", "bool", True),
        (1, "bool", True),
        ("maybe", "bool", False),
        ("t", "bool", False),  # a spec takes it for true, the filter bool for false
        (2, "bool", False),
        (None, "bool", False),
    ],
)
def test_types(value, kind, fits):
    rows = options.type_problems({"alpha": {"option": value}}, {"option": kind})
    assert bool(rows) is not fits
    assert all("option: " in row["fix"] for row in rows)


def test_text_that_ansible_converts_to_the_same_is_what_fits():
    """The filters that the roles use must make of such a text what it says."""
    from ansible.plugins.filter.core import FilterModule
    from jinja2.filters import do_float, do_int

    to_bool = FilterModule().filters()["bool"]
    for text in ("yes", "no", "on", "off", "true", "false", "1", "0", "True", "OFF"):
        assert options.has_type(text, "bool")
        assert to_bool(text) is (text.lower() in ("yes", "on", "true", "1"))
    for text in (" 5 ", "-3", "+7", "012"):
        assert options.has_type(text, "int")
        assert do_int(text) == int(text)
    for text in ("1e3", ".5", "5."):
        assert options.has_type(text, "float")
        assert do_float(text) == float(text)


def test_one_wrong_value_of_several_nodes_is_one_row():
    values = {"alpha": {"ray_open_files": "many"}, "beta": {"ray_open_files": "many"}, "gamma": {"ray_open_files": "5"}}
    (row,) = options.type_problems(values, {"ray_open_files": "int"})
    assert (row["node"], row["check"], row["found"]) == ("2 hosts", "ray_open_files", "many")


@pytest.mark.parametrize(
    ("path", "found"), [("/opt/saf", []), ("saf/x", ["saf/x"]), ("", ["nothing"]), ("~/.saf", ["~/.saf"]), (".", ["."])]
)
def test_paths_are_absolute(path, found):
    assert [row["found"] for row in options.path_problems({"alpha": {"venv_root": path}}, ["venv_root"])] == found


@pytest.mark.parametrize(
    ("alpha", "beta", "found"),
    [
        ({"venv_root": "/opt/saf"}, {"venv_root": "/opt/saf/"}, []),
        ({"venv_root": "/Volumes/Fast/saf"}, {"venv_root": "/opt/saf"}, ["alpha: /Volumes/Fast/saf, beta: /opt/saf"]),
        ({"venv_root": 6380}, {"venv_root": "6380"}, []),
    ],
)
def test_what_must_agree(alpha, beta, found):
    assert [row["found"] for row in options.agreement_problems({"alpha": alpha, "beta": beta}, ["venv_root"])] == found


def test_an_object_store_that_ray_refuses():
    assert options.store_problems({"alpha": {"ray_object_store_memory": "268435456"}}) == []
    (row,) = options.store_problems({"alpha": {"ray_object_store_memory": "50000000"}})
    assert "78643200" in row["fix"]


WORKERS = {"ray_worker_port_min": (10002, "10999", "Ray's worker processes")}


@pytest.mark.parametrize(
    ("ports", "ranges", "found"),
    [
        ({"ray_port": 6380, "ray_dashboard_port": 8265}, {}, []),
        ({"ray_port": 70000}, {}, ["ray_port: 70000"]),
        ({"ray_port": "many"}, {}, ["ray_port: many"]),
        ({"ray_port": 0}, {}, ["ray_port: 0"]),
        ({"ray_port": 8265, "ray_dashboard_port": "8265"}, {}, ["8265 for ray_dashboard_port and ray_port"]),
        ({"ray_dashboard_port": "10100"}, WORKERS, ["10100 for ray_dashboard_port"]),
        ({"ray_client_port": 10001}, WORKERS, []),
        ({}, {"ray_worker_port_min": (11000, 10999, "workers")}, ["11000 to 10999"]),
        ({}, {"bench_port": (65530, 65540, "the network benchmark")}, ["65530 to 65540"]),
        (
            {},
            {**WORKERS, "bench_port": (10990, 11010, "links")},
            ["10002 to 10999 (Ray's worker processes), 10990 to 11010 (links)"],
        ),
    ],
)
def test_ports(ports, ranges, found):
    assert [row["found"] for row in options.port_problems("alpha", ports, ranges)] == found


def test_forks():
    assert options.fork_problems(32, 16) == []
    (row,) = options.fork_problems(5, 16)
    assert "-f 16" in row["fix"]


def test_a_folder_that_cannot_be_written():
    (row,) = options.folder_problems("bench_results_dir", "/x")
    assert "-e bench_results_dir=" in row["fix"]


@pytest.mark.parametrize(("size", "count"), [(0, 1), ("16", 1), (32, 0), (256, 0), ("much", 0)])
def test_a_store_without_a_useful_limit_is_refused(size, count):
    rows = options.gcs_store_problems({"alpha": {"gcs_store_memory_mb": size}})
    assert len(rows) == count
    assert all("32 or more" in row["fix"] for row in rows)
