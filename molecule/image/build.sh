#!/bin/bash
# Print the name of the node image for a variant, and make it first if this recipe has not been built yet.
# No image registry is involved: a Debian root file system, imported. usage: build.sh [plain|python39]
set -euo pipefail
cd "$(dirname "$0")"
variant=${1:-plain}
case $variant in
  plain) hooks=(account.sh) ;;
  python39) hooks=(python39.sh account.sh) ;;
  *) echo "There is no image variant '$variant': take plain or python39." >&2; exit 2 ;;
esac

digest=$(cat build.sh release packages.txt "${hooks[@]}" | sha256sum | cut -c1-12)
image=localhost/saf-node-$variant:$digest
if podman image exists "$image"; then
  echo "$image"
  exit 0
fi

packages=$(sed '/^#/d' packages.txt | paste -sd,)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The umask of the caller must not decide who may read a node's files.
umask 022
mmdebstrap --quiet --variant=minbase --include="$packages" \
  "${hooks[@]/#/--customize-hook=$PWD/}" "$(<release)" "$work/root.tar" >&2
podman import --quiet --change 'CMD ["/sbin/init"]' --change 'STOPSIGNAL SIGRTMIN+3' "$work/root.tar" "$image" >/dev/null
echo "$image"
