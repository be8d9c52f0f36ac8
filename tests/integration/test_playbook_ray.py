"""What role ray derives from the contract, evaluated by Ansible: one play, a case for each host."""

import json
import os
import subprocess
import sys

import pytest
import yaml
from tests.support.settings import ROOT

STACK = {
    "platforms": [
        {"system": "Linux", "machine": "x86_64", "glibc": "2.35"},
        {"system": "Darwin", "machine": "arm64", "macos": "13.0"},
    ],
    "without_mlx": [
        {"system": "Linux", "machine": "aarch64", "glibc": "2.17"},
        {"system": "Linux", "machine": "x86_64", "glibc": "2.28"},
    ],
}
MLX_EVERYWHERE = {
    "platforms": [*STACK["platforms"], {"system": "Linux", "machine": "aarch64", "glibc": "2.35"}],
    "without_mlx": [],
}
GIB, KIB = 2**30, 2**10
ODD = "/srv/100% a\\b"
HOSTS = {
    "plain": {},
    "arm": {"machine": "aarch64"},
    "arm_mlx": {"machine": "aarch64", "cluster_stack": MLX_EVERYWHERE},
    "mac": {"system": "Darwin", "machine": "arm64", "group": "staff"},
    "shm_4g": {"shm": 4 * GIB},
    "shm_2g": {"shm": 2 * GIB},
    "shm_2g_less": {"shm": 2 * GIB - 300 * KIB},
    "shm_small": {"shm": 128 * 2**20},
    "user": {"worker": "me"},
    "gpu": {"devices": True},
    "home": {"venv_root": "/home/me/.saf", "ray_writable_paths": ["/data/a b"]},
    "pyenv": {"interpreter": "/home/me/.pyenv/bin/python3.9"},
    "temporary": {"venv_root": "/var/tmp/saf"},  # noqa: S108 a line of the unit
    "open": {"ray_hardening": False},
    "odd": {
        "venv_root": ODD,
        "ray_environment": {"A": '50% "x" $Y `z` \\'},
        "proxy_env": {"HTTPS_PROXY": "http://p", "no_proxy": "a"},
    },
}
DEFAULTS = {"system": "Linux", "machine": "x86_64", "shm": 64 * GIB, "group": "saf", "worker": "root", "devices": False,
            "interpreter": "/usr/bin/python3.11"}  # fmt: skip
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact: {system: "{{ fact.system }}", machine: "{{ fact.machine }}", cacheable: true}
    - ansible.builtin.include_vars: {dir: "{{ repo }}/roles/ray/vars/main"}
    - ansible.builtin.set_fact: {same: "{{ _ray_definition }}"}
    - ansible.builtin.set_fact: {other_environment: "{{ _ray_definition }}"}
      vars: {__ray_env: "{{ __ray_env_other }}"}
    - ansible.builtin.set_fact: {other_venv: "{{ _ray_definition }}"}
      vars: {__ray_node: "{{ __ray_node_other }}"}
    - ansible.builtin.set_fact: {other_argument: "{{ _ray_definition }}"}
      vars: {ray_port: 6399}
    - ansible.builtin.set_fact: {other_account: "{{ _ray_definition }}"}
      vars: {cluster_user: other}
    - ansible.builtin.copy:
        dest: "{{ out }}/{{ inventory_hostname }}.json"
        mode: "0644"
        content: >-
          {{ {'mlx': cluster_has_mlx | bool, 'store': _ray_store | int, 'secret': _ray_secret_file,
              'environment': _ray_environment, 'definition': _ray_definition,
              'daemon': _ray_daemon, 'watchdog': _ray_watchdog_daemon,
              'process': _ray_process_argv, 'ports': cluster_ray_ports, 'prune': _ray_prune, 'same': same,
              'others': [other_environment, other_venv, other_argument, other_account],
              'watchdog_unit': lookup('ansible.builtin.template', role_path ~ '/templates/watchdog.service.j2'),
              'unit': lookup('ansible.builtin.template', role_path ~ '/templates/ray.service.j2'),
              'file': lookup('ansible.builtin.template', role_path ~ '/templates/ray.env.j2')} | to_json }}
