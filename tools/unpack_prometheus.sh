#!/bin/bash
# Bring promtool, prometheus and node_exporter for tests/integration/test_monitoring.py into .cache/prometheus/bin, where none are
# in PATH. The distribution's packages are unpacked and not installed: installed, each starts a service on all interfaces.
set -euo pipefail
cd "$(dirname "$0")/.."

to=.cache/prometheus/bin
PATH=$PATH:$PWD/$to
there() {
  command -v promtool && command -v prometheus && { command -v node_exporter || command -v prometheus-node-exporter; }
}
if there >/dev/null; then
  echo "Host: promtool, prometheus and node_exporter are there."
  exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  echo "tests/integration/test_monitoring.py needs promtool, prometheus and node_exporter: put them into PATH." >&2
  exit 1
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
packages=(prometheus prometheus-node-exporter)
download() {
  (cd "$folder" && apt-get download -qq "${packages[@]}")
}
if ! download 2>/dev/null; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo -n)
  "${as_root[@]}" apt-get update -qq
  download
fi
echo "Host: unpacking ${packages[*]} into $to"
for package in "$folder"/*.deb; do
  dpkg-deb -x "$package" "$folder/root"
done
mkdir -p "$to"
mv "$folder"/root/usr/bin/{promtool,prometheus,prometheus-node-exporter} "$to"
there >/dev/null
