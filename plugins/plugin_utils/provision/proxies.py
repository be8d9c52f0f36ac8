"""The environment of programs that go through a proxy, the cluster's own addresses left out: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def environment(given: Mapping[str, str] | None, addresses: Iterable[str]) -> dict[str, str]:
    """Return the proxy variables for Ray: as given, and the nodes' addresses never through the proxy.

    given: {name: value}, in either case of letters; addresses: of the nodes. Some programs read the names in small letters
    only, some in capitals only, so each is there in both; what the owner wrote for one of them stays.
    """
    if not given:
        return {}
    found = dict(given)
    for name, value in given.items():
        if name.lower().endswith("_proxy"):
            for other in (name.lower(), name.upper()):
                found.setdefault(other, value)
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        # gRPC asks no_grpc_proxy and, where it is set, no longer no_proxy.
        before = found.get(name, found.get("no_proxy", ""))
        listed = [entry.strip() for entry in str(before).split(",") if entry.strip()]
        found[name] = ",".join(dict.fromkeys([*listed, *addresses]))
    return found
