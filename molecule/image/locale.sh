#!/bin/sh
# mmdebstrap customize hook: a language whose upper and lower case differ from English.
set -eu
root=$1
chroot "$root" apt-get install -qq --yes --no-install-recommends locales
chroot "$root" localedef -i tr_TR -f UTF-8 tr_TR.UTF-8
