"""What plugins/callback/console.py prints. Pure: events in, lines out; nothing here knows Ansible's objects."""
