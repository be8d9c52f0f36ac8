"""What the scenario tests stand on. Only this package knows testinfra; only nodes.py knows systemd and launchd."""
