#!/bin/bash
# Make a base image with Python, and put podman-compose and the names of containers into a folder, without touching this machine.
# usage: prepare.sh FOLDER PREFIX
set -euo pipefail
folder=$1 image=localhost/$2-base
umask 022
if ! podman image exists "$image"; then
  mmdebstrap --quiet --variant=minbase --include=ca-certificates,python3,python3-venv trixie "$folder/base.tar"
  podman import --quiet "$folder/base.tar" "$image" >/dev/null
  rm "$folder/base.tar"
fi

# The release of Debian 12; newer ones read more of a compose file.
python3 -m venv --clear "$folder/compose"
"$folder/compose/bin/pip" install --quiet podman-compose==1.0.3
mkdir -p "$folder/debian" "$folder/bin"
(cd "$folder/debian" && apt-get download -qq golang-github-containernetworking-plugin-dnsname dnsmasq-base 2>/dev/null \
  && for package in *.deb; do dpkg -x "$package" .; done)
ln -sf "$folder/compose/bin/podman-compose" "$folder/debian/usr/sbin/dnsmasq" "$folder/bin/"
sed "s#^\[engine\]#[network]\ncni_plugin_dirs = [\"/usr/lib/cni\", \"$folder/debian/usr/lib/cni\"]\n[engine]#" \
  "$(dirname "$0")/../containers.conf" >"$folder/containers.conf"
