#!/bin/bash
# Bring what the tests need on the host: Prometheus (unpack_prometheus.sh), and for the Molecule scenarios podman with its init (catatonit), runc, mmdebstrap and iperf3. Says what is missing where it may not.
set -euo pipefail

# Not for the scenarios but for the integration tests, which fail without it and name this script.
"$(dirname "$0")/unpack_prometheus.sh" || true

declare -A package=([podman]=podman [runc]=runc [mmdebstrap]=mmdebstrap [ssh]=openssh-client [ssh-keygen]=openssh-client [git]=git [iperf3]=iperf3 [catatonit]=catatonit)

missing_programs() {
  local program
  for program in "${!package[@]}"; do
    PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || echo "$program"
  done | sort
}

missing=$(missing_programs)
if [ -z "$missing" ]; then
  echo "Host: podman $(podman version --format '{{.Client.Version}}'), runc, mmdebstrap are there."
  exit 0
fi
words=$(paste -sd' ' <<<"$missing")

as_root=()
if [ "$(id -u)" != 0 ]; then
  as_root=(sudo -n)
fi
packages=$(for program in $missing; do echo "${package[$program]}"; done | sort -u | paste -sd' ')
if ! command -v apt-get >/dev/null; then
  echo "The scenarios need ${words// /, }, which this system cannot install by apt: install them, or run the scenarios on Debian or Ubuntu." >&2
  exit 1
fi
if ! "${as_root[@]}" true 2>/dev/null; then
  echo "The scenarios need ${words// /, } and sudo asks for a password: run 'sudo apt-get install $packages' once." >&2
  exit 1
fi
echo "Host: installing $packages"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
# shellcheck disable=SC2086 # a list of packages
"${as_root[@]}" apt-get install -qq --yes --no-install-recommends $packages >/dev/null
missing=$(missing_programs)
if [ -n "$missing" ]; then
  echo "apt installed $packages, yet $(paste -sd' ' <<<"$missing") cannot be found: look at 'apt-get install $packages'." >&2
  exit 1
fi
