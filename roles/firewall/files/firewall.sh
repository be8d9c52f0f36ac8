#!/bin/sh
# Written by Ansible. At boot and each minute: pf runs, its main rules name the anchor of the Studio Air Fabric cluster, and the
# anchor has rules. macOS replaces /etc/pf.conf at updates; an anchor that the main rules do not name filters nothing.
set -eu
pfctl=/sbin/pfctl
anchor=org.studio-air-fabric
main=/etc/pf.conf
rules=/etc/pf.anchors/$anchor
token=/var/run/saf-firewall.token
# Rules that the controller tries are not on the disk yet.
test -e "$rules" && test ! -e /var/run/saf-firewall/pending || exit 0

if ! grep -q "^anchor \"$anchor\"" "$main"; then
  umask 022
  new=$main.saf-new
  {
    cat "$main"
    printf '# BEGIN Studio Air Fabric\nanchor "%s"\nload anchor "%s" from "%s"\n# END Studio Air Fabric\n' "$anchor" "$anchor" "$rules"
  } >"$new"
  $pfctl -n -f "$new" 2>/dev/null || { rm -f "$new"; echo "$main cannot have the anchor $anchor: pfctl -n refuses it" >&2; exit 1; }
  mv "$new" "$main"
fi
if ! $pfctl -s rules 2>/dev/null | grep -q "^anchor \"$anchor\""; then
  $pfctl -f "$main" 2>/dev/null
fi
if test -z "$($pfctl -a "$anchor" -s rules 2>/dev/null)"; then
  $pfctl -a "$anchor" -f "$rules" 2>/dev/null
fi
if ! test -s "$token" || ! $pfctl -s References 2>/dev/null | grep -qw "$(cat "$token")"; then
  $pfctl -E 2>&1 | sed -n 's/^Token : //p' >"$token"
fi
