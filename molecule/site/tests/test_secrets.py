"""A password in proxy_env and a token in ray_environment reach Ray, and nobody else."""

import json

import pytest
from tests.support import accounts

WORD, SIGN = "pr0xyW0rd", "t0kenW0rd"
GIVEN = {
    "proxy_env": {"https_proxy": f"http://me:{WORD}@127.0.0.1:1", "no_proxy": "intranet"},
    "ray_environment": {"MY_TOKEN": f'{SIGN} $HOME "\\'},
}


@pytest.fixture(scope="module")
def worker(nodes):
    return nodes["worker2"]


@pytest.fixture(scope="module")
def given(saf_playbook, worker):
    """The run that sets the secrets, and the one that removes them."""
    limit = ["--limit", worker.name, "--diff", "-vv"]
    runs = [saf_playbook("playbooks/ray.yml", GIVEN, arguments=limit)]
    try:
        yield runs
    finally:
        runs.append(saf_playbook("playbooks/ray.yml", arguments=limit))
        assert runs[1].rc == 0, runs[1].output
        for run in runs:
            assert WORD not in run.output
            assert SIGN not in run.output


def test_output_and_diff_do_not_show_them(given):
    assert given[0].rc == 0, given[0].output
    assert given[0].changed
    assert "MY_TOKEN" in given[0].output, "the name is no secret"
    assert WORD not in given[0].output
    assert SIGN not in given[0].output


def test_ray_has_them_as_they_were_given(given, worker):
    # as the account: in a container root may not read it
    user, pid = worker.vars["cluster_user"], worker.service.pid
    environ = worker.check(f"runuser -u {user} -- cat /proc/{pid}/environ").split("\0")
    assert f"MY_TOKEN={GIVEN['ray_environment']['MY_TOKEN']}" in environ
    assert f"https_proxy={GIVEN['proxy_env']['https_proxy']}" in environ
    assert next(line for line in environ if line.startswith("no_proxy=")).startswith("no_proxy=intranet,")


def test_no_other_account_reads_them(given, worker):
    told = worker.check("runuser -u nobody -- sh -c 'systemctl show saf-ray; systemctl cat saf-ray; ps axeww'")
    for path in accounts.walk(worker)["readable"]:
        told += worker.run(f"cat '{path}'").stdout
    told += json.dumps(worker.manifest)
    assert WORD not in told
    assert SIGN not in told
