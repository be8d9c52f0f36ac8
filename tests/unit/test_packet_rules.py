"""The rules of a node's packet filter as data: from the table of listeners, ports, members and admins."""

import packet_rules as lookup
import pytest
import yaml

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import listeners, packet_rules, repository

HOSTS = {
    "alpha": {"ansible_host": "192.168.1.172", "links": {"lan": "192.168.1.172", "thunderbolt": "10.10.0.1"}},
    "beta": {"cluster_address": "192.168.1.173", "ansible_host": "beta.local", "links": {"six": "FD00:0::0002%en0"}},
}
LISTENERS = repository.load("data", "listeners.yml")["listeners"]


def values(**more):
    return {**repository.defaults(), **more}


def ports(is_head, **more):
    return {
        (one["protocol"], tuple(one["sources"])): one["ports"] for one in packet_rules.ports(LISTENERS, values(**more), is_head)
    }


@pytest.mark.parametrize(
    ("enabled", "members", "found"),
    [
        ("auto", ["a"], False),
        ("auto", ["a", "b"], True),
        (True, ["a"], True),
        ("true", ["a"], True),
        (False, ["a", "b"], False),
        ("no", ["a", "b"], False),
    ],
)
def test_who_gets_rules(enabled, members, found):
    assert packet_rules.is_on(enabled, members) is found


def test_members_are_known_by_every_address_and_link_in_one_spelling():
    assert packet_rules.member_addresses(HOSTS, HOSTS) == ["10.10.0.1", "192.168.1.172", "192.168.1.173", "fd00::2"]
    assert packet_rules.address("::ffff:10.0.0.1") == "10.0.0.1"


def test_networks_that_others_contain_are_left_out():
    given = ["10.0.0.0/24", "10.0.0.7", "192.168.1.20", "fd00::/64"]
    assert packet_rules.networks(given) == ["10.0.0.0/24", "192.168.1.20", "fd00::/64"]


def test_a_head_closes_the_ports_of_all_rows():
    found = ports(is_head=True)
    assert found["tcp", ("members",)] == ["5201-5216", "5290-5353", "6380-6385", "10002-10999"]
    assert found["tcp", ("members", "admins")] == ["6386-6388", "8265", "10001"]
    assert found["udp", ("members",)] == ["6390"]


def test_a_worker_does_not_mention_the_ports_of_the_head():
    found = ports(is_head=False)
    assert found["tcp", ("members",)] == ["5201-5216", "5290-5353", "6381-6385", "10002-10999"]
    assert found["tcp", ("members", "admins")] == ["6386"]


def test_moved_ports_are_the_ones_that_are_closed():
    found = ports(is_head=True, ray_port=7000, ray_worker_port_min="20000", ray_worker_port_max="20010")
    assert "7000" in found["tcp", ("members",)]
    assert "20000-20010" in found["tcp", ("members",)]


def test_no_row_closes_ssh():
    for is_head in (True, False):
        for spans in ports(is_head).values():
            for one in spans:
                first, _, last = one.partition("-")
                assert not int(first) <= 22 <= int(last or first)


def test_a_port_that_only_a_setting_opens_belongs_to_another_program_without_it():
    store = {"name": "s", "port": "store", "nodes": "all", "peers": ["nobody"], "when": "ray_gcs_store: redis"}
    assert packet_rules.ports([store], {"store": 6379, "ray_gcs_store": "memory"}, True) == []
    found = packet_rules.ports([store], {"store": 6379, "ray_gcs_store": "redis"}, True)
    assert found == [{"protocol": "tcp", "ports": ["6379"], "sources": []}]


@pytest.mark.parametrize(
    ("given", "opened"), [(True, True), ("True", True), ("yes", True), ("1", True), (False, False), ("no", False), ("", False)]
)
def test_a_switch_that_is_a_text_closes_the_port_to_strangers_too(given, opened):
    """-e monitoring=yes: the role starts the program, so the rules must name its port."""
    exporter = {"name": "e", "port": "exporter", "nodes": "all", "peers": ["members"], "when": "monitoring: true"}
    assert bool(packet_rules.ports([exporter], {"exporter": 9100, "monitoring": given}, True)) is opened


def test_every_row_of_the_table_is_in_the_rules_of_a_head():
    closed = [
        (int(first), int(last or first))
        for spans in ports(is_head=True).values()
        for first, _, last in (one.partition("-") for one in spans)
    ]
    for listener in LISTENERS:
        if listeners.is_opened(listener, values()):
            first, last = listeners.span(listener, values())
            assert any(low <= first and last <= high for low, high in closed), listener["name"]


