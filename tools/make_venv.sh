#!/bin/bash
# Make .venv, with uv in it. A Python within the controller's window makes it itself; with an older one (a fresh Mac has 3.9.6) uv
# finds a fitting one on this machine or downloads it.
# usage: make_venv.sh PYTHON UV_VERSION [chosen]        chosen: the user has named this Python, so no other is taken
set -uo pipefail
cd "$(dirname "$0")/.."
python=$1 uv_version=$2 chosen=${3:-}
# A package index that does not answer ends the setup instead of holding it up.
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_DEFAULT_TIMEOUT=${PIP_DEFAULT_TIMEOUT:-30} UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-60}

give_up() {
  printf '%s\n' "$@" >&2
  rm -rf .venv .cache/uv
  exit 1
}

make_venv() { # FOLDER: make a virtual environment with uv there, from $python
  "$python" -m venv "$1" || give_up "$python cannot create virtual environments: install its venv module (Debian: apt-get install python3-venv)."
  "$1/bin/python" -m pip install --quiet "uv==$uv_version" || give_up "pip could not install uv $uv_version; its message is above."
}

if "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
  make_venv .venv
  exit 0
fi

version=$("$python" -V 2>&1) || version="not there"
if [ -n "$chosen" ]; then
  give_up "The controller needs Python 3.11 to 3.13, $python is $version: select another one, for instance PYTHON=python3.12, or leave PYTHON out."
fi
echo "The controller needs Python 3.11 to 3.13, $python is $version: uv finds or downloads one for this folder."
uv=$(command -v uv) || {
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null ||
    give_up "Without Python 3.8 or newer there is no uv: install Python (Mac: brew install python@3.13), then: make setup PYTHON=python3.13"
  make_venv .cache/uv
  uv=.cache/uv/bin/uv
}
if ! { "$uv" venv --quiet --python '>=3.11,<3.14' .venv && "$uv" pip install --quiet --python .venv/bin/python "uv==$uv_version"; }; then
  give_up "uv could neither find nor download Python 3.11 to 3.13; its message is above." \
    "Install one (Mac: brew install python@3.13), then: make setup PYTHON=python3.13"
fi
rm -rf .cache/uv
