"""Filter over data/ray_settings.yml; the work is in plugins/plugin_utils/provision/ray_tuning.py."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import ray_tuning


def tuning(settings, patience, niceness):
    """Return {name: value} of Ray's settings; settings: rows of data/ray_settings.yml."""
    try:
        return ray_tuning.tuning(settings, {"ray_network_patience": patience, "ray_worker_niceness": niceness})
    except (ValueError, TypeError, KeyError) as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"ray_tuning": tuning}
