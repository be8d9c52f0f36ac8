"""What the console prints of recorded events, at 80 columns."""

import pytest

from ansible_collections.saf.fabric.plugins.plugin_utils.console import closing, layout, messages, phases, screen


class Recorded:
    """A screen with a separate clock; lines: what it printed."""

    def __init__(self, check=False, order=("alpha", "beta")):
        self.lines, self.time = [], 0.0
        self.screen = screen.Screen(self.lines.append, 80, lambda: self.time, check)
        self.screen.begin(layout.title("site", order, ["inventory/mine"]), order)
        self.lines.clear()

    def task(self, name="A task", phase="venv", **more):
        self.screen.task(screen.Task(name, phases.PHASES[phase] if phase else None, **more))
        return self

    def end(self, seconds=6.0, **more):
        self.time += seconds
        self.screen.end(**more)
        return [line for line in self.lines if line]


def test_the_title_names_playbook_nodes_and_inventory():
    assert (
        layout.title("site", ["alpha", "beta"], ["inventory/mine"]) == "Studio Air Fabric · site · alpha, beta (inventory/mine)"
    )
    many = [f"node{number:02}" for number in range(1, 17)]
    assert layout.title("bench", many, ["x"]) == "Studio Air Fabric · bench · node01 … node16, 16 nodes (x)"
    assert layout.title("compare", [], ["x"]) == "Studio Air Fabric · compare"


def test_a_phase_is_one_line():
    recorded = Recorded().task()
    recorded.screen.ok("beta", changed=True)
    recorded.screen.ok("alpha")
    recorded.task("Another").screen.ok("alpha", changed=True)
    recorded.task("Its note", says="note").screen.ok("alpha", message=["ray 2.49.1"])
    recorded.time = 100
    (line,) = recorded.end(0)
    assert line == " ✓ venv        ray 2.49.1                           alpha, beta changed    1:40"
    assert len(line) == 79
    assert recorded.screen.changes == 2


def test_phases_follow_each_other_and_included_files_stay():
    recorded = Recorded()
    for phase, host in (("check", "alpha"), (None, "alpha"), ("node", "alpha"), ("node", "beta")):
        recorded.task(phase=phase).screen.ok(host)
    assert [line.split()[1] for line in recorded.end()] == ["check", "node"]


def test_a_phase_without_nodes_is_no_line():
    assert Recorded().task().end() == []


def test_only_nodes_count():
    recorded = Recorded().task(phase="check")
    recorded.screen.ok("localhost")
    recorded.screen.ok("alpha")
    assert recorded.end()[0].split()[-4:] == ["1", "node", "6", "s"]


@pytest.mark.parametrize(
    ("phase", "changed", "who"),
    [
        ("venv", True, "alpha changed"),
        ("venv", False, "1 node unchanged"),
        ("compute", True, "1 node"),
        ("check", True, "1 node"),
    ],
)
def test_who_changed(phase, changed, who):
    recorded = Recorded().task(phase=phase)
    recorded.screen.ok("alpha", changed=changed)
    assert recorded.end()[0].endswith(f"  {who}     6 s")


def test_a_problem_of_several_nodes_is_printed_once():
    recorded = Recorded().task("Install the packages")
    for host in ("beta", "alpha"):
        recorded.screen.failure(host, ["No space left", "on the device"])
    lines = recorded.end(closing=closing.sentence("site", recorded.screen, check=False))
    assert lines == [
        " ✗ alpha, beta: Install the packages: No space left",
        "   on the device",
        " ✗ venv                                           failed on alpha, beta     6 s",
        " ✗ site failed on alpha, beta after 0 s. -v shows more.",
    ]


def test_own_words_of_a_playbook_are_not_named_after_the_task():
    recorded = Recorded().task("Fail if", phase="check", own_words=True, run_once=True)
    recorded.screen.failure("alpha", ["Nothing was changed. 1 problem:", "", "  ansible-playbook -i inventory/mine " + "x" * 80])
    lines = recorded.end()
    assert lines[0] == " ✗ Nothing was changed. 1 problem:"
    assert lines[1] == "     ansible-playbook -i inventory/mine " + "x" * 80  # whole, to be pasted


