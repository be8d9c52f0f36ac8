"""Every verdict in every situation: its title, its remedies and its cause are what a page can show."""

import copy
import re
import typing
from itertools import permutations

import pytest
from runs import GIGABIT, M2_ULTRA, SITUATIONS, TEN, make, transfer
from stories import AGAIN, document, scaled

from ansible_collections.saf.fabric.plugins.plugin_utils import model, run_document, runs
from ansible_collections.saf.fabric.plugins.plugin_utils.verdicts import FAILED, causes, failed, past
from ansible_collections.saf.fabric.plugins.plugin_utils.verdicts.finding import finding

FINISHED = "2026-11-23T18:25:00Z"
WORD = re.compile(r"[a-z][a-z_]*")
# A sentence, or a command that can be pasted.
REMEDY = re.compile(r"[A-Z].*[.]|(ansible-playbook|sudo|make) \S.*")


@pytest.fixture(scope="module")
def data():
    return runs.data_files()


def assembled(situation, data, earlier=()):
    plan, raws = SITUATIONS[situation]()
    return run_document.assemble(plan, raws, data, FINISHED, earlier)


def udp_lossy():
    lost = {
        "name": "net.udp_loss",
        "scope": "pair",
        "subject": ["alpha", "beta"],
        "unit": "1",
        "better": "lower",
        "samples": [0.03, 0.03],
        "link": "default",
        "params": {"packets": 1000, "bits_per_second": 4e9},
    }
    return make(["alpha", "beta"], M2_ULTRA, 9.41e9, TEN, 22e12, extra=[lost])


def swapping():
    plan, raws = make(["alpha"], M2_ULTRA, flops=22e12)
    after = copy.deepcopy(raws[0])
    after["facts"]["conditions"]["swap_used_bytes"] = 4 * 2**30
    return plan, [*raws, after]


def hot():
    plan, raws = make(["alpha"], M2_ULTRA, flops=22e12, alpha={"power": {"source": "Battery Power", "mode": "low"}})
    raws[0]["facts"]["conditions"]["cpu_speed_limit_percent"] = 50
    return plan, raws


MORE = {"udp_lossy": udp_lossy, "swapping": swapping, "hot": hot}


@pytest.fixture(scope="module")
def regressed(data):
    """Return a run in which all but the models are three times as slow as in the six runs before: single values."""
    kept = ("llm.", "memory.", "net.", "gemm.float16")
    return document(AGAIN, data, scaled(1 / 3, lambda one: not one["name"].startswith(kept)))


@pytest.fixture(scope="module")
def fallen(data):
    """Return a run whose link negotiates less than in the run before."""
    plan, raws = SITUATIONS["healthy_studios"]()
    before = run_document.assemble({**plan, "started": "2026-11-22T00:00:00Z"}, copy.deepcopy(raws), data, FINISHED)
    for raw in raws:
        if raw["facts"]:
            raw["facts"]["links"]["default"] = GIGABIT
    return run_document.assemble(plan, raws, data, FINISHED, [before])


@pytest.fixture(scope="module")
def findings(data, regressed, fallen):
    """Return [(situation, finding)] of every verdict."""
    documents = {name: assembled(name, data) for name in SITUATIONS}
    documents |= {name: run_document.assemble(*make(), data, FINISHED) for name, make in MORE.items()}
    documents |= {"regressed": regressed, "fallen": fallen}
    notes = failed([], [{"name": "links", "error": "KeyError: 'x'"}])
    return [("failed", note) for note in notes] + [(name, one) for name, run in documents.items() for one in run["findings"]]


def test_every_kind_of_finding_is_among_the_situations(root, findings):
    sources = "".join(path.read_text() for path in (root / "plugins" / "plugin_utils" / "verdicts").glob("*.py"))
    kinds = set(re.findall(r'kind="([a-z_]+)"', sources)) | {FAILED}
    assert len(kinds) > 20
    assert kinds <= {one["kind"] for _name, one in findings}


def test_a_title_says_what_is_wrong_in_a_line(findings):
    wrong = [
        (name, one["title"])
        for name, one in findings
        if not 0 < len(one["title"]) <= 80 or one["title"][0].islower() or one["title"].endswith(".")
    ]
    assert wrong == []


def test_a_title_names_no_node(findings):
    for name, one in findings:
        words = set(re.findall(r"[\w-]+", one["title"]))
        assert not {node for node in one["subject"] if len(node) > 1} & words, (name, one["title"])


def test_a_remedy_is_a_sentence_or_a_command(findings):
    wrong = [(name, one["remedies"]) for name, one in findings if not all(map(REMEDY.fullmatch, one["remedies"]))]
    assert wrong == []
    assert [name for name, one in findings if not one["remedies"]] == []


def test_a_remedy_is_one_action(findings):
    wrong = {remedy for _name, one in findings for remedy in one["remedies"] if re.search(r"\. [A-Z]|; ", remedy)}
    assert wrong == set()


def test_a_cause_is_a_word(findings):
    assert [(name, one["cause"]) for name, one in findings if not WORD.fullmatch(one["cause"])] == []


