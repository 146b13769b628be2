#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The long fuzzing campaign: every libFuzzer target for SECONDS each, two at a time, new inputs kept beside the build. Ends non-zero and
# names the input when a target falls. Usage: soak.sh BUILD_DIR [SECONDS]
set -euo pipefail
build=$1 seconds=${2:-600} root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mapfile -t targets < <(find "$build/tests/fuzz" -maxdepth 1 -type f -name 'fuzz_*' -perm -u+x | sort)
((${#targets[@]} > 0)) || { echo "no fuzz targets in $build/tests/fuzz" >&2; exit 1; }
mkdir -p "$build/fuzz-work"
one() {
  local name
  name=$(basename "$1")
  name=${name#fuzz_}
  mkdir -p "$build/fuzz-work/$name"
  "$1" -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$build/fuzz-work/$name-" "$build/fuzz-work/$name" \
    "$root/tests/fuzz/corpus/$name" >"$build/fuzz-work/$name.log" 2>&1 || { echo "$name: FELL, see $build/fuzz-work/$name.log"; return 1; }
  echo "$name: $(grep -oE 'stat::number_of_executed_units: *[0-9]+' "$build/fuzz-work/$name.log" | grep -oE '[0-9]+$') inputs, no finding"
}
export -f one
export build seconds root
printf '%s\n' "${targets[@]}" | xargs -P 2 -I{} bash -c 'one "$1"' _ {}
