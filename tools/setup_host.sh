#!/bin/bash
# Install what tests need on this machine, by apt. Says what is missing where it may not.
# usage: setup_host.sh [scenarios | browser]
# scenarios (default): podman with its init (catatonit), runc, mmdebstrap, iperf3; browser: a browser with letters, Node.js and npm
set -euo pipefail
cd "$(dirname "$0")/.."

# Each line: a program (or several of which one is enough), and the package that has it.
case ${1:-scenarios} in
  scenarios)
    needed='podman podman
runc runc
mmdebstrap mmdebstrap
ssh openssh-client
ssh-keygen openssh-client
git git
iperf3 iperf3
catatonit catatonit'
    tools/unpack_prometheus.sh
    wanted_by="The scenarios need" otherwise="run the scenarios on Debian or Ubuntu"
    ;;
  browser)
    needed='chromium|chromium-browser|google-chrome chromium
fonts-inter fonts-inter
fonts-dejavu-core fonts-dejavu-core
node nodejs
npm npm'
    wanted_by="The checks of the report's page need" otherwise="run them on Debian or Ubuntu"
    ;;
  *)
    echo "usage: setup_host.sh [scenarios | browser]" >&2
    exit 2
    ;;
esac

there() { # program|program..., or fonts-...: whether one of them is installed
  local program
  case $1 in fonts-*) test -e "/usr/share/doc/$1" || test "$(uname)" = Darwin; return ;; esac
  if [ "$1" = 'chromium|chromium-browser|google-chrome' ] && [ -d "/Applications/Google Chrome.app" ]; then return 0; fi
  for program in ${1//|/ }; do
    if PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null; then return 0; fi
  done
  return 1
}

missing() { # column 1 or 2 of what is missing: programs or packages
  local program package
  while read -r program package; do
    there "$program" || { [ "$1" = 1 ] && echo "${program%%|*}" || echo "$package"; }
  done <<<"$needed" | sort -u | paste -sd' '
}

words=$(missing 1)
if [ -z "$words" ]; then
  case ${1:-scenarios} in
    scenarios) echo "Host: podman $(podman version --format '{{.Client.Version}}'), runc, mmdebstrap are there." ;;
    browser) echo "Host: a browser and Node.js $(node --version) are there." ;;
  esac
  exit 0
fi

as_root=()
if [ "$(id -u)" != 0 ]; then
  as_root=(sudo -n)
fi
packages=$(missing 2)
if ! command -v apt-get >/dev/null; then
  echo "$wanted_by ${words// /, }, which this system cannot install by apt: install them, or $otherwise." >&2
  exit 1
fi
if ! "${as_root[@]}" true 2>/dev/null; then
  echo "$wanted_by ${words// /, } and sudo asks for a password: run 'sudo apt-get install $packages' once." >&2
  exit 1
fi
echo "Host: installing $packages"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
# shellcheck disable=SC2086 # a list of packages
"${as_root[@]}" apt-get install -qq --yes --no-install-recommends $packages >/dev/null
words=$(missing 1)
if [ -n "$words" ]; then
  echo "apt installed $packages, yet $words cannot be found: look at 'apt-get install $packages'." >&2
  exit 1
fi