def test_a_limit_in_a_sentence_is_that_of_the_thresholds(data):
    (low,) = [one for one in assembled("slow_memory", data)["findings"] if one["kind"] == "memory_below_peak"]
    assert "reaches 75 to 90 % with large arrays: below 50 %," in low["because"]
    assert low["expected"].startswith("at least 75 % of ")


def kind_of(document, kind):
    return [one for one in document["findings"] if one["kind"] == kind]


def test_slow_values_of_a_busy_node_share_its_cause(data):
    plan, raws = make(["a", "b", "c"], M2_ULTRA, 941e6, GIGABIT, [22e12, 17e12, 22e12], b={"busy_cores": 20.0})
    run = run_document.assemble(plan, raws, data, FINISHED)
    assert {one["kind"]: one["cause"] for one in run["findings"]} == {
        "busy_node": "busy_node",
        "slow_node": "busy_node",
        "compute_below_peak": "busy_node",
    }


def test_another_node_that_is_slow_has_its_own_cause(data):
    plan, raws = make(["a", "b", "c"], M2_ULTRA, 941e6, GIGABIT, [22e12, 17e12, 22e12], a={"busy_cores": 20.0})
    run = run_document.assemble(plan, raws, data, FINISHED)
    assert [one["cause"] for one in kind_of(run, "slow_node")] == ["compute_below_peak"]


def test_what_crosses_a_slow_link_shares_its_cause(data):
    nodes = list("abcd")
    slow = {("a", "b"): 300e6, ("b", "a"): 300e6, None: 9.4e9}
    extra = [transfer(pair, 0.2 * slow.get(pair, 9.4e9)) for pair in permutations(nodes, 2)]
    plan, raws = make(nodes, M2_ULTRA, slow, TEN, 22e12, extra=extra)
    run = run_document.assemble(plan, raws, data, FINISHED)
    assert [one["cause"] for one in kind_of(run, "slow_link")] == ["slow_link"]
    assert [one["cause"] for one in kind_of(run, "object_transfer_below_link")] == ["slow_link"]


def test_without_a_slow_link_objects_have_their_own_cause(data):
    assert [one["cause"] for one in assembled("slow_objects", data)["findings"]] == ["object_transfer_below_link"]


def test_a_cause_that_raises_costs_no_finding(data, monkeypatch):
    monkeypatch.setattr(causes, "joined", lambda _drafts: 1 / 0)
    kinds = [one["kind"] for one in assembled("two_studios", data)["findings"]]
    assert kinds == ["compute_below_peak", "negotiated_below_capable", FAILED]


def draft(**given):
    words = dict.fromkeys(("title", "measured", "expected", "because"), "x")
    return finding(**{"severity": "note", "kind": "k", "subject": [], "remedies": [], "cost": 0.5, **words, **given})


@pytest.mark.parametrize(("cost", "kept"), [(-1, 0), (0.3, 0.3), (7.5, 1)])
def test_a_cost_is_a_fraction(cost, kept):
    assert draft(cost=cost).cost == kept


def test_a_cause_is_the_kind_where_none_is_given():
    assert (draft().cause, draft(cause="other").cause) == ("k", "other")


def test_a_slow_link_between_other_nodes_is_no_cause():
    link, transfers = draft(kind="slow_link", subject=["c", "d"]), draft(kind="object_transfer_below_link", subject=["a", "b"])
    assert [one.cause for one in causes.joined([link, transfers])] == ["slow_link", "object_transfer_below_link"]


def test_a_finding_is_made_by_keywords_alone():
    with pytest.raises(TypeError):
        finding("note", "k", "title", [], "x", "x", "x", [], 0.5)


def test_a_time_that_tripled_costs_as_much_as_a_rate_that_fell_to_a_third(regressed):
    drafts = past._regressions(regressed, {})
    titles = {draft.title for draft in drafts}
    # The stories have noise of less than one percent.
    assert [
        title for title in titles if re.fullmatch(r"Round trip of an empty Ray task: (199|20[01]) % worse than before", title)
    ]
    assert any(title.endswith(": 67 % worse than before") for title in titles)
    assert [draft.cost for draft in drafts] == pytest.approx([2 / 3] * len(drafts), rel=0.02)


def keys_of(schema):
    return set(schema["properties"]), set(schema["required"])


def test_the_types_have_the_keys_of_the_schema(root):
    schema = runs.read_json(root / "data" / "run.schema.json")
    properties, shapes = schema["properties"], schema["$defs"]
    comparison = properties["history"]["properties"]["comparisons"]["items"]
    for kind, shape in (
        (model.RunDocument, schema),
        (model.Finding, shapes["finding"]),
        (model.Metric, shapes["metric"]),
        (model.Option, properties["options"]["items"]),
        (model.NotMeasured, properties["not_measured"]["items"]),
        (model.Node, properties["nodes"]["additionalProperties"]),
        (model.Keys, properties["keys"]),
        (model.History, properties["history"]),
        (model.Comparison, comparison),
    ):
        known, required = keys_of(shape)
        assert set(typing.get_type_hints(kind)) == known, kind
        optional = {key for key, hint in kind.__annotations__.items() if "NotRequired" in str(hint)}
        assert known - optional == required, kind
