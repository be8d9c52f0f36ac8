"""Nodes that were taken over answer what they like: ansible-playbook is run against them, with the product's own plugins."""

import json
import os
import subprocess

import pytest
from tests.support.collection import with_modules

# Answers in place of one of our modules; what it says while it measures comes before.
MODULE = """#!/usr/bin/python
import json, os, time
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule(argument_spec={{"job_dir": {{"type": "path"}}, "nodes": {{"type": "list"}}}}, supports_check_mode=True)
host, folder = os.environ["SAF_HOST"], module.params["job_dir"]
if folder:
    with open(folder + "/progress", "w") as stream:
        stream.write(json.dumps({progress}) + chr(10))
    time.sleep(3)
print(json.dumps({answer} if host == "beta" else {good}))
raise SystemExit(0)
"""
ESCAPE = "\x1b]0;owned\x07\x1b[2J\x1b[31m\x9b2J\u202e"
ACTS = {
    "add_host": {"host_name": "alpha", "groups": ["head"], "host_vars": {"planted": "by add_host"}},
    "add_group": "planted",
    "parent_groups": ["all"],
    "ansible_facts": {"planted": "by facts", "ansible_connection": "ssh", "discovered_interpreter_python": "/x"},
    "_ansible_no_log": True,
    "_ansible_notify": ["planted"],
    "_ansible_delegated_vars": {"ansible_host": "10.0.0.1"},
    "_ansible_item_result": True,
    "warnings": [ESCAPE + "warned"],
    "deprecations": [{"msg": ESCAPE + "deprecated", "version": "9"}],
    "exception": ESCAPE,
    "diff": {"before": ESCAPE, "after": ""},
    "planted": ESCAPE,
}
GEMM = {
    "name": "gemm.float32",
    "scope": "node",
    "subject": ["beta"],
    "unit": "FLOP/s",
    "better": "higher",
    "samples": [1.0],
    "params": {"dtype": ESCAPE},
    "flags": [],
    "context": {"ansible_facts": {"planted": 1}},
}
PROGRESS = {"what": ESCAPE + "products", "latest": ESCAPE, "done": 1, "total": 2}
SKIPPED = {"name": "gemm", "subject": ["beta"], "reason": ESCAPE + "no <script>"}
PLAYBOOK = """
- hosts: cluster
  gather_facts: false
  tasks:
    - saf.fabric.mlx_benchmark: {nodes: [delta]}
      register: answer
      ignore_errors: true
    - saf.fabric.ray_cluster_info:
      register: ray
      ignore_errors: true
    - saf.fabric.node_preflight_info:
      register: checks
      ignore_errors: true
    - debug: {msg: "{{ [answer.msg | default(''), ray.msg | default('')] }}"}
- hosts: all
  gather_facts: false
  tasks:
    - copy: {dest: "{{ playbook_dir }}/seen-{{ inventory_hostname }}.json", content: "{{ seen | to_json }}"}
      vars:
        seen:
          answer: "{{ answer }}"
          ray: "{{ ray }}"
          checks: "{{ checks }}"
          facts: "{{ ansible_facts }}"
          connection: "{{ ansible_connection }}"
          planted: "{{ planted | default('') }}"
          groups: "{{ groups }}"
"""


