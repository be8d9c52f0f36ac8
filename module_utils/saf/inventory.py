"""What an inventory says about a cluster, and what is wrong with it: pure functions over names and variables."""

from __future__ import annotations


def address_of(host, hostvars):
    """Return the address by which the cluster reaches ``host``: cluster_address, ansible_host, or its name."""
    variables = hostvars[host]
    for name in ("cluster_address", "ansible_host"):
        value = variables.get(name)
        if value:
            return str(value)
    return host


def addresses_of(hosts, hostvars):
    """Return ``{host: address}`` for ``hosts``, in their order."""
    return {host: address_of(host, hostvars) for host in hosts}
