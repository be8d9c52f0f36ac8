#!/bin/bash
# Turn a running Debian root file system into an emulated Mac. Runs inside of it, with this folder at /opt/fakemac.
set -euo pipefail
here=/opt/fakemac
link() { for name in "${@:2}"; do ln -sf $here/run "$1/$name"; done; }

groupmod -n wheel root
groupdel staff && groupadd -g 20 staff 2>/dev/null || { groupmod -g 2020 dialout && groupadd -g 20 staff; }
groupadd -g 80 admin-mac
usermod -aG staff,admin-mac admin

# What a Mac does not have must not answer: the roles would never notice.
mkdir -p $here/payload
mv /usr/bin/iperf3 $here/payload/iperf3
sh $here/make_python.sh $here/payload/python3.9 3.9.23
rm -f /usr/bin/systemctl /usr/bin/getent /usr/bin/apt-get /usr/bin/dpkg /usr/sbin/useradd /usr/sbin/userdel /usr/bin/python3

link /usr/bin defaults dscl fdesetup launchctl plutil powermetrics softwareupdate sw_vers vm_stat xcode-select pmset
mv /usr/sbin/sysctl $here/payload/sysctl.linux
mkdir -p /sbin /usr/libexec/ApplicationFirewall
link /usr/sbin installer ioreg networksetup pkgutil sysctl system_profiler
link /sbin ifconfig route ping pfctl
link /usr/libexec/ApplicationFirewall socketfilterfw
ln -sf $here/launchd /sbin/launchd

mkdir -p /etc/pf.anchors
cp $here/samples/pf.conf /etc/pf.conf

# The Command Line Tools, and the stub that stands for their Python.
mkdir -p /Library/Developer/CommandLineTools/usr/bin /Library/LaunchDaemons /Library/Preferences /System/Library/CoreServices \
  /etc/newsyslog.d /var/root /var/db
printf '#!/bin/sh\nexit 0\n' | tee /Library/Developer/CommandLineTools/usr/bin/{git,python3} >/dev/null
chmod 755 /Library/Developer/CommandLineTools/usr/bin/*
cat >/usr/bin/python3 <<'EOF'
#!/bin/sh
[ -e /Library/Developer/CommandLineTools/usr/bin/python3 ] || {
  echo "xcode-select: note: No developer tools were found, requesting install." >&2; exit 1; }
exec /usr/bin/python3.9 -X fakemac "$@"
EOF
chmod 755 /usr/bin/python3
rm -f /usr/lib/python3.9/sitecustomize.py
cp $here/answers_as_darwin.py /usr/lib/python3.9/sitecustomize.py
printf '%s\n' '<?xml version="1.0" encoding="UTF-8"?>' '<plist version="1.0"><dict>' \
  '<key>ProductName</key><string>macOS</string><key>ProductVersion</key><string>26.1</string>' \
  '<key>ProductBuildVersion</key><string>25B78</string></dict></plist>' >/System/Library/CoreServices/SystemVersion.plist
mv /usr/bin/uname $here/payload/uname
printf '#!/bin/sh\n[ "$*" != "-s" ] || { echo Darwin; exit; }\n[ "$*" != "-m" ] || { echo arm64; exit; }\nexec %s/payload/uname "$@"\n' \
  $here >/usr/bin/uname
chmod 755 /usr/bin/uname

# To BSD's ps what follows "=" is the header up to the end of the argument, commas included: further columns need an -o each.
mv /usr/bin/ps $here/payload/ps
cat >/usr/bin/ps <<'EOF'
#!/bin/sh
for argument; do
  case $argument in *=*,*) echo "fakemac: ps $argument: all after = is a header, not modelled" >&2; exit 70 ;; esac
done
exec /opt/fakemac/payload/ps "$@"
EOF
chmod 755 /usr/bin/ps

# Homebrew as its package leaves it: owned by the user who installed it.
mkdir -p /opt/homebrew/{bin,Cellar,opt,Library/Taps,var/homebrew/pinned}
ln -s $here/run /opt/homebrew/bin/brew
chown -R admin:admin-mac /opt/homebrew
