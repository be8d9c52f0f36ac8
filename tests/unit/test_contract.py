"""What roles share is declared once, in role cluster; what begins with an underscore belongs to one role."""

import re

import pytest
import yaml

PRIVATE = re.compile(r"(?<![\w./-])__?[a-z][a-z0-9_]*(?<!_)\b")
COMMENT = re.compile(r"(?m)(^|\s)#.*$|\{#.*?#\}")
# The address of the GCS put together from its parts, in a template or in an expression.
ADDRESS = re.compile(r":\{\{\s*ray_port|':'\s*~\s*ray_port")
# Copies that cannot read the contract. A changed contract leaves them behind, and the test names them.
COPIES = {
    "cluster_ray_unit": {"plugins/plugin_utils/provision/status.py"},
    "cluster_ray_label": set(),
    "cluster_ray_env_file": {
        *("library/node_audit_info.py", "library/node_collect_info.py", "library/node_status_info.py"),
        "module_utils/manifest/record.py",
    },
    "cluster_ray_pid_file": set(),
    "cluster_ray_log": {
        *("library/node_collect_info.py", "library/node_status_info.py"),
        "plugins/plugin_utils/provision/status.py",
    },
    "cluster_venv_marker": {"module_utils/venv.py"},
}


def texts(root, *patterns):
    """Return {path relative to the repository: text without comments} of what a role or a playbook consists of."""
    paths = (path for pattern in patterns for path in root.glob(pattern) if path.is_file())
    return {str(path.relative_to(root)): COMMENT.sub("", path.read_text()) for path in paths}


def private_names(text):
    return set(PRIVATE.findall(text))


def owns(owner, name):
    """Return whether a private name carries the name of its role or playbook."""
    return (name.strip("_") + "_").startswith(owner + "_")


def test_a_role_uses_no_private_name_of_another(root):
    wrong = [
        f"{path}: {name}"
        for path, text in texts(root, "roles/*/*/*.yml", "roles/*/*/*/*.yml", "roles/*/templates/*").items()
        for name in sorted(private_names(text))
        if not owns(path.split("/")[1], name)
    ]
    assert wrong == []


def test_a_playbook_uses_no_private_name_of_a_role(root):
    """A playbook and a role of one name are one subject: preflight logs in before its role checks."""
    of_roles = {
        path: private_names(text)
        for path, text in texts(root, "roles/*/*/*.yml", "roles/*/*/*/*.yml", "roles/*/templates/*").items()
    }
    wrong = [
        f"{path}: {name} of {other}"
        for path, text in texts(root, "*.yml", "playbooks/*.yml").items()
        for other, names in of_roles.items()
        for name in sorted(private_names(text) & names)
        if not path.endswith(f"/{other.split('/')[1]}.yml")
    ]
    assert wrong == []


def test_the_address_of_the_cluster_is_put_together_once(root):
    found = {
        path
        for path, text in texts(root, "*.yml", "playbooks/*.yml", "roles/*/*/*", "roles/*/*/*/*").items()
        if ADDRESS.search(text)
    }
    assert found == {"roles/cluster/vars/main.yml"}


@pytest.mark.parametrize("name", COPIES)
def test_a_value_of_the_contract_is_written_once(root, name):
    contract = yaml.safe_load((root / "roles" / "cluster" / "vars" / "main.yml").read_text())
    value = contract[name].removeprefix("{{ venv_root }}/")
    sources = texts(
        root, "*.yml", "playbooks/*.yml", "roles/*/*/*", "roles/*/*/*/*", "plugins/plugin_utils/**/*.py", "plugins/filter/*.py"
    )
    for path, text in texts(root, "library/*.py", "module_utils/**/*.py").items():
        # Examples and samples in the documentation of a module are for people.
        sources[path] = re.sub(r'(?s)\b(DOCUMENTATION|EXAMPLES|RETURN) = r""".*?"""', "", text)
    # In Python a path can be given part by part.
    spelled = re.compile("|".join(re.escape(text) for text in (value, '", "'.join(value.split("/")))))
    found = {path for path, text in sources.items() if spelled.search(text)}
    assert found - {"roles/cluster/vars/main.yml"} == COPIES[name]