"""


def observed(case, root, marker):
    """Return what ray_node_info would answer."""
    return {
        "worker": case["worker"], "group": case["group"], "root_exists": True, "venv": f"{root}/venvs/1",
        "system_python": True, "shm_bytes": case["shm"], "gpu_cores": 0, "recorded": [], "definitions": [],
        "interpreter": case["interpreter"], "compute_devices": case["devices"], "missing": [],
        "max_open_files": 256 if case["system"] == "Darwin" else 0, "markers": {f"{root}/venvs/1": marker},
    }  # fmt: skip


@pytest.fixture(scope="module")
def derived(tmp_path_factory):
    """Return {host: what the role derives}."""
    folder = tmp_path_factory.mktemp("ray")
    files = (ROOT / "roles" / role / "defaults" / "main.yml" for role in ("cluster", "ray"))
    contract = {name: value for file in files for name, value in yaml.safe_load(file.read_text()).items()}
    derived_names = yaml.safe_load((ROOT / "roles" / "cluster" / "vars" / "main.yml").read_text())
    contract.update(
        {
            name: derived_names[name]
            for name in derived_names
            if name.startswith(("cluster_ray_", "_cluster_ray_", "cluster_gcs_", "cluster_has_"))
        }
    )
    contract.update({name: derived_names[name] for name in ("cluster_venv_marker",)})
    hosts = {}
    for name, given in HOSTS.items():
        case = {**DEFAULTS, **{key: value for key, value in given.items() if key in DEFAULTS}}
        more = {key: value for key, value in given.items() if key not in DEFAULTS}
        root = more.get("venv_root", "/opt/saf")
        hosts[name] = {
            **contract, "venv_root": root, "cluster_repo": str(ROOT), "role_path": str(ROOT / "roles" / "ray"),
            "python_version": "3.11.2", "cluster_stack": STACK, "cluster_head": "plain", "cluster_venv": f"{root}/current",
            "cluster_node_address": "10.0.0.1", "cluster_addresses": {"plain": "10.0.0.1"}, "fact": case,
            "cluster_members": ["plain"], "repo": str(ROOT), "out": str(folder),
            "ansible_connection": "local", "ansible_python_interpreter": sys.executable,
            "__ray_node": observed(case, root, "c"), "__ray_node_other": observed(case, root, "d"),
            "__ray_env": {"times": {f"{root}/etc/ray.env": 1}}, "__ray_env_other": {"times": {f"{root}/etc/ray.env": 2}},
            **{key: value for key, value in more.items() if key != "venv_root"},
        }  # fmt: skip
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    (folder / "play.yml").write_text(PLAY)
    command = ["ansible-playbook", "-i", str(folder / "hosts.yml"), str(folder / "play.yml")]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in HOSTS}


@pytest.mark.parametrize(("host", "has"), [("plain", True), ("arm", False), ("arm_mlx", True), ("mac", True)])
def test_the_stack_says_who_has_mlx(derived, host, has):
    assert derived[host]["mlx"] is has


def test_every_port_of_ray_is_known_by_its_variable(derived):
    """Preflight asks for these to be free; ranges of ports are not among them."""
    text = (ROOT / "roles" / "cluster" / "defaults" / "main.yml").read_text()
    named = {name: port for name, port in yaml.safe_load(text).items() if name.startswith("ray_") and name.endswith("port")}
    on_the_head = {
        "ray_port", "ray_dashboard_port", "ray_client_port", "ray_autoscaler_metrics_port", "ray_dashboard_metrics_port"
    }  # fmt: skip
    assert named.pop("ray_gcs_store_port") == 6389  # of the head, and only with ray_gcs_store
    assert len(named) == 11
    assert derived["plain"]["ports"] == named
    assert derived["arm"]["ports"] == {name: port for name, port in named.items() if name not in on_the_head}


def test_a_few_kb_of_memory_change_no_object_store(derived):
    assert derived["shm_2g"]["store"] == derived["shm_2g_less"]["store"] == 6 * 2**28
    assert derived["shm_4g"]["store"] == derived["plain"]["store"] == 2 * GIB
    assert 75 * 2**20 < derived["shm_small"]["store"] <= 0.8 * 128 * 2**20
    assert derived["shm_small"]["store"] % 2**24 == 0


def test_files_with_secrets_are_shared_with_no_group_of_others(derived):
    assert derived["plain"]["secret"] == {"owner": "root", "group": "saf", "mode": "0640"}
    assert derived["mac"]["secret"] == {"owner": "saf", "mode": "0400"}
    assert derived["user"]["secret"] == {"mode": "0600"}


def test_the_definition_follows_what_the_process_is_made_of(derived):
    found = derived["plain"]
    assert found["same"] == found["definition"]
    assert len({found["definition"], *found["others"]}) == 5
    (start,) = [line for line in found["unit"].splitlines() if line.startswith("ExecStartPre=+")]
    assert start.endswith(f'echo {found["definition"]} >/run/saf-ray.definition"')


def test_odd_paths_and_values_reach_units_and_environment_as_they_are(derived):
    lines = derived["odd"]["unit"].splitlines()
    assert "WorkingDirectory=/srv/100%% a\\b/ray" in lines
    assert "EnvironmentFile=/srv/100%% a\\b/etc/ray.env" in lines
    assert 'RequiresMountsFor="/srv/100%% a\\\\b"' in lines
    assert 'ExecStart="/srv/100%% a\\\\b/venvs/1/bin/python" \\' in lines
    assert '  "/srv/100%% a\\\\b/venvs/1/bin/ray" \\' in lines
    assert 'A="50% \\"x\\" \\$Y \\`z\\` \\\\"' in derived["odd"]["file"].splitlines()
    environment = derived["odd"]["environment"]
    assert environment["A"] == '50% "x" $Y `z` \\'
    assert environment["no_proxy"] == environment["NO_PROXY"] == "a,10.0.0.1"
    assert environment["https_proxy"] == "http://p"


def test_a_daemon_reads_the_closed_file_and_opens_its_log_itself(derived, tmp_path):
    """Its definition is read by every account, and launchd would open the log as root in a folder of the account."""
    daemon = derived["mac"]["daemon"]
    shell, option, script, files, _log, _file, *argv = daemon["ProgramArguments"]
    (tmp_path / "ray.env").write_text(derived["odd"]["file"], encoding="utf-8")
    log, argument = tmp_path / "log", 'printenv A; ulimit -n; echo "$@"'
    command = [shell, option, script, files, str(log), str(tmp_path / "ray.env"), "/bin/sh", "-c", argument, "x", *argv]
    subprocess.run(command, check=True)
    told = log.read_text().splitlines()
    assert told[0] == derived["odd"]["environment"]["A"]
    assert told[1] == "256"
    assert told[2].startswith(
        "/opt/saf/venvs/1/bin/python /opt/saf/etc/ray_start.py /opt/saf/etc/maintenance.json /opt/saf/venvs/1/bin/ray start"
    )
    assert not {"StandardOutPath", "StandardErrorPath"} & set(daemon)
    assert "proxy" not in json.dumps(derived["odd"]["daemon"]["EnvironmentVariables"])


def test_the_watchdog_runs_on_the_interpreter_of_the_system(derived):
    assert derived["mac"]["watchdog"]["ProgramArguments"][:3] == ["/usr/bin/python3", "-I", "/opt/saf/etc/ray_watchdog.py"]


@pytest.fixture
def sessions(tmp_path):
    """Folders of sessions as Ray leaves them, of one service account; the newest is linked."""
    for number in range(10, 18):
        (tmp_path / f"session_2026-01-01_{number}-00-00_1_{number}" / "logs").mkdir(parents=True)
    (tmp_path / "session_latest").symlink_to("session_2026-01-01_17-00-00_1_17")
    (tmp_path / "other").mkdir()
    return tmp_path


def left(sessions):
    return sorted(path.name.split("_")[2][:2] for path in sessions.glob("session_2*"))


def test_old_sessions_of_ray_are_removed_before_a_start(derived, sessions):
    environment = {"PATH": os.environ["PATH"], "RAY_TMPDIR": str(sessions)}
    process = [*derived["plain"]["process"][:4], "echo", "started"]
    done = subprocess.run(process, env=environment, capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout == "started\n"
    assert left(sessions) == ["13", "14", "15", "16", "17"]
    assert (sessions / "session_latest").is_symlink()
    assert (sessions / "other").is_dir()
    subprocess.run(process, env=environment, check=True, capture_output=True)
    assert len(left(sessions)) == 5


def test_every_manager_removes_them_as_the_account(derived, tmp_path):
    """RAY_TMPDIR is in the environment that each of them gives; a folder that is not there yet stops nothing."""
    assert '"$RAY_TMPDIR"' in derived["plain"]["prune"]
    assert derived["plain"]["prune"] in derived["mac"]["daemon"]["ProgramArguments"][2]
    quoted = derived["plain"]["prune"].replace("%", "%%").replace("$", "$$").replace('"', '\\"')
    assert f'ExecStartPre=-/bin/sh -c "{quoted}"' in derived["plain"]["unit"].splitlines()
    process = [*derived["plain"]["process"][:4], "echo", "started"]
    environment = {"PATH": os.environ["PATH"], "RAY_TMPDIR": str(tmp_path / "missing")}
    assert subprocess.run(process, env=environment, capture_output=True, text=True, check=True).stdout == "started\n"


def directives(unit):
    """Return {name: values} of a unit."""
    found = {}
    for line in unit.splitlines():
        name, is_one, value = line.partition("=")
        if is_one and name.isalnum():
            found.setdefault(name, []).append(value)
    return found


def test_the_service_may_write_to_its_own_folder_alone(derived):
    plain = directives(derived["plain"]["unit"])
    assert plain["ProtectSystem"] == ["strict"]
    assert plain["ReadWritePaths"] == ["/opt/saf/ray"]
    assert (plain["ProtectHome"], plain["PrivateTmp"], plain["PrivateDevices"]) == (["true"], ["true"], ["true"])
    assert plain["SystemCallFilter"] == ["@system-service", "~@privileged"]
    assert plain["CapabilityBoundingSet"] == [""]


def test_the_sandbox_hides_nothing_that_the_service_needs(derived):
    home, pyenv, temporary = (directives(derived[name]["unit"]) for name in ("home", "pyenv", "temporary"))
    assert home["ProtectHome"] == pyenv["ProtectHome"] == ["read-only"]
    assert home["ReadWritePaths"] == ["/home/me/.saf/ray", '"/data/a b"']
    assert temporary["PrivateTmp"] == ["false"]
    gpu = directives(derived["gpu"]["unit"])
    assert (gpu["PrivateDevices"], gpu["ProtectClock"]) == (["false"], ["false"]), "either would close the GPU's devices"
    assert directives(derived["odd"]["unit"])["ReadWritePaths"] == ['"/srv/100%% a\\\\b/ray"']


def test_the_sandbox_can_be_switched_off_and_belongs_to_the_definition(derived):
    unit = directives(derived["open"]["unit"])
    assert unit["NoNewPrivileges"] == ["true"]
    assert not {"ProtectSystem", "SystemCallFilter", "UMask"} & set(unit)
    assert "ProtectSystem" not in derived["open"]["watchdog_unit"]
    assert derived["open"]["definition"] != derived["plain"]["definition"] != derived["gpu"]["definition"]


def test_the_watchdog_sees_the_leases_of_benchmarks_and_may_become_the_account(derived):
    unit = directives(derived["plain"]["watchdog_unit"])
    assert "PrivateTmp" not in unit
    assert {"/run", "/tmp", "/opt/saf/ray"} <= set(unit["ReadWritePaths"])  # noqa: S108 a line of the unit
    assert {"CAP_SETUID", "CAP_SETGID", "CAP_KILL"} <= set(unit["CapabilityBoundingSet"][0].split())
    assert unit["SystemCallFilter"] == ["@system-service"]


def test_logs_are_bounded_and_a_stop_has_time_to_drain(derived):
    environment = derived["plain"]["environment"]
    files, size = int(environment["RAY_ROTATION_BACKUP_COUNT"]) + 1, int(environment["RAY_ROTATION_MAX_BYTES"])
    assert files * size < 300e6
    assert directives(derived["plain"]["unit"])["TimeoutStopSec"] == ["45"]
    assert derived["mac"]["daemon"]["ExitTimeOut"] == 45


def test_large_sessions_are_removed_and_the_one_in_use_last_stays(derived, sessions):
    """The clock of the head may have been set back: its last session is then not the newest by name."""
    environment = {"PATH": os.environ["PATH"], "RAY_TMPDIR": str(sessions)}
    (sessions / "session_latest").unlink()
    (sessions / "session_latest").symlink_to(sessions / "session_2026-01-01_10-00-00_1_10")
    spilled = sessions / "session_2026-01-01_10-00-00_1_10" / "ray_spilled_objects_1"
    spilled.mkdir()
    command = derived["plain"]["prune"].replace("2097152", "3000")
    for number in (17, 16, 15):
        (sessions / f"session_2026-01-01_{number}-00-00_1_{number}" / "logs" / "x").write_bytes(b"x" * 1_200_000)
    subprocess.run(["/bin/sh", "-c", command], env=environment, check=True)
    assert left(sessions) == ["10", "16", "17"]
    assert not spilled.exists()


@pytest.mark.parametrize("line", ["OOMPolicy=continue", "TasksMax=infinity", "RequiresMountsFor=/opt/saf", "User=saf"])
def test_one_task_does_not_take_the_node_with_it(derived, line):
    assert line in derived["plain"]["unit"].splitlines()
