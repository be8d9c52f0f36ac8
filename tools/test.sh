#!/bin/bash
# Everything that `make test` runs, stage by stage: a failing stage does not hide the ones behind it.
# usage: test.sh [--all | stage...]
set -uo pipefail
cd "$(dirname "$0")/.."

# The stages of one entry run at the same time: each of these keeps one core busy.
stages=(setup-test setup-browser host "lint sanity" unit docs integration browser molecule)
case ${1:-} in
  '') ;;
  --all) stages+=(longer faults soak interrupted fuzz perf-bench) ;;
  *) stages=("$@") ;;
esac
summary=() passed=0 failed=0 begun=$SECONDS logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

run() { # stage: run it, note its exit status and its seconds
  local start=$SECONDS status=0
  make --no-print-directory "$1" || status=$?
  echo "$status $((SECONDS - start))" >"$logs/$1.status"
}

note() { # stage: add it to the summary
  local status="" seconds=0 verdict=passed
  read -r status seconds <"$logs/$1.status"
  if [ "$status" = 0 ]; then passed=$((passed + 1)); else verdict=FAILED failed=$((failed + 1)); fi
  summary+=("$(printf '%-12s %-7s %5d s' "$1" "$verdict" "$seconds")")
  [ "$1-$verdict" != setup-test-FAILED ]
}

for entry in "${stages[@]}"; do
  read -ra names <<<"$entry"
  if [ ${#names[@]} = 1 ]; then
    echo "### $entry"
    run "$entry"
  else
    for name in "${names[@]}"; do run "$name" >"$logs/$name" 2>&1 & done
    wait
    for name in "${names[@]}"; do echo "### $name"; cat "$logs/$name"; done
  fi
  # Nothing else can run without the tools.
  for name in "${names[@]}"; do note "$name" || break 2; done
done
names=(${stages[@]}) # shellcheck disable=SC2206 # an entry is one or more words
echo
printf '%s\n' "${summary[@]}"
echo "Stages: $passed passed, $failed failed, $((${#names[@]} - passed - failed)) not run, $((SECONDS - begun)) s"
[ "$failed" = 0 ]
