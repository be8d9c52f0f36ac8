#!/bin/bash
# Print the name of the node image for a variant, and make it first if this recipe has not been built yet.
# No image registry is involved: a Debian root file system, imported. usage: build.sh [plain|python39|trixie|fakemac]
set -euo pipefail
cd "$(dirname "$0")"
variant=${1:-plain}
doubles=../../tests/fakemac
release=$(<release)
case $variant in
  plain) hooks=(account.sh) ;;
  python39) hooks=(python39.sh account.sh) ;;
  # The next Debian with the same Python as python39: a cluster needs one patch version on all nodes.
  trixie) hooks=(python39.sh locale.sh account.sh) release=trixie ;;
  fakemac) hooks=() ;;
  *) echo "There is no image variant '$variant': take plain, python39, trixie or fakemac." >&2; exit 2 ;;
esac

digest() { cat "$@" | sha256sum | cut -c1-12; }
if [ "$variant" = fakemac ]; then
  base=$(SAF_IMAGE_LOCKED="" ./build.sh python39)
  mapfile -t sources < <(find "$doubles" -type f -not -name '*.md' -not -name '*.pyc' | sort)
  image=localhost/saf-node-fakemac:$(digest build.sh <(echo "$base") "${sources[@]}")
else
  image=localhost/saf-node-$variant:$(digest build.sh packages.txt <(echo "$release") "${hooks[@]}")
fi
if podman image exists "$image"; then
  echo "$image"
  exit 0
fi

# Two scenarios that start together build one image once.
if [ -z "${SAF_IMAGE_LOCKED:-}" ]; then
  SAF_IMAGE_LOCKED=1 exec flock --close . ./build.sh "$variant"
fi

work=$(mktemp -d)
# The umask of the caller must not decide who may read a node's files.
umask 022
if [ "$variant" = fakemac ]; then
  container=saf-fakemac-$$
  trap 'podman rm --force --ignore "$container" >/dev/null; rm -rf "$work"' EXIT
  podman run --name "$container" --network none --volume "$(realpath "$doubles")":/source:ro "$base" \
    sh -c 'mkdir /opt/fakemac && cp -R /source/. /opt/fakemac && bash /opt/fakemac/install.sh' >&2
  podman commit --quiet --change 'CMD ["/sbin/launchd"]' --change 'STOPSIGNAL SIGTERM' "$container" "$image" >/dev/null
else
  trap 'rm -rf "$work"' EXIT
  packages=$(sed '/^#/d' packages.txt | paste -sd,)
  mmdebstrap --quiet --variant=minbase --include="$packages" \
    "${hooks[@]/#/--customize-hook=$PWD/}" "$release" "$work/root.tar" >&2
  podman import --quiet --change 'CMD ["/sbin/init"]' --change 'STOPSIGNAL SIGRTMIN+3' "$work/root.tar" "$image" >/dev/null
fi
echo "$image"
