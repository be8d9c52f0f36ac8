"""The manifest on a node lists what was made there, and only that."""


def listed(node):
    entries = node.manifest["entries"]
    return {(entry["kind"], entry["name"]) for entry in entries}


def test_lists_what_every_node_got(node):
    assert {
        ("directory", node.root),
        ("user", node.vars["cluster_user"]),
        ("file", "/etc/systemd/system/saf-ray.service"),
        ("service", "saf-ray"),
    } <= listed(node)


def test_lists_only_what_exists(node):
    for kind, name in listed(node):
        if kind in ("directory", "file", "link"):
            assert node.exists(name), name


def test_lists_the_package_only_where_it_was_missing(nodes):
    installed = {name for name, node in nodes.items() if ("package", "iperf3") in listed(node)}
    assert installed == {"worker2"}
