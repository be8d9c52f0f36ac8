#!/bin/sh
# Make a movable CPython from Debian's python3.9 that answers as another patch version: no public place that can be reached
# here has a build of exactly that one. Everything but the number is real. usage: make_python.sh PREFIX VERSION
set -eu
prefix=$1 version=$2
mkdir -p "$prefix/bin" "$prefix/lib"
cp /usr/bin/python3.9 "$prefix/bin/python3.9"
cp -a /usr/lib/python3.9 "$prefix/lib/python3.9"
ln -s python3.9 "$prefix/bin/python3"
rm -f "$prefix/lib/python3.9/sitecustomize.py"
cat >"$prefix/lib/python3.9/sitecustomize.py" <<'EOF'
"""Answers as VERSION, and on an emulated Mac as built for one, wherever Python code can ask."""
import collections
import os
import platform
import sys

VERSION = "@VERSION@"
_numbers = tuple(int(part) for part in VERSION.split("."))
_info = collections.namedtuple("version_info", "major minor micro releaselevel serial")
sys.version = VERSION + sys.version[sys.version.index(" ") :]
sys.version_info = _info(*_numbers, "final", 0)
sys.hexversion = (_numbers[0] << 24) | (_numbers[1] << 16) | (_numbers[2] << 8) | 0xF0
sys.implementation.version = sys.version_info
platform._sys_version_cache.clear()
if os.path.exists("/System/Library/CoreServices/SystemVersion.plist"):
    platform.machine = lambda: "arm64"  # wheels follow sysconfig.get_platform(), which is unchanged
EOF
sed -i "s/@VERSION@/$version/" "$prefix/lib/python3.9/sitecustomize.py"
"$prefix/bin/python3.9" -I -c "import platform, ssl, ctypes, distutils.core; assert platform.python_version() == '$version'"
