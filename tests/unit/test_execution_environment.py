"""The image for AWX: ansible-builder accepts its definition, and it has what pyproject.toml asks for."""

import subprocess
import tomllib

import yaml


def test_the_builder_accepts_the_definition(root, tmp_path):
    command = ["ansible-builder", "create", "--file", str(root / "execution-environment.yml"), "--context", str(tmp_path)]
    done = subprocess.run([*command, "--output-filename", "Containerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    text = (tmp_path / "Containerfile").read_text()
    assert "ansible-core>=2.19" in text
    assert "python3.12" in text


def test_the_image_has_the_packages_of_the_controller(root):
    wanted = tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"]
    dependencies = yaml.safe_load((root / "execution-environment.yml").read_text())["dependencies"]
    assert sorted([dependencies["ansible_core"]["package_pip"], *dependencies["python"]]) == sorted(wanted)