def test_what_is_about_no_single_node_names_none():
    recorded = Recorded().task("Fail if", phase="check", own_words=True, run_once=True)
    recorded.screen.failure("alpha", ["Nothing was changed. 2 problems on 2 nodes:"])
    lines = recorded.end(closing=closing.sentence("site", recorded.screen, check=False))
    assert lines[1].endswith("  failed     6 s")
    assert lines[2] == " ✗ site failed after 0 s. -v shows more."


def test_problems_are_in_the_order_of_the_inventory_without_gaps():
    recorded = Recorded(order=("alpha", "beta", "gamma")).task("Fetch it")
    for host in ("gamma", "alpha", "beta"):
        recorded.screen.failure(host, [f"no {host.upper()}"])
    recorded.screen.flush()
    assert recorded.lines == [" ✗ alpha: Fetch it: no ALPHA", " ✗ beta: Fetch it: no BETA", " ✗ gamma: Fetch it: no GAMMA", ""]


def test_a_node_that_cannot_be_reached_is_named_and_the_task_is_not():
    recorded = Recorded().task("ansible.builtin.ping")
    recorded.screen.unreachable("beta", ["cannot be reached: Connection refused", "a hint"])
    assert recorded.end()[:2] == [" ✗ beta cannot be reached: Connection refused", "   a hint"]


def test_a_phase_whose_tasks_were_all_skipped_is_no_line():
    recorded = Recorded().task(phase="report")
    recorded.screen.skipped("alpha")
    assert recorded.end() == []


@pytest.mark.parametrize(("message", "count"), [(["Worse than before, measured again: gemm"], 2), ((), 0)])
def test_nothing_measured_again_is_no_line(message, count):
    recorded = Recorded().task(phase="again")
    recorded.screen.ok("alpha", message=message)
    assert len(recorded.end()) == count


def test_a_phase_that_has_nothing_to_do_is_no_line_unless_it_failed():
    recorded = Recorded().task(phase="network", says="idle")
    recorded.screen.ok("alpha", message=["needs at least two nodes"])
    assert recorded.end() == []
    recorded = Recorded().task(phase="network", says="idle")
    recorded.screen.ok("alpha", message=["needs at least two nodes"])
    recorded.task(phase="network").screen.failure("alpha", ["disk full"])
    assert recorded.end()[-1].startswith(" ✗ network ")


def test_long_names_leave_the_lines_their_width():
    order = [f"a-very-long-host-name-of-forty-letters-0{number}" for number in (1, 2)]
    recorded = Recorded(order=order)
    recorded.screen.begin(layout.title("site", order, ["inventory/mine"]), order)
    recorded.task(phase="venv")
    for host in order:
        recorded.screen.ok(host, changed=True)
    lines = recorded.end()
    assert lines[0] == " Studio Air Fabric · site · a-very-long-host-name-of-forty-letters-01 …"
    assert lines[-1].endswith("  2 nodes changed     6 s")
    assert max(map(len, lines)) <= 80
    assert len(layout.few_names([order[0] * 3])) == 40


def test_nodes_that_do_not_wait_for_each_other_are_named():
    recorded = Recorded().task()
    recorded.screen.loose = True
    recorded.screen.ok("beta", message=["done"])
    assert recorded.end()[0] == "     beta: done"


def test_equal_messages_are_printed_once_and_others_by_node():
    recorded = Recorded().task()
    for host in ("alpha", "beta"):
        recorded.screen.ok(host, message=["the same"])
    recorded.task()
    for host in ("alpha", "beta"):
        recorded.screen.ok(host, message=[f"it is {len(host)}"])
    assert recorded.end()[:3] == ["     the same", "     alpha: it is 5", "     beta: it is 4"]


def test_a_longer_message_is_a_block_and_an_answer_comes_after_its_line():
    recorded = Recorded().task(phase="status", run_once=True)
    recorded.screen.ok("alpha", message=[" NODE  STATUS", " a     ready"])
    recorded.task(phase="status", own_words=True, run_once=True).screen.failure("alpha", ["degraded"])
    lines = recorded.end()
    assert lines[0].startswith(" ✓ status ")
    assert lines[1:] == [" NODE  STATUS", " a     ready", " ✗ degraded"]


