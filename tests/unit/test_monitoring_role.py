"""What Prometheus scrapes and which alerts it has, from the inventory; what is refused before anything is changed."""

import pytest

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import monitoring

PORTS = {"node": 9100, "ray": 6386, "autoscaler": 6387, "dashboard": "6388"}
RULES = [
    {"groups": [{"name": "a", "rules": [{"alert": "Lost", "expr": "up == 0", "for": "2m"}]}]},
    {"groups": [{"name": "b", "rules": [{"alert": "Full", "expr": "free < 1"}, {"alert": "Loop", "expr": "n > 1"}]}]},
]


def test_each_node_is_scraped_under_its_name_and_the_head_on_three_ports_of_ray():
    found = monitoring.targets({"alpha": "10.0.0.1", "beta": "fd00::2"}, "alpha", PORTS, ["beta"])
    assert found["node"] == [{"targets": ["[fd00::2]:9100"], "labels": {"host": "beta"}}]
    assert found["ray"] == [
        {"targets": ["10.0.0.1:6386", "10.0.0.1:6387", "10.0.0.1:6388"], "labels": {"host": "alpha"}},
        {"targets": ["[fd00::2]:6386"], "labels": {"host": "beta"}},
    ]


def test_an_alert_is_changed_removed_or_left_as_it_is():
    made = monitoring.rules(RULES, {"Lost": {"for": "10s"}, "Loop": False})
    assert made["groups"][0]["rules"] == [{"alert": "Lost", "expr": "up == 0", "for": "10s"}]
    assert [rule["alert"] for rule in made["groups"][1]["rules"]] == ["Full"]
    assert RULES[0]["groups"][0]["rules"][0]["for"] == "2m"
    assert [group["name"] for group in monitoring.rules(RULES, {"Lost": "off"})["groups"]] == ["b"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, ""),
        ({"servers": ["alpha"]}, ""),
        ({"servers": ["alpha", "beta"]}, "Group monitoring has alpha, beta: keep one"),
        ({"servers": ["gamma"]}, "gamma of group monitoring is no node of the cluster"),
        ({"play": ["alpha"]}, "this run leaves out beta: repeat it without --limit"),
        ({"changes": ["Lost"]}, "monitoring_alerts is no dictionary"),
        ({"changes": {"Lots": {"for": "1m"}}}, "There is no alert Lots to change: monitoring_alerts may name Full, Loop, Lost."),
        ({"changes": {"Lost": {"fr": "1m"}}}, "monitoring_alerts.Lost may have annotations, expr, for, labels"),
        ({"changes": {"Lost": "1m"}}, "monitoring_alerts.Lost may have"),
        ({"changes": {"Lost": False, "Full": None}}, ""),
    ],
)
def test_a_faulty_inventory_is_refused_with_what_to_write(given, sentence):
    values = {"changes": {}, "servers": [], "members": ["alpha", "beta"], "play": ["alpha", "beta"], **given}
    found = monitoring.refusal(RULES, **values)
    assert sentence in found
    assert bool(found) == bool(sentence)


def test_the_links_of_a_node_are_metrics_and_an_unknown_interface_is_none():
    links = {"lan": {"address": "10.0.0.1", "interface": "eth0"}, "x": {"interface": None}, 'odd"name': {"interface": "e\\1"}}
    lines = monitoring.link_lines(links).splitlines()
    assert lines[2:] == [
        'saf_link_info{link="lan",address="10.0.0.1",device="eth0"} 1',
        'saf_link_info{link="odd\\"name",address="",device="e\\\\1"} 1',
    ]
