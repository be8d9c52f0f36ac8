"""Quick faults on a cluster at work: it heals without a human, and no task is lost that was to be retried.

No time is asserted, only the bound within which it must be whole again: `make faults` has the whole catalog and the times.
"""

import json

import pytest
from tests.support import settings
from tests.support.faults import fault as faults
from tests.support.faults.rig import Rig

QUICK = faults.chosen(faults.catalog(), quick=True)


@pytest.fixture(scope="module")
def rig(inventory):
    rig = Rig.of_inventory(inventory, settings.settings_of)
    rig.install()
    yield rig
    rig.remove()


@pytest.mark.parametrize("fault", QUICK, ids=[one["name"] for one in QUICK])
def test_quick_fault_heals_by_itself(rig, fault):
    row = faults.measure(rig, fault)
    print(json.dumps(row))
    assert row["open"] == [], "it does not heal by itself"
    assert row["tasks"]["failed"] == {}
    assert (row["tasks"]["wrong"], row["tasks"]["unfinished"]) == (0, 0)
    assert row["tasks"]["done"] > 0
    if row["kept"]:
        assert row["nodes_lost"] == []


def test_nothing_of_the_workload_is_left(rig):
    rig.remove()
    assert rig.run(rig.head, "ls /etc/systemd/system/saf-faults* /var/lib/saf-faults").stdout == ""