@pytest.fixture
def answer(root, tmp_path):
    """Run the playbook over alpha and a node that answers: answer(document or Python expression) -> (words, {host: seen})."""

    def run(document, **environment):
        stand_ins = {}
        for name in ("mlx_benchmark", "ray_cluster_info", "node_preflight_info"):
            good = "{'changed': False, 'measurements': [], 'not_measured': [], 'nodes': []}"
            value = document if isinstance(document, str) else repr(document)
            text = MODULE.format(answer=value, good=good, progress=PROGRESS)
            stand_ins[name] = text
        hosts = "\n".join(f"    {name}: {{node_name: {name}}}" for name in ("alpha", "beta"))
        (tmp_path / "hosts.yml").write_text(f"cluster:\n  hosts:\n{hosts}\n  vars: {{ansible_connection: local}}\n")
        (tmp_path / "play.yml").write_text(
            PLAYBOOK.replace("- hosts: cluster\n", "- hosts: cluster\n  environment: {SAF_HOST: '{{ node_name }}'}\n")
        )
        done = subprocess.run(
            ["ansible-playbook", "-i", str(tmp_path / "hosts.yml"), str(tmp_path / "play.yml")],
            cwd=root,
            env={
                **os.environ,
                "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
                "ANSIBLE_COLLECTIONS_PATH": with_modules(tmp_path, stand_ins),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
                "TMPDIR": str(tmp_path),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        words = done.stdout + done.stderr
        seen = {path.stem[5:]: json.loads(path.read_text()) for path in tmp_path.glob("seen-*.json")}
        assert set(seen) == {"alpha", "beta"}, words
        return done, seen

    return run


def nothing_is_planted(done, seen):
    for text in (done.stdout, done.stderr, json.dumps(seen, ensure_ascii=False)):
        assert not [letter for letter in text if letter in "\x1b\x07\x9b\u202e"]
    for host in ("alpha", "beta"):
        assert seen[host]["planted"] == ""
        assert seen[host]["connection"] == "local"
        assert set(seen[host]["groups"]) == {"all", "ungrouped", "cluster"}
        assert set(seen[host]["facts"]) <= {"discovered_interpreter_python"}
        assert "planted" not in json.dumps({**seen[host], "planted": ""}).replace('"planted": ""', "")
    assert "Traceback" not in done.stdout + done.stderr


def test_a_hostile_answer_changes_nothing_elsewhere(answer):
    done, seen = answer({**ACTS, "changed": False, "measurements": [GEMM], "not_measured": [SKIPPED]})
    nothing_is_planted(done, seen)
    assert set(seen["beta"]["answer"]) == {"changed", "failed", "measurements", "not_measured"}
    assert seen["beta"]["answer"]["measurements"] == [{**GEMM, "params": {"dtype": ""}, "context": {}}]
    assert seen["beta"]["answer"]["not_measured"] == [{**SKIPPED, "reason": "no <script>"}]


def test_a_hostile_failure_says_its_words_and_no_more(answer):
    done, seen = answer({**ACTS, "failed": True, "msg": ESCAPE + "broken", "module_stderr": ESCAPE})
    nothing_is_planted(done, seen)
    assert seen["beta"]["answer"]["msg"] == "broken"


def test_answers_of_wrong_types_are_sentences(answer):
    done, seen = answer(
        {"measurements": {}, "not_measured": 7, "problems": "x", "time": [], "reachable": "yes", "nodes": [1], "msg": 1}
    )
    nothing_is_planted(done, seen)
    assert seen["beta"]["answer"]["msg"].startswith("The answer of mlx_benchmark on beta is ignored: ")
    assert seen["beta"]["ray"]["msg"].startswith("The answer of ray_cluster_info on beta is ignored: ")
    assert seen["beta"]["checks"]["msg"].startswith("The answer of node_preflight_info on beta is ignored: ")


def test_a_huge_answer_is_a_sentence(answer):
    done, seen = answer("{'measurements': [], 'not_measured': [], 'x': 'x' * 70 * 2**20} if folder else {'failed': True}")
    nothing_is_planted(done, seen)
    assert seen["beta"]["answer"]["msg"] == "The measurement ended without a result: it is larger than 64 MiB."


def test_what_a_node_says_of_its_progress_does_not_mix_with_what_the_callback_writes(answer):
    done, _seen = answer({"measurements": [], "not_measured": [], "changed": False})
    assert "  beta: products (about " in done.stderr
    assert "products" not in done.stdout


def test_a_benchmark_of_somebody_else_is_named(answer, tmp_path):
    """Two at the same time falsify each other; the lease of the other one is fresh."""
    other = tmp_path / "saf-job-laptop-4711-abcdefgh"
    other.mkdir()
    (other / "lease").touch()
    _done, seen = answer({"measurements": [], "not_measured": [], "changed": False})
    assert "Another benchmark measures on this node now: ./saf-job-laptop-4711-abcdefgh/lease" in seen["beta"]["answer"]["msg"]


def test_what_a_killed_play_left_is_no_benchmark(answer, tmp_path):
    other = tmp_path / "saf-job-laptop-4711-abcdefgh"
    other.mkdir()
    (other / "lease").touch()
    os.utime(other / "lease", (1, 1))
    _done, seen = answer({"measurements": [], "not_measured": [], "changed": False})
    assert seen["beta"]["answer"]["measurements"] == []
    assert "msg" not in seen["beta"]["answer"]


def test_a_node_speaks_of_those_alone_that_it_was_asked_about(answer):
    skipped = [{**SKIPPED, "subject": [name], "reason": "x"} for name in ("alpha", "beta", "delta", "gamma")]
    _done, seen = answer({"measurements": [], "not_measured": skipped, "changed": False})
    kept = seen["beta"]["answer"]["not_measured"]
    assert [item["subject"] for item in kept] == [["alpha"], ["beta"], ["delta"], ["beta"]]
    assert kept[-1]["reason"] == "A part of the answer of beta is ignored: it speaks of gamma, which is no node of this run."
