#!/bin/bash
# Homebrew's install.sh as far as role homebrew meets it: it refuses root, asks where nobody told it not to, calls `sudo -n`, and
# what it calls in turn reads stdin. A test puts Homebrew into the payload beforehand.
set -eu
[ "$EUID" != 0 ] || { echo "Don't run this as root!" >&2; exit 1; }
[ -n "${NONINTERACTIVE-}" ] || { echo "fakemac: the installer would ask now, and wait" >&2; exit 70; }
sudo -n -l mkdir >/dev/null 2>&1 || {
  echo "Need sudo access on macOS (e.g. the user $(id -un) needs to be an Administrator)!" >&2; exit 1; }
cat >/dev/null
sudo -n mv /opt/fakemac/payload/homebrew /opt/homebrew
sudo -n chown "$(id -un):admin-mac" /opt/homebrew
