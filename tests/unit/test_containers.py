"""The compose project of containers.yml: its file, its sizes, its refusals, and what the engines answer."""

import json

import pytest
import yaml

from ansible_collections.saf.fabric.plugins.filter.containers import containers_answer
from ansible_collections.saf.fabric.plugins.module_utils.containers import engine, project
from ansible_collections.saf.fabric.plugins.modules import container_image
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import containers

PORTS = {"gcs": 6380, "dashboard": 8265, "client": 10001, "agent": 6384}
WANTED = {
    **{"state": "present", "project": "saf", "network": "saf-network", "image": "rayproject/ray:2.49.1-py39"},
    **{"workers": 2, "shm_mib": 0, "cpus": 0, "token": False, "token_mark": "", "ports": PORTS},
}
ENGINE = {"name": "podman", "path": "/usr/bin/podman", "memory_mib": 16000, "cpus": 8}
NODE = {"engine": ENGINE, "compose": ["/usr/bin/podman-compose"], "containers": [], "busy_ports": [], "reasons": []}
COMMANDS = {
    "fewer": "ansible-playbook playbooks/containers.yml -e containers_workers=1",
    "own": "ansible-playbook playbooks/containers.yml -e ansible_become=false",
}


def rendered(**changed):
    wanted = {**WANTED, **changed}
    document = containers.compose(wanted, containers.sizes(NODE, wanted))
    assert yaml.safe_load(yaml.safe_dump(document)) == document
    return document


def services(**changed):
    return rendered(**changed)["services"]


def problem(node=None, **changed):
    return containers.problem({**NODE, **(node or {})}, {**WANTED, **changed}, COMMANDS)


# --- the file


def test_the_head_alone_publishes_ports_and_on_the_loopback_address_only():
    published = {name: service.get("ports", []) for name, service in services().items()}
    assert published["head"] == ["127.0.0.1:6380:6380", "127.0.0.1:8265:8265", "127.0.0.1:10001:10001"]
    assert published["worker1"] == published["worker2"] == []


def test_every_container_is_confined_watched_and_restarted():
    for service in services().values():
        assert service["user"] == "1000"
        assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges"])
        assert service["restart"] == "always"
        assert isinstance(service["healthcheck"]["test"], str), "podman-compose 1.0 quotes a list wrongly"
        assert "6384" in service["healthcheck"]["test"]
        assert not {"privileged", "network_mode", "volumes", "cap_add", "devices"} & service.keys()


def test_a_worker_looks_for_the_head_by_its_name():
    assert "--address=head:6380" in services()["worker2"]["command"]
    assert "--port=6380" in services()["head"]["command"]


def test_the_token_is_in_a_file_of_its_own_and_not_in_this_one():
    with_token = services(token=True, token_mark="mark")  # noqa: S106 a digest
    assert {tuple(service["env_file"]) for service in with_token.values()} == {("token.env",)}
    assert {service["environment"]["RAY_AUTH_MODE"] for service in with_token.values()} == {"token"}
    assert "RAY_AUTH_TOKEN" not in json.dumps(with_token)
    without = services()["head"]
    assert ("env_file" in without, without["environment"]["RAY_AUTH_MODE"]) == (False, "disabled")


@pytest.mark.parametrize("change", [{"workers": 1}, {"image": "x"}, {"token_mark": "new"}, {"shm_mib": 256}])
def test_the_digest_changes_with_what_the_containers_are_made_from(change):
    assert containers.digest(rendered(**change)) != containers.digest(rendered())
    assert containers.digest(rendered()) == containers.digest(rendered())


def test_names_begin_with_the_project():
    document = rendered(project="mine", workers=1)
    assert [service["container_name"] for service in document["services"].values()] == ["mine-head", "mine-worker1"]
    assert containers.names("mine", 1) == ["mine-head", "mine-worker1"]


# --- sizes


@pytest.mark.parametrize(
    ("memory", "workers", "shm"), [(16000, 2, 1280), (4000, 2, 320), (900, 2, 128), (10**6, 0, 8192), (None, 2, 128)]
)
def test_shared_memory_is_a_part_of_the_machine_of_the_engine(memory, workers, shm):
    observed = {"engine": {**ENGINE, "memory_mib": memory}}
    assert containers.sizes(observed, {**WANTED, "workers": workers})["shm_mib"] == shm


