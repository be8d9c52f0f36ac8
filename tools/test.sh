#!/bin/bash
# Everything that `make test` runs, stage by stage: a failing stage does not hide the ones behind it.
# usage: test.sh [stage...]
set -uo pipefail
cd "$(dirname "$0")/.."

stages=("$@")
if [ ${#stages[@]} = 0 ]; then
  stages=(setup-test host lint sanity unit integration molecule)
fi
summary=() passed=0 failed=0 begun=$SECONDS
for stage in "${stages[@]}"; do
  echo "### $stage"
  start=$SECONDS
  if make --no-print-directory "$stage"; then
    verdict=passed passed=$((passed + 1))
  else
    verdict=FAILED failed=$((failed + 1))
  fi
  summary+=("$(printf '%-12s %-7s %5d s' "$stage" "$verdict" $((SECONDS - start)))")
  # Nothing else can run without the tools.
  [ "$stage-$verdict" != setup-test-FAILED ] || break
done
echo
printf '%s\n' "${summary[@]}"
echo "Stages: $passed passed, $failed failed, $((${#stages[@]} - passed - failed)) not run, $((SECONDS - begun)) s"
[ "$failed" = 0 ]