def test_a_measurement_that_failed_is_a_problem_of_its_phase_and_no_failure():
    recorded = Recorded().task(phase="compute", says="problem")
    recorded.screen.ok("beta", message=["beta: gemm could not be measured: Metal device lost"])
    lines = recorded.end()
    assert lines[0] == " ✗ beta: gemm could not be measured: Metal device lost"
    assert lines[1].startswith(" ! compute ")
    assert recorded.screen.failed == []


@pytest.mark.parametrize(("last", "shown"), [(True, [" Next:", " ansible-playbook bench.yml"]), (False, [])])
def test_the_next_command_comes_last_and_not_before_another_playbook(last, shown):
    recorded = Recorded().task(phase="verify", says="next")
    recorded.screen.ok("alpha", message=["Next:", "ansible-playbook bench.yml"])
    assert recorded.end(last=last)[1:] == shown


def test_a_plan_lists_each_change_and_equal_diffs_once():
    recorded = Recorded(check=True).task("Write the unit")
    for host in ("beta", "alpha"):
        recorded.screen.diff(host, ["-old", "+new"])
        recorded.screen.ok(host, changed=True)
    recorded.task("Start Ray")
    recorded.screen.ok("alpha", changed=True)
    lines = recorded.end(closing=closing.sentence("site", recorded.screen, check=True))
    assert lines == [
        "     Write the unit: alpha, beta",
        "       -old",
        "       +new",
        "     Start Ray: alpha",
        " ✓ venv                                        alpha, beta would change     6 s",
        " 3 changes would be made on 2 nodes; nothing was changed. 0 s",
    ]


def test_different_diffs_name_their_nodes():
    recorded = Recorded(check=True).task("Write the unit")
    for host in ("alpha", "beta"):
        recorded.screen.diff(host, [f"+{host}"])
        recorded.screen.ok(host, changed=True)
    assert recorded.end()[:5] == [
        "     Write the unit: alpha, beta",
        "       alpha:",
        "       +alpha",
        "       beta:",
        "       +beta",
    ]


def test_retries_are_one_calm_line():
    recorded = Recorded().task("Wait for the head")
    for _ in range(5):
        recorded.screen.waits()
    assert recorded.lines == ["     waiting: Wait for the head"]


def test_the_end_of_site_counts_and_names_the_way_back(monkeypatch):
    monkeypatch.setattr(closing.command_line, "command", lambda playbook: f"ansible-playbook {playbook}")
    recorded = Recorded().task()
    recorded.screen.ok("alpha", changed=True)
    recorded.time = 184
    assert closing.sentence("site", recorded.screen, check=False).split("\n") == [
        "1 node ready in 3:04. 1 change. To undo everything (--check lists it):",
        "ansible-playbook playbooks/reset.yml",
    ]
    assert closing.sentence("bench", recorded.screen, check=False) == ""
    assert closing.sentence("stop", recorded.screen, check=False) == "1 node in 3:04. 1 change."


@pytest.mark.parametrize(
    ("path", "phase"),
    [
        ("/repo/playbooks/preflight.yml", "check"),
        ("/repo/roles/preflight/tasks/main.yml", "check"),
        ("/repo/roles/venv/tasks/build.yml", "venv"),
        ("/repo/roles/bench/tasks/compute.yml", "compute"),
        ("/repo/roles/bench/tasks/record.yml", None),
        ("/repo/roles/ray/tasks/main.yml", "ray"),
        ("/repo/roles/ray/tasks/service.yml", None),
        ("/repo/roles/ray/tasks/cluster.yml", "verify"),
        ("/repo/playbooks/start.yml", "start"),
        ("/elsewhere/site.yml", "My play"),
        ("/repository/roles/venv/tasks/main.yml", "My play"),
        ("", None),
    ],
)
def test_the_phase_of_a_file(path, phase):
    found = phases.phase_of(path, "/repo", "My play")
    assert (found.name if found else None) == phase