def problems(hosts=HOSTS, **more):
    given = {host: values(**more) for host in hosts}
    return [(one["node"], one["check"], one["found"], one["fix"]) for one in packet_rules.problems(list(hosts), hosts, given)]


def test_a_right_inventory_has_no_problem():
    assert problems(admin_addresses=["192.168.1.20", "10.0.0.0/24", "fd00::/64"]) == []


def test_a_host_name_is_refused_with_the_variable_that_names_the_address():
    found = problems({**HOSTS, "gamma": {"ansible_host": "gamma.local", "links": {"lan": "10.0.0.300"}}})
    assert [(node, check, value) for node, check, value, _fix in found] == [
        ("gamma", "cluster_address", "gamma.local"),
        ("gamma", "links.lan", "10.0.0.300"),
    ]
    assert "Set cluster_address to the IP address" in found[0][3]
    assert "firewall_enabled=false" in found[0][3]


def test_without_rules_names_are_right():
    assert problems({"a": {}, "b": {}}, firewall_enabled=False) == []
    assert problems({"localhost": {}}) == []


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["10.0.0.5/24"], "the network of 10.0.0.5/24 is written 10.0.0.0/24"),
        (["0.0.0.0/0"], "it is every address there is"),
        (["::/0"], "it is every address there is"),
        (["laptop.local"], "it is no IP address"),
        ([None], "it is no IP address"),
        ([["10.0.0.1"]], "it is no IP address"),
        (["10.0.0.1; drop table"], "it is no IP address"),
        ("192.168.1.20", "Write a list"),
        ({"a": 1}, "Write a list"),
    ],
)
def test_bad_admin_addresses_are_refused_once_with_what_to_write(given, sentence):
    found = problems(admin_addresses=given)
    assert len(found) == 1
    assert sentence in found[0][3]


def test_a_word_that_is_no_answer_is_refused():
    assert "auto, true or false" in problems(firewall_enabled="perhaps")[0][3]


def run(hosts, *terms):
    variables = {"groups": {"head": [next(iter(hosts))], "workers": list(hosts)[1:]}, "hostvars": hosts}
    return lookup.LookupModule().run(terms, variables)


def test_the_lookup_gives_the_rules_of_each_node_with_its_own_ports():
    hosts = {**HOSTS, "beta": {**HOSTS["beta"], "ray_node_manager_port": 7001, "admin_addresses": ["10.9.9.9"]}}
    alpha, beta = run(hosts, "alpha", "beta")
    assert alpha["enabled"]
    assert alpha["members"] == beta["members"]
    assert (alpha["admins"], beta["admins"]) == ([], ["10.9.9.9"])
    assert "7001" in str(beta["ports"])
    assert "7001" not in str(alpha["ports"])


def test_the_lookup_of_a_single_node_is_empty():
    assert run({"localhost": {}}, "localhost") == [{"enabled": False, "members": [], "admins": [], "ports": []}]


def test_a_node_that_cannot_have_rules_is_a_row_with_the_way_on():
    message = "The ports cannot be closed: nftables does not work here (x). firewall_enabled=false leaves its ports open."
    (row,) = packet_rules.refusal_rows({"failed": True, "msg": message}, "a")
    assert row["found"] == "The ports cannot be closed: nftables does not work here (x)."
    assert row["fix"].startswith("firewall_enabled=false")
    assert packet_rules.refusal_rows({"changed": True}, "a") == []


def test_only_rules_that_do_not_know_a_node_yet_excuse_that_it_is_dropped():
    results = {
        "knows": {"differs": True, "admitted": ["10.0.0.1", "10.0.0.2"]},
        "does not": {"differs": True, "admitted": ["10.0.0.1"]},
        "will not": {"differs": False, "admitted": ["10.0.0.1"]},
        "has none": {"differs": True, "admitted": []},
        "failed": {},
        "lies": {"differs": "yes", "admitted": "10.0.0.1"},
    }
    assert packet_rules.closed_to(results, "10.0.0.2") == ["does not"]


def test_the_variables_are_documented_where_they_are_read(root):
    spec = yaml.safe_load((root / "roles/cluster/meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert spec["admin_addresses"]["elements"] == "str"
    assert spec["firewall_enabled"]["default"] == "auto"
