"""What is done to a node before a provisioning that will be interrupted, and what that one may leave."""

from __future__ import annotations

# From cheap to expensive: only the last three make it build a venv.
DAMAGE = {
    "a service": "systemctl disable --now --quiet saf-ray; rm -f /etc/systemd/system/saf-ray.service",
    "the watchdog": "rm -f /etc/systemd/system/saf-ray-watchdog.* {root}/etc/watchdog.json {root}/etc/ray_watchdog.py",
    "the environment": "rm -f {root}/etc/ray.env {root}/etc/saf.env",
    "all files in etc": "rm -rf {root}/etc",
    "the link": "rm -f {root}/current",
    "half a file": "printf half >{root}/etc/ray.env; printf half >/etc/systemd/system/saf-ray.service",
    "a file of the venv": "rm -f $(find {root}/current/lib/ -name version.py -path '*numpy*' | head -1)",
    "the venv": "rm -rf {root}/venvs",
    "everything": "systemctl disable --now --quiet saf-ray saf-ray-watchdog.timer; rm -rf {root} /etc/systemd/system/saf-ray*;"
    " systemctl daemon-reload; userdel {user}",
}

# Half files, marks, partial venvs, folders of jobs. Ansible's own temporary folders are not ours (see LEFT_BY_ANSIBLE).
_LEFTOVERS = r"""
find {root} -name '*.saf-new' -o -name '.ansible_tmp*' -o -name '.build-*' -o -name 'current.*' -o -name '*.new' 2>/dev/null
find /etc/systemd/system -name '*.saf-new' -o -name '.ansible_tmp*'
ls -d /run/saf-*.lock /tmp/saf-* 2>/dev/null
pgrep -af 'AnsiballZ|ansible-tmp|/uv (venv|pip)' | grep -v pgrep
true
"""
LEFT_BY_ANSIBLE = "du -sk ~admin/.ansible/tmp ~root/.ansible/tmp 2>/dev/null | awk '{s += $1} END {print s + 0}'"


def leftovers(node):
    """Return what a run has left on a node, a line each."""
    return node.run(_LEFTOVERS.replace("{root}", node.root)).stdout.split("\n")[:-1]


def do(node, kind):
    node.check(f"( {DAMAGE[kind]} ); true".replace("{root}", node.root).replace("{user}", node.vars["cluster_user"]))