def test_every_playbook_with_tasks_and_every_role_has_a_phase(root):
    roles = {path.parent.name for path in root.glob("roles/*/tasks")}
    assert roles == set(phases._ROLES)
    with_tasks = {path.stem for path in root.glob("playbooks/*.yml") if "hosts:" in path.read_text()}
    assert with_tasks <= set(phases._PLAYBOOKS)


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        ({"msg": "one"}, ["one"]),
        ({"msg": ["one", "two"]}, ["one", "two"]),
        ({"msg": "one\ntwo\n"}, ["one", "two"]),
        ({"msg": {"a": 1}}, ["{", '  "a": 1', "}"]),
        ({"node": "alpha", "changed": False, "_ansible_no_log": False}, ["node: alpha"]),
        ({"censored": "the output has been hidden", "msg": "secret"}, []),
        ({"msg": "\x1b[2Jred\x07 \u202eflow"}, ["red flow"]),
    ],
)
def test_what_a_debug_task_says(result, lines):
    assert messages.said(result) == lines


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        ({"msg": "Task failed: Module failed: No package iperf3"}, ["No package iperf3"]),
        ({"msg": "non-zero return code", "rc": 3, "stderr": "a\n\nb\n", "stdout": "c"}, ["exit status 3", "a", "b"]),
        ({"msg": "non-zero return code", "rc": 3}, ["exit status 3"]),
        (
            {"msg": "Module result deserialization failed: No start", "rc": 127, "module_stderr": "not found"},
            ["exit status 127", "not found"],
        ),
        (
            {
                "msg": "One or more items failed",
                "results": [
                    {"item": "x", "failed": True, "msg": "no"},
                    {"item": "y"},
                    {"_ansible_item_label": "z", "failed": True},
                ],
            },
            ["x: no", "z: no message"],
        ),
        ({"censored": "hidden", "msg": "secret", "stderr": "secret"}, ["hidden"]),
        ({"results": [{"censored": "hidden", "failed": True, "item": "secret"}]}, ["hidden"]),
        ({}, ["no message"]),
        ({"msg": "\x1b]0;title\x07bad\x9b31m\r\nworse"}, ["bad ", "worse"]),
    ],
)
def test_why_a_task_failed(result, lines):
    assert messages.failure(result) == lines


def test_an_unreachable_node_is_named_with_the_reason_of_ssh():
    said = "Task failed: Failed to connect to the host via ssh: ssh: connect to host 10.0.0.2 port 22: Connection refused"
    assert messages.unreachable({"msg": said}) == ["cannot be reached: ssh: connect to host 10.0.0.2 port 22: Connection refused"]
    assert messages.unreachable({}) == ["cannot be reached"]


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ({"before": "a\nb\n", "after": "a\nc\n"}, ["--- before", "+++ after", "@@ -1,2 +1,2 @@", " a", "-b", "+c"]),
        ([{"before": "", "after": "x\n", "after_header": "/etc/x"}], ["--- before", "+++ /etc/x", "@@ -0,0 +1 @@", "+x"]),
        (
            {"before": {"state": "absent"}, "after": None},
            ["--- before", "+++ after", "@@ -1,3 +0,0 @@", "-{", '-  "state": "absent"', "-}"],
        ),
        ({"prepared": "\x1b[31mraw"}, ["raw"]),
        ({"dst_binary": 1}, ["a binary file differs"]),
        ({"before": "same", "after": "same"}, []),
        ("x", []),
    ],
)
def test_a_diff(value, lines):
    assert messages.diff(value) == lines


def test_a_long_diff_is_cut():
    lines = messages.diff({"before": "", "after": "x\n" * 1000})
    assert len(lines) == 201
    assert lines[-1] == "… 803 more lines"


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1:00"), (100, "1:40"), (3723, "1:02:03")])
def test_durations(seconds, text):
    assert layout.duration(seconds) == text


@pytest.mark.parametrize(
    ("encoding", "can"),
    [("utf-8", True), ("UTF8", True), ("utf_8", True), ("ascii", False), ("iso8859-15", False), (None, False)],
)
def test_which_outputs_take_unicode(encoding, can):
    assert layout.can_show_unicode(encoding) is can


def test_without_unicode_nothing_is_lost():
    assert layout.ascii_only(" ✓ a · 3 ± 1 µs … 世") == " + a - 3 +- 1 us ... ?"


def test_marks_are_painted_and_nothing_else():
    def paint(text, tone):
        return f"<{tone}:{text}>"

    assert layout.painted(" ✓ venv", paint) == " <good:✓> venv"
    assert layout.painted("   ✗ bad", paint) == "   <bad:✗> bad"
    assert layout.painted(" GPU float32  81 %  ✓", paint) == " GPU float32  81 %  <good:✓>"
    assert layout.painted("Careful! x ✓y", paint) == "Careful! x ✓y"
