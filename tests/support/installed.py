"""Another project, with the collection installed in it."""

from __future__ import annotations

import os
import shutil
import subprocess

CONFIG = "[defaults]\ncollections_path = collections\ncallbacks_enabled = saf.fabric.exit_status, saf.fabric.interrupted_run\n"
_NOT_SOURCE = {"results", "__pycache__"}


class Project:
    """A folder with ``collections/`` and a separate ``ansible.cfg``; the collection is built from the sources in ``root``."""

    def __init__(self, folder, root):
        self.folder = folder
        tree = folder / "tree"
        for name in _sources(root):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            if (root / name).is_symlink() or (root / name).exists():
                shutil.copy(root / name, tree / name, follow_symlinks=False)
        self.run("ansible-galaxy", "collection", "build", "--output-path", str(folder), str(tree))
        (folder / "ansible.cfg").write_text(CONFIG)
        (self.archive,) = folder.glob("saf-fabric-*.tar.gz")
        self.run("ansible-galaxy", "collection", "install", str(self.archive), "--collections-path", "collections")
        shutil.rmtree(tree)

    def run(self, *command, check=True, timeout=300):
        """Run a command in the folder, without the settings that the caller has for Ansible."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        environment |= {"ANSIBLE_NOCOLOR": "1", "PWD": str(self.folder)}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=timeout
        )
        assert done.returncode == 0 or not check, done.stdout[-3000:] + done.stderr[-2000:]
        return done


def _sources(root):
    """Return the names of the files that belong to the repository; a checkout in use also holds caches and results."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    known = subprocess.run(listed, cwd=root, capture_output=True, text=True, check=False)
    if known.returncode == 0:
        return [name for name in known.stdout.split("\0") if name]
    files = [path.relative_to(root) for path in root.rglob("*") if path.is_symlink() or path.is_file()]  # an export without Git
    return [str(file) for file in files if not any(part.startswith(".") or part in _NOT_SOURCE for part in file.parts)]
