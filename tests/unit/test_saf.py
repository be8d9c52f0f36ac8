"""saf and the targets of the Makefile: the lines of ansible-playbook that they build, and what they say about wrong words."""

import subprocess
import sys

import bench
import make_help
import pytest
import saf

HEAD = {"hosts": {"a": None}}


def line(*arguments):
    """Return the command line of one call, without its program."""
    options, rest = saf.parse(list(arguments))
    inventory = options.inventory or "inventory/mine"
    return " ".join(bench.playbook_line(inventory, saf.playbooks_of(options), [*saf.extra_of(options), *rest])[1:])


@pytest.mark.parametrize(
    ("arguments", "built"),
    [
        (["bench"], "-i inventory/mine site.yml bench.yml"),
        (["bench", "--quick"], "-i inventory/mine site.yml bench.yml -e bench_profile=quick"),
        (["bench", "--check", "--quick"], "-i inventory/mine bench.yml -e bench_profile=quick --check"),
        (["bench", "--skip", "network,ray"], "-i inventory/mine site.yml bench.yml -e bench_skip=network,ray"),
        (["bench", "--fail-on", "fault"], "-i inventory/mine site.yml bench.yml -e fail_on=fault"),
        (["site", "--check"], "-i inventory/mine site.yml --check --diff"),
        (["status", "-i", "other"], "-i other playbooks/status.yml"),
        (["compare"], "-i inventory/mine playbooks/compare.yml"),
        (["compare", "latest", "previous"], "-i inventory/mine playbooks/compare.yml -e compare_runs=latest,previous"),
        (["report", "latest"], "-i inventory/mine playbooks/bench_report.yml -e report_run_dir=latest"),
        (["reset", "--yes"], "-i inventory/mine playbooks/reset.yml -e reset_confirm=yes"),
        # what follows -- comes last, so that it wins; an inventory there is the inventory
        (["site", "--check", "--", "-e", "x=full", "-K"], "-i inventory/mine site.yml --check --diff -e x=full -K"),
        (["stop", "-i", "one", "--", "-i", "other", "--limit", "beta"], "-i other playbooks/stop.yml --limit beta"),
        (["site", "--", "--inventory=other"], "-i other site.yml"),
    ],
)  # fmt: skip
def test_a_command_is_a_line_of_ansible_playbook(arguments, built):
    assert line(*arguments) == built


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["statsu"], "statsu is not a command. Did you mean status?"),
        (["bench", "--limit", "beta"], "unrecognized arguments: --limit beta.\nOptions of ansible-playbook follow --"),
        (["bench", "--profile", "fast"], "invalid choice: 'fast'"),
        ([], "COMMAND"),
    ],
)
def test_a_wrong_word_gets_one_sentence(root, arguments, said):
    done = subprocess.run([sys.executable, root / "saf", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_inventory_of_ones_own_comes_before_this_machine(tmp_path):
    assert saf.default_inventory(tmp_path, {}) == "inventory/local"
    (tmp_path / "inventory" / "mine").mkdir(parents=True)
    assert saf.default_inventory(tmp_path, {}) == "inventory/mine"
    assert saf.default_inventory(tmp_path, {"ANSIBLE_INVENTORY": "elsewhere"}) == "elsewhere"


@pytest.mark.parametrize(
    ("document", "nodes"),
    [
        ({"all": {"children": {"cluster": {"children": {"head": HEAD, "workers": {"hosts": {"b": {}}}}}}}}, ["a", "b"]),
        ({"all": {"children": {"cluster": {"children": {"head": HEAD, "workers": None}}, "x": {"hosts": {"y": 1}}}}}, ["a"]),
        ({"all": {"hosts": {"a": None}}}, ["a"]),
        ({"all": None}, []),
        ("text", []),
        (None, []),
    ],
)  # fmt: skip
def test_nodes_of_an_inventory(document, nodes):
    assert make_help.nodes_in(document) == nodes


@pytest.mark.parametrize(
    "nodes", [[], ["alpha", "beta"], [f"node{number:02d}.a-long-domain.example" for number in range(4)], list("abcdefg")]
)
def test_the_help_fits_a_terminal_of_80_columns(nodes):
    text = make_help.help_text("inventory/mine", nodes, ["test", "lint", *(f"target{number}" for number in range(20))])
    assert "inventory: inventory/mine" in text
    assert ("nodes" in text) == bool(nodes)
    assert max(len(line) for line in text.splitlines() if line.startswith("  ")) <= 80
    for command in saf.COMMANDS:
        assert f"make {command}" in text


def test_help_lists_each_target_that_has_a_description(root):
    done = subprocess.run(["make", "--no-print-directory"], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Studio Air Fabric")
    words = done.stdout.split()
    for target in ("setup", "lint", "molecule", "screenshots", "lock"):
        assert target in words


@pytest.mark.parametrize(
    ("typed", "built"),
    [
        (["bench", "QUICK=1", "KEEP=1"], "bench --quick --keep --"),
        (["bench", "QUICK=0", "CHECK=1"], "bench --check --"),
        (["site", "INVENTORY=my hosts", "ARGS=-K --limit beta"], "site -i 'my hosts' -- -K --limit beta"),
        (["compare", "RUNS=a,b"], "compare 'a' 'b' --"),
        (["report", "RUNS=latest"], "report 'latest' --"),
        (["reset"], "reset --"),
    ],
)
def test_targets_call_saf(root, typed, built):
    done = subprocess.run(["make", "--no-print-directory", "-n", *typed], cwd=root, capture_output=True, text=True, check=True)
    assert " ".join(done.stdout.splitlines()[-1].split()).endswith(f"tools/saf.py {built}")


def test_without_a_report_the_command_says_what_to_type(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(saf, "ROOT", tmp_path)
    assert saf.open_report() == 1
    assert "make bench" in capsys.readouterr().err
    (tmp_path / "results" / "latest").mkdir(parents=True)
    (tmp_path / "results" / "latest" / "report.html").write_text("")
    assert saf.open_report() == 0
    assert capsys.readouterr().out == "results/latest/report.html\n"


def test_a_wrong_command_ends_as_every_wrong_use():
    done = subprocess.run(
        [sys.executable, str(saf.ROOT / "tools" / "saf.py"), "brench"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (2, "saf: brench is not a command. Did you mean bench?\n")


def test_the_help_fits_80_columns():
    assert max(map(len, saf.parser().format_help().splitlines())) <= 80