def test_ray_gets_less_than_the_shared_memory_and_processors_are_divided():
    size = containers.sizes(NODE, WANTED)
    assert size == {"shm_mib": 1280, "store_mib": 1024, "cpus": 2}
    head = services()["head"]
    assert head["shm_size"] == "1280m"
    assert {"--num-cpus=2", f"--object-store-memory={1024 * 2**20}"} <= set(head["command"])
    assert containers.sizes(NODE, {**WANTED, "workers": 20})["cpus"] == 1


# --- refusals


@pytest.mark.parametrize(
    ("node", "changed", "said"),
    [
        (
            {"engine": {}, "reasons": ["docker is not installed", "podman is not installed"]},
            {},
            "podman is not installed. Install",
        ),
        ({"compose": []}, {}, "podman has no compose command: install the package podman-compose."),
        ({"engine": {**ENGINE, "name": "docker"}, "compose": []}, {}, "install the package docker-compose-plugin"),
        ({"engine": {**ENGINE, "memory_mib": 2000}}, {}, "containers need 2688 MiB of memory, and the engine has 2000 MiB"),
        ({}, {"shm_mib": 64}, "containers_shm_mib is 64, and Ray needs 128"),
        ({}, {"project": "A_b"}, "containers_project is 'A_b': take"),
        ({}, {"workers": -1}, "are numbers from 0 on"),
        ({"busy_ports": [8265]}, {}, "listens on 127.0.0.1 at 8265 (ray_dashboard_port)"),
    ],
)
def test_what_cannot_run_is_one_sentence_before_anything_is_changed(node, changed, said):
    assert said in problem(node, **changed)


def test_a_machine_that_can_is_not_refused():
    assert problem() == ""


def test_its_own_ports_are_no_problem():
    running = {"name": "saf-head", "running": True}
    assert problem({"busy_ports": [6380, 8265, 10001], "containers": [running]}) == ""
    assert problem({"busy_ports": [6380], "containers": [{**running, "running": False}]}) != ""


def test_removal_needs_an_engine_and_no_more():
    assert problem({"compose": [], "busy_ports": [6380]}, state="absent") == ""
    assert problem({"engine": {}}, state="absent") != ""


@pytest.mark.parametrize("hostile", [None, [], {"engine": []}, {"engine": {"name": 3}}, {"engine": ENGINE, "compose": "sh"}])
def test_an_answer_of_another_shape_is_a_refusal(hostile):
    assert containers.problem(hostile, WANTED, COMMANDS) != ""


# --- the cluster


def test_members_and_the_version_of_ray_are_compared():
    answer = {"ray": "2.49.1", "alive": ["saf-head", "saf-worker1"]}
    names = containers.names("saf", 2)
    assert containers.state_problem(answer, names[:2], "2.49.1") == ""
    assert containers.state_problem(answer, names, "2.49.1") == "Not in the cluster: saf-worker2."
    assert "has Ray 2.49.1, and the stack Ray 2.60.0" in containers.state_problem(answer, names[:2], "2.60.0")
    assert containers.state_problem({}, names, "2.49.1").startswith("Not in the cluster: saf-head")


def test_a_container_without_a_task_is_named():
    tasks = [{"node": "saf-head"}, {"node": "saf-worker1"}]
    assert containers.smoke_problem({"tasks": tasks}, ["saf-head", "saf-worker1"]) == ""
    assert containers.smoke_problem({"tasks": tasks}, containers.names("saf", 2)) == "No task ran on saf-worker2."


@pytest.mark.parametrize(
    ("printed", "answer"),
    [
        ('a log\nSAF {"ray": "x"}\n', {"ray": "x"}),
        ("", {}),
        ("SAF [1]", {}),
        ("SAF {", {}),
        ('SAF {"a":1}\nSAF {"b":2}', {"b": 2}),
    ],
)
def test_the_answer_is_found_among_what_ray_prints(printed, answer):
    assert containers_answer(printed) == answer


# --- the engines

DOCKER = {
    "ServerVersion": "28.2.2",
    "MemTotal": 8 * 2**30,
    "NCPU": 4,
    "Architecture": "aarch64",
    "SecurityOptions": ["name=rootless"],
}
PODMAN = {
    "host": {"memTotal": 8 * 2**30, "cpus": 4, "arch": "amd64", "security": {"rootless": False}},
    "version": {"Version": "4.3.1"},
}


def test_both_engines_are_described_alike():
    docker, podman = engine.described(json.dumps(DOCKER)), engine.described(json.dumps(PODMAN))
    assert (docker["name"], docker["memory_mib"], docker["rootless"]) == ("docker", 8192, True)
    assert (podman["name"], podman["memory_mib"], podman["rootless"]) == ("podman", 8192, False)
    assert docker.keys() == podman.keys()


