#!/bin/sh
# mmdebstrap customize hook: the account that Ansible logs in with, and nothing that containers must not share.
set -eu
root=$1
chroot "$root" useradd --create-home --shell /bin/bash admin
echo 'admin ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/admin"
chmod 0440 "$root/etc/sudoers.d/admin"
rm -f "$root"/etc/ssh/ssh_host_*_key "$root"/etc/ssh/ssh_host_*_key.pub
# A container creates separate host keys when it first starts.
mkdir -p "$root/etc/systemd/system/ssh.service.d"
printf '[Service]\nExecStartPre=\nExecStartPre=/usr/bin/ssh-keygen -A\nExecStartPre=/usr/sbin/sshd -t\n' \
  >"$root/etc/systemd/system/ssh.service.d/host-keys.conf"
# What logs in on a console or wants hardware has nothing to do in a container.
chroot "$root" systemctl --quiet mask getty.target systemd-logind.service systemd-udevd.service
