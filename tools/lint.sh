#!/bin/bash
# Every check that needs no node. All of them run, so that one finding does not hide the next tool's.
set -uo pipefail
cd "$(dirname "$0")/.."

failed=()
check() {
  echo "--- $*"
  "$@" || failed+=("$1 ${2:-}")
}
check ruff check .
check ruff format --check .
check codespell
check python tools/check_words.py
check python tools/check_commands.py
check mypy -p ansible_collections.saf.fabric.plugins
check ansible-lint --offline --strict -q
check ansible-playbook --syntax-check -i inventory/studio site.yml bench.yml playbooks/*.yml
check python tools/check_specs.py
check python tools/variables_doc.py --check
check python tools/metrics_doc.py --check
check python tools/reliability.py --check
check python tools/ray_settings_doc.py --check
check python tools/listeners_doc.py --check
check python tools/check_traps.py
check python tools/check_types.py
check python tools/check_plays.py

if [ ${#failed[@]} -gt 0 ]; then
  printf 'Failed: %s\n' "${failed[@]}"
  exit 1
fi
