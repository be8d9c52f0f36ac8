# Installs Apple's Command Line Tools without a dialog, as root. Sent as it is by playbooks/preflight.yml: the node has no Python yet.
set -u
tools=/Library/Developer/CommandLineTools
placeholder=/tmp/.com.apple.dt.CommandLineTools.installondemand.in-progress
# softwareupdate lists them only while this file is there.
touch "$placeholder"
trap 'rm -f "$placeholder"' EXIT
label=$(softwareupdate -l 2>/dev/null | sed -n 's/^.*Label: \(Command Line Tools.*\)$/\1/p' | grep -v beta | sort -V | tail -n 1)
if [ -z "$label" ]; then
  echo "Apple's update server offers no Command Line Tools (is the node connected to the Internet?)." >&2
  exit 1
fi
softwareupdate -i "$label" >&2 && xcode-select --switch "$tools" && [ -e "$tools/usr/bin/git" ] && echo installed
