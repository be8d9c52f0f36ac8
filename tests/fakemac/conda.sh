#!/bin/sh
# conda as the role python uses it: one environment by an exact build of conda-forge, no other channel.
set -eu
expected="create --yes --quiet --prefix /opt/saf/python/3.9.23-conda --channel conda-forge --override-channels python=3.9.23=hc30ae73_0_cpython"
[ "$*" = "$expected" ] || { echo "conda.sh: '$*' is not modelled" >&2; exit 70; }
exec sh /usr/local/lib/make_python.sh /opt/saf/python/3.9.23-conda 3.9.23
