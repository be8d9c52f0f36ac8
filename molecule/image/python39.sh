#!/bin/sh
# mmdebstrap customize hook: Python 3.9 of bullseye, beside the system's own.
# Its distutils and lib2to3 conflict with the newer ones by package, not by file: they are unpacked, not installed.
set -eu
root=$1
release=$(. "$root/etc/os-release" && echo "$VERSION_CODENAME")
sed "s/$release/bullseye/" "$root/etc/apt/sources.list" >"$root/etc/apt/sources.list.d/bullseye.list"
printf 'Package: *\nPin: release n=bullseye\nPin-Priority: 100\n' >"$root/etc/apt/preferences.d/bullseye"
chroot "$root" apt-get update -qq
chroot "$root" apt-get install -qq --yes --no-install-recommends python3.9
chroot "$root" sh -euc '
  cd /tmp
  apt-get download -qq python3-distutils/bullseye python3-lib2to3/bullseye
  for package in python3-*.deb; do dpkg -x "$package" /; done
  rm python3-*.deb
  python3.9 -c "import distutils.core, ssl, ctypes, sqlite3"'
rm "$root/etc/apt/sources.list.d/bullseye.list" "$root/etc/apt/preferences.d/bullseye"
