#!/bin/bash
# ansible-test sanity over the collection as it is published: a copy, since ansible-test wants a path
# ansible_collections/saf/fabric and follows no links to modules. usage: ansible_test.sh [arguments of ansible-test sanity]
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD work=$PWD/.cache/ansible-test
collection=$work/ansible_collections/saf/fabric

rm -rf "$work/ansible_collections"
mkdir -p "$collection/tests/sanity" "$work/home/.ansible/test/cache"
copy() { # to=folder, files on standard input
  tar --create --null --ignore-failed-read --files-from=- 2>/dev/null | tar --extract --directory="$1"
}
listed() { git ls-files -z --cached --others --exclude-standard "$@"; }
# What galaxy.yml leaves out of the archive, and the links: real folders stand in their places.
mapfile -t left_out < <(python -c 'import yaml
for name in yaml.safe_load(open("galaxy.yml"))["build_ignore"]: print(f":!{name}")')
listed . "${left_out[@]}" ':!library' ':!module_utils' ':!plugins/modules' ':!plugins/module_utils' | copy "$collection"
listed library module_utils | copy "$collection/plugins"
mv "$collection/plugins/library" "$collection/plugins/modules"

# Apache is the license of this repository; the validator knows only that of Ansible's own modules. An action plugin that serves
# several modules (meta/runtime.yml) has no module of its own name. Each ignored line is checked: one that ignores nothing fails.
cd "$collection"
git init --quiet . # the nearest repository says which files there are: not the outer one, which ignores this folder
{
  printf '%s validate-modules:missing-gplv3-license\n' plugins/{modules,callback,lookup}/*.py
  echo "plugins/modules/node_preflight_info.py use-argspec-type-path" # expands constants, no option
  for path in plugins/action/*.py; do
    [ -e "plugins/modules/${path##*/}" ] || printf '%s action-plugin-docs\n' "$path"
  done
  # ansible-core requires cryptography; the environment in which this test imports has only what its own modules need.
  version=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  printf "%s import-$version\n" plugins/plugin_utils/security/{certificates,store}.py plugins/action/cluster_secrets.py
} >"tests/sanity/ignore-$(python -c 'from ansible.release import __version__; print(".".join(__version__.split(".")[:2]))').txt"

# ansible-test downloads pip for each of its environments from a separate host; Python contains a pip.
requirements=$(python -c 'import ansible_test; print(ansible_test.__path__[0])')/_internal/python_requirements.py
pip_version=$(sed -nE "s/^ +pip='([0-9.]+)',.*/\1/p" "$requirements")
printf 'import ensurepip\n\nensurepip.bootstrap()\n' >"$work/home/.ansible/test/cache/get_pip_${pip_version//./_}.py"

# Left out: pylint (a minute, and other opinions than ruff's), shellcheck and pslint (programs that are not on every machine).
HOME=$work/home PIP_DISABLE_PIP_VERSION_CHECK=1 ansible-test sanity --color no \
  --python "$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')" \
  --skip-test pylint --skip-test shellcheck --skip-test pslint "$@" 2>&1 |
  grep -vE '^(Collecting|Installing collected|Successfully installed|Looking in|Processing|Using cached|  *(Downloading|Using cached|━))' |
  sed "s,$root/,,"
