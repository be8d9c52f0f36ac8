"""Which scenario may run when, and what is left behind: tools/run_molecule.py with a molecule that only takes notes."""

import pytest
import run_molecule


class Molecule:
    """A run of molecule that takes as long as a few looks at it."""

    pid = 0

    def __init__(self, what, name, status, notes):
        self.what, self.name, self.notes, self.looks = what, name, notes, 3
        self.status, self.returncode = status, None

    def poll(self):
        self.looks -= 1
        if self.looks == 0:
            self.wait()
        return self.returncode

    def wait(self):
        if self.what == "test":
            self.notes.append(("end", self.name, False))
        self.returncode = self.status
        return self.status


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run scenarios: run(names, jobs, failing) -> (exit status, [(what, name, whether provisioned)], output)."""
    monkeypatch.setattr(run_molecule, "ROOT", tmp_path)
    monkeypatch.setattr(run_molecule.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(run_molecule.signal, "signal", lambda *_arguments: None)

    def call(*names, jobs=1, failing=()):
        notes = []

        def start(what, *_arguments, name, provisioned=False, output=None):
            if output:
                output.write(f"output of {name}\n")
            notes.append(("begin" if what == "test" else "destroy", name, provisioned))
            return Molecule(what, name, int(name in failing), notes)

        monkeypatch.setattr(run_molecule, "start", start)
        status = run_molecule.main(["--jobs", str(jobs), *names])
        return status, notes, capsys.readouterr().out

    return call


def beside(notes):
    """Return the pairs of scenarios that ran at the same time."""
    running, pairs = set(), set()
    for what, name, _provisioned in notes:
        if what == "begin":
            pairs |= {frozenset((name, other)) for other in running}
            running.add(name)
        elif what == "end":
            running.remove(name)
    return pairs


def order(notes, what="begin"):
    return [name for kind, name, _provisioned in notes if kind == what]


def test_scenarios_of_one_cluster_follow_each_other_and_others_run_beside_them(run):
    status, notes, _output = run("fakemac", "site", "damage", "refuse", jobs=2)
    assert status == 0
    assert {"fakemac"} in [set(pair) - {"site"} for pair in beside(notes)]
    assert not [pair for pair in beside(notes) if "fakemac" not in pair]
    assert [name for name in order(notes) if name != "fakemac"] == ["site", "damage", "refuse"]


def test_nothing_runs_beside_a_measurement_or_overtakes_it(run):
    _status, notes, _output = run("mixed", "site", "bench", "reset", "local", jobs=2)
    assert not [pair for pair in beside(notes) if "bench" in pair]
    assert order(notes).index("bench") == 2
    assert frozenset(("reset", "local")) in beside(notes)


def test_provisioned_nodes_are_not_provisioned_again(run):
    _status, notes, _output = run("site", "damage", "reset", "refuse")
    begun = {name: provisioned for what, name, provisioned in notes if what == "begin"}
    assert begun == {"site": False, "damage": True, "reset": True, "refuse": False}


def test_what_a_scenario_of_provisioned_nodes_is_told(monkeypatch):
    monkeypatch.delenv("SAF_CONVERGE", raising=False)
    converge = run_molecule.environment("damage", provisioned=True)["SAF_CONVERGE"]
    assert (run_molecule.SCENARIOS / "damage" / converge).is_file()
    assert "SAF_CONVERGE" not in run_molecule.environment("damage")
    for name in run_molecule.known():
        text = (run_molecule.SCENARIOS / name / "molecule.yml").read_text()
        assert ("${SAF_CONVERGE:-converge.yml}" in text) == (run_molecule.shares_nodes(name) and name != "site")


def test_a_failure_costs_the_next_scenario_new_nodes(run):
    status, notes, output = run("site", "damage", failing=["site"])
    assert status == 1
    assert [(what, name) for what, name, _provisioned in notes] == [
        ("begin", "site"),
        ("end", "site"),
        ("destroy", "default"),
        ("begin", "damage"),
        ("end", "damage"),
        ("destroy", "default"),
    ]
    assert notes[3][2] is False
    assert "1 passed, 1 failed" in output


def test_output_of_scenarios_side_by_side_is_not_mixed(run):
    _status, _notes, output = run("mixed", "local", jobs=2)
    assert "=== output of mixed\noutput of mixed\n" in output
    assert "=== output of local\noutput of local\n" in output


def test_a_scenario_that_nobody_names_is_refused(capsys):
    assert run_molecule.main(["--all", "site"]) == 2
    assert "would never run" in capsys.readouterr().err
    assert run_molecule.main(["nowhere"]) == 2