@pytest.mark.parametrize("text", ["", "[]", "Cannot connect", '{"ServerVersion": "", "ServerErrors": ["Cannot connect"]}'])
def test_a_client_without_a_server_is_no_engine(text):
    assert engine.described(text) == {}


def test_an_engine_that_is_not_there_has_a_reason(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert engine.ask("podman") == ({}, "podman is not installed")


@pytest.mark.parametrize("key", ["Health", "Healthcheck"])
def test_a_container_is_read_of_both_engines(key):
    item = {
        "Name": "/saf-head",
        "State": {"Status": "running", "Running": True, key: {"Status": "healthy"}},
        "RestartCount": 2,
        "Config": {"Labels": {engine.DIGEST: "d1"}},
    }
    expected = {"name": "saf-head", "digest": "d1", "state": "running", "running": True, "health": "healthy", "restarts": 2}
    assert engine.inspected(item) == expected


def container(name, digest="d1", running=True):
    return {"name": name, "digest": digest, "running": running, "state": "running" if running else "exited"}


@pytest.mark.parametrize(
    ("found", "up", "stale"),
    [
        ([container("a"), container("b")], True, []),
        ([container("a")], False, []),
        ([container("a"), container("b", running=False)], False, []),
        ([container("a"), container("b", "d0")], False, ["b"]),
        ([container("a"), container("b"), container("c")], False, ["c"]),
        ([], False, []),
    ],
)
def test_a_project_is_up_when_exactly_its_containers_run(found, up, stale):
    assert project.is_up(found, ["a", "b"], "d1") is up
    assert project.stale(found, ["a", "b"], "d1") == stale


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ([{"dns_enabled": True}], True),
        ([{"dns_enabled": False}], False),
        ([{"plugins": [{"type": "bridge"}]}], False),
        ([{"plugins": [{"type": "bridge"}, {"type": "dnsname"}]}], True),
        ([{"Driver": "bridge"}], True),
    ],
)
def test_a_network_without_names_is_noticed(answer, expected):
    assert project.has_names(json.dumps(answer)) is expected


def test_passwords_of_a_proxy_are_in_no_command_line():
    asked = {
        **{"engine": "podman", "kind": "podman", "name": "x:1", "context": "/c", "label": "", "arguments": {"BASE_IMAGE": "b"}},
        "environment": {"https_proxy": "http://me:secret@proxy"},
    }
    command = container_image.command(asked)
    assert "--build-arg=https_proxy" in command
    assert "secret" not in " ".join(command)
    assert "--layers=false" in command
    assert "--layers=false" not in container_image.command({**asked, "kind": "docker"})


def test_the_recipe_checks_hashes_and_does_not_end_as_root(root):
    recipe = (root / "roles" / "containers" / "files" / "Containerfile").read_text()
    assert "--require-hashes" in recipe
    users = [line.split()[1] for line in recipe.splitlines() if line.startswith("USER ")]
    assert users[-1] == "1000"
    last_stage = recipe.rpartition("FROM ")[2]
    assert "pip.conf" not in last_stage
    assert "ca.crt" not in last_stage


@pytest.mark.parametrize("name", ["current", "studio-2025"])
def test_a_stack_names_its_image_and_one_to_build_on(root, name):
    stack = yaml.safe_load((root / "stacks" / name / "stack.yml").read_text())
    python = stack["python_version"].rpartition(".")[0]
    assert stack["container_image"] == f"rayproject/ray:{stack['pins']['ray']}-py{python.replace('.', '')}"
    assert stack["container_base_image"].startswith(f"python:{python}")


def test_a_name_without_its_registry_says_what_to_type():
    said = 'Error: short-name "rayproject/ray:1" did not resolve to an alias and no unqualified-search registries are defined'
    assert "-e containers_image=<registry>/rayproject/ray:<tag>" in engine.reason(said)
    assert engine.reason("Error: no space left") == "Error: no space left"


@pytest.mark.parametrize(("user", "found"), [(0, None), (501, "docker")])
def test_programs_where_a_mac_has_them_are_for_people_and_not_for_root(monkeypatch, tmp_path, user, found):
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(engine, "_OF_A_MAC", [str(tmp_path)])
    monkeypatch.setattr(engine.os, "geteuid", lambda: user)
    assert engine.which("docker") == (found and str(program))
